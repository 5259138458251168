"""Settings that operators change while processes run: typed, checked, versioned, for everyone or for some.

# Note [Live settings]
A live setting is declared where it is read, with its default, and stands in the one table of `config/live_settings.py`.
What is set for a shop goes before what is set for its market, and that before what is set for everyone; where nothing
is set, the default holds. A value may be for a part of a target's buyers: who is in it follows from a hash of setting
and buyer, so it is the same buyers in every process, other ones for every setting, and a larger part keeps all that the
smaller one had.

Setting one adds a version and changes none; rolling back adds one more that says what an earlier one said. Where it
takes two people, the second one approves the very version that would be added (see Note [Approvals]). A stored value
that the code does not take any more counts as not set, and the log says so. How changes reach every process: see Note
[Revisions].
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import structlog
from django.db.models import Max

from tradecore import approvals, audit, db, revisions, wire
from tradecore.approvals import Approved, AwaitsApproval
from tradecore.errors import Kind, NotFound, Refusal
from tradecore.extensions import ExtensionPoint, UnknownExtension
from tradecore.ids import MAX_ID
from tradecore.models import SettingVersion

log = structlog.get_logger()

V_co = TypeVar("V_co", covariant=True)

#: The kind of the approvals of what takes two people, and the name of the revision.
CHANGE = "live_settings.change"
REVISION = "live_settings"

EVERYONE = "everyone"
ALL_BUYERS = 100

_TARGET = re.compile(r"everyone|market:[A-Z0-9_-]{1,16}|shop:[1-9][0-9]{0,18}", re.ASCII)


class Scope(StrEnum):
    """Whom beside everyone a setting may be set for."""

    MARKET = "market"
    SHOP = "shop"
    BUYERS = "buyers"


class Schema(Protocol[V_co]):
    """What a setting may be. Its `str` says that to people."""

    def read(self, value: Any) -> V_co:
        """The value of a JSON value. Raises ValueError for what it may not be."""
        ...


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """An integer within bounds; both belong to them."""

    lowest: int
    highest: int

    def read(self, value: Any) -> int:
        if type(value) is not int or not self.lowest <= value <= self.highest:
            raise ValueError(str(self))
        return value

    def __str__(self) -> str:
        return f"a whole number from {self.lowest} to {self.highest}"


@dataclass(frozen=True, slots=True)
class LiveSetting(Generic[V_co]):
    """One setting. `default` is asked each time, as it may be the environment's; `needs_two`: two people change it."""

    name: str
    meaning: str
    schema: Schema[V_co]
    default: Callable[[], V_co]
    scopes: frozenset[Scope] = field(default=frozenset())
    needs_two: bool = False

    def read(self, *, market: str = "", shop_id: int | None = None, buyer_ref: int | None = None) -> V_co:
        """What it is for them, as of two seconds ago at most. Asks nobody (see Note [Revisions])."""
        targets = _targets(market=market, shop_id=shop_id)
        standing = _standing.get()
        for target in targets:
            entry = standing.get((self.name, target))
            stored = None if entry is None else entry.value_for(buyer_ref)
            value = None if stored is None else self._taken(stored)
            if value is not None:
                return value
        return self.default()

    def _taken(self, stored: Any) -> V_co | None:
        """The value of what is stored; None, as if it were not set, where the code does not take it any more."""
        try:
            return self.schema.read(stored)
        except ValueError:
            log.warning("live_setting_unreadable", setting=self.name, value=stored)
            return None


#: Name -> setting: the table of `config/live_settings.py`.
SETTINGS: ExtensionPoint[LiveSetting[Any]] = ExtensionPoint("live settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a setting is, or was, for a target. `version` 0: never set there."""

    name: str
    target: str
    version: int
    value: Any
    percent: int
    other: Any
    reason: str = ""
    set_by: str = ""
    approved_by: str = ""
    set_at: datetime | None = None

    def value_for(self, buyer_ref: int | None) -> Any:
        """The value for one buyer; None where the target has none. Of nobody in particular: that of the others."""
        if self.percent == ALL_BUYERS:
            return self.value
        is_part = buyer_ref is not None and bucket_of(self.name, buyer_ref) < self.percent
        return self.value if is_part else self.other

    def __str__(self) -> str:
        if self.percent == ALL_BUYERS:
            return _spell(self.value)
        return f"{_spell(self.value)} for {self.percent} % of buyers, {_spell(self.other)} for the others"


@dataclass
class SettingRefused(Refusal):
    """This is not what the setting may be, or not for this target."""

    code = "live_settings.refused"
    kind = Kind.RULE
    title = "The setting cannot be set so."

    field: str
    reason: str


@dataclass
class SettingChanged(Refusal):
    """Somebody has set it since it was asked for."""

    code = "live_settings.changed"
    kind = Kind.CONFLICT
    title = "Somebody else has set this setting meanwhile. Look at it again."

    version: int


@dataclass
class NothingToRollBack(Refusal):
    """There is no such version of this setting for this target, or none before the present one."""

    code = "live_settings.nothing_to_roll_back"
    kind = Kind.CONFLICT
    title = "There is no version to go back to."


@db.use_case
def set_value(
    *, name: str, target: str, value: Any, percent: int = ALL_BUYERS, actor: str, reason: str, now: datetime
) -> Version | AwaitsApproval:
    """Set it for a target, or for so many per cent of its buyers; the others keep what the target had. None: not set.

    Returns the new version, or what waits for a second person.
    Refuses, in this order: NotFound, SettingRefused, SettingChanged (somebody else was faster).
    Locks: the revision of the settings.
    """
    setting = get_setting(name)
    _check(setting, target=target, value=value, percent=percent)
    standing = _read_standing(name, target)
    other = None if percent == ALL_BUYERS else standing.value_for(None)
    wanted = Version(name=name, target=target, version=standing.version, value=value, percent=percent, other=other)
    return _set_or_ask(setting, wanted, actor=actor, reason=reason, now=now)


@db.use_case
def roll_back(
    *, name: str, target: str, to_version: int | None = None, actor: str, reason: str, now: datetime
) -> Version | AwaitsApproval:
    """Set what an earlier version said: the one named, or the one before the present one (the first: not set).

    Returns the new version, or what waits for a second person.
    Refuses, in this order: NotFound, NothingToRollBack, SettingRefused (the code does not take it any more),
    SettingChanged (somebody else was faster).
    Locks: the revision of the settings.
    """
    setting = get_setting(name)
    standing = _read_standing(name, target)
    earlier = _find_earlier(standing, to_version)
    for value in (earlier.value, earlier.other):
        _check(setting, target=target, value=value, percent=earlier.percent)
    wanted = Version(
        name=name,
        target=target,
        version=standing.version,
        value=earlier.value,
        percent=earlier.percent,
        other=earlier.other,
    )
    return _set_or_ask(setting, wanted, actor=actor, reason=reason, now=now)


@db.transaction_required
def carry_out_change(approved: Approved, now: datetime) -> None:
    """The handler of approved changes. Refuses: SettingChanged. Locks: the revision of the settings."""
    content = approved.content
    wanted = Version(
        name=content["name"],
        target=content["target"],
        version=content["replaces"],
        value=content["value"],
        percent=content["percent"],
        other=content["other"],
    )
    _insert(wanted, actor=approved.requested_by, approved_by=approved.approved_by, reason=approved.reason, now=now)


def get_setting(name: str) -> LiveSetting[Any]:
    """The setting of that name. Refuses: NotFound."""
    try:
        return SETTINGS.get(name)
    except UnknownExtension:
        raise NotFound(what="live_setting") from None


def read_standing() -> dict[str, list[Version]]:
    """Setting -> what is set of it, by target, as it is committed now; of those that anybody has ever set."""
    standing: dict[str, list[Version]] = {}
    for _, version in sorted(_load().items()):
        standing.setdefault(version.name, []).append(version)
    return standing


def list_versions(name: str, *, limit: int) -> list[Version]:
    """The versions of a setting, latest first."""
    return [_view(row) for row in SettingVersion.objects.filter(name=name).order_by("-version")[:limit]]


def list_latest(*, limit: int) -> list[Version]:
    """What was set last, of all settings, latest first."""
    return [_view(row) for row in SettingVersion.objects.order_by("-version")[:limit]]


def bucket_of(name: str, buyer_ref: int) -> int:
    """Where among 0 to 99 a buyer is for one setting: for good, and anew for every setting."""
    return int.from_bytes(hashlib.sha256(f"{name}:{buyer_ref}".encode()).digest()[:8]) % ALL_BUYERS


def _targets(*, market: str, shop_id: int | None) -> Iterable[str]:
    """What may be set for them, the most specific first."""
    if shop_id is not None:
        yield f"shop:{shop_id}"
    if market:
        yield f"market:{market}"
    yield EVERYONE


def _check(setting: LiveSetting[Any], *, target: str, value: Any, percent: int) -> None:
    """Refuses: SettingRefused."""
    kind, _, number = target.partition(":")
    if not _TARGET.fullmatch(target) or (kind == Scope.SHOP and int(number) > MAX_ID):
        raise SettingRefused(field="target", reason="it is everyone, market:CODE or shop:ID")
    if target != EVERYONE and Scope(kind) not in setting.scopes:
        raise SettingRefused(field="target", reason=f"it is not set by {kind}")
    if not 1 <= percent <= ALL_BUYERS:
        raise SettingRefused(field="percent", reason="it is from 1 to 100")
    if percent != ALL_BUYERS and Scope.BUYERS not in setting.scopes:
        raise SettingRefused(field="percent", reason="it is not set for a part of the buyers")
    if value is None:
        return
    try:
        setting.schema.read(value)
    except ValueError as error:
        raise SettingRefused(field="value", reason=f"it is {error}") from None


def _find_earlier(standing: Version, to_version: int | None) -> Version:
    """Refuses: NothingToRollBack."""
    rows = SettingVersion.objects.filter(name=standing.name, target=standing.target, version__lt=standing.version)
    if to_version is not None:
        rows = rows.filter(version=to_version)
    row = rows.order_by("-version").first()
    if row is None and (to_version is not None or not standing.version):
        raise NothingToRollBack
    return _never_set(standing.name, standing.target) if row is None else _view(row)


def _set_or_ask(
    setting: LiveSetting[Any], wanted: Version, *, actor: str, reason: str, now: datetime
) -> Version | AwaitsApproval:
    """`wanted.version` is the version that it is to replace."""
    if not setting.needs_two:
        return _insert(wanted, actor=actor, approved_by="", reason=reason, now=now)
    return approvals.request_once(
        kind=CHANGE,
        subject=f"setting:{wanted.name}",
        content={
            "name": wanted.name,
            "target": wanted.target,
            "value": wanted.value,
            "percent": wanted.percent,
            "other": wanted.other,
            "replaces": wanted.version,
        },
        actor=actor,
        reason=reason,
        now=now,
    )


@db.transaction_required
def _insert(wanted: Version, *, actor: str, approved_by: str, reason: str, now: datetime) -> Version:
    """Refuses: SettingChanged."""
    version = revisions.count_up(REVISION)
    before = _read_standing(wanted.name, wanted.target)
    if before.version != wanted.version:
        raise SettingChanged(version=before.version)
    row = SettingVersion(
        name=wanted.name,
        target=wanted.target,
        version=version,
        value=wanted.value,
        percent=wanted.percent,
        other=wanted.other,
        reason=reason,
        set_by=actor,
        approved_by=approved_by,
        set_at=now,
    )
    db.insert_later(row)
    audit.record(
        actor=approved_by or actor,
        action="setting.set",
        subject=f"setting:{wanted.name}",
        reason=reason,
        before=wire.to_json(before),
        after=wire.to_json(_view(row)),
        now=now,
    )
    _standing.forget()
    return _view(row)


def _read_standing(name: str, target: str) -> Version:
    """What is set for exactly this target, as it is committed now."""
    row = SettingVersion.objects.filter(name=name, target=target).order_by("-version").first()
    return _never_set(name, target) if row is None else _view(row)


def _never_set(name: str, target: str) -> Version:
    return Version(name=name, target=target, version=0, value=None, percent=ALL_BUYERS, other=None)


def _view(row: SettingVersion) -> Version:
    return Version(
        name=row.name,
        target=row.target,
        version=row.version,
        value=row.value,
        percent=row.percent,
        other=row.other,
        reason=row.reason,
        set_by=row.set_by,
        approved_by=row.approved_by,
        set_at=row.set_at,
    )


def _load() -> Mapping[tuple[str, str], Version]:
    """The latest version of every setting and target."""
    latest = SettingVersion.objects.values("name", "target").annotate(latest=Max("version")).values("latest")
    return {(row.name, row.target): _view(row) for row in SettingVersion.objects.filter(version__in=latest)}


def _spell(value: Any) -> str:
    return "not set" if value is None else str(value)


_standing: revisions.Watched[Mapping[tuple[str, str], Version]] = revisions.Watched(REVISION, load=_load, empty={})
