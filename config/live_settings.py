"""Every live setting: the one table. See Note [Live settings] in tradecore."""

from typing import Any

from apps.catalog import api as catalog
from apps.checkout import api as checkout
from apps.inventory import api as inventory
from apps.reconciliation import api as reconciliation
from apps.settlement import api as settlement
from config.degradation import (
    GUESTS_OFF_AFTER_S,
    MARKETS_CLOSED_AFTER_S,
    PAYOUTS_OFF_AT_BREAKS,
    PROMOTIONS_OFF_AT_FREEZES,
    READ_ONLY_AFTER_S,
)
from tradecore.http.marks import STRESS_UNTIL
from tradecore.live_settings import LiveSetting

LIVE_SETTINGS: tuple[LiveSetting[Any], ...] = (
    catalog.STEEPEST_DROP_BP,
    checkout.QUANTITY_LIMIT,
    GUESTS_OFF_AFTER_S,
    inventory.BUCKETS,
    inventory.FOUND_FROM,
    MARKETS_CLOSED_AFTER_S,
    PAYOUTS_OFF_AT_BREAKS,
    PROMOTIONS_OFF_AT_FREEZES,
    READ_ONLY_AFTER_S,
    reconciliation.LATE_MONEY_BP,
    reconciliation.PAYOUT_TIMES,
    reconciliation.REFUND_TIMES,
    settlement.ACCOUNT_REST_S,
    settlement.RUN_LIMIT,
    STRESS_UNTIL,
)
