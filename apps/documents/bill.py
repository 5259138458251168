"""What a document is about, as amounts: the whole sale, what is left of it, or what went back at one moment.

Nothing is reckoned anew. Each of them is made of the frozen parts of the lines and of the charges, so that what was
sold less all that went back is what is left, to the cent and in every component.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

from apps.orders.api import GoneEntry, Sale
from apps.pricing.api import ChargesBack, RefundCause, RefundPart, charges_back, refund_part

PartT = TypeVar("PartT", RefundPart, ChargesBack)

NO_CHARGES = ChargesBack()


@dataclass(frozen=True, slots=True)
class Bill:
    """Parts of lines, by line, and of the charges; signs as they were sold."""

    parts: Mapping[int, RefundPart]
    charges: ChargesBack

    @property
    def total_minor(self) -> int:
        """The buyer's money in it."""
        return sum(part.paid_minor for part in self.parts.values()) + self.charges.paid_minor

    @property
    def tax_minor(self) -> int:
        return sum(part.tax_minor for part in self.parts.values()) + self.charges.shipping_tax_minor

    @property
    def payment_discount_minor(self) -> int:
        parts = sum(part.payment_discount_minor for part in self.parts.values())
        return parts + self.charges.payment_discount_minor

    @property
    def recorded_difference_minor(self) -> int:
        parts = sum(part.recorded_difference_minor for part in self.parts.values())
        return parts + self.charges.recorded_difference_minor

    @property
    def net_minor(self) -> int:
        """What was charged before tax, whoever paid it."""
        charged = self.total_minor + self.payment_discount_minor - self.recorded_difference_minor
        return charged - self.tax_minor

    @property
    def is_nothing(self) -> bool:
        """Whether it has neither goods nor an amount."""
        return not any(is_something(part) for part in self.parts.values()) and not is_something(self.charges)


def whole_sale(sale: Sale) -> Bill:
    """Everything that was sold."""
    parts = {
        line.id: refund_part(line=line.amounts, units_from=0, units_to=line.amounts.quantity) for line in sale.lines
    }
    # As they would go back before shipment, which is all of them.
    charges = charges_back(charges=sale.charges, cause=RefundCause.CANCELLED_BEFORE_SHIPMENT, is_last=True)
    return Bill(parts, charges)


def left_of_sale(sale: Sale) -> Bill:
    """What was sold less everything that went back."""
    whole = whole_sale(sale)
    gone = [gone_of_sale(entry) for entry in sale.gone]
    parts = {
        line_id: _minus(part, [entry.parts[line_id] for entry in gone if line_id in entry.parts])
        for line_id, part in whole.parts.items()
    }
    return Bill(parts, _minus(whole.charges, [entry.charges for entry in gone]))


def gone_of_sale(entry: GoneEntry) -> Bill:
    """What went back at one moment."""
    return Bill(entry.parts, entry.charges)


def last_sequence(sale: Sale) -> int:
    """How far what went back of a sale has come."""
    return max((entry.sequence for entry in sale.gone), default=0)


def _minus(whole: PartT, parts: Iterable[PartT]) -> PartT:
    taken: Counter[str] = Counter()
    for part in parts:
        taken.update(_amounts(part))
    return type(whole)(**{name: amount - taken[name] for name, amount in _amounts(whole).items()})


def _amounts(part: RefundPart | ChargesBack) -> dict[str, int]:
    return {field.name: getattr(part, field.name) for field in fields(part)}


def is_something(part: RefundPart | ChargesBack) -> bool:
    """Whether there is any unit or amount in it."""
    return any(_amounts(part).values())
