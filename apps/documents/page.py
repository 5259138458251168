"""How a document looks on paper: one page of HTML that needs nothing else."""

from collections.abc import Mapping
from typing import Any, Final

from django.template.loader import render_to_string

from apps.documents.contracts import ChargeKind, DocumentKind, DocumentView, Remitter
from tradecore.money import TAX_SCALE

_TITLES: Final[Mapping[str, str]] = {
    DocumentKind.RECEIPT: "Receipt",
    DocumentKind.INVOICE: "Invoice",
    DocumentKind.CREDIT_NOTE: "Credit note",
}
_CHARGES: Final[Mapping[str, str]] = {
    ChargeKind.SHIPPING: "Delivery",
    ChargeKind.SURCHARGES: "Fees of the marketplace, tax included",
}


def render_page(document: DocumentView) -> str:
    """The document as HTML. What stands in it was typed by others: the template escapes it."""
    content = document.content
    return render_to_string(
        "documents/document.html",
        {
            "title": _TITLES[document.kind],
            "document": content,
            "lines": [line | {"rate": _rate(line)} for line in content["lines"]],
            "charges": [
                charge | {"rate": _rate(charge), "title": _CHARGES[charge["kind"]]} for charge in content["charges"]
            ],
            "taxes": [tax | {"rate": _rate(tax)} for tax in content["taxes"]],
            "has_duty": any(_is_amount(line["duty"]) for line in content["lines"]),
            "has_payment_discount": _is_amount(content["totals"]["payment_discount"]),
            "has_recorded_difference": _is_amount(content["totals"]["recorded_difference"]),
            "is_remitted_by_marketplace": content["tax_terms"]["remitted_by"] == Remitter.MARKETPLACE,
            "content_hash": document.content_hash,
        },
    )


def _rate(part: Mapping[str, Any]) -> str:
    """A rate as people write it: `20 %`, `8.875 %`; a dash where none is stated."""
    rate_e5 = part["tax_rate_e5"]
    if rate_e5 is None:
        return "–"
    whole, rest = divmod(rate_e5 * 100, TAX_SCALE)
    decimals = f"{rest:05d}".rstrip("0")
    return f"{whole}.{decimals} %" if decimals else f"{whole} %"


def _is_amount(money: Mapping[str, str]) -> bool:
    return any(digit not in "0.-" for digit in money["amount"])
