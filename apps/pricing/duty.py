"""L6, duty: a flat amount for each distinct HS6 heading of a consignment, up to an intrinsic value (E7)."""

from collections import defaultdict
from collections.abc import Sequence

from apps.pricing.contracts import BasketLine, DutyTerms
from apps.pricing.errors import HeadingMissing, IntrinsicValueExceeded
from apps.pricing.goods import Segment, allocate_by_value


def require_headings(lines: Sequence[BasketLine]) -> None:
    """Refuse an import of goods without a tariff heading: HeadingMissing, for the first of them."""
    for line in lines:
        if line.hs6 is None:
            raise HeadingMissing(line_no=line.line_no, sku_id=line.sku_id)


def require_intrinsic_value(terms: DutyTerms, *, shop_id: int, intrinsic_minor: int) -> None:
    """Refuse a consignment that the scheme does not admit: IntrinsicValueExceeded."""
    if intrinsic_minor > terms.intrinsic_max_minor:
        raise IntrinsicValueExceeded(
            shop_id=shop_id, intrinsic_minor=intrinsic_minor, max_minor=terms.intrinsic_max_minor
        )


def duties(terms: DutyTerms, segments: Sequence[Segment], nets: Sequence[int]) -> list[int]:
    """Return the duty of each segment of one consignment: each heading's, divided over its goods by their price."""
    places_of: dict[str | None, list[int]] = defaultdict(list)
    for place, segment in enumerate(segments):
        places_of[segment.line.hs6].append(place)
    shares = [0] * len(segments)
    for places in places_of.values():
        quantities = [segments[place].quantity for place in places]
        divided = allocate_by_value(terms.per_heading_minor, [nets[place] for place in places], quantities)
        for place, share in zip(places, divided, strict=True):
            shares[place] = share
    return shares
