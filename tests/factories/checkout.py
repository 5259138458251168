"""A shop floor: markets, a shop with stock, a buyer, a provider that does as it is told, and purchases on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from apps.accounts.api import Address
from apps.checkout import api as checkout
from apps.fees.api import load_standard_fee_plans
from apps.markets.api import forget_markets, load_standard_markets
from apps.payments import api as payments
from apps.payments.api import Call, Operation, ProviderUnreachable, Said, Statement
from tests.factories.accounts import make_address
from tests.factories.catalog import ProductFactory, SkuFactory, SkuPriceFactory
from tests.factories.inventory import WarehouseFactory, make_stock
from tests.factories.sellers import DeliveryRateFactory, ShopFactory
from tests.support import NOON
from tradecore.errors import Kind
from tradecore.ids import new_gene, new_id

ACCOUNT = "test-account"

_GOOD: Mapping[Operation, Said] = {
    Operation.CHARGE: Said.CAPTURED,
    Operation.AUTHORISE: Said.AUTHORISED,
    Operation.CAPTURE: Said.CAPTURED,
    Operation.VOID: Said.VOIDED,
    Operation.REFUND: Said.REFUNDED,
    Operation.CONTEST: Said.EVIDENCE_TAKEN,
    Operation.ACCEPT: Said.DISPUTE_LOST,
}


@dataclass
class ScriptedProvider:
    """A provider that says what its method token tells it to, and remembers what it was asked.

    `tok_ok`, `tok_declined`, `tok_3ds` (requires action until `complete`), `tok_silent` (does it and never answers),
    `tok_lost` (never gets the call), `tok_wrong_amount`.
    """

    account: str = ACCOUNT
    known: dict[int, Statement] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    disputes: dict[str, Statement] = field(default_factory=dict)
    settlements: list[payments.ProviderSettlement] = field(default_factory=list)

    def send(self, call: Call) -> Statement:
        self.calls.append(call)
        if call.method_token == "tok_lost" and len(self.calls) == 1:
            raise ProviderUnreachable("lost on the way")
        statement = self.known.setdefault(call.reference, self._answer(call))
        if call.method_token == "tok_silent" and call.operation is Operation.CHARGE:
            raise ProviderUnreachable("no answer")
        return statement

    def ask(self, reference: int) -> Statement | None:
        return self.known.get(reference)

    def ask_dispute(self, provider_ref: str) -> Statement | None:
        return self.disputes.get(provider_ref)

    def list_settlements(self, *, on: date) -> list[payments.ProviderSettlement]:
        return [settlement for settlement in self.settlements if settlement.on == on]

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Statement:
        raise payments.WebhookRefused(reason="this provider sends none")

    def complete(self, reference: int, said: Said = Said.CAPTURED) -> Statement:
        """End what waited for the buyer; returns what a webhook would say."""
        self.known[reference] = replace(self.known[reference], said=said, event_id=f"evt_{reference}_{said}")
        return self.known[reference]

    def _answer(self, call: Call) -> Statement:
        said = _GOOD[call.operation]
        is_first = call.operation in {Operation.CHARGE, Operation.AUTHORISE}
        if is_first:
            said = {"tok_declined": Said.DECLINED, "tok_3ds": Said.REQUIRES_ACTION}.get(call.method_token, said)
        amount = (
            replace(call.amount, minor=100) if is_first and call.method_token == "tok_wrong_amount" else call.amount
        )
        return Statement(
            said=said,
            reference=call.reference,
            provider_ref=f"ref_{call.reference}",
            amount=amount,
            account=self.account,
            decline_code="card_declined" if said is Said.DECLINED else "",
            next_action={"kind": "redirect", "url": "https://bank.example/3ds"}
            if said is Said.REQUIRES_ACTION
            else None,
        )


@dataclass
class ShopFloor:
    """A British shop with SKUs in stock, and the provider that everything on it is paid through."""

    shop_id: int
    provider: ScriptedProvider
    warehouse: Any
    product: Any

    def add_sku(self, *, price_minor: int = 1999, stock: int = 100, **options: Any) -> int:
        """One more SKU of the shop, for sale and in stock. Returns its id."""
        sku = SkuFactory(product=self.product, **options)
        SkuPriceFactory(sku=sku, amount_minor=price_minor)
        if stock:
            make_stock(stock, sku_id=sku.pk, warehouse=self.warehouse)
        return int(sku.pk)


def make_shop_floor(*, shipping_minor: int = 399) -> ShopFloor:
    """Build one, and put its provider in the sandbox's place for the rest of the process."""
    load_standard_markets(now=NOON)
    load_standard_fee_plans(now=NOON)
    forget_markets()
    provider = ScriptedProvider()
    payments.PROVIDERS.register("scripted", provider)
    return add_shop(provider, shipping_minor=shipping_minor)


def add_shop(provider: ScriptedProvider, *, shipping_minor: int = 399) -> ShopFloor:
    """One more British shop on the same floor."""
    shop = ShopFactory(fee_plan="GB-STANDARD")
    DeliveryRateFactory(shop=shop, base_minor=shipping_minor)
    return ShopFloor(
        shop_id=shop.pk,
        provider=provider,
        warehouse=WarehouseFactory(shop_id=shop.pk),
        product=ProductFactory(shop_id=shop.pk),
    )


def make_buyer(**parts: Any) -> checkout.Buyer:
    """A guest with an id and a gene of their own."""
    ref = new_id(new_gene())
    return checkout.Buyer(**{"ref": ref, "scope": f"guest:{ref}", "is_guest": True, "email": "g@example.com", **parts})


def make_wish(*lines: tuple[int, int], **parts: Any) -> checkout.Wish:
    """A wish for (sku, quantity) pairs, in Britain."""
    address: Address = make_address()
    return checkout.Wish(
        **{
            "market": "GB",
            "lines": tuple(checkout.WantedLine(sku_id, quantity) for sku_id, quantity in lines),
            "address": address,
            "delivery_option": "standard",
            **parts,
        }
    )


def tender(token: str = "tok_ok", **parts: Any) -> checkout.TenderWish:
    """One tender of the scripted provider."""
    return checkout.TenderWish(**{"provider": "scripted", "method": "card", "method_token": token, **parts})


def place(
    *lines: tuple[int, int],
    buyer: checkout.Buyer | None = None,
    tenders: tuple[checkout.TenderWish, ...] = (),
    now: datetime = NOON,
    **wish_parts: Any,
) -> checkout.PaymentProgress:
    """Quote and place a purchase; nothing is asked of the provider yet."""
    buyer = buyer or make_buyer()
    quote = checkout.make_quote(wish=make_wish(*lines, **wish_parts), buyer=buyer, now=now)
    return place_quote(quote, buyer, tenders=tenders or (tender(),), now=now)


def place_quote(
    quote: checkout.Quote,
    buyer: checkout.Buyer,
    *,
    tenders: tuple[checkout.TenderWish, ...],
    now: datetime = NOON,
) -> checkout.PaymentProgress:
    command = checkout.PlacePurchase(buyer=buyer, quote_token=quote.token, expected_total=quote.total, tenders=tenders)
    return checkout.place_purchase(command=command, now=now)


def buy(*lines: tuple[int, int], now: datetime = NOON, **parts: Any) -> checkout.PaymentProgress:
    """Quote, place and collect, as one request does it."""
    placed = place(*lines, now=now, **parts)
    return checkout.collect_payment(purchase_id=placed.purchase.id, now=now, placed=placed)


#: Refusals that a client may meet and that leave nothing behind.
CLEAN = frozenset({Kind.CONFLICT, Kind.RULE, Kind.GONE, Kind.UNAVAILABLE})
