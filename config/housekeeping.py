"""What becomes of every table's rows: purged once they are old, kept for good, or never many.

Each table stands in exactly one of the three places below, and a test says so: who adds a table decides. Purging runs
in bounded batches, so that no lock is held for long; whoever wakes it, the next round goes on where it stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet

from tradecore import clock

BATCH = 1000
BATCHES_MAX = 20

#: A table that no index orders by age is read whole to find what is old: once so often, whoever asks.
PAUSE = timedelta(hours=1)

#: A refresh token is good for so long after its access token has expired, and a used one must be known for so long.
SESSION = timedelta(seconds=settings.OAUTH2_PROVIDER["REFRESH_TOKEN_EXPIRE_SECONDS"])


@dataclass(frozen=True, slots=True)
class Retention:
    """Those rows of `table` that match `only` are purged once `moment`, a column, is older than `age`."""

    table: str
    moment: str
    age: timedelta
    only: Mapping[str, Any] = field(default_factory=dict)
    is_indexed: bool = True


#: In this order: an access token goes once its refresh token is gone.
RETENTIONS: tuple[Retention, ...] = (
    # Readers of /events/v1 may be away for a month.
    Retention("tradecore.OutboxEvent", "delivered_at", timedelta(days=30), {"position__isnull": False}),
    # Longer than the outbox: no event that could still be delivered again loses its inbox entry.
    Retention("tradecore.InboxEntry", "handled_at", timedelta(days=45)),
    Retention("tradecore.Timer", "fired_at", timedelta(days=30)),
    # Charts show minutes; Prometheus keeps its own history.
    Retention("tradecore.Sample", "slot", timedelta(hours=6)),
    # A client that repeats a request after three days meets the natural unique keys below.
    Retention("tradecore.IdempotencyRecord", "created_at", timedelta(hours=72)),
    Retention("tradecore.AttemptWindow", "window_started_at", timedelta(days=1)),
    # What was polled in vain, or said again. What moved money, was declined or contradicted is kept for good.
    Retention(
        "payments.ProviderAnswer",
        "applied_at",
        timedelta(days=400),
        {"verdict__in": ("pending", "requires_action", "known")},
    ),
    # What django-oauth-toolkit's `cleartokens` would delete, which knows no bounded round.
    Retention("oauth2_provider.RefreshToken", "revoked", SESSION, is_indexed=False),
    Retention(
        "oauth2_provider.RefreshToken", "access_token__expires", SESSION, {"revoked__isnull": True}, is_indexed=False
    ),
    Retention(
        "oauth2_provider.RefreshToken",
        "created",
        timedelta(days=1),
        {"revoked__isnull": True, "access_token__isnull": True},
        is_indexed=False,
    ),
    Retention(
        "oauth2_provider.AccessToken", "expires", timedelta(days=1), {"refresh_token__isnull": True}, is_indexed=False
    ),
    Retention(
        "oauth2_provider.IDToken", "expires", timedelta(days=1), {"access_token__isnull": True}, is_indexed=False
    ),
    Retention("oauth2_provider.Grant", "expires", timedelta(days=1), is_indexed=False),
    Retention("oauth2_provider.DeviceGrant", "expires", timedelta(days=1), is_indexed=False),
    Retention("reconciliation.Run", "finished_at", timedelta(days=90), is_indexed=False),
    Retention("sessions.Session", "expire_date", timedelta(days=1)),
    # Who gave whom which rights; what operators do to shops, stock and money stands in the audit.
    Retention("admin.LogEntry", "action_time", timedelta(days=730), is_indexed=False),
)

#: Tables that grow and are never purged, and why.
KEPT: Mapping[str, str] = {
    "tradecore.AuditEntry": "who did what, and why",
    "tradecore.AuditSeal": "proves that the audit was not changed",
    "tradecore.Approval": "who asked for what, and who decided",
    "tradecore.SettingVersion": "who set what, and what it was before",
    "tradecore.PlanSwitch": "what was off, why, and until when",
    "accounts.User": "whose orders these are",
    "accounts.User_groups": "goes with its user",
    "accounts.User_user_permissions": "goes with its user",
    "accounts.Address": "goes with its user, who may remove it",
    "catalog.Product": "what was sold",
    "catalog.Sku": "what was sold",
    "catalog.SkuPrice": "what it cost when",
    "orders.Purchase": "what was bought",
    "orders.Order": "what was bought",
    "orders.OrderLine": "what was bought, with its frozen price",
    "orders.OrderTransition": "an order's history",
    "orders.OrderHold": "an order's history",
    "orders.CancelRequest": "an order's history",
    "orders.UnitsGoneEntry": "what was cancelled or lost, and what went back for it",
    "payments.PaymentIntent": "money",
    "payments.Tender": "money",
    "payments.Refund": "money",
    "payments.ProviderCall": "money, and the keys under which a provider knows it",
    "payments.Capture": "money",
    "payments.CaptureShare": "money",
    "payments.Dispute": "money",
    "payments.DisputeShare": "money",
    "payments.PaymentTransition": "a payment's history",
    "inventory.StockHold": "whose stock it was",
    "inventory.StockHoldLine": "whose stock it was",
    "inventory.StockMovement": "the journal that explains every counter",
    "promotions.Promotion": "what was offered",
    "promotions.PromotionScope": "what was offered on which goods",
    "promotions.PromotionHold": "who was given what",
    "promotions.PromotionUse": "who was given what, and what of it came back",
    "promotions.BuyerUsage": "what holds the cap per buyer, also of units that come back late",
    "ledger.Posting": "the books",
    "ledger.Entry": "the books",
    "ledger.Seal": "proves that the books were not changed",
    "ledger.DayManifest": "proves that the books were not changed",
    "reconciliation.Break": "what was broken, and until when",
    "reconciliation.File": "what providers and banks have told, and when",
    "reconciliation.FileLine": "what providers and banks have told, and whether it is what we know",
    "settlement.FxRate": "at which rate sellers were paid out",
    "settlement.Payout": "money, and the keys under which a bank knows it",
    "settlement.PayoutAccount": "whom the money went to",
    "settlement.PayoutRun": "who proposed payouts, and who decided",
    "settlement.PayoutTransition": "a payout's history",
    "settlement.Settlement": "what an order came to",
    "settlement.SettlementLine": "why",
    "settlement.Statement": "what a shop was told of its money",
    "documents.Document": "the law has sellers keep their invoices, and no number may be missing",
    "fulfilment.Package": "an order's history",
    "fulfilment.PackageLine": "an order's history",
    "fulfilment.TrackingEvent": "an order's history",
    "aftersales.Case": "what was asked for and decided",
    "aftersales.CaseLine": "what was asked for and decided",
    "aftersales.CaseStep": "a case's history",
    "aftersales.CaseEvidence": "what a decision rests on",
}

#: Tables with as many rows as there are rules, places, shops and jobs, or one: time alone adds none.
STEADY: frozenset[str] = frozenset(
    {
        "accounts.ShopStaff",
        "auth.Group",
        "auth.Group_permissions",
        "auth.Permission",
        "catalog.Category",
        "contenttypes.ContentType",
        "documents.Series",
        "fees.FeePlan",
        "fees.FeeRule",
        "inventory.HotSku",
        "inventory.Stock",
        "inventory.Warehouse",
        "ledger.Balance",
        "ledger.Sealer",
        "markets.ClockRule",
        "markets.DeliveryOption",
        "markets.Holiday",
        "markets.Market",
        "markets.TaxRate",
        "oauth2_provider.Application",
        "sellers.DeliveryRate",
        "sellers.Shop",
        "settlement.SellerAccount",
        "tradecore.AuditSealer",
        "tradecore.EventPosition",
        "tradecore.Freeze",
        "tradecore.Revision",
        "tradecore.WorkerLease",
    }
)


def purge_old_rows() -> int:
    """Purge one bounded round of every table. Returns how many rows went."""
    return sum(_purge(retention) for retention in RETENTIONS if _is_time(retention))


def _is_time(retention: Retention) -> bool:
    """A cache that is away says no, which only puts it off."""
    name = f"housekeeping:{retention.table}:{retention.moment}"
    return retention.is_indexed or bool(cache.add(name, 1, timeout=PAUSE.total_seconds()))


def _purge(retention: Retention) -> int:
    rows: QuerySet[Any] = apps.get_model(retention.table)._default_manager.all()  # noqa: SLF001 - documented
    before = clock.real_now() - retention.age
    old = rows.filter(**{f"{retention.moment}__lt": before}, **retention.only)
    purged = 0
    for _ in range(BATCHES_MAX):
        keys = list(old.order_by(retention.moment).values_list("pk", flat=True)[:BATCH])
        if not keys:
            break
        purged += rows.filter(pk__in=keys).delete()[1].get(retention.table, 0)
    return purged
