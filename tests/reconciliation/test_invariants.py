"""Each invariant finds what breaks it, and nothing else; a healthy book breaks none."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection

from apps.checkout import api as checkout
from apps.ledger import api as ledger
from apps.ledger.models import Balance, Entry, Posting
from apps.orders.models import Order, OrderLine, OrderTransition
from apps.payments.models import Capture, CaptureShare, ProviderAnswer, ProviderCall, Refund, Tender
from apps.promotions.api import PromotionKind
from apps.promotions.models import Promotion, PromotionUse
from apps.reconciliation import api as reconciliation
from apps.reconciliation.invariants import INVARIANTS
from apps.reconciliation.models import Break
from config.subscriptions import EVENTS
from tests.factories.checkout import add_shop, buy, make_shop_floor, place, tender
from tests.factories.promotions import make_promotion
from tests.support import NOON
from tradecore import clock, freezes, outbox
from tradecore.append_only import drop_statements, trigger_statements
from tradecore.models import Freeze, IdempotencyRecord, OutboxEvent, Timer

APPEND_ONLY = ("ledger_posting", "ledger_entry", "ledger_seal")


@dataclass(frozen=True, slots=True)
class Life:
    """Some purchases: `paid` with a capped coupon from two shops, `cancelled` and sent back, and one `unpaid`."""

    paid: checkout.PaymentProgress
    cancelled: checkout.PaymentProgress
    unpaid: checkout.PaymentProgress
    sku: int


def live() -> Life:
    floor = make_shop_floor()
    other = add_shop(floor.provider)
    now = clock.now()
    make_promotion(
        PromotionKind.PLATFORM_COUPON,
        code="SPRING",
        min_spend_minor=0,
        uses_cap=100,
        budget_minor=100_000,
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=1),
    )
    sku = floor.add_sku(price_minor=2000)
    paid = buy((sku, 2), (other.add_sku(price_minor=3000), 1), coupon_codes=("SPRING",), now=now)
    cancelled = buy((sku, 1), now=now)
    checkout.cancel_lines(
        order_id=cancelled.purchase.orders[0].id, units=None, initiator="buyer", reason="changed_mind", now=now
    )
    buy((sku, 1), tenders=(tender("tok_declined"),), now=now)
    unpaid = place((sku, 1), now=now)
    ProviderCall.objects.filter(operation="refund").update(ask_at=clock.real_now() - timedelta(seconds=1))
    checkout.poll_provider_calls(limit=10, now=now)
    while outbox.relay(subscriptions=EVENTS):
        pass
    ledger.seal_postings(real_now=clock.real_now() + timedelta(minutes=1))
    return Life(paid=paid, cancelled=cancelled, unpaid=unpaid, sku=sku)


@contextmanager
def behind_the_walls() -> Iterator[None]:
    """Without triggers and constraints, as somebody with the rights of the server would change a row by hand."""
    lax, strict = {
        "mysql": ("SET check_constraint_checks = OFF, foreign_key_checks = OFF", "SET check_constraint_checks = ON"),
        "sqlite": ("PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints = OFF"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        for statement in (*drop_statements(APPEND_ONLY), lax):
            cursor.execute(statement)
        try:
            yield
        finally:
            cursor.execute(strict)
            for statement in trigger_statements(APPEND_ONLY, vendor=connection.vendor):
                cursor.execute(statement)


def change(sql: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)  # type: ignore[arg-type]  # whatever a test changes
        assert cursor.rowcount, f"changed nothing: {sql}"


#: Invariant -> what breaks it; returns the row that is to be named.
TAMPERINGS: dict[str, Callable[[Life], int]] = {}


def breaks(name: str) -> Callable[[Callable[[Life], int]], Callable[[Life], int]]:
    def register(tampering: Callable[[Life], int]) -> Callable[[Life], int]:
        TAMPERINGS[name] = tampering
        return tampering

    return register


@breaks("I01")
@breaks("I31")
@breaks("I16")
def change_an_amount(life: Life) -> int:
    entry = Entry.objects.filter(posting__kind="sale", account="SELLER_PENDING").earliest("id")
    change("UPDATE ledger_entry SET amount_minor = amount_minor + 1 WHERE id = %s", entry.pk)
    return entry.posting_id


@breaks("I01b")
def take_an_entry_away(life: Life) -> int:
    posting = Posting.objects.filter(kind="late_money").first() or Posting.objects.filter(kind="capture").earliest("id")
    change("DELETE FROM ledger_entry WHERE posting_id = %s AND line_no = 1", posting.pk)
    return posting.pk


@breaks("I17")
def take_a_seal_away(life: Life) -> int:
    change("DELETE FROM ledger_seal WHERE number = 2")
    return 3


@breaks("I26")
def post_another_capture(life: Life) -> int:
    capture = Capture.objects.earliest("id")
    change("UPDATE payments_capture SET amount_minor = amount_minor - 1 WHERE id = %s", capture.pk)
    return capture.pk


@breaks("I26b")
def send_back_without_a_posting(life: Life) -> int:
    call = ProviderCall.objects.get(operation="refund")
    change("UPDATE ledger_posting SET reference = 1 WHERE kind = 'refund' AND reference = %s", call.pk)
    return call.pk


@breaks("I26c")
def sell_without_a_posting(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE ledger_posting SET kind = 'sail' WHERE kind = 'sale' AND reference = %s", order_id)
    return order_id


@breaks("I27")
def leave_funds_with_a_purchase(life: Life) -> int:
    purchase_id = life.paid.purchase.id
    change(
        "UPDATE ledger_entry SET amount_minor = amount_minor - 5 WHERE account = 'BUYER_FUNDS' AND amount_minor < 0 "
        "AND about_ref = %s",
        purchase_id,
    )
    return purchase_id


@breaks("I27b")
def leave_a_refund_on_its_way(life: Life) -> int:
    refund = Refund.objects.get()
    change(
        "UPDATE ledger_entry SET amount_minor = amount_minor - 5 WHERE about_ref = %s AND amount_minor > 0", refund.pk
    )
    return refund.pk


@breaks("I02")
def change_a_total(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE orders_order SET total_minor = total_minor - 1 WHERE id = %s", order_id)
    return order_id


@breaks("I03")
def change_a_line(life: Life) -> int:
    line = OrderLine.objects.filter(order_id=life.paid.purchase.orders[0].id).earliest("id")
    change("UPDATE orders_line SET list_minor = list_minor + 1, net_minor = net_minor + 1 WHERE id = %s", line.pk)
    return line.order_id


@breaks("I04")
def use_more_of_a_promotion(life: Life) -> int:
    use = PromotionUse.objects.get(hold_id=life.paid.purchase.id)
    change("UPDATE promotions_use SET amount_minor = amount_minor + 1 WHERE id = %s", use.pk)
    return life.paid.purchase.id


@breaks("I06")
def give_an_order_more_of_the_captures(life: Life) -> int:
    share = CaptureShare.objects.get(order_ref=life.paid.purchase.orders[1].id)
    change("UPDATE payments_capture_share SET amount_minor = amount_minor + 1 WHERE id = %s", share.pk)
    return share.order_ref


@breaks("I06b")
@breaks("I07c")
def keep_the_money_of_a_dead_order(life: Life) -> int:
    share = CaptureShare.objects.get(order_ref=life.cancelled.purchase.orders[0].id)
    change("UPDATE payments_capture_share SET refunded_minor = 0 WHERE id = %s", share.pk)
    return share.order_ref


@breaks("I15")
def flip_a_status_by_hand(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE orders_order SET status = 'DELIVERED' WHERE id = %s", order_id)
    return order_id


@breaks("I15b")
def rewrite_history(life: Life) -> int:
    transition = OrderTransition.objects.get(order_id=life.cancelled.purchase.orders[0].id, sequence=2)
    column = connection.ops.quote_name("before")
    change(f"UPDATE orders_transition SET {column} = 'IN_TRANSIT' WHERE id = %s", transition.pk)
    return transition.order_id


@breaks("I29")
def give_an_order_to_somebody_else(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE orders_order SET buyer_ref = buyer_ref + 1 WHERE id = %s", order_id)
    return order_id


@breaks("I32")
def pay_before_it_was_placed(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    Order.objects.filter(pk=order_id).update(paid_at=NOON - timedelta(days=1))
    return order_id


@breaks("I07")
@breaks("I07b")
def send_back_more_than_was_captured(life: Life) -> int:
    refund = Refund.objects.get()
    change("UPDATE payments_refund SET amount_minor = amount_minor + 100 WHERE id = %s", refund.pk)
    return refund.intent_id


@breaks("I18")
def leave_an_answer_waiting(life: Life) -> int:
    answer = ProviderAnswer.objects.earliest("id")
    long_ago = clock.real_now() - timedelta(minutes=5)
    ProviderAnswer.objects.filter(pk=answer.pk).update(applied_at=None, received_at=long_ago)
    return answer.pk


@breaks("I25")
def refuse_a_refund(life: Life) -> int:
    refund = Refund.objects.get()
    change("UPDATE payments_refund SET status = 'FAILED' WHERE id = %s", refund.pk)
    return refund.pk


@breaks("I25b")
def suspect_a_tender(life: Life) -> int:
    suspect = Tender.objects.filter(status="DECLINED").get()
    change("UPDATE payments_tender SET status = 'SUSPECT' WHERE id = %s", suspect.pk)
    return suspect.pk


@breaks("I08")
@breaks("I09")
def count_stock_off_by_one(life: Life) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM inventory_stock WHERE sku_id = %s", [life.sku])
        (stock_id,) = cursor.fetchone()
    change("UPDATE inventory_stock SET committed = committed + 1 WHERE id = %s", stock_id)
    return int(stock_id)


@breaks("I10")
def let_go_of_what_is_paid(life: Life) -> int:
    change("UPDATE inventory_hold SET status = 'VOIDED' WHERE owner_ref = %s", life.paid.purchase.id)
    return life.paid.purchase.id


@breaks("I10b")
def let_go_of_what_was_used(life: Life) -> int:
    change("UPDATE promotions_hold SET status = 'EXPIRED' WHERE owner_ref = %s", life.paid.purchase.id)
    return life.paid.purchase.id


@breaks("I11")
def lose_a_timer(life: Life) -> int:
    Timer.objects.filter(subject=life.unpaid.purchase.id).delete()
    return life.unpaid.purchase.id


@breaks("I12")
def count_more_of_a_promotion(life: Life) -> int:
    promotion = Promotion.objects.get(code="SPRING")
    change("UPDATE promotions_promotion SET posted_minor = posted_minor + 1 WHERE id = %s", promotion.pk)
    return promotion.pk


@breaks("I05")
def hold_a_key_for_ever(life: Life) -> int:
    long_ago = clock.real_now() - timedelta(minutes=5)
    IdempotencyRecord.objects.create(
        scope_hash="0" * 64, fingerprint="0" * 64, locked_until=long_ago, created_at=long_ago
    )
    return 0


@breaks("I19")
def bury_an_event(life: Life) -> int:
    event = OutboxEvent.objects.earliest("id")
    OutboxEvent.objects.filter(pk=event.pk).update(delivered_at=None, dead_at=clock.real_now())
    return event.pk


@breaks("I19b")
def change_an_order_and_tell_nobody(life: Life) -> int:
    order_id = life.paid.purchase.orders[0].id
    change("UPDATE orders_order SET version = version + 1 WHERE id = %s", order_id)
    return order_id


def found(name: str, suite: reconciliation.Suite = reconciliation.Suite.ALL) -> list[int]:
    report = reconciliation.reconcile(suite=suite, names=[name], real_now=clock.real_now())
    return [offence.ref for offence in report.offences]


class TestTheRegistry:
    def test_has_a_tampering_for_each_invariant(self) -> None:
        assert set(TAMPERINGS) == set(INVARIANTS)

    @pytest.mark.django_db
    @pytest.mark.parametrize("name", INVARIANTS)
    def test_names_tables_and_columns_that_are_there(self, name: str) -> None:
        for table, columns in INVARIANTS[name].reads.items():
            with connection.cursor() as cursor:
                there = {column.name for column in connection.introspection.get_table_description(cursor, table)}
            assert set(columns) <= there, f"{table} has no {set(columns) - there}"

    @pytest.mark.parametrize("name", INVARIANTS)
    def test_names_every_table_that_it_reads(self, name: str) -> None:
        read = set(re.findall(r"(?:FROM|JOIN) ([a-z]+_[a-z_]+)", INVARIANTS[name].sql))
        assert read == set(INVARIANTS[name].reads)


@pytest.mark.django_db(transaction=True)
class TestAHealthyBook:
    @pytest.mark.parametrize("suite", reconciliation.Suite)
    def test_breaks_nothing(self, suite: reconciliation.Suite) -> None:
        live()
        report = reconciliation.reconcile(suite=suite, real_now=clock.real_now() + timedelta(minutes=1))
        assert report.offences == ()
        assert not Break.objects.exists()
        assert not Freeze.objects.exists()

    def test_of_nothing_breaks_nothing(self) -> None:
        assert reconciliation.reconcile(suite=reconciliation.Suite.ALL, real_now=clock.real_now()).offences == ()


@pytest.mark.django_db(transaction=True)
class TestABrokenBook:
    @pytest.mark.parametrize("name", sorted(INVARIANTS))
    def test_is_found_and_its_row_named(self, name: str) -> None:
        life = live()
        with behind_the_walls():
            row = TAMPERINGS[name](life)
        offences = found(name)
        if name == "I16":
            row = Balance.objects.get(account="SELLER_PENDING", owner_ref=_owner_of(row)).pk
        if name == "I07c":
            row = CaptureShare.objects.get(order_ref=row).pk
        assert offences == ([0] if name == "I31" else [row])
        assert Break.objects.get(closed_at=None).invariant == name

    @pytest.mark.parametrize("name", sorted(name for name, each in INVARIANTS.items() if each.is_for_recent))
    def test_is_found_by_the_run_of_what_is_recent(self, name: str) -> None:
        life = live()
        with behind_the_walls():
            TAMPERINGS[name](life)
        assert len(found(name, reconciliation.Suite.RECENT)) == 1


def _owner_of(posting_id: int) -> int:
    return Entry.objects.get(posting_id=posting_id, account="SELLER_PENDING").owner_ref


@pytest.mark.django_db(transaction=True)
class TestContainment:
    def test_takes_a_sku_off_sale(self) -> None:
        life = live()
        with behind_the_walls():
            count_stock_off_by_one(life)
        found("I08")
        assert freezes.list_frozen(kind=freezes.SKU_SALE, subjects=[life.sku]) == {life.sku}
        assert Break.objects.get().is_contained

    def test_stops_the_payouts_of_a_shop(self) -> None:
        life = live()
        with behind_the_walls():
            change_a_line(life)
        found("I03")
        shop_id = life.paid.purchase.orders[0].shop_id
        assert Freeze.objects.get().subject == shop_id
        assert Freeze.objects.get().kind == freezes.SHOP_PAYOUTS

    def test_switches_a_promotion_off(self) -> None:
        life = live()
        with behind_the_walls():
            promotion_id = count_more_of_a_promotion(life)
        found("I12")
        assert freezes.list_frozen(kind=freezes.PROMOTION, subjects=[promotion_id]) == {promotion_id}

    def test_changes_no_figure(self) -> None:
        life = live()
        with behind_the_walls():
            use_more_of_a_promotion(life)
        before = PromotionUse.objects.get(hold_id=life.paid.purchase.id).amount_minor
        found("I04")
        assert PromotionUse.objects.get(hold_id=life.paid.purchase.id).amount_minor == before


@pytest.mark.django_db(transaction=True)
class TestABreak:
    def test_is_told_once_however_often_it_is_found(self) -> None:
        life = live()
        with behind_the_walls():
            flip_a_status_by_hand(life)
        first, second = (
            reconciliation.reconcile(suite=reconciliation.Suite.ALL, names=["I15"], real_now=clock.real_now())
            for _ in range(2)
        )
        assert (len(first.opened), len(second.opened)) == (1, 0)
        assert OutboxEvent.objects.filter(kind="reconciliation.break_found").count() == 1

    def test_is_closed_when_the_row_is_right_again(self) -> None:
        life = live()
        order_id = life.paid.purchase.orders[0].id
        right = Order.objects.get(pk=order_id).status
        with behind_the_walls():
            flip_a_status_by_hand(life)
        found("I15")
        change("UPDATE orders_order SET status = %s WHERE id = %s", right, order_id)
        report = reconciliation.reconcile(suite=reconciliation.Suite.ALL, names=["I15"], real_now=clock.real_now())
        assert report.closed == 1
        assert Break.objects.get().closed_at is not None
        assert reconciliation.count_open_breaks() == 0

    def test_says_how_much_money_is_at_risk(self) -> None:
        life = live()
        with behind_the_walls():
            send_back_more_than_was_captured(life)
        found("I07")
        count, minor = reconciliation.money_at_risk()["GBP"]
        assert (count, minor) == (1, 100)


@pytest.mark.django_db(transaction=True)
class TestTheDailyRun:
    def test_is_done_once_a_day(self) -> None:
        life = live()
        with behind_the_walls():
            flip_a_status_by_hand(life)
        now = clock.real_now()
        assert reconciliation.reconcile_daily(real_now=now) > 0
        assert reconciliation.reconcile_daily(real_now=now + timedelta(hours=23)) == 0
        assert reconciliation.reconcile_daily(real_now=now + timedelta(hours=25)) > 0
