"""The journals of chargebacks and of what providers settle: balanced, and nothing is left of what is over."""

import pytest

from apps.ledger import api as ledger
from apps.ledger.api import Posting, journals
from apps.pricing.api import Proceeds
from tests.factories.ledger import SHOP, balance_of, write
from tradecore.money import Money

CAPTURE, DISPUTE, ORDER, PAYABLE, SETTLEMENT = 11, 12, 13, 14, 15


def gbp(minor: int) -> Money:
    return Money(minor, "GBP")


def entries_of(posting: Posting | None) -> list[tuple[str, int, int]]:
    assert posting is not None
    return [(entry.account.code, entry.amount.minor, entry.about_ref) for entry in posting.entries]


def opened(minor: int = 1862) -> Posting:
    return journals.dispute_opened(
        dispute_ref=DISPUTE, capture_ref=CAPTURE, payable_ref=PAYABLE, provider="test", amount=gbp(minor)
    )


def charged_back(proceeds: Proceeds) -> Posting | None:
    return journals.charged_back(
        gone_ref=21,
        order_ref=ORDER,
        shop_ref=SHOP,
        dispute_ref=DISPUTE,
        tax_payable_to="GB",
        currency="GBP",
        proceeds=proceeds,
    )


def settled(line: str, gross_minor: int, fee_minor: int = 0, *, reference: int = CAPTURE) -> Posting:
    return journals.provider_settled(
        line=line,
        reference=reference,
        settlement_ref=SETTLEMENT,
        capture_ref=CAPTURE,
        payable_ref=PAYABLE,
        provider="test",
        gross=gbp(gross_minor),
        fee=gbp(fee_minor),
    )


class TestADispute:
    def test_takes_from_what_the_provider_owes_us(self) -> None:
        assert entries_of(opened()) == [("DISPUTED", 1862, DISPUTE), ("PSP_CLEARING.test", -1862, CAPTURE)]
        assert (opened().kind, opened().reference, opened().order_ref) == ("dispute_opened", DISPUTE, PAYABLE)

    def test_that_is_won_is_the_reverse(self) -> None:
        won = journals.dispute_won(
            dispute_ref=DISPUTE, capture_ref=CAPTURE, payable_ref=PAYABLE, provider="test", amount=gbp(1862)
        )
        assert entries_of(won) == [(code, -minor, about) for code, minor, about in entries_of(opened())]
        assert (won.kind, won.reference) == ("dispute_won", DISPUTE)

    def test_that_is_lost_undoes_the_sale_as_a_refund_does(self) -> None:
        """E3, first step: 18.62 of the buyer and 1.65 of the coupon."""
        first_step = Proceeds(paid_minor=1862, coupon_minor=165)
        assert entries_of(charged_back(first_step)) == [
            ("DISPUTED", -1862, DISPUTE),
            ("PLATFORM_EXPENSE.coupon", -165, ORDER),
            ("SELLER_PENDING", 2027, ORDER),
        ]
        refunded = journals.units_gone(
            gone_ref=21,
            order_ref=ORDER,
            shop_ref=SHOP,
            refund_ref=DISPUTE,
            tax_payable_to="GB",
            currency="GBP",
            proceeds=first_step,
        )
        assert entries_of(refunded)[1:] == entries_of(charged_back(first_step))[1:]

    def test_gives_tax_and_duty_back_too(self) -> None:
        lost = charged_back(Proceeds(paid_minor=1000, tax_minor=100, duty_minor=50, surcharges_minor=10))
        assert sum(minor for _, minor, _ in entries_of(lost)) == 0
        assert {code for code, _, _ in entries_of(lost)} >= {"TAX_PAYABLE.GB", "DUTY_PAYABLE"}

    def test_that_undoes_nothing_is_no_posting(self) -> None:
        assert charged_back(Proceeds(paid_minor=0)) is None
        assert journals.chargeback_loss(dispute_ref=DISPUTE, payable_ref=PAYABLE, amount=gbp(0)) is None

    @pytest.mark.django_db
    def test_leaves_nothing_once_it_is_lost(self) -> None:
        lost = charged_back(Proceeds(paid_minor=1500))
        rest = journals.chargeback_loss(dispute_ref=DISPUTE, payable_ref=PAYABLE, amount=gbp(362))
        assert lost is not None
        assert rest is not None
        write(opened(), lost, rest)
        assert balance_of("DISPUTED") == (0, 0)
        assert balance_of("PLATFORM_EXPENSE.chargeback") == (362, 0)


class TestAProvidersSettlement:
    def test_pays_the_capture_less_its_fee(self) -> None:
        assert entries_of(settled("charge", 1234, 39)) == [
            ("BANK", 1195, SETTLEMENT),
            ("PLATFORM_EXPENSE.provider_fee", 39, CAPTURE),
            ("PSP_CLEARING.test", -1234, CAPTURE),
        ]

    def test_takes_refunds_and_chargebacks_back(self) -> None:
        for line in ("refund", "chargeback"):
            assert entries_of(settled(line, -234)) == [
                ("BANK", -234, SETTLEMENT),
                ("PSP_CLEARING.test", 234, CAPTURE),
            ]
        assert entries_of(settled("chargeback_reversal", 234)) == [
            ("BANK", 234, SETTLEMENT),
            ("PSP_CLEARING.test", -234, CAPTURE),
        ]

    @pytest.mark.parametrize(("gross_minor", "fee_minor"), [(10, 20), (20, 20)])
    def test_of_a_tiny_charge_may_bring_nothing(self, gross_minor: int, fee_minor: int) -> None:
        assert sum(minor for _, minor, _ in entries_of(settled("charge", gross_minor, fee_minor))) == 0

    def test_knows_no_other_line(self) -> None:
        with pytest.raises(KeyError):
            settled("gift", 1)

    def test_posts_a_dispute_and_its_reversal_under_kinds_of_their_own(self) -> None:
        kinds = {settled(line, 1, reference=DISPUTE).kind for line in journals.PROVIDER_SETTLED}
        assert len(kinds) == len(journals.PROVIDER_SETTLED) == 4
        assert all(len(kind) <= 40 for kind in kinds)

    @pytest.mark.django_db
    def test_leaves_nothing_at_the_provider(self) -> None:
        write(
            journals.capture(capture_ref=CAPTURE, payable_ref=PAYABLE, provider="test", amount=gbp(1234)),
            opened(1234),
            settled("charge", 1234, 39),
            settled("chargeback", -1234, reference=DISPUTE),
        )
        assert balance_of("PSP_CLEARING.test") == (0, 0)
        assert balance_of("BANK") == (-39, 0)
        about = ledger.list_postings(order_refs=[PAYABLE])
        assert {entry.about_ref for posting in about for entry in posting.entries if entry.account == "BANK"} == {
            SETTLEMENT
        }
