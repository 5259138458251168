"""Whatever happens to an order, in whatever order the events arrive: what is invoiced and not taken back is what its
buyer has paid and not got back, in every component."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from apps.documents.api import DocumentKind
from apps.documents.bill import left_of_sale, whole_sale
from apps.documents.models import Document, Series
from apps.orders import api as orders
from apps.pricing.api import RefundCause
from apps.reconciliation import api as reconciliation
from tests.factories.documents import AMERICAN, BRITISH, IMPORTED, Sold, bill, documents_of, sell
from tests.factories.orders import arrange, cancel, collect, deliver, lose, refund
from tests.support import NOON, in_use_case
from tradecore import clock
from tradecore.errors import Refusal
from tradecore.money import Money

pytestmark = pytest.mark.django_db

LIVES = 12
ACTS = 9
AMOUNTS = ("net_minor", "tax_minor", "payment_discount_minor", "recorded_difference_minor", "total_minor")
NAMES = frozenset({"I33", "I33b", "I33c", "I33d"})


class Life:
    """An order to which something happens again and again, as chance will have it."""

    def __init__(self, sold: Sold, seed: int) -> None:
        self.chance = random.Random(seed)
        self.order = sell(sold)
        self.currency = sold.currency

    def go_on(self) -> None:
        """Something happens; what cannot happen now does not."""
        acts: tuple[Callable[[], object], ...] = (
            self.send,
            self.send,
            lambda: cancel(self.order, self.some_units()),
            lambda: deliver(self.order, self.some_units()),
            lambda: lose(self.order, self.some_units(), reason=self.chance.choice(["lost", "refused"])),
            lambda: refund(self.order, self.some_units(), cause=self.chance.choice(list(RefundCause)[1:])),
            self.concede,
            self.charge_back,
        )
        with suppress(Refusal):
            self.chance.choice(acts)()

    def send(self) -> None:
        collect(self.order, arrange(self.order, self.some_units()))

    def concede(self) -> None:
        line = self.chance.choice(self.order.lines)
        amount = Money(self.chance.randint(1, 900), self.currency)
        in_use_case(
            lambda: orders.concede(
                order_id=self.order.id,
                amounts={line.id: amount},
                cause=RefundCause.SELLER_FAULT,
                initiator="seller",
                reason="tests",
                now=NOON,
            )
        )

    def charge_back(self) -> None:
        amount = Money(self.chance.choice([100, 350, 99_999]), self.currency)
        in_use_case(lambda: orders.charge_back(order_id=self.order.id, amount=amount, reason="fraud", now=NOON))

    def some_units(self) -> list[orders.LineUnits]:
        line = self.chance.choice(self.order.lines)
        return [orders.LineUnits(line_id=line.id, quantity=self.chance.randint(1, 2))]

    @property
    def sale(self) -> orders.Sale:
        return orders.get_sale(order_id=self.order.id)


def billed(order: orders.OrderView) -> dict[str, int]:
    """Invoices less credit notes, by component."""
    signs = {DocumentKind.INVOICE: 1, DocumentKind.CREDIT_NOTE: -1}
    rows = [(sign, row) for kind, sign in signs.items() for row in documents_of(order, kind)]
    return {name: sum(sign * getattr(row, name) for sign, row in rows) for name in AMOUNTS}


@pytest.mark.parametrize("sold", [BRITISH, AMERICAN, IMPORTED], ids=["inclusive", "exclusive", "imported"])
class TestAnyLife:
    def test_is_billed_for_what_is_paid_and_not_back(self, db: None, sold: Sold) -> None:
        invoiced = 0
        for seed in range(LIVES):
            life = Life(sold, seed)
            for _ in range(ACTS):
                life.go_on()
                if life.chance.random() < 0.5:  # the events of this and that come later, or together
                    bill(life.order)
            bill(life.order)
            left = left_of_sale(life.sale)
            if documents_of(life.order, DocumentKind.INVOICE):
                invoiced += 1
                assert billed(life.order) == {name: getattr(left, name) for name in AMOUNTS}, seed
            else:
                was_shipped = orders.get_order(order_id=life.order.id).facts.collected > 0
                assert left.is_nothing or not was_shipped, seed
        assert invoiced > LIVES / 3
        assert_gapless()
        report = reconciliation.reconcile(suite=reconciliation.Suite.ALL, names=NAMES, real_now=clock.real_now())
        assert report.offences == ()

    def test_leaves_of_a_sale_what_was_sold_less_what_went_back(self, db: None, sold: Sold) -> None:
        for seed in range(LIVES):
            life = Life(sold, 100 + seed)
            for _ in range(ACTS):
                life.go_on()
            order = orders.get_order(order_id=life.order.id)
            assert whole_sale(life.sale).total_minor == order.breakdown.total.minor
            assert left_of_sale(life.sale).total_minor == order.breakdown.total.minor - order.breakdown.refunded.minor


def assert_gapless() -> None:
    """Every series counts from one to its last number."""
    for series in Series.objects.all():
        numbers = list(Document.objects.filter(series=series).order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1, series.last_number + 1))
