"""The rows of markets."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from apps.markets.contracts import Clock, ClockUnit, TaxBasePolicy, TaxCategory
from tradecore.ids import new_id

# Plain texts, so that old migrations stand without the enums of today.
_CLOCKS: Final = [clock.value for clock in Clock]
_UNITS: Final = [unit.value for unit in ClockUnit]
_CATEGORIES: Final = [category.value for category in TaxCategory]
_RATED_CATEGORIES: Final = [TaxCategory.STANDARD.value, TaxCategory.REDUCED.value]
_TAX_BASE_POLICIES: Final = [policy.value for policy in TaxBasePolicy]


def _choices(words: list[str]) -> list[tuple[str, str]]:
    return [(word, word) for word in words]


class Market(models.Model):
    """One place to sell in.

    Open or closed to new purchases; what was bought before lives on. Never changed: code, currency, whether prices
    include tax, time zone, and `opened_on`, the local day from which every clock and every rate has a rule. `notes`
    say what its data simplify.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=16)
    name = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    prices_include_tax = models.BooleanField()
    tax_base_policy = models.CharField(max_length=24, choices=_choices(_TAX_BASE_POLICIES))
    platform_remits_tax = models.BooleanField(default=False)
    refunds_standard_delivery = models.BooleanField(default=False)
    shipping_tax_category = models.CharField(max_length=10, choices=_choices(_CATEGORIES))
    time_zone = models.CharField(max_length=40)
    opened_on = models.DateField()
    is_open = models.BooleanField(default=True)
    notes = models.TextField(default="", blank=True)

    class Meta:
        db_table = "markets_market"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code"], name="markets_market_code"),
            models.CheckConstraint(
                condition=Q(tax_base_policy__in=_TAX_BASE_POLICIES), name="markets_market_tax_base_policy"
            ),
            models.CheckConstraint(
                condition=Q(shipping_tax_category__in=_CATEGORIES), name="markets_market_shipping_tax"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class TaxRate(models.Model):
    """One rate of one category in one region of a market, from one local day until the next such row begins.

    Without an end of its own, so that two rates cannot overlap: a tax that is abolished is a row with rate 0. Fixed
    once it has begun. There are no rows for the category zero, whose rate is its name.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="tax_rates")
    region = models.CharField(max_length=10, default="", blank=True)
    category = models.CharField(max_length=10, choices=_choices(_RATED_CATEGORIES))
    rate_e5 = models.PositiveIntegerField()
    valid_from = models.DateField()

    class Meta:
        db_table = "markets_tax_rate"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["market", "region", "category", "valid_from"], name="markets_tax_rate_start"
            ),
            models.CheckConstraint(condition=Q(category__in=_RATED_CATEGORIES), name="markets_tax_rate_category"),
            models.CheckConstraint(condition=Q(rate_e5__gte=0, rate_e5__lte=100_000), name="markets_tax_rate_range"),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.region} {self.category} from {self.valid_from}"


class ClockRule(models.Model):
    """How long one clock of a market runs, from one local day until the next such row begins.

    In seconds, or to the end of the n-th business day after the start, which may have a daily cut-off. Fixed once it
    has begun.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="clock_rules")
    clock = models.CharField(max_length=20, choices=_choices(_CLOCKS))
    amount = models.PositiveIntegerField()
    unit = models.CharField(max_length=14, choices=_choices(_UNITS))
    cut_off = models.TimeField(null=True, blank=True)
    valid_from = models.DateField()

    class Meta:
        db_table = "markets_clock_rule"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["market", "clock", "valid_from"], name="markets_clock_rule_start"),
            models.CheckConstraint(condition=Q(clock__in=_CLOCKS), name="markets_clock_rule_clock"),
            models.CheckConstraint(
                condition=Q(unit="seconds", cut_off__isnull=True)
                | Q(unit="business_days", amount__gte=1, amount__lte=366),
                name="markets_clock_rule_unit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.clock} from {self.valid_from}"


class Holiday(models.Model):
    """One local day on which a market does not work, weekends apart."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="holidays")
    on = models.DateField()
    name = models.CharField(max_length=80)

    class Meta:
        db_table = "markets_holiday"
        constraints: ClassVar = [models.UniqueConstraint(fields=["market", "on"], name="markets_holiday_once")]

    def __str__(self) -> str:
        return f"{self.market} {self.on} {self.name}"


class DeliveryOption(models.Model):
    """One level of service that buyers of a market choose from."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="delivery_options")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=60)

    class Meta:
        db_table = "markets_delivery_option"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["market", "code"], name="markets_delivery_option_code")
        ]

    def __str__(self) -> str:
        return f"{self.market} {self.code}"
