"""L1, the price of a piece: at most one promotion per piece, by rank, and within a rank the cheapest.

A quota is spent piece by piece, by line number; pieces beyond it fall to the next offer, and at last to the list price.
Pieces are counted, never unfolded: a line of 6,000 becomes as many segments as it has prices.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop
from typing import Final

from apps.pricing.benefits import discount_on
from apps.pricing.contracts import ITEM_RANKS, BasketLine, MissReason, PromotionRule
from apps.pricing.goods import Candidate, Cut, Miss, Segment


@dataclass(frozen=True, slots=True)
class ItemPrices:
    """The segments, by line number; what each promotion took off; and, by promotion id, why others took nothing."""

    segments: tuple[Segment, ...]
    cuts: tuple[Cut, ...]
    misses: dict[int, Miss]


_Offer = tuple[int, int, int]
"""A lower price for the pieces of one line: rank, unit price, promotion id. The least offer is the best."""

_NO_OFFER: Final[_Offer] = (len(ITEM_RANKS), 0, 0)
"""Worse than any."""


class _Allowance:
    """How many more pieces a promotion may price, by its quotas and by its budget."""

    def __init__(self, rule: PromotionRule) -> None:
        quotas = [quota for quota in (rule.uses_left, rule.uses_left_for_buyer) if quota is not None]
        self.rule = rule
        self._pieces = min(quotas, default=None)
        self._budget_minor = rule.budget_left_minor

    @property
    def is_unlimited(self) -> bool:
        return self._pieces is None and self._budget_minor is None

    def take(self, pieces: int, unit_discount_minor: int) -> int:
        """Take up to so many pieces and return how many there were."""
        if self._pieces is not None:
            pieces = min(pieces, self._pieces)
        if self._budget_minor is not None:
            pieces = min(pieces, self._budget_minor // unit_discount_minor)
            self._budget_minor -= pieces * unit_discount_minor
        if self._pieces is not None:
            self._pieces -= pieces
        return pieces


def price_items(lines: Sequence[BasketLine], candidates: Sequence[Candidate]) -> ItemPrices:
    """Give every piece its price. ``lines`` stand by line number; the candidates' lots point into them."""
    allowances = {candidate.rule.promotion_id: _Allowance(candidate.rule) for candidate in candidates}
    board = _OfferBoard(lines)
    misses: dict[int, Miss] = {}
    for candidate in candidates:
        rule = candidate.rule
        discounts = board.post(candidate, allowances[rule.promotion_id])
        misses[rule.promotion_id] = _miss(rule, least_discount_minor=min(discounts, default=0))
    segments = [
        segment
        for line, offers in zip(lines, board.offers, strict=True)
        for segment in _segments(line, offers, allowances)
    ]
    cuts = _cuts(segments)
    for cut in cuts:
        del misses[cut.rule.promotion_id]
    return ItemPrices(tuple(segments), cuts, misses)


class _OfferBoard:
    """The offers for each line. What is worse than an offer without limit is not kept: nobody would ever come to it."""

    def __init__(self, lines: Sequence[BasketLine]) -> None:
        self._list_units = [line.list_unit_minor for line in lines]
        self._best_unlimited = [_NO_OFFER] * len(lines)
        self.offers: list[list[_Offer]] = [[] for _ in lines]

    def post(self, candidate: Candidate, allowance: _Allowance) -> set[int]:
        """Offer the candidate's price to its lines and return what it takes off a piece, where it does."""
        rule, discounts = candidate.rule, set()
        benefit, rank = rule.plain_benefit, ITEM_RANKS[rule.kind]
        for index in candidate.lot.indexes:
            list_unit_minor = self._list_units[index]
            discount_minor = discount_on(benefit, list_unit_minor)
            if not discount_minor:
                continue
            discounts.add(discount_minor)
            offer = (rank, list_unit_minor - discount_minor, rule.promotion_id)
            if offer < self._best_unlimited[index]:
                self.offers[index].append(offer)
                if allowance.is_unlimited:
                    self._best_unlimited[index] = offer
        return discounts


def _miss(rule: PromotionRule, *, least_discount_minor: int) -> Miss:
    """Why a promotion priced no piece."""
    if least_discount_minor == 0:
        return Miss(MissReason.NO_EFFECT)
    if rule.budget_left_minor is not None and rule.budget_left_minor < least_discount_minor:
        return Miss(MissReason.BUDGET_SPENT)
    return Miss(MissReason.OUTBID)


def _segments(line: BasketLine, offers: list[_Offer], allowances: Mapping[int, _Allowance]) -> Iterator[Segment]:
    """Split a line by price: the best offer first, for as many pieces as it is allowed."""
    left, segment_no = line.quantity, 1
    heapify(offers)
    while left and offers:
        _, unit_minor, promotion_id = heappop(offers)
        allowance = allowances[promotion_id]
        pieces = allowance.take(left, line.list_unit_minor - unit_minor)
        if pieces:
            yield Segment(line, segment_no, pieces, unit_minor, allowance.rule)
            left, segment_no = left - pieces, segment_no + 1
    if left:
        yield Segment(line, segment_no, left, line.list_unit_minor, None)


def _cuts(segments: Sequence[Segment]) -> tuple[Cut, ...]:
    """What each promotion takes off, segment by segment; its total is what its funders split."""
    indexes_of: dict[int, list[int]] = defaultdict(list)
    rule_of: dict[int, PromotionRule] = {}
    for index, segment in enumerate(segments):
        if segment.rule is not None:
            indexes_of[segment.rule.promotion_id].append(index)
            rule_of[segment.rule.promotion_id] = segment.rule
    return tuple(_cut(rule_of[promotion_id], indexes, segments) for promotion_id, indexes in indexes_of.items())


def _cut(rule: PromotionRule, indexes: Sequence[int], segments: Sequence[Segment]) -> Cut:
    taken = [
        segment.quantity * (segment.line.list_unit_minor - segment.unit_minor)
        for segment in (segments[index] for index in indexes)
    ]
    return Cut(rule, indexes, weights=taken, amount_minor=sum(taken))
