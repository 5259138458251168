"""How the pages of the back office write money, moments, numbers and states."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tradecore.ids import format_number
from tradecore.money import Money

register = template.Library()

#: As wide as the digits below it, which a hyphen is not.
_MINUS = "\N{MINUS SIGN}"

#: From here on a measured number is shown without decimals.
_WHOLE_FROM = 100

_TONES = {
    "success": {"PAID", "CAPTURED", "SUCCEEDED", "DELIVERED", "COMPLETED", "POSTED", "fired", "delivered", "released"}
    | {"balanced", "on", "closed"},
    "info": {"AWAITING_SHIPMENT", "AWAITING_COLLECTION", "PARTIALLY_SHIPPING", "IN_TRANSIT", "OUT_FOR_DELIVERY"}
    | {"AVAILABLE_FOR_PICKUP", "COLLECTED", "ARRANGED", "AUTHORISED", "PENDING", "OPEN", "waiting"},
    "warning": {"UNPAID", "AWAITING_PAYMENT", "ON_HOLD", "UNKNOWN", "CREATED", "REQUESTED", "REQUIRES_ACTION"}
    | {"ATTEMPT_FAILED", "late", "due", "open", "half_open"},
    "danger": {"DECLINED", "SUSPECT", "FAILED", "REFUSED", "LOST", "dead", "parked", "contradicted", "frozen"}
    | {"unbalanced", "off"},
}

#: Word -> unfold's colour of a label. A word that is not here, such as CANCELLED, is grey: it asks for nothing.
TONE_OF = {word: tone for tone, words in _TONES.items() for word in words}


@register.filter
def money(amount: Money | None) -> SafeString:
    """The amount with its thousands apart, a true minus, and its currency in small."""
    if amount is None:
        return SafeString("")
    sign = _MINUS if amount.minor < 0 else ""
    whole, point, decimals = amount.amount.removeprefix("-").partition(".")
    grouped = f"{sign}{int(whole):,}{point}{decimals}"
    return format_html('<span class="bo-money">{}<small>{}</small></span>', grouped, amount.currency)


@register.filter
def when(moment: datetime | None) -> SafeString:
    """A moment to the second, in UTC; what machines read of it stands in the tag."""
    if moment is None:
        return SafeString("")
    moment = moment.astimezone(UTC)
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), f"{moment:%-d %b %Y %H:%M:%S}")


@register.filter
def when_exactly(moment: datetime) -> SafeString:
    """A moment to the millisecond, in UTC, without its year."""
    moment = moment.astimezone(UTC)
    shown = f"{moment:%-d %b %H:%M:%S}.{moment.microsecond // 1000:03d}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), moment.isoformat(), shown)


@register.filter
def number(an_id: int) -> str:
    """The number that people know an id by."""
    return format_number(an_id)


@register.filter
def amount(value: float | None) -> str:
    """A measured number, with as many digits as mean something; a dash where there is none."""
    if value is None:
        return "\N{EN DASH}"
    digits = 0 if abs(value) >= _WHOLE_FROM or value == int(value) else 1 if abs(value) >= 1 else 2
    return f"{value:,.{digits}f}"


@register.filter
def words(name: str) -> str:
    """A name of the machine in words: `cancelled_if_not_shipped`."""
    return name.replace("_", " ").capitalize()


@register.inclusion_tag("unfold/helpers/label.html")
def badge(word: str) -> dict[str, str]:
    """A state as a label in the colour of what it asks for."""
    return {"text": word.replace("_", " "), "type": TONE_OF.get(word, ""), "size": "md"}


@register.simple_tag(takes_context=True)
def row_link(context: Context, table: str, key: Any, text: Any) -> SafeString | str:
    """The text as a link to the row of a table, for who may view it; else the text alone."""
    app, model = table.split(".")
    if not context["request"].user.has_perm(f"{app}.view_{model}"):
        return str(text)
    address = reverse(f"admin:{app}_{model}_change", args=[key])
    return format_html('<a class="bo-link" href="{}">{}</a>', address, text)
