"""A replay from its files to its report."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from apps.checkout import api as checkout
from apps.fees.api import FeePlanDraft
from apps.integrations.replay.earnings import expect_earnings
from apps.integrations.replay.files import read_records
from apps.integrations.replay.listing import ListedShop, list_categories, list_shop, plan_listings
from apps.integrations.replay.lives import Life, find_obstacles, plan_life
from apps.integrations.replay.living import live
from apps.integrations.replay.market import Stage, set_stage
from apps.integrations.replay.outcomes import Outcome, read_outcome
from apps.integrations.replay.paying_out import close_statements, pay_out
from apps.integrations.replay.records import RecordedOrder, Records
from apps.integrations.replay.report import Json, make_report
from apps.integrations.replay.settling import SellerDue, all_over_at, plan_settlements, settle_seller
from apps.integrations.replay.statements import Books, read_seller, read_suspense, read_trial_balance
from apps.integrations.replay.workers import do_all
from apps.markets.api import Clock, duration

_ANSWERS_AT_ONCE: Final = 200


class Audience(Protocol):
    """Who watches a replay."""

    def follow(self, what: str, total: int) -> AbstractContextManager[Callable[[int], object]]:
        """Something of `total` parts begins: what is told how many are done, until it ends."""


def replay(
    folder: Path, *, plan: FeePlanDraft, limit: int | None, workers: int, audience: Audience, now: datetime
) -> Json:
    """Live the first `limit` orders of the files, by time of purchase, or all, under a fee plan; then settle what is
    over, and pay its sellers. Returns the report.

    `now` is the moment whose standard market the orders are measured by. Again is nothing but the report again.
    Raises FileMalformed, FeePlanUnfit, RecordContradicted, SlipUnpayable, PayoutFailed, WorkerFailed, OSError. Refuses:
    PayoutsFrozen.
    """
    records = read_records(folder)
    considered = records.orders[:limit]
    obstacles = find_obstacles(considered)
    livable = [order for order in considered if order.id not in obstacles]
    stage = set_stage(plan=plan, first_at=records.orders[0].purchased_at, last_at=records.last_at, now=now)
    window = duration(market=stage.market, clock=Clock.AFTER_SALES)
    lives = [plan_life(order, window=window) for order in livable]
    shops = _list_everything(records, livable, stage, workers=workers, audience=audience)
    outcomes = _live_everything(lives, shops, stage, workers=workers, audience=audience)
    _take_note_of_webhooks(now=now)
    due = plan_settlements(lives, outcomes, shops, plan=plan)
    _settle_everything(due, stage, workers=workers, audience=audience)
    _pay_everybody_out(lives, stage, now=all_over_at(records.last_at, plan=plan), audience=audience)
    return make_report(
        records=records,
        considered=considered,
        obstacles=obstacles,
        lives=lives,
        outcomes=outcomes,
        books=_read_books(due, outcomes, workers=workers, audience=audience),
        stage=stage,
    )


def _list_everything(
    records: Records, orders: Sequence[RecordedOrder], stage: Stage, *, workers: int, audience: Audience
) -> dict[str, ListedShop]:
    """Open the shops and list what these orders bought. Returns the shops by seller."""
    listings = plan_listings(orders, records.products)
    category_ids = list_categories(listings, now=records.orders[0].purchased_at)
    work = partial(list_shop, stage=stage, category_ids=category_ids)
    with audience.follow("shops", len(listings)) as on_progress:
        shops = do_all(work, listings, workers=workers, on_progress=on_progress)
    return {shop.seller_id: shop for shop in shops}


def _live_everything(
    lives: Sequence[Life], shops: dict[str, ListedShop], stage: Stage, *, workers: int, audience: Audience
) -> list[Outcome]:
    work = partial(_live_and_read, shops=shops, stage=stage)
    with audience.follow("orders", len(lives)) as on_progress:
        return do_all(work, lives, workers=workers, on_progress=on_progress)


def _live_and_read(life: Life, *, shops: dict[str, ListedShop], stage: Stage) -> Outcome:
    return read_outcome(life, purchase_id=live(life, shops=shops, stage=stage))


def _settle_everything(due: Sequence[SellerDue], stage: Stage, *, workers: int, audience: Audience) -> None:
    work = partial(settle_seller, plan=stage.plan)
    with audience.follow("settled", len(due)) as on_progress:
        do_all(work, due, workers=workers, on_progress=on_progress)


def _pay_everybody_out(lives: Sequence[Life], stage: Stage, *, now: datetime, audience: Audience) -> None:
    """By this process alone: runs of payouts come one after the other."""
    with audience.follow("paid out", len(expect_earnings(lives, stage.plan))) as on_progress:
        pay_out(market=stage.market.code, now=now, on_progress=on_progress)
    close_statements(now=now)


def _read_books(due: Sequence[SellerDue], outcomes: Sequence[Outcome], *, workers: int, audience: Audience) -> Books:
    with audience.follow("statements", len(due)) as on_progress:
        sellers = do_all(read_seller, due, workers=workers, on_progress=on_progress)
    return Books(sellers=tuple(sellers), suspense=read_suspense(outcomes), trial_balance=read_trial_balance())


def _take_note_of_webhooks(*, now: datetime) -> None:
    """The bank tells of every slip by webhook as well: nothing that is not known, once all lives are lived."""
    while checkout.apply_stored_answers(limit=_ANSWERS_AT_ONCE, now=now):
        continue
