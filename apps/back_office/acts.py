"""What operators set up: shops, what they charge for delivery, their people, and the platform's own promotions; and
what they refund.

Each act is a page with one form. It needs two or more apps, so it stands here and not in the admin of one of them; what
it does is a use case of theirs, which leaves the audit entry.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.accounts import api as accounts
from apps.aftersales import api as aftersales
from apps.catalog import api as catalog
from apps.fees import api as fees
from apps.markets import api as markets
from apps.orders import api as orders
from apps.pricing.api import AmountOff, Benefit, RateOff
from apps.promotions import api as promotions
from apps.sellers import api as sellers
from apps.settlement import api as settlement
from tradecore import clock
from tradecore.errors import Refusal
from tradecore.ids import MAX_ID, find_id
from tradecore.money import MAX_MINOR, InvalidAmount, Money

#: The platform's own. What each may look like, promotions decide.
PLATFORM_KINDS = (promotions.PromotionKind.PLATFORM_COUPON, promotions.PromotionKind.SHIPPING_DISCOUNT)

#: Basis points in one per cent.
_PERCENT_BP = 100

#: No line of an order has so many units.
_COUNT_DIGITS_MAX = 10


def text_field(**options: Any) -> forms.CharField:
    return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs=options.pop("attrs", None)), **options)


def choice_field(choices: Any = (), **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **options)


def _number(**options: Any) -> forms.IntegerField:
    return forms.IntegerField(required=False, widget=UnfoldAdminIntegerFieldWidget, **options)


def _percent(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(max_value=100, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget, **options)


def _moment(**options: Any) -> forms.DateTimeField:
    return forms.DateTimeField(widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}), **options)


class Act(forms.Form):
    """One form and what it does. `needs` is a permission; `renamed` are fields that refusals call otherwise."""

    title: ClassVar[str]
    description: ClassVar[str]
    button: ClassVar[str]
    needs: ClassVar[str]
    renamed: ClassVar[Mapping[str, str]] = {}

    def perform(self, *, actor: str, now: datetime) -> str:
        """Do it; returns what to say of it. Raises ValidationError, or the refusal of the use case."""
        raise NotImplementedError

    def explain(self, refusal: Refusal) -> None:
        """Say beside the field that it is about, or above the form, why it was not done."""
        facts = refusal.facts()
        name = self.renamed.get(str(facts.get("field")), facts.get("field"))
        reason = f"{refusal.title} ({facts['reason']})" if "reason" in facts else refusal.title
        self.add_error(name if name in self.fields else None, reason)

    def minor(self, name: str, currency: str) -> int | None:
        """The amount in a field, in minor units; None where nothing was typed."""
        text = self.cleaned_data[name]
        if not text:
            return None
        try:
            return Money.parse(text, currency).minor
        except InvalidAmount as refusal:
            raise forms.ValidationError({name: f"{refusal.title} ({refusal.reason})"}) from None

    def find_shop(self) -> sellers.Shop:
        """The shop of the handle in the field `shop`."""
        found = sellers.find_shop(handle=self.cleaned_data["shop"])
        if found is None:
            raise forms.ValidationError({"shop": "There is no shop with this handle."})
        return found


class _MarketAct(Act):
    """An act that is about one market."""

    market = choice_field()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        found: Any = self.fields["market"]
        found.choices = [(known.code, f"{known.code}: {known.name}") for known in markets.list_markets(now=clock.now())]


class OpenShop(_MarketAct):
    """A shop begins with this: nobody can open one for themselves."""

    title = "Open a shop"
    description = (
        "It begins as ONBOARDING. It sells once it charges for delivery, has people who list goods, and is ACTIVE: "
        "the other pages here, and “Change state” on its own page."
    )
    button = "Open"
    needs = "sellers.add_shop"

    handle = text_field(help_text="3 to 40 of a-z, 0-9 and inner hyphens. It never changes.")
    name = text_field()
    contact_email = text_field(help_text="Where its letters go. No buyer sees it.")
    fee_plan = text_field(
        required=False, help_text="The code of a published plan. Empty: the standard plan of the market."
    )
    field_order = ["handle", "name", "contact_email", "market", "fee_plan"]

    def perform(self, *, actor: str, now: datetime) -> str:
        market = markets.get_market(self.cleaned_data["market"], now=now)
        shop = sellers.open_shop(
            handle=self.cleaned_data["handle"],
            name=self.cleaned_data["name"],
            contact_email=self.cleaned_data["contact_email"],
            market=market.code,
            currency=market.currency,
            fee_plan=self._plan(market, now=now).code,
            actor=actor,
            now=now,
        )
        return f"Opened: {shop.handle}, shop {shop.id}."

    def _plan(self, market: markets.Market, *, now: datetime) -> fees.FeePlan:
        """A plan of the market, in its currency: any other could charge it nothing, or what another market pays."""
        try:
            plan = fees.get_plan(self.cleaned_data["fee_plan"] or f"{market.code}-STANDARD", now=now)
        except fees.UnknownFeePlan as refusal:
            raise forms.ValidationError({"fee_plan": refusal.title}) from None
        if (plan.market, plan.currency) != (market.code, market.currency):
            raise forms.ValidationError(
                {
                    "fee_plan": f"This plan is of {plan.market} in {plan.currency}, "
                    f"the shop of {market.code} in {market.currency}."
                }
            )
        return plan


class SetDeliveryRate(Act):
    """What a shop charges per order for one delivery option. Its people may change it at their desk."""

    title = "Set a delivery rate"
    description = "It stands in place of the rate that the shop had for the option. Amounts are in the shop's currency."
    button = "Set"
    needs = "sellers.change_deliveryrate"
    renamed: ClassVar = {"base_minor": "base", "per_kg_minor": "per_kg", "free_from_minor": "free_from"}

    shop = text_field(help_text="Its handle.")
    option = text_field(initial="standard", help_text="A delivery option of the shop's market.")
    base = text_field(help_text="What an order costs up to the included weight, such as 3.99.")
    included_grams = _number(min_value=0, help_text="The weight that the base covers. Empty: none.")
    per_kg = text_field(required=False, help_text="For each kilogram begun beyond it. Empty: nothing.")
    free_from = text_field(
        required=False, help_text="An order whose goods are worth so much goes free. Empty: none does."
    )

    def perform(self, *, actor: str, now: datetime) -> str:
        shop = self.find_shop()
        rate = sellers.DeliveryRate(
            shop_id=shop.id,
            option=self._option(shop),
            base_minor=self.minor("base", shop.currency) or 0,
            per_kg_minor=self.minor("per_kg", shop.currency) or 0,
            included_grams=self.cleaned_data["included_grams"] or 0,
            free_from_minor=self.minor("free_from", shop.currency),
        )
        sellers.set_delivery_rate(rate=rate, actor=actor, now=now)
        return f"Set: {rate.option} of {shop.handle} costs {Money(rate.base_minor, shop.currency)}."

    def _option(self, shop: sellers.Shop) -> str:
        known = [option.code for option in markets.list_delivery_options(shop.market)]
        wanted = str(self.cleaned_data["option"])
        if wanted not in known:
            raise forms.ValidationError({"option": f"The market {shop.market} has: {', '.join(known)}."})
        return wanted


class AddShopStaff(Act):
    """Let somebody with an account work for a shop. Their work is ended on the page of the row that this makes."""

    title = "Add somebody to a shop"
    description = "They must have signed up. What they may do from now on is in the tokens of their next sign-in."
    button = "Add"
    needs = "accounts.add_shopstaff"

    shop = text_field(help_text="Its handle.")
    email = text_field(help_text="Of their account.")
    role = choice_field([(role.value, role.value) for role in accounts.ShopRole])
    reason = text_field(max_length=300, help_text="The audit keeps it.")

    def perform(self, *, actor: str, now: datetime) -> str:
        shop = self.find_shop()
        user_id = accounts.find_user_id(email=self.cleaned_data["email"])
        if user_id is None:
            raise forms.ValidationError({"email": "Nobody has signed up with this address."})
        role = accounts.ShopRole(self.cleaned_data["role"])
        accounts.add_shop_staff(
            shop_id=shop.id, user_id=user_id, role=role, reason=self.cleaned_data["reason"], actor=actor, now=now
        )
        return f"Added: user {user_id} is {role} of {shop.handle}."


class CreatePromotion(_MarketAct):
    """A coupon or a discount of the platform's own. It is started and stopped on its own page."""

    title = "Create a promotion of the platform"
    description = (
        "It is a draft until somebody publishes it on its own page, where it is also deactivated. Its terms never "
        "change. Amounts are in the market's currency, moments in its own time."
    )
    button = "Create"
    needs = "promotions.add_promotion"
    renamed: ClassVar = {
        "title": "title_for_buyers",
        "benefit": "percent_off",
        "min_spend_minor": "min_spend",
        "budget_minor": "budget",
        "platform_share_bp": "platform_share",
    }

    kind = choice_field([(kind.value, kind.value) for kind in PLATFORM_KINDS])
    title_for_buyers = text_field(label="Title", help_text="Buyers read it.")
    code = text_field(required=False, help_text="What buyers type. For coupons only.")
    percent_off = _percent(required=False, min_value=Decimal("0.01"), help_text="Either this,")
    max_off = text_field(required=False, help_text="at most so much,")
    amount_off = text_field(required=False, help_text="or this.")
    min_spend = text_field(required=False, help_text="Empty: whatever is bought.")
    targets = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget,
        help_text="One per line: shop:HANDLE, category:PATH, product:ID, sku:ID. Empty: everything in the market.",
    )
    starts_at = _moment()
    ends_at = _moment()
    platform_share = _percent(
        initial=100, min_value=0, help_text="How much of it, in per cent, the platform pays; sellers pay the rest."
    )
    uses_cap = _number(min_value=1, max_value=MAX_MINOR, help_text="In all. Empty: no limit.")
    uses_per_buyer_cap = _number(min_value=1, max_value=MAX_MINOR, help_text="Per buyer. Empty: no limit.")
    budget = text_field(required=False, help_text="What may be given in all. Empty: no limit.")
    field_order = ["kind", "market", "title_for_buyers"]

    def perform(self, *, actor: str, now: datetime) -> str:
        market = markets.get_market(self.cleaned_data["market"], now=now)
        drafted = promotions.create_promotion(terms=self._terms(market), actor=actor, now=now)
        return f"Created: promotion {drafted.id} is a draft."

    def _terms(self, market: markets.Market) -> promotions.Terms:
        return promotions.Terms(
            kind=promotions.PromotionKind(self.cleaned_data["kind"]),
            shop_id=None,
            market=market.code,
            currency=market.currency,
            title=self.cleaned_data["title_for_buyers"],
            benefit=self._benefit(market.currency),
            targets=self._targets(),
            starts_at=self._at("starts_at", market),
            ends_at=self._at("ends_at", market),
            platform_share_bp=int(self.cleaned_data["platform_share"] * _PERCENT_BP),
            code=self.cleaned_data["code"] or None,
            min_spend_minor=self.minor("min_spend", market.currency) or 0,
            uses_cap=self.cleaned_data["uses_cap"],
            uses_per_buyer_cap=self.cleaned_data["uses_per_buyer_cap"],
            budget_minor=self.minor("budget", market.currency),
        )

    def _benefit(self, currency: str) -> Benefit:
        percent, amount_minor = self.cleaned_data["percent_off"], self.minor("amount_off", currency)
        max_minor = self.minor("max_off", currency)
        if (percent is None) == (amount_minor is None):
            raise forms.ValidationError({"percent_off": "Give either a percentage or an amount."})
        if percent is not None:
            return RateOff(int(percent * _PERCENT_BP), max_minor)
        if max_minor is not None:
            raise forms.ValidationError({"max_off": "This bounds a percentage."})
        assert amount_minor is not None, "one of the two was given"
        return AmountOff(amount_minor)

    def _at(self, name: str, market: markets.Market) -> datetime:
        """What was typed, which names no zone, in the time of the market."""
        typed: datetime = self.cleaned_data[name]
        return typed.replace(tzinfo=ZoneInfo(market.time_zone))

    def _targets(self) -> tuple[promotions.Target, ...]:
        lines = self.cleaned_data["targets"].split()
        return tuple(map(_target, lines)) or (promotions.Target(promotions.TargetKind.ALL),)


class RefundOrders(Act):
    """Money back of what was shipped, for the platform's own reasons."""

    title = "Refund orders"
    description = (
        "Units that a carrier has or had. A part of one order goes back at once; all that is left of an order, or "
        "several orders, wait for a second person: each is a request of its own."
    )
    button = "Refund"
    needs = "aftersales.add_case"
    renamed: ClassVar = {"units": "lines"}

    numbers = forms.CharField(
        widget=UnfoldAdminTextareaWidget, help_text=f"Their numbers, one per line; at most {aftersales.ORDERS_MAX}."
    )
    lines = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget,
        help_text="Of one order: line number, colon, units; one per line. Empty: all that can be refunded.",
    )
    reason = choice_field([(code, code.replace("_", " ")) for code in aftersales.list_codes(aftersales.Actor.OPERATOR)])
    comment = text_field(max_length=300, help_text="The audit keeps it, and the buyer may read it.")

    def perform(self, *, actor: str, now: datetime) -> str:
        asked = aftersales.refund_by_operator(
            refunds=self._refunds(),
            reason=self.cleaned_data["reason"],
            comment=self.cleaned_data["comment"],
            actor=actor,
            now=now,
        )
        if asked.case_id is not None:
            case = aftersales.get_case(case_id=asked.case_id)
            return f"Refunded: {case.refund}, case {case.number}."
        return " ".join(str(waits) for waits in asked.awaiting)

    def _refunds(self) -> list[aftersales.OrderRefund]:
        order_ids = [self._order_id(number) for number in self.cleaned_data["numbers"].splitlines() if number.strip()]
        if not 1 <= len(set(order_ids)) == len(order_ids) <= aftersales.ORDERS_MAX:
            raise forms.ValidationError({"numbers": f"Name 1 to {aftersales.ORDERS_MAX} orders, each once."})
        lines = self.cleaned_data["lines"].split()
        if lines and len(order_ids) > 1:
            raise forms.ValidationError({"lines": "Lines are those of one order."})
        units = self._units(order_ids[0], lines) if lines else None
        return [aftersales.OrderRefund(order_id=order_id, units=units) for order_id in order_ids]

    def _order_id(self, number: str) -> int:
        found = find_id(number.strip())
        if found is None or found > MAX_ID:
            raise forms.ValidationError({"numbers": f"There is no order “{number.strip()}”."})
        return found

    def _units(self, order_id: int, lines: list[str]) -> tuple[orders.LineUnits, ...]:
        by_number = {str(line.line_no): line.id for line in orders.get_order(order_id=order_id).lines}
        units = []
        for line in lines:
            number, _, count = line.partition(":")
            if number not in by_number or not (
                count.isascii() and count.isdecimal() and len(count) < _COUNT_DIGITS_MAX
            ):
                raise forms.ValidationError({"lines": f"“{line}” is not a line of the order and its units."})
            units.append(orders.LineUnits(line_id=by_number[number], quantity=int(count)))
        return tuple(units)


class ProposePayouts(_MarketAct):
    """What is available in a market, as one more run of the day: the daily job proposes one by itself."""

    title = "Propose payouts"
    description = (
        "Every shop of the market with money available, an account that is usable, and no payout on its way. Nothing "
        "is sent before a second person has approved the list."
    )
    button = "Propose"
    needs = "settlement.add_payoutrun"

    reason = text_field(max_length=300, help_text="The second person reads it.")

    def perform(self, *, actor: str, now: datetime) -> str:
        market, reason = self.cleaned_data["market"], self.cleaned_data["reason"]
        run_id = settlement.propose_payouts(market=market, actor=actor, reason=reason, now=now)
        if run_id is None:
            raise forms.ValidationError({"market": "There is nothing to pay out now."})
        run = settlement.get_payout_run(run_id=run_id)
        return (
            f"Proposed: run {run.id}, payouts: {run.payout_count}, in all {run.total}. "
            f"A second person must approve this: request {run.approval_id}."
        )


def _target(line: str) -> promotions.Target:
    """`shop:HANDLE`, `category:PATH`, `product:ID` or `sku:ID`."""
    kind, _, name = line.partition(":")
    find = {"shop": _shop_id, "category": _category_id, "product": find_id, "sku": find_id}.get(kind)
    found = find(name) if find else None
    if not found or found > MAX_ID:
        raise forms.ValidationError({"targets": f"There is no “{line}”."})
    return promotions.Target(promotions.TargetKind(kind.upper()), found)


def _shop_id(handle: str) -> int | None:
    shop = sellers.find_shop(handle=handle)
    return shop.id if shop else None


def _category_id(path: str) -> int | None:
    return {category.path: category.id for category in catalog.list_categories()}.get(path)
