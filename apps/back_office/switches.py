"""What operators change while everything runs: live settings, and what is switched off for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.back_office.acts import Act
from apps.markets import api as markets
from tradecore import clock, degradation, live_settings
from tradecore.alarms import ALARMS, Alarm
from tradecore.approvals import AwaitsApproval
from tradecore.degradation import DEPENDENCIES, PLANS, TRIGGERS, Dependency, Plan, Switch, Trigger
from tradecore.live_settings import ALL_BUYERS, EVERYONE, SETTINGS, LiveSetting, Version
from tradecore.models import PlanSwitch
from tradecore.strict_json import JSONRefused, parse_strictly

_HISTORY_SHOWN = 20

#: As long as it may last, in minutes.
_MINUTES_MAX = int(degradation.LONGEST.total_seconds()) // 60


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan and what has switched it on, if anything has."""

    plan: Plan
    switches: tuple[Switch, ...]


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A trigger, its bound, and what it measures now."""

    trigger: Trigger
    bound: int
    measured: int


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm, and after how many seconds of its cause it is pulled."""

    alarm: Alarm
    after_s: int


@dataclass(frozen=True, slots=True)
class Board:
    """All there is to see of degradation: the plans, what pulls them, what was, and what can be done without."""

    rows: tuple[PlanRow, ...]
    triggers: tuple[TriggerRow, ...]
    alarms: tuple[AlarmRow, ...]
    history: tuple[PlanSwitch, ...]
    dependencies: tuple[Dependency, ...]


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A live setting, and for whom it is set."""

    setting: LiveSetting[Any]
    default: Any
    scopes: str
    standing: tuple[Version, ...]


def read_board() -> Board:
    """The board of degradation, as it is known now."""
    on = degradation.list_on()
    triggers = (TRIGGERS.get(name) for name in sorted(TRIGGERS.names()))
    return Board(
        rows=tuple(
            PlanRow(plan, tuple(switch for switch in on if switch.plan == plan.name)) for plan in PLANS.values()
        ),
        triggers=tuple(TriggerRow(trigger, trigger.bound.read(), trigger.measure()) for trigger in triggers),
        alarms=tuple(AlarmRow(alarm, alarm.after.read()) for alarm in map(ALARMS.get, sorted(ALARMS.names()))),
        history=tuple(degradation.list_history(limit=_HISTORY_SHOWN)),
        dependencies=tuple(DEPENDENCIES.get(name) for name in sorted(DEPENDENCIES.names())),
    )


def read_settings() -> list[SettingRow]:
    """Every live setting, by name."""
    every = (SETTINGS.get(name) for name in sorted(SETTINGS.names()))
    standing = live_settings.read_standing()
    return [
        SettingRow(
            setting=setting,
            default=setting.default(),
            scopes=", ".join([EVERYONE, *sorted(setting.scopes)]),
            standing=tuple(standing.get(setting.name, ())),
        )
        for setting in every
    ]


def _reason() -> forms.CharField:
    return forms.CharField(
        max_length=300, widget=UnfoldAdminTextInputWidget, help_text="It is shown, and the audit keeps it."
    )


class _PlanAct(Act):
    """An act that is about one plan, of one market where it is of one."""

    plan = forms.ChoiceField(choices=[(name, name) for name in PLANS], widget=UnfoldAdminSelectWidget)
    market = forms.ChoiceField(
        required=False, widget=UnfoldAdminSelectWidget, help_text="Where the plan is of one market."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known = markets.list_markets(now=clock.now())
        found: Any = self.fields["market"]
        found.choices = [("", "all"), *((market.code, f"{market.code}: {market.name}") for market in known)]


class SwitchOff(_PlanAct):
    """Do without something for a while: its plan begins."""

    title = "Switch something off"
    description = (
        "It is off on every worker within two seconds, until its end, without anybody's help. What each plan stops, "
        "what goes on instead and what buyers see stands on the board."
    )
    button = "Switch off"
    needs = "tradecore.add_planswitch"
    renamed: ClassVar = {"until": "minutes"}

    minutes = forms.IntegerField(
        min_value=1, max_value=_MINUTES_MAX, widget=UnfoldAdminIntegerFieldWidget, help_text="For how long."
    )
    reason = _reason()

    def perform(self, *, actor: str, now: datetime) -> str:
        switch = degradation.switch_on(
            plan=self.cleaned_data["plan"],
            market=self.cleaned_data["market"],
            until=now + timedelta(minutes=self.cleaned_data["minutes"]),
            reason=self.cleaned_data["reason"],
            actor=actor,
            now=now,
        )
        return f"Switched off: {switch.shown}, until {switch.until:%Y-%m-%d %H:%M}."


class SwitchOnAgain(_PlanAct):
    """End a plan before its end."""

    title = "Switch it on again"
    description = (
        "Every switch of the plan ends at once, whoever has made it. A trigger leaves it alone for as long as it would "
        "have lasted."
    )
    button = "Switch on again"
    needs = "tradecore.change_planswitch"

    reason = _reason()

    def perform(self, *, actor: str, now: datetime) -> str:
        ended = degradation.switch_off(
            plan=self.cleaned_data["plan"],
            market=self.cleaned_data["market"],
            reason=self.cleaned_data["reason"],
            actor=actor,
            now=now,
        )
        return "It is on again." if ended else "It was not off."


class _SettingAct(Act):
    """An act that is about one setting, for everyone or for one target."""

    needs = "tradecore.add_settingversion"

    setting = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    market = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    shop = forms.CharField(
        required=False, widget=UnfoldAdminTextInputWidget, help_text="The handle of a shop. Empty: not for a shop."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        names: Any = self.fields["setting"]
        names.choices = [(name, name) for name in sorted(SETTINGS.names())]
        known: Any = self.fields["market"]
        known.choices = [
            ("", "not for a market"),
            *((market.code, f"{market.code}: {market.name}") for market in markets.list_markets(now=clock.now())),
        ]

    def target(self) -> str:
        """Whom it is set for. Raises ValidationError."""
        market, shop = self.cleaned_data["market"], self.cleaned_data["shop"]
        if market and shop:
            raise forms.ValidationError({"shop": "It is set for a market or for a shop, not for both."})
        if shop:
            return f"shop:{self.find_shop().id}"
        return f"market:{market}" if market else EVERYONE

    def say(self, done: Version | AwaitsApproval) -> str:
        """What came of it."""
        if isinstance(done, AwaitsApproval):
            return str(done)
        return f"Version {done.version}: {done.name} of {done.target} is {done}."


class SetSetting(_SettingAct):
    """Set a live setting."""

    title = "Change a setting"
    description = (
        "Every worker hears of it within two seconds. Some settings take a second person; the list says which."
    )
    button = "Set"
    renamed: ClassVar = {"target": "setting"}

    value = forms.CharField(
        max_length=60, widget=UnfoldAdminTextInputWidget, help_text="As JSON: 20. “null” takes back what is set."
    )
    percent = forms.IntegerField(
        min_value=1,
        max_value=ALL_BUYERS,
        initial=ALL_BUYERS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="For so many per cent of the buyers; the others keep what there is.",
    )
    reason = _reason()

    def perform(self, *, actor: str, now: datetime) -> str:
        return self.say(
            live_settings.set_value(
                name=self.cleaned_data["setting"],
                target=self.target(),
                value=self.cleaned_data["value"],
                percent=self.cleaned_data["percent"],
                actor=actor,
                reason=self.cleaned_data["reason"],
                now=now,
            )
        )

    def clean_value(self) -> Any:
        try:
            return parse_strictly(self.cleaned_data["value"].encode())
        except JSONRefused as refused:
            raise forms.ValidationError("This is not JSON.") from refused


class RollBackSetting(_SettingAct):
    """Set what an earlier version said."""

    title = "Roll a setting back"
    description = (
        "A new version says what an earlier one said: the one that is named, or the one before the present one."
    )
    button = "Roll back"

    version = forms.IntegerField(required=False, min_value=1, widget=UnfoldAdminIntegerFieldWidget)
    reason = _reason()

    def perform(self, *, actor: str, now: datetime) -> str:
        return self.say(
            live_settings.roll_back(
                name=self.cleaned_data["setting"],
                target=self.target(),
                to_version=self.cleaned_data["version"],
                actor=actor,
                reason=self.cleaned_data["reason"],
                now=now,
            )
        )
