"""Settlement in the admin: read by all who may, and changed by nobody's hand. Runs are decided under Approvals."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html

from apps.settlement import models, states
from apps.settlement.services.payouts import pays_of, spell_rate
from tradecore import approvals, clock
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, StateFilter, filter_by, money
from tradecore.errors import NotFound
from tradecore.money import Money


@admin.register(models.SellerAccount)
class SellerAccountAdmin(ReadOnlyAdmin):
    """What sellers have, found by their shop."""

    list_display: ClassVar = ["shop_id", "market", money("available_minor"), money("reserve_minor")]
    search_help_text = "The id of a shop"
    currency_path = "currency"


@admin.register(models.Statement)
class StatementAdmin(ReadOnlyAdmin):
    """The days of sellers, found by their shop. Their lines are found by the id of the statement."""

    list_display: ClassVar = [
        "id",
        "shop_id",
        "on",
        money("opening_minor"),
        money("settled_minor"),
        money("reserve_minor"),
        money("paid_out_minor"),
        money("closing_minor"),
        "closed_at",
    ]
    number_fields: ClassVar = ["id", "shop_id"]
    search_help_text = "The id of a statement or of a shop"
    currency_path = "currency"


class _LineInline(ReadOnlyInline):
    model = models.SettlementLine
    fields: ClassVar = ["kind", "name", "amount_minor", "reference", "details", "occurred_at"]
    currency_path = "currency"


@admin.register(models.Settlement)
class SettlementAdmin(ReadOnlyAdmin):
    """What orders have come to, line by line, found by their order or shop."""

    list_display: ClassVar = ["id", "order_id", "shop_id", "settled_at", money("reserve_minor"), "reserve_until"]
    number_fields: ClassVar = ["id", "order_id", "shop_id"]
    search_help_text = "The number of an order, or the id of a settlement or shop"
    currency_path = "currency"
    inlines: ClassVar = [_LineInline]


@admin.register(models.SettlementLine)
class SettlementLineAdmin(ReadOnlyAdmin):
    """Lines of sellers' accounts, found by their statement, shop, or what they refer to."""

    list_display: ClassVar = ["id", "shop_id", "kind", "name", money("amount_minor"), "order_id", "occurred_at"]
    number_fields: ClassVar = ["id", "statement_id", "settlement_id", "shop_id", "reference"]
    search_help_text = "The id of a line, a statement, a settlement or a shop, or what it refers to: an order, a payout"
    currency_path = "currency"


class _PaysAdmin:
    """What a payout sends, in its own currency, and at which rate."""

    @admin.display(description="pays")
    def pays(self, row: models.Payout) -> Money:
        return pays_of(row)

    @admin.display(description="rate")
    def rate(self, row: models.Payout) -> str | None:
        return None if row.rate_e6 is None else spell_rate(row.rate_e6)


class _PayoutInline(_PaysAdmin, ReadOnlyInline):
    model = models.Payout
    fields: ClassVar = ["shop_id", "account", "amount_minor", "pays", "rate", "status", "reason"]
    ordering: ClassVar = ["shop_id"]
    currency_path = "currency"
    hide_title = False  # it carries the link
    show_change_link = True


@admin.register(models.PayoutRun)
class PayoutRunAdmin(ReadOnlyAdmin):
    """Runs with their payouts, found by their id or that of a request to approve one."""

    list_display: ClassVar = [
        "id",
        "market",
        "on",
        "number",
        "status",
        "payout_count",
        money("total_minor"),
        "proposed_by",
        "expires_at",
        "decided_by",
    ]
    list_filter: ClassVar = [filter_by("status", states.PAYOUT_RUN.states)]
    number_fields: ClassVar = ["id", "approval_id"]
    search_help_text = "The id of a run, or of the request to approve it"
    fields: ClassVar = [
        "id",
        "market",
        "on",
        "number",
        "status",
        "payout_count",
        "total_minor",
        "approval",
        "proposed_by",
        "proposed_at",
        "expires_at",
        "decided_by",
        "decided_at",
    ]
    currency_path = "currency"
    inlines: ClassVar = [_PayoutInline]

    @admin.display(description="approval")
    def approval(self, row: models.PayoutRun) -> str:
        """Where it is decided, and how that stands."""
        try:
            status = approvals.get_request(approval_id=row.approval_id, now=clock.now()).status
        except NotFound:
            return "there is none"
        address = reverse("admin:tradecore_approval_change", args=[row.approval_id])
        return format_html('<a href="{}">{}</a>', address, status)


class _TransitionInline(ReadOnlyInline):
    model = models.PayoutTransition
    fields: ClassVar = ["sequence", "before", "after", "reason", "occurred_at"]
    ordering: ClassVar = ["sequence"]


class _PayoutStateFilter(StateFilter):
    """By status, and those of which the bank says something that cannot be."""

    def conditions(self) -> Mapping[str, Q]:
        by_status = {status.lower(): Q(status=status) for status in states.PAYOUT.states}
        return by_status | {"contradicted": Q(ask_at__isnull=False) & ~Q(contradiction="")}


@admin.register(models.Payout)
class PayoutAdmin(_PaysAdmin, ReadOnlyAdmin):
    """Payouts, found by our reference, their run or their shop."""

    list_display: ClassVar = [
        "id",
        "shop_id",
        "status",
        money("amount_minor"),
        "pays",
        "reason",
        "contradiction",
        "asked_count",
        "ask_at",
        "proposed_at",
    ]
    list_filter: ClassVar = [_PayoutStateFilter]
    number_fields: ClassVar = ["id", "run_id", "shop_id"]
    search_help_text = "Our reference of a payout, or the id of its run or shop"
    fields: ClassVar = [
        "id",
        "run",
        "account",
        "shop_id",
        "amount_minor",
        "pays",
        "rate",
        "status",
        "reason",
        "execute_on",
        "bank_ref",
        "contradiction",
        "ask_at",
        "asked_count",
        "proposed_at",
        "approved_at",
        "sent_at",
        "confirmed_at",
        "ended_at",
    ]
    currency_path = "currency"
    inlines: ClassVar = [_TransitionInline]


@admin.register(models.PayoutAccount)
class PayoutAccountAdmin(ReadOnlyAdmin):
    """Where shops are paid to. The bank's token stays where it is: nobody has to read it to find out what happened."""

    list_display: ClassVar = [
        "id",
        "shop_id",
        "masked",
        "holder_name",
        "currency",
        "status",
        "created_by",
        "created_at",
        "decided_by",
        "usable_from",
    ]
    list_filter: ClassVar = [filter_by("status", states.PAYOUT_ACCOUNT.states)]
    number_fields: ClassVar = ["id", "shop_id"]
    search_help_text = "The id of an account, or of its shop"
    fields: ClassVar = [
        "id",
        "shop_id",
        "number",
        "bank",
        "masked",
        "holder_name",
        "currency",
        "status",
        "created_by",
        "created_at",
        "approval_id",
        "review_ends_at",
        "decided_by",
        "decided_at",
        "usable_from",
    ]


@admin.register(models.FxRate)
class FxRateAdmin(ReadOnlyAdmin):
    """Exchange rates, as two people have set them."""

    list_display: ClassVar = [
        "from_currency",
        "to_currency",
        "rate",
        "valid_from",
        "requested_by",
        "approved_by",
        "created_at",
    ]
    number_fields: ClassVar = ["id"]
    text_fields: ClassVar = ["from_currency"]
    search_help_text = "The currency that is converted"

    @admin.display(description="rate")
    def rate(self, row: models.FxRate) -> Any:
        return spell_rate(row.rate_e6)


@admin.register(models.PayoutTransition)
class PayoutTransitionAdmin(ReadOnlyAdmin):
    """Every change of status of a payout, found by the payout."""

    list_display: ClassVar = ["occurred_at", "payout_id", "sequence", "before", "after", "reason"]
    number_fields: ClassVar = ["payout_id"]
    search_help_text = "The id of a payout"
