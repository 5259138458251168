"""The simulator of fees: what a version of a plan, published or not, would have cost on a month's orders."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.back_office.views import for_operators
from apps.catalog import api as catalog
from apps.fees import api as fees
from apps.markets import api as markets
from apps.sellers import api as sellers
from apps.settlement import api as settlement
from tradecore import clock
from tradecore.errors import Refusal

#: The longest bar of a chart, in per cent of its column.
_FULL = 100

#: So many versions are offered, the newest ones.
_VERSIONS_MAX = 200

_MONTH = "%Y-%m"
_YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the page: its name, both sums, and how long their bars are in per cent of the longest one."""

    name: str
    compared: settlement.Compared
    charged_percent: int
    simulated_percent: int


class SimulationForm(forms.Form):
    """What is to be simulated. Nothing is changed by it."""

    version = forms.ChoiceField(
        label="Version of a plan", widget=UnfoldAdminSelectWidget, help_text="Drafts too: before anybody decides."
    )
    market = forms.ChoiceField(
        required=False, widget=UnfoldAdminSelectWidget, help_text="Whose orders. Empty: the market of the plan."
    )
    month = forms.CharField(
        widget=UnfoldAdminTextInputWidget(attrs={"type": "month"}), help_text="In which they were paid, there."
    )
    orders = forms.ChoiceField(
        choices=[("all", "all of the market"), ("tier", "those that were sold under this plan, in any version")],
        widget=UnfoldAdminSelectWidget,
        help_text="A plan of one tier of sellers says little about those of another.",
    )

    def __init__(self, *args: Any, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self._versions = {f"{known.code}:{known.version}": known for known in fees.list_versions(limit=_VERSIONS_MAX)}
        self._markets = {market.code: market for market in markets.list_markets(now=now)}
        self._offer("version", [(name, _title(known)) for name, known in self._versions.items()])
        named = [(market.code, f"{market.code}: {market.name}") for market in self._markets.values()]
        self._offer("market", [("", "The plan's"), *named])

    def clean_month(self) -> date:
        """Its first day."""
        try:
            month = datetime.strptime(self.cleaned_data["month"], _MONTH).replace(tzinfo=UTC).date()
        except ValueError:
            raise forms.ValidationError("A month is written like 2026-05.") from None
        if month.year not in _YEARS:
            raise forms.ValidationError("Nobody sold anything then.")
        return month

    def simulate(self) -> settlement.Simulation:
        """Raises ValidationError, or a refusal of settlement."""
        version = self._versions[self.cleaned_data["version"]]
        market = self._market(version)
        zone, month = ZoneInfo(market.time_zone), self.cleaned_data["month"]
        return settlement.simulate_plan(
            code=version.code,
            version=version.version,
            market=market.code,
            paid_ge=_midnight(month, zone),
            paid_lt=_midnight(_next_month(month), zone),
            is_tier_only=self.cleaned_data["orders"] == "tier",
        )

    def _market(self, version: fees.PlanVersion) -> markets.Market:
        market = self._markets.get(self.cleaned_data["market"] or version.market)
        if market is None:
            raise forms.ValidationError({"market": f"There is no market {version.market}."})
        if market.currency != version.currency:
            raise forms.ValidationError(
                {"market": f"The plan is in {version.currency}, the orders of {market.code} are in {market.currency}."}
            )
        return market

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices


@for_operators("fees.view_feeplan")
def show_simulator(request: HttpRequest) -> HttpResponse:
    """The form, and what came of it. It only reads, so its address can be handed on."""
    now = clock.now()
    form = SimulationForm(request.GET or None, now=now, initial={"month": f"{_last_month(now):{_MONTH}}"})
    found = _simulate(form) if form.is_bound and form.is_valid() else None
    limits = {"orders_max": settlement.SIMULATED_MAX, "shops_max": settlement.SHOPS_SHOWN}
    context = {"title": "Fee simulator", "form": form, **limits}
    if found is not None:
        context |= {"found": found, "fee_rows": _fee_rows(found), "shop_rows": _shop_rows(found)}
    return TemplateResponse(request, "back_office/simulator.html", {**admin.site.each_context(request), **context})


def _simulate(form: SimulationForm) -> settlement.Simulation | None:
    """None where it cannot be: the form says why."""
    try:
        return form.simulate()
    except forms.ValidationError as error:
        form.add_error(None, error)
    except Refusal as refusal:
        form.add_error(None, refusal.title)
    return None


def _fee_rows(found: settlement.Simulation) -> list[Row]:
    paths = {category.id: category.path for category in catalog.list_categories()}
    return _rows((_fee_name(fee, paths), fee) for fee in found.fees)


def _shop_rows(found: settlement.Simulation) -> list[Row]:
    shops = sellers.list_shops(shop_ids=[shop.shop_id for shop in found.shops])
    return _rows(
        (shops[shop.shop_id].name if shop.shop_id in shops else str(shop.shop_id), shop) for shop in found.shops
    )


def _rows(named: Iterable[tuple[str, settlement.Compared]]) -> list[Row]:
    rows = list(named)
    longest = max((sums.minor for _, each in rows for sums in (each.charged, each.simulated)), default=0) or 1
    return [
        Row(
            name=name,
            compared=each,
            charged_percent=each.charged.minor * _FULL // longest,
            simulated_percent=each.simulated.minor * _FULL // longest,
        )
        for name, each in rows
    ]


def _fee_name(fee: settlement.FeeCompared, paths: Mapping[int, str]) -> str:
    kind = fee.kind.replace("_", " ").capitalize()
    return kind if fee.category_id is None else f"{kind} of {paths.get(fee.category_id, fee.category_id)}"


def _title(version: fees.PlanVersion) -> str:
    return f"{version.code} version {version.version} ({version.status.value.replace('_', ' ')}, {version.currency})"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _last_month(now: datetime) -> date:
    return now.date().replace(day=1) - timedelta(days=1)
