"""Holding promotions: every use or none, and no cap exceeded by anybody's race."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError

from apps.promotions import models
from apps.promotions.contracts import PromotionUse
from apps.promotions.errors import BuyerLimitReached, HoldRefused, PromotionNotActive
from apps.promotions.services.counters import Change, count, lock_hold_key, try_count, try_count_for_buyer
from apps.promotions.standing import Standing, find_refusal, has_left, is_frozen, is_ongoing, used_by
from tradecore import clock, db, locks, prepared
from tradecore.locks import Rank


@db.transaction_required
def hold(*, owner_ref: int, buyer_ref: int, uses: Sequence[PromotionUse], expires_at: datetime, now: datetime) -> None:
    """Take uses and budget of promotions for one owner, or nothing of any.

    Refuses, in this order: HoldRefused; then, of the first promotion by id that is not to be had, PromotionNotActive,
    PromotionExhausted, BuyerLimitReached or BudgetExhausted.
    Locks: the hold, which is new, promotions by id, then what the buyer has used of them; only those that have a cap.
    """
    if len({use.promotion_id for use in uses}) < len(uses):
        raise ValueError("a promotion is used once")
    _open(owner_ref=owner_ref, buyer_ref=buyer_ref, expires_at=expires_at, now=now)
    if not uses:
        return
    standings = _find_standings(uses, buyer_ref=buyer_ref)
    in_order = sorted(uses, key=lambda use: use.promotion_id)
    for use in in_order:
        _check(use, standings.get(use.promotion_id), now=now)
    _insert_uses(in_order, standings, owner_ref=owner_ref, buyer_ref=buyer_ref)
    for use in in_order:
        _take(use, standings[use.promotion_id], now=now)
    for use in in_order:
        _take_for_buyer(use, standings[use.promotion_id], buyer_ref=buyer_ref)


def _open(*, owner_ref: int, buyer_ref: int, expires_at: datetime, now: datetime) -> None:
    """The owner is the key, so a second hold, or a tombstone, is found by the insert itself."""
    lock_hold_key(owner_ref)
    try:
        prepared.insert(
            models.PromotionHold(
                owner_ref=owner_ref,
                buyer_ref=buyer_ref,
                clock=clock.clock_name(),
                expires_at=expires_at,
                opened_at=now,
            )
        )
    except IntegrityError as error:
        raise HoldRefused(owner_ref=owner_ref) from error


def _find_standings(uses: Sequence[PromotionUse], *, buyer_ref: int) -> dict[int, Standing]:
    """Read, not locked: what is certain already is refused before anybody is kept waiting."""
    rows = models.Promotion.objects.filter(pk__in=[use.promotion_id for use in uses])
    annotated = rows.annotate(is_frozen=is_frozen("pk"), used_by_buyer=used_by(buyer_ref, "pk"))
    return {row.pk: Standing(row, row.used_by_buyer, row.is_frozen) for row in annotated}


def _check(use: PromotionUse, standing: Standing | None, *, now: datetime) -> None:
    if standing is None:
        raise PromotionNotActive(promotion_id=use.promotion_id)
    refusal = find_refusal(standing, units=use.units, amount_minor=use.amount_minor, now=now)
    if refusal is not None:
        raise refusal


def _insert_uses(
    uses: Sequence[PromotionUse], standings: dict[int, Standing], *, owner_ref: int, buyer_ref: int
) -> None:
    db.insert_later(
        *(
            models.PromotionUse(
                hold_id=owner_ref,
                promotion_id=use.promotion_id,
                units=use.units,
                amount_minor=use.amount_minor,
                is_counted=standings[use.promotion_id].promotion.is_capped,
                is_counted_for_buyer=standings[use.promotion_id].promotion.uses_per_buyer_cap is not None,
            )
            for use in uses
        )
    )
    db.insert_pending()
    _begin_usages([standings[use.promotion_id] for use in uses], buyer_ref=buyer_ref)


def _begin_usages(standings: Sequence[Standing], *, buyer_ref: int) -> None:
    """The first use of a buyer begins a row, empty; another purchase of theirs may be beginning the same one."""
    begun = [
        models.BuyerUsage(promotion_id=each.promotion.pk, buyer_ref=buyer_ref, cap=each.promotion.uses_per_buyer_cap)
        for each in standings
        if each.promotion.uses_per_buyer_cap is not None and each.used_by_buyer is None
    ]
    if begun:
        models.BuyerUsage.objects.bulk_create(begun, ignore_conflicts=True)


def _take(use: PromotionUse, standing: Standing, *, now: datetime) -> None:
    """One statement checks and takes. Where it finds too little, the row is locked, so that the reason is certain."""
    if not standing.promotion.is_capped:
        return
    wanted = {"promotion_id": use.promotion_id, "units": use.units, "amount_minor": use.amount_minor}
    condition = is_ongoing(now) & has_left(units=use.units, amount_minor=use.amount_minor)
    if try_count(Change.HELD, condition=condition, **wanted):
        return
    promotion = locks.lock_row(Rank.PROMOTION, models.Promotion, use.promotion_id)
    assert promotion is not None, "promotions are never deleted"
    _check(use, Standing(promotion, standing.used_by_buyer, standing.is_frozen), now=now)
    count(Change.HELD, **wanted)  # somebody gave back between the two statements


def _take_for_buyer(use: PromotionUse, standing: Standing, *, buyer_ref: int) -> None:
    if standing.promotion.uses_per_buyer_cap is None:
        return
    if not try_count_for_buyer(promotion_id=use.promotion_id, buyer_ref=buyer_ref, units=use.units):
        raise BuyerLimitReached(promotion_id=use.promotion_id)
