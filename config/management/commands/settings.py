"""`manage.py settings`: what operators may change while everything runs, what it is, and changing it."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.markets.api import get_market
from apps.sellers.api import get_shop
from config.management.operators import AS_HELP, actor_named
from tradecore import clock, live_settings, wire
from tradecore.approvals import AwaitsApproval
from tradecore.arguments import an_id, whole_number
from tradecore.errors import Refusal
from tradecore.live_settings import ALL_BUYERS, EVERYONE, SETTINGS, LiveSetting, Version

REASON_LENGTH_MAX = 300

LIST_HELP = "list every setting: what it means, what it may be, and what it is"
SHOW_HELP = "show one setting, and its versions, the latest first"
SET_HELP = """set one, for everyone, a market, a shop, or a part of their buyers; every worker hears of it within two
seconds. Some take a second person. It is audited"""
ROLLBACK_HELP = "set what the version before said, or the one that is named; some take a second person. It is audited"


class Command(BaseCommand):
    help = "Change settings while everything runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help=LIST_HELP, description=LIST_HELP)
        showing = actions.add_parser("show", help=SHOW_HELP, description=SHOW_HELP)
        setting = actions.add_parser("set", help=SET_HELP, description=SET_HELP)
        rollback = actions.add_parser("rollback", help=ROLLBACK_HELP, description=ROLLBACK_HELP)
        for action in (showing, setting, rollback):
            action.add_argument("name", metavar="NAME", help="as `list` shows it")
        showing.add_argument("--limit", type=whole_number(1), default=20, help="how many versions (default: 20)")
        setting.add_argument("value", type=_value, metavar="VALUE", help="as JSON: 20; null takes it back")
        setting.add_argument(
            "--percent",
            type=whole_number(1, ALL_BUYERS),
            default=ALL_BUYERS,
            metavar="N",
            help="for so many per cent of the buyers; the others keep what there is",
        )
        rollback.add_argument("--to", type=whole_number(1), metavar="VERSION", help="default: the one before")
        for action in (setting, rollback):
            whom = action.add_mutually_exclusive_group()
            whom.add_argument("--market", metavar="CODE", help="for this market (default: for everyone)")
            whom.add_argument("--shop", type=an_id, metavar="ID", help="for this shop")
            action.add_argument("--reason", type=_reason, required=True, metavar="TEXT", help="why; it is kept")
            action.add_argument("--as", dest="email", required=True, metavar="EMAIL", help=AS_HELP)
        for action in (listing, showing, setting, rollback):
            action.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, action: str, **options: Any) -> None:
        does = {"list": _list, "show": _show, "set": _set, "rollback": _roll_back}[action]
        try:
            described, lines = does(options)
        except Refusal as refusal:
            reason = refusal.facts().get("reason")
            raise CommandError(f"{refusal.title} ({reason})" if reason else refusal.title) from refusal
        self.stdout.write(json.dumps(described, indent=2) if options["json"] else "\n".join(lines))


def _list(_options: dict[str, Any]) -> tuple[Any, Iterable[str]]:
    every = [SETTINGS.get(name) for name in sorted(SETTINGS.names())]
    standing = live_settings.read_standing()
    described = [_describe(setting, standing.get(setting.name, [])) for setting in every]
    return described, [line for setting in every for line in _lines(setting, standing.get(setting.name, []))]


def _show(options: dict[str, Any]) -> tuple[Any, Iterable[str]]:
    setting = live_settings.get_setting(options["name"])
    versions = live_settings.list_versions(setting.name, limit=options["limit"])
    standing = live_settings.read_standing().get(setting.name, [])
    described = _describe(setting, standing) | {"versions": [wire.to_json(version) for version in versions]}
    return described, [*_lines(setting, standing), "", *map(_version_line, versions)]


def _set(options: dict[str, Any]) -> tuple[Any, Iterable[str]]:
    return _told(
        live_settings.set_value(
            name=options["name"],
            target=_target(options),
            value=options["value"],
            percent=options["percent"],
            actor=actor_named(options["email"]),
            reason=options["reason"],
            now=clock.now(),
        )
    )


def _roll_back(options: dict[str, Any]) -> tuple[Any, Iterable[str]]:
    return _told(
        live_settings.roll_back(
            name=options["name"],
            target=_target(options),
            to_version=options["to"],
            actor=actor_named(options["email"]),
            reason=options["reason"],
            now=clock.now(),
        )
    )


def _told(done: Version | AwaitsApproval) -> tuple[Any, Iterable[str]]:
    if isinstance(done, AwaitsApproval):
        return {"awaits_approval": wire.to_json(done)}, [str(done)]
    return {"set": wire.to_json(done)}, [f"version {done.version}: {done.name} of {done.target} is {done}"]


def _target(options: dict[str, Any]) -> str:
    """Refuses: UnknownMarket, NotFound (no such shop)."""
    if options["market"] is not None:
        return f"market:{get_market(options['market'], now=clock.now()).code}"
    if options["shop"] is not None:
        return f"shop:{get_shop(shop_id=options['shop']).id}"
    return EVERYONE


def _describe(setting: LiveSetting[Any], standing: Iterable[Version]) -> dict[str, Any]:
    return {
        "name": setting.name,
        "meaning": setting.meaning,
        "may_be": str(setting.schema),
        "scopes": sorted(setting.scopes),
        "needs_two": setting.needs_two,
        "default": setting.default(),
        "set": [wire.to_json(version) for version in standing],
    }


def _lines(setting: LiveSetting[Any], standing: Iterable[Version]) -> Iterator[str]:
    yield f"{setting.name}{'  (two people)' if setting.needs_two else ''}"
    yield f"  {setting.meaning}"
    scopes = "".join(f", by {scope}" for scope in sorted(setting.scopes))
    yield f"  {setting.schema}; for everyone{scopes}"
    yield f"  default: {setting.default()}"
    for version in standing:
        yield f"  {version.target}: {version} (version {version.version})"


def _version_line(version: Version) -> str:
    people = f"{version.set_by} and {version.approved_by}" if version.approved_by else version.set_by
    return (
        f"{version.version:>6}  {version.set_at:%Y-%m-%d %H:%M:%S}  {version.target}: {version}  "
        f"by {people}: {version.reason}"
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text[:40]!r} is not JSON") from error


def _reason(text: str) -> str:
    if not 1 <= len(text.strip()) <= REASON_LENGTH_MAX:
        raise ArgumentTypeError(f"1 to {REASON_LENGTH_MAX} characters")
    return text.strip()
