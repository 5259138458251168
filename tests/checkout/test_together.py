"""Purchases of hot SKUs share their transactions, and each buyer gets the answer that they would have got alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from apps.checkout import api as checkout
from apps.checkout import confirm_payment, place_purchase
from apps.inventory.api import OutOfStock
from apps.inventory.models import StockHold
from apps.ledger.models import Posting
from apps.orders.models import Order, Purchase
from apps.payments import api as payments
from apps.payments.models import PaymentIntent
from apps.promotions.api import BuyerLimitReached, PromotionKind
from apps.promotions.models import PromotionUse
from tests.checkout.test_races import assert_books_hold
from tests.factories.checkout import ShopFloor, make_buyer, make_shop_floor, make_wish, place, tender
from tests.factories.inventory import numbers_of
from tests.factories.promotions import make_promotion
from tests.support import NOON
from tradecore import db
from tradecore.groups import Group, Member, NotTogether
from tradecore.locks import JustWritten
from tradecore.models import OutboxEvent, Timer
from tradecore.money import Money

Command = checkout.PlacePurchase


def quoted(*lines: tuple[int, int], buyer: checkout.Buyer | None = None, token: str = "tok_ok", **wish: Any) -> Command:
    """The command to buy what has just been quoted."""
    buyer = buyer or make_buyer()
    quote = checkout.make_quote(wish=make_wish(*lines, **wish), buyer=buyer, now=NOON)
    return Command(buyer=buyer, quote_token=quote.token, expected_total=quote.total, tenders=(tender(token),))


def buy_together(command: Command) -> checkout.PaymentProgress:
    placed = checkout.place_purchase(command=command, now=NOON, together=True)
    return checkout.collect_payment(purchase_id=placed.purchase.id, now=NOON, placed=placed, together=True)


@contextmanager
def everybody_waits_for(group: "Group[Any, Any]", number: int) -> Iterator[list[int]]:
    """Let the first to lead begin once so many wait: then they are one group. Yields the sizes of all groups."""
    lead, sizes, act = group._lead, list[int](), group._act
    gathered = threading.Event()

    def wait_and_lead() -> None:
        while not gathered.is_set():
            if len(group._waiting) >= number:
                gathered.set()
            gathered.wait(0.01)
        lead()

    def count_and_act(members: Any) -> Any:
        sizes.append(len(members))
        return act(members)

    group._lead, group._act = wait_and_lead, count_and_act  # type: ignore[method-assign]
    try:
        yield sizes
    finally:
        del group._lead
        group._act = act


class TestAloneInAGroup:
    """A group of one writes what the plain way writes."""

    @pytest.fixture
    def floor(self, db: None) -> ShopFloor:
        return make_shop_floor()

    def written(self) -> dict[str, list[Any]]:
        return {
            "purchases": list(Purchase.objects.values_list("status", "version", "total_minor", "paid_at")),
            "orders": list(Order.objects.values_list("status", "version", "transition_count", "paid_at", "ship_by")),
            "intents": list(PaymentIntent.objects.values_list("status", "captured_minor", "version", "paid_at")),
            "holds": list(StockHold.objects.values_list("status", "resolved_at", "expires_at")),
            "events": sorted(OutboxEvent.objects.values_list("kind", "aggregate", "sequence")),
            "timers": sorted(Timer.objects.values_list("kind", "due_at")),
            "postings": sorted(Posting.objects.values_list("kind", flat=True)),
        }

    def test_it_is_the_same_purchase(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        plain = checkout.place_purchase(command=quoted((sku, 2)), now=NOON)
        checkout.collect_payment(purchase_id=plain.purchase.id, now=NOON, placed=plain)
        first = self.written()
        progress = buy_together(quoted((sku, 2)))
        assert (progress.purchase.status, progress.is_final) == ("PAID", True)
        assert self.written() == {name: sorted(rows * 2) for name, rows in first.items()}
        assert numbers_of(sku) == [(96, 0, 4)]
        assert_books_hold()

    def test_what_is_refused_leaves_nothing_behind(self, floor: ShopFloor) -> None:
        sku = floor.add_sku(stock=1)
        with pytest.raises(OutOfStock):
            buy_together(quoted((sku, 2)))
        assert not Purchase.objects.exists()
        assert not StockHold.objects.exists()
        assert not OutboxEvent.objects.exists()

    def test_a_used_quote_is_told_of_its_purchase(self, floor: ShopFloor) -> None:
        command = quoted((floor.add_sku(), 1))
        bought = buy_together(command)
        with pytest.raises(checkout.QuoteUsed) as refused:
            buy_together(command)
        assert refused.value.purchase_id == bought.purchase.id

    @pytest.mark.parametrize("token", ["tok_declined", "tok_3ds"])
    def test_what_is_not_captured_is_applied_alone(self, floor: ShopFloor, token: str) -> None:
        progress = buy_together(quoted((floor.add_sku(), 1), token=token))
        assert progress.purchase.status == "AWAITING_PAYMENT"


def test_what_is_not_straight_is_left_out_and_the_others_are_confirmed(db: None) -> None:
    floor = make_shop_floor()
    make_promotion(PromotionKind.PLATFORM_COUPON, code="TEN-OFF")
    sku = floor.add_sku(price_minor=20_000)
    in_two = (tender(amount=Money(5000, "GBP")), tender(amount=Money(15399, "GBP")))
    placed = [place((sku, 1), tenders=(tender(),)) for _ in range(2)]
    placed += [place((sku, 1), tenders=in_two), place((sku, 1), tenders=(tender(),), coupon_codes=("TEN-OFF",))]
    members = [Member(replied(progress)) for progress in placed]
    results = confirm_payment._confirm_all([*members, members[0]])
    assert [isinstance(result, NotTogether) for result in results] == [False, False, True, True, True]
    statuses = [Purchase.objects.get(pk=progress.purchase.id).status for progress in placed]
    assert statuses == ["PAID", "PAID", "AWAITING_PAYMENT", "AWAITING_PAYMENT"]
    assert confirm_payment._confirm_all(members[2:])[0].__class__ is NotTogether
    assert_books_hold()


class TestWhatWasJustWritten:
    """Note [Just placed]: a group knows what all of its members have written, and reads for all where one has not."""

    @pytest.fixture
    def placed(self, db: None) -> list[checkout.PaymentProgress]:
        floor = make_shop_floor()
        sku = floor.add_sku()
        return [place((sku, 1)) for _ in range(4)]

    def test_is_known_and_not_read(self, placed: list[checkout.PaymentProgress]) -> None:
        members = [Member(replied(each, known=each.just_written)) for each in reversed(placed)]
        with CaptureQueriesContext(connection) as captured:
            results = confirm_payment._confirm_all(members)
        read = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
        assert len(read) == 1, read  # that what was booked adds up to nothing
        assert "ledger_entry" in read[0]
        assert [self.status_of(result) for result in results] == ["PAID"] * 4
        assert_books_hold()

    def test_is_read_where_one_member_was_placed_before(self, placed: list[checkout.PaymentProgress]) -> None:
        known = [None, *[each.just_written for each in placed[1:]]]
        members = [Member(replied(each, known=of)) for each, of in zip(placed, known, strict=True)]
        results = confirm_payment._confirm_all(members)
        assert [self.status_of(result) for result in results] == ["PAID"] * 4
        assert_books_hold()

    def test_undoes_the_group_where_one_was_touched_and_each_is_applied_alone(
        self, placed: list[checkout.PaymentProgress]
    ) -> None:
        replies = [replied(each, known=each.just_written) for each in placed]
        checkout.expire_purchase(placed[2].purchase.id, NOON)
        with pytest.raises((db.RowMoved, IntegrityError, NotTogether)):
            confirm_payment._confirm_all([Member(reply) for reply in replies])
        assert set(Purchase.objects.values_list("status", flat=True)) == {"AWAITING_PAYMENT", "EXPIRED"}
        for reply in replies:
            checkout.apply_statement(statement=reply.statement, provider=reply.provider, source="reply", now=NOON)
        statuses = [Purchase.objects.get(pk=each.purchase.id).status for each in placed]
        assert statuses == ["PAID", "PAID", "EXPIRED", "PAID"]
        assert_books_hold()

    @staticmethod
    def status_of(result: object) -> str:
        assert isinstance(result, checkout.PaymentProgress)
        return result.purchase.status


def replied(placed: checkout.PaymentProgress, *, known: JustWritten | None = None) -> confirm_payment._Reply:
    """What the provider says of the first call of a purchase."""
    call = placed.unsent[0]
    statement = payments.send_call(call)
    assert statement is not None
    return confirm_payment._Reply(placed.purchase.id, statement, call.provider, NOON, known)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    @pytest.fixture
    def floor(self, transactional_db: None) -> ShopFloor:
        return make_shop_floor()

    def test_sell_every_piece_once_and_tell_the_others(self, floor: ShopFloor, race: Any) -> None:
        sku = floor.add_sku(stock=37)
        commands = [quoted((sku, 1)) for _ in range(100)]
        results = race([partial(buy_together, command) for command in commands])
        paid = [result for result in results if isinstance(result, checkout.PaymentProgress)]
        assert [progress.purchase.status for progress in paid] == ["PAID"] * 37
        assert sum(isinstance(result, OutOfStock) for result in results) == 63
        assert numbers_of(sku) == [(0, 0, 37)]
        assert Purchase.objects.count() == Order.objects.count() == len(floor.provider.calls) == 37
        assert_books_hold()

    def test_share_a_transaction_and_get_answers_of_their_own(self, floor: ShopFloor, race: Any) -> None:
        hot, other = floor.add_sku(stock=3), floor.add_sku(stock=100)
        used = quoted((other, 1))
        buy_together(used)
        commands = [*[quoted((hot, 1)) for _ in range(5)], *[quoted((other, 2)) for _ in range(4)], used]
        with everybody_waits_for(place_purchase._PLACING.get(), len(commands)) as sizes:
            results = race([partial(buy_together, command) for command in commands])
        assert sizes[0] == 10
        assert sum(isinstance(result, OutOfStock) for result in results[:5]) == 2
        assert all(isinstance(result, checkout.PaymentProgress) for result in results[5:9])
        assert isinstance(results[9], checkout.QuoteUsed)
        assert (numbers_of(hot), numbers_of(other)) == ([(0, 0, 3)], [(91, 0, 9)])
        assert_books_hold()

    def test_are_confirmed_in_one_transaction(self, floor: ShopFloor, race: Any) -> None:
        sku = floor.add_sku()
        commands = [quoted((sku, 1)) for _ in range(8)]
        with everybody_waits_for(confirm_payment._CONFIRMING.get(), 8) as sizes:
            results = race([partial(buy_together, command) for command in commands])
        assert sizes == [8]
        assert {result.purchase.status for result in results} == {"PAID"}
        assert len({result.purchase.id for result in results}) == 8
        assert numbers_of(sku) == [(92, 0, 8)]
        assert_books_hold()

    def test_keep_the_limit_of_each_buyer(self, floor: ShopFloor, race: Any) -> None:
        sku = floor.add_sku(price_minor=2000)
        make_promotion(PromotionKind.PLATFORM_COUPON, code="ONE-EACH", uses_per_buyer_cap=1)
        buyers = [make_buyer() for _ in range(4)]
        commands = [quoted((sku, 1), buyer=buyer, coupon_codes=("ONE-EACH",)) for buyer in buyers for _ in range(5)]
        results = race([partial(buy_together, command) for command in commands])
        bought = [result for result in results if isinstance(result, checkout.PaymentProgress)]
        assert len({progress.purchase.id for progress in bought}) == PromotionUse.objects.count() == 4
        refused = {type(result) for result in results if not isinstance(result, checkout.PaymentProgress)}
        assert refused <= {BuyerLimitReached, checkout.PriceChanged}
        assert_books_hold()

    def test_one_that_fails_is_found_out_alone(
        self, floor: ShopFloor, race: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sku = floor.add_sku()
        commands = [quoted((sku, 1)) for _ in range(6)]
        bad = commands[3].buyer.ref

        def answer_for(command: Command) -> checkout.PaymentProgress:
            def fail(progress: Any) -> None:
                if command.buyer.ref == bad:
                    raise RuntimeError("not this one")

            with db.alongside(fail):
                return buy_together(command)

        with everybody_waits_for(place_purchase._PLACING.get(), 6) as sizes:
            results = race([partial(answer_for, command) for command in commands])
        assert sizes[0] == 6
        assert isinstance(results[3], RuntimeError)
        others = [result for number, result in enumerate(results) if number != 3]
        assert [progress.purchase.status for progress in others] == ["PAID"] * 5
        assert numbers_of(sku) == [(95, 0, 5)]
        assert_books_hold()

    def test_cost_a_group_hardly_more_statements_than_one(self, floor: ShopFloor) -> None:
        sku = floor.add_sku()
        counts = []
        for number in (1, 16):
            members = [Member(place_purchase._agree(quoted((sku, 1)), now=NOON)) for _ in range(number)]
            with CaptureQueriesContext(connection) as sent:
                place_purchase._place_group(members)
            counts.append(len(sent))
        assert counts[0] == counts[1]
