"""What a document says, read off the order as it was sold, its shop and its market."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from apps.documents.bill import Bill, is_something
from apps.documents.contracts import (
    ChargeKind,
    ChargeLine,
    Content,
    Correction,
    Customer,
    DocumentKind,
    Issuer,
    ItemLine,
    PaymentMade,
    Remitter,
    TaxSum,
    TaxTerms,
    Totals,
)
from apps.markets import api as markets
from apps.orders import api as orders
from apps.orders.api import LineView, OrderView, Sale, SoldOrder
from apps.pricing.api import RefundPart
from apps.sellers import api as sellers
from apps.sellers.api import Shop
from tradecore.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """All that a document of one order is made of, beside its bill. The market is as it was at the purchase."""

    sale: Sale
    order: OrderView
    shop: Shop
    market: markets.Market
    shipping_tax_rate_e5: int

    def money(self, minor: int) -> Money:
        return Money(minor, self.sale.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document that has no number yet. `gone_sequence` is how far what went back of the order is in it."""

    kind: DocumentKind
    subject_ref: int
    source: Source
    bill: Bill
    gone_sequence: int = 0
    payment: PaymentMade | None = None
    corrects: Correction | None = None


def read_source(order_id: int) -> Source:
    """Read an order as it stands, for its documents. Refuses: NotFound, also of an order that is not paid."""
    sold = orders.get_sold_order(order_id=order_id)
    return source_of(sold, sellers.get_shop(shop_id=sold.sale.shop_id))


def source_of(sold: SoldOrder, shop: Shop) -> Source:
    """What the documents of an order are made of that was read, with its shop."""
    sale, order = sold.sale, sold.order
    market = markets.get_market(sale.market, now=order.placed_at)
    rates = markets.list_tax_rates(sale.market, order.address.get("region", ""), now=order.placed_at)
    return Source(
        sale=sale,
        order=order,
        shop=shop,
        market=market,
        shipping_tax_rate_e5=rates[market.shipping_tax_category],
    )


def write_content(draft: Draft, *, number: str, now: datetime) -> Content:
    """All that the document says, once it has its number."""
    source = draft.source
    lines, charges = tuple(_item_lines(draft)), tuple(_charge_lines(draft))
    return Content(
        kind=draft.kind,
        number=number,
        issued_at=now,
        issued_on=local_day(source, now),
        market=source.sale.market,
        currency=source.sale.currency,
        seller=_issuer(source.shop),
        customer=None if draft.kind is DocumentKind.RECEIPT else _customer(source.order),
        order_number=source.sale.number,
        paid_at=source.sale.paid_at,
        lines=lines,
        charges=charges,
        taxes=_sum_taxes(source, lines, charges),
        tax_terms=_tax_terms(source),
        totals=_totals(source, draft.bill),
        payment=draft.payment,
        corrects=draft.corrects,
    )


def local_day(source: Source, moment: datetime) -> date:
    """The day of a moment in the market's own calendar."""
    return moment.astimezone(ZoneInfo(source.market.time_zone)).date()


def _issuer(shop: sellers.Shop) -> Issuer:
    return Issuer(
        shop_id=shop.id, name=shop.name, handle=shop.handle, legal_name=shop.legal_name, tax_number=shop.tax_number
    )


def _item_lines(draft: Draft) -> Iterator[ItemLine]:
    """The lines of the order that have something in the bill."""
    for line in draft.source.order.lines:
        part = draft.bill.parts.get(line.id)
        if part is not None and is_something(part):
            yield _item_line(draft.source, line, part)


def _item_line(source: Source, line: LineView, part: RefundPart) -> ItemLine:
    return ItemLine(
        line_no=line.line_no,
        title=line.title,
        sku_code=line.sku_code,
        quantity=part.units,
        unit_price=line.unit_price,
        list_price=source.money(part.list_minor),
        seller_discount=source.money(part.seller_discount_minor),
        platform_discount=source.money(part.platform_discount_minor),
        price=source.money(part.net_minor),
        tax_rate_e5=line.tax_rate_e5,
        tax=source.money(part.tax_minor),
        duty=source.money(part.duty_minor),
    )


def _charge_lines(draft: Draft) -> Iterator[ChargeLine]:
    source, charges = draft.source, draft.bill.charges
    if charges.shipping_fee_minor:
        yield ChargeLine(
            kind=ChargeKind.SHIPPING,
            price=source.money(charges.shipping_fee_minor),
            tax_rate_e5=source.shipping_tax_rate_e5,
            tax=source.money(charges.shipping_tax_minor),
        )
    if charges.surcharges_minor:
        yield ChargeLine(
            kind=ChargeKind.SURCHARGES,
            price=source.money(charges.surcharges_minor),
            tax_rate_e5=None,
            tax=source.money(0),
        )


def _sum_taxes(source: Source, lines: tuple[ItemLine, ...], charges: tuple[ChargeLine, ...]) -> tuple[TaxSum, ...]:
    """One sum per rate, from the lowest; what states no rate comes last."""
    inclusive = source.order.breakdown.tax_inclusive
    sums: dict[int | None, tuple[int, int]] = {}
    charged = [(line.tax_rate_e5, line.price + line.duty, line.tax) for line in lines]
    for rate_e5, price, tax in [*charged, *((charge.tax_rate_e5, charge.price, charge.tax) for charge in charges)]:
        net_minor, tax_minor = sums.get(rate_e5, (0, 0))
        sums[rate_e5] = (net_minor + price.minor - (tax.minor if inclusive else 0), tax_minor + tax.minor)
    return tuple(
        TaxSum(tax_rate_e5=rate_e5, net=source.money(net_minor), tax=source.money(tax_minor))
        for rate_e5, (net_minor, tax_minor) in sorted(sums.items(), key=lambda item: (item[0] is None, item[0] or 0))
    )


def _tax_terms(source: Source) -> TaxTerms:
    jurisdiction = source.sale.tax_payable_to
    return TaxTerms(
        prices_include_tax=source.order.breakdown.tax_inclusive,
        is_before_platform_discount=source.market.tax_base_policy is markets.TaxBasePolicy.BEFORE_PLATFORM_COUPON,
        remitted_by=Remitter.MARKETPLACE if jurisdiction else Remitter.SELLER,
        jurisdiction=jurisdiction,
    )


def _totals(source: Source, bill: Bill) -> Totals:
    return Totals(
        net=source.money(bill.net_minor),
        tax=source.money(bill.tax_minor),
        payment_discount=source.money(bill.payment_discount_minor),
        recorded_difference=source.money(bill.recorded_difference_minor),
        total=source.money(bill.total_minor),
    )


def _customer(order: OrderView) -> Customer:
    address = order.address
    return Customer(
        name=address.get("recipient", ""),
        line1=address.get("line1", ""),
        line2=address.get("line2", ""),
        city=address.get("city", ""),
        region=address.get("region", ""),
        postal_code=address.get("postal_code", ""),
        country=address.get("country", ""),
    )
