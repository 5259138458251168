"""The sidebar of the admin: the pages of the back office first, then the tables behind them."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.back_office import acts, corrections, switches

#: Pages that set something up: icon, act, address. Who may not do it does not see its entry.
_ACTS: tuple[tuple[str, type[acts.Act], str], ...] = (
    ("add_business", acts.OpenShop, "back_office:open_shop"),
    ("local_shipping", acts.SetDeliveryRate, "back_office:set_delivery_rate"),
    ("person_add", acts.AddShopStaff, "back_office:add_shop_staff"),
    ("loyalty", acts.CreatePromotion, "back_office:create_promotion"),
    ("currency_exchange", acts.RefundOrders, "back_office:refund_orders"),
    ("outgoing_mail", acts.ProposePayouts, "back_office:propose_payouts"),
    ("gavel", corrections.AnswerDispute, "back_office:answer_dispute"),
    ("price_change", corrections.AdjustSeller, "back_office:adjust_seller"),
    ("undo", corrections.ReversePosting, "back_office:reverse_posting"),
    ("edit_note", corrections.AdjustBooks, "back_office:adjust_books"),
    ("toggle_off", switches.SwitchOff, "back_office:switch_off"),
    ("toggle_on", switches.SwitchOnAgain, "back_office:switch_on_again"),
    ("tune", switches.SetSetting, "back_office:set_setting"),
    ("settings_backup_restore", switches.RollBackSetting, "back_office:roll_back_setting"),
)

#: Group -> entries: title, icon (of Material Symbols), table. Who may not view a table does not see its entry.
_TABLES: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Catalogue",
        (
            ("Products", "inventory_2", "catalog.product"),
            ("SKUs and prices", "sell", "catalog.sku"),
            ("Categories", "account_tree", "catalog.category"),
            ("Stock", "warehouse", "inventory.stock"),
            ("Stock movements", "swap_vert", "inventory.stockmovement"),
            ("Coupons and promotions", "local_offer", "promotions.promotion"),
            ("Shops", "storefront", "sellers.shop"),
        ),
    ),
    (
        "Payments",
        (
            ("Payments", "payments", "payments.paymentintent"),
            ("Tenders", "credit_card", "payments.tender"),
            ("Provider calls", "call_made", "payments.providercall"),
            ("Provider answers", "call_received", "payments.provideranswer"),
            ("Captures", "savings", "payments.capture"),
            ("Refunds", "undo", "payments.refund"),
            ("Disputes", "gavel", "payments.dispute"),
        ),
    ),
    (
        "Settlement",
        (
            ("Sellers' accounts", "wallet", "settlement.selleraccount"),
            ("Statements", "description", "settlement.statement"),
            ("Settlements", "handshake", "settlement.settlement"),
            ("Settlement lines", "receipt_long", "settlement.settlementline"),
            ("Payout runs", "playlist_add_check", "settlement.payoutrun"),
            ("Payouts", "outgoing_mail", "settlement.payout"),
            ("Payout accounts", "account_balance_wallet", "settlement.payoutaccount"),
            ("Exchange rates", "currency_exchange", "settlement.fxrate"),
        ),
    ),
    (
        "Books",
        (
            ("Postings", "menu_book", "ledger.posting"),
            ("Entries", "list_alt", "ledger.entry"),
            ("Balances", "account_balance", "ledger.balance"),
            ("Seals", "link", "ledger.seal"),
            ("Manifests of days", "verified", "ledger.daymanifest"),
            ("Breaks", "broken_image", "reconciliation.break"),
            ("Reconciliation runs", "fact_check", "reconciliation.run"),
            ("Files of outsiders", "folder_open", "reconciliation.file"),
            ("Their lines", "compare_arrows", "reconciliation.fileline"),
        ),
    ),
    (
        "Records",
        (
            ("Purchases", "shopping_bag", "orders.purchase"),
            ("Orders", "receipt", "orders.order"),
            ("Requests to cancel", "cancel_schedule_send", "orders.cancelrequest"),
            ("Packages", "package_2", "fulfilment.package"),
            ("After-sales cases", "assignment_return", "aftersales.case"),
            ("Documents", "description", "documents.document"),
            ("Series of documents", "tag", "documents.series"),
            ("Stock holds", "lock", "inventory.stockhold"),
            ("Promotion holds", "confirmation_number", "promotions.promotionhold"),
        ),
    ),
    (
        "Machinery",
        (
            ("Timers", "timer", "tradecore.timer"),
            ("Outbox", "outbox", "tradecore.outboxevent"),
            ("Inbox", "inbox", "tradecore.inboxentry"),
            ("Approvals", "how_to_reg", "tradecore.approval"),
            ("Freezes", "ac_unit", "tradecore.freeze"),
            ("Versions of settings", "tune", "tradecore.settingversion"),
            ("Switches of plans", "toggle_off", "tradecore.planswitch"),
            ("Audit", "history", "tradecore.auditentry"),
            ("Seals of the audit", "link", "tradecore.auditseal"),
            ("Idempotency keys", "key", "tradecore.idempotencyrecord"),
        ),
    ),
    (
        "Rules and people",
        (
            ("Markets", "public", "markets.market"),
            ("Tax rates", "percent", "markets.taxrate"),
            ("Holidays", "event", "markets.holiday"),
            ("Fee plans", "request_quote", "fees.feeplan"),
            ("Users", "person", "accounts.user"),
            ("Staff of shops", "badge", "accounts.shopstaff"),
            ("Groups", "group", "auth.group"),
            ("Applications", "apps", "oauth2_provider.application"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the sidebar, as unfold takes them."""
    return [
        {"items": _pages(request)},
        {"title": "Set up", "collapsible": True, "separator": True, "items": [_act(*entry) for entry in _ACTS]},
        *(
            {"title": title, "collapsible": True, "separator": True, "items": [_table(*entry) for entry in entries]}
            for title, entries in _TABLES
        ),
    ]


def _pages(request: HttpRequest) -> list[dict[str, Any]]:
    """What operators come for."""
    dead_letters = f"{reverse('admin:tradecore_outboxevent_changelist')}?state=dead"
    return [
        {"title": "Dashboard", "icon": "dashboard", "link": reverse("admin:index")},
        {
            "title": "Live",
            "icon": "monitoring",
            "link": reverse("back_office:live"),
            "permission": _may("tradecore.view_sample"),
        },
        {
            "title": "Find an order",
            "icon": "search",
            "link": reverse("back_office:orders"),
            "permission": _may("orders.view_order"),
        },
        {
            "title": "Trial balance",
            "icon": "balance",
            "link": reverse("back_office:trial_balance"),
            "permission": _may("ledger.view_posting"),
        },
        {
            "title": "Fee simulator",
            "icon": "calculate",
            "link": reverse("back_office:simulator"),
            "permission": _may("fees.view_feeplan"),
        },
        {
            "title": "Degradation",
            "icon": "toggle_off",
            "link": reverse("back_office:degradation"),
            "permission": _may("tradecore.view_planswitch"),
        },
        {
            "title": "Live settings",
            "icon": "tune",
            "link": reverse("back_office:live_settings"),
            "permission": _may("tradecore.view_settingversion"),
        },
        {
            "title": "Dead letters",
            "icon": "report",
            "link": dead_letters,
            "active": request.get_full_path() == dead_letters,
            "permission": _may("tradecore.view_outboxevent"),
        },
    ]


def _act(icon: str, act: type[acts.Act], address: str) -> dict[str, Any]:
    return {"title": act.title, "icon": icon, "link": reverse(address), "permission": _may(act.needs)}


def _table(title: str, icon: str, table: str) -> dict[str, Any]:
    app, model = table.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{app}_{model}_changelist"),
        "permission": _may(f"{app}.view_{model}"),
    }


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)
