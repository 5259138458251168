"""What operators put right by hand: two people for money, and one answer to a bank."""

from datetime import timedelta

import pytest
from django.test import Client

from apps.checkout import api as checkout
from apps.ledger.models import Posting
from apps.payments.models import Dispute
from apps.sellers.api import get_shop
from tests.back_office.test_acts import audited, faults_of, said_of
from tests.books import assert_books_agree, balance_of
from tests.factories.aftersales import make_delivered_order, relay
from tests.factories.checkout import ShopFloor, make_shop_floor
from tests.factories.payments import dispute
from tests.support import NOON
from tradecore import approvals, clock
from tradecore.models import Approval

pytestmark = pytest.mark.django_db


@pytest.fixture
def floor() -> ShopFloor:
    return make_shop_floor()


def approve() -> None:
    """A second person does."""
    waiting = Approval.objects.get()
    approvals.approve(approval_id=waiting.pk, content_hash=waiting.content_hash, actor="user:second", now=NOON)


class TestAnswerDispute:
    ANSWER = {"answer": "contest", "delivery": "", "conversation": "", "other": "", "reason": "it was delivered"}

    @pytest.fixture
    def disputed(self, floor: ShopFloor) -> Dispute:
        order = make_delivered_order(floor)
        dispute(floor.provider, payable_ref=order.purchase_id)
        relay()
        Dispute.objects.update(evidence_by=clock.real_now() + timedelta(days=7))  # pages go by the real time
        return Dispute.objects.get()

    def test_sends_what_was_written_and_nothing_else(self, superuser: Client, disputed: Dispute) -> None:
        form = self.ANSWER | {"dispute": str(disputed.pk), "delivery": "Signed for on the 9th.", "other": "Seen."}
        assert "evidence is on its way" in said_of(superuser, "answer_dispute", form)
        disputed.refresh_from_db()
        assert disputed.evidence == {"delivery": "Signed for on the 9th.", "other": "Seen."}
        assert [(entry.action, entry.reason) for entry in audited()] == [("dispute.contested", "it was delivered")]
        checkout.poll_provider_calls(limit=50, now=NOON)
        disputed.refresh_from_db()
        assert disputed.status == "EVIDENCE_SENT"

    def test_accepts(self, superuser: Client, disputed: Dispute) -> None:
        form = self.ANSWER | {"dispute": str(disputed.pk), "answer": "accept"}
        assert said_of(superuser, "answer_dispute", form).startswith("Accepted.")
        checkout.poll_provider_calls(limit=50, now=NOON)
        disputed.refresh_from_db()
        assert disputed.status == "LOST"

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"dispute": "none"}, "dispute"),
            ({"dispute": "7"}, "__all__"),
            ({"delivery": ""}, "__all__"),
            ({"delivery": "4242 4242 4242 4242"}, "__all__"),
            ({"answer": "accept"}, "answer"),
        ],
    )
    def test_says_why_not(self, superuser: Client, disputed: Dispute, changed: dict[str, str], field: str) -> None:
        form = self.ANSWER | {"dispute": str(disputed.pk), "delivery": "Signed for."} | changed
        assert list(faults_of(superuser, "answer_dispute", form)) == [field]
        assert not audited()

    def test_is_given_once(self, superuser: Client, disputed: Dispute) -> None:
        form = self.ANSWER | {"dispute": str(disputed.pk), "delivery": "Signed for."}
        said_of(superuser, "answer_dispute", form)
        assert faults_of(superuser, "answer_dispute", form) == {"__all__": ["This dispute has been answered."]}


class TestAdjustSeller:
    @pytest.fixture
    def form(self, floor: ShopFloor) -> dict[str, str]:
        handle = get_shop(shop_id=floor.shop_id).handle
        return {"shop": handle, "name": "platform_penalty", "amount": "-5.00", "reason": "late"}

    def test_is_booked_once_a_second_person_agrees(
        self, superuser: Client, floor: ShopFloor, form: dict[str, str]
    ) -> None:
        form = {
            "shop": get_shop(shop_id=floor.shop_id).handle,
            "name": "platform_penalty",
            "amount": "-5.00",
            "reason": "late",
        }
        assert said_of(superuser, "adjust_seller", form).startswith("A second person must approve this")
        assert balance_of("SELLER_AVAILABLE", owner=floor.shop_id) == 0
        approve()
        assert balance_of("SELLER_AVAILABLE", owner=floor.shop_id) == -500
        assert_books_agree()

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"shop": "nowhere"}, "shop"),
            ({"name": "gift"}, "name"),
            ({"amount": "5,00"}, "amount"),
            ({"amount": "0"}, "__all__"),
        ],
    )
    def test_says_why_not(self, superuser: Client, form: dict[str, str], changed: dict[str, str], field: str) -> None:
        assert list(faults_of(superuser, "adjust_seller", form | changed)) == [field]
        assert not Approval.objects.exists()


class TestReversePosting:
    def test_mirrors_it_once_a_second_person_agrees(self, superuser: Client, floor: ShopFloor) -> None:
        make_delivered_order(floor)
        posting = Posting.objects.get(kind="sale")
        form = {"posting": str(posting.pk), "reason": "sold by another shop"}
        assert said_of(superuser, "reverse_posting", form).startswith("A second person must approve this")
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) != 0
        approve()
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) == 0

    @pytest.mark.parametrize(("posting", "field"), [("x", "posting"), ("7", "__all__"), ("9" * 30, "posting")])
    def test_says_why_not(self, superuser: Client, posting: str, field: str) -> None:
        assert list(faults_of(superuser, "reverse_posting", {"posting": posting, "reason": "wrong"})) == [field]


class TestAdjustBooks:
    FORM = {
        "currency": "gbp",
        "order": "",
        "entries": "SUSPENSE.replay 6.89\n\n BANK  -6.89 7 \n",
        "reason": "the bank has paid it back",
    }

    def test_posts_the_entries_once_a_second_person_agrees(self, superuser: Client) -> None:
        assert said_of(superuser, "adjust_books", self.FORM).startswith("A second person must approve this")
        assert not Posting.objects.exists()
        approve()
        assert (balance_of("BANK"), balance_of("SUSPENSE.replay")) == (-689, -689)
        (posting,) = Posting.objects.all()
        assert (posting.kind, posting.reason) == ("adjustment", "the bank has paid it back")
        assert sorted(posting.entries.values_list("about_ref", flat=True)) == [0, 7]

    def test_of_an_order_are_about_it(self, superuser: Client, floor: ShopFloor) -> None:
        order = make_delivered_order(floor)
        entries = f"SELLER_PENDING:{floor.shop_id} 1.00\nPLATFORM_REVENUE.penalty -1.00"
        said_of(superuser, "adjust_books", self.FORM | {"order": order.number, "entries": entries})
        approve()
        posting = Posting.objects.get(kind="adjustment")
        assert posting.order_ref == order.id
        assert set(posting.entries.values_list("about_ref", flat=True)) == {order.id}

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"order": "nowhere"}, "order"),
            ({"currency": "XXX"}, "entries"),
            ({"entries": "BANK 1.00"}, "entries"),
            ({"entries": "BANK 1.00\nBANK -1.01"}, "entries"),
            ({"entries": "BANK 0.00\nBANK 0.00"}, "entries"),
            ({"entries": "BANK\nBANK"}, "entries"),
            ({"entries": "BANK 1.00\nPIGGY -1.00"}, "entries"),
            ({"entries": "BANK 1.00\nSELLER_PENDING -1.00"}, "entries"),
            ({"entries": "BANK 1.00\nSELLER_PENDING:x -1.00"}, "entries"),
            ({"entries": "BANK 1.001\nBANK -1.001"}, "entries"),
            ({"entries": "BANK 1.00 1 2\nBANK -1.00"}, "entries"),
        ],
    )
    def test_says_why_not(self, superuser: Client, changed: dict[str, str], field: str) -> None:
        assert list(faults_of(superuser, "adjust_books", self.FORM | changed)) == [field]
        assert not Approval.objects.exists()
