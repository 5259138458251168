"""`manage.py degrade`: what can be switched off, what is, and doing it."""

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.markets.api import get_market
from config.management.operators import AS_HELP, actor_named
from tradecore import clock, degradation, wire
from tradecore.degradation import PLANS, Plan, Switch
from tradecore.errors import Refusal

REASON_LENGTH_MAX = 300

LIST_HELP = "list every plan: what stops, what goes on instead, what buyers see; and what is on, why and until when"
ON_HELP = "switch a plan on, on every worker within two seconds, until its end; it is audited"
OFF_HELP = "end a plan now, whoever has switched it on; it is audited"

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([1-9][0-9]{0,4})([mhd])", re.ASCII)


class Command(BaseCommand):
    help = "Switch off for a while what the marketplace can do without."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help=LIST_HELP, description=LIST_HELP)
        on = actions.add_parser("on", help=ON_HELP, description=ON_HELP)
        off = actions.add_parser("off", help=OFF_HELP, description=OFF_HELP)
        for action in (on, off):
            action.add_argument("plan", choices=sorted(PLANS), metavar="PLAN", help=", ".join(sorted(PLANS)))
            action.add_argument("--market", default="", metavar="CODE", help="the market, where it is of one")
            action.add_argument("--reason", type=_reason, required=True, metavar="TEXT", help="why; it is shown")
            action.add_argument("--as", dest="email", required=True, metavar="EMAIL", help=AS_HELP)
        on.add_argument(
            "--for", dest="lasts", type=_duration, required=True, metavar="TIME", help="for how long: 30m, 2h, 1d"
        )
        for action in (listing, on, off):
            action.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            described, lines = {"list": _list, "on": _switch_on, "off": _switch_off}[action](options)
        except Refusal as refusal:
            reason = refusal.facts().get("reason")
            raise CommandError(f"{refusal.title} ({reason})" if reason else refusal.title) from refusal
        self.stdout.write(json.dumps(described, indent=2) if options["json"] else "\n".join(lines))


def _list(_options: dict[str, Any]) -> tuple[Any, Iterable[str]]:
    on = degradation.list_on()
    described = {
        "on": [_describe(switch) for switch in on],
        "plans": [wire.to_json(plan) for plan in PLANS.values()],
    }
    return described, _lines(on)


def _switch_on(options: dict[str, Any]) -> tuple[Any, Iterable[str]]:
    now, market = clock.now(), options["market"]
    if market:
        get_market(market, now=now)
    switch = degradation.switch_on(
        plan=options["plan"],
        market=market,
        until=now + options["lasts"],
        reason=options["reason"],
        actor=actor_named(options["email"]),
        now=now,
    )
    return _describe(switch), [_line(switch)]


def _switch_off(options: dict[str, Any]) -> tuple[Any, Iterable[str]]:
    ended = degradation.switch_off(
        plan=options["plan"],
        market=options["market"],
        reason=options["reason"],
        actor=actor_named(options["email"]),
        now=clock.now(),
    )
    return {"ended": ended}, ["switched off" if ended else "it was not on"]


def _describe(switch: Switch) -> Any:
    return wire.to_json(switch) | {"buyers_see": PLANS[switch.plan].buyers_see}


def _lines(on: list[Switch]) -> Iterator[str]:
    yield from map(_line, on)
    if not on:
        yield "nothing is off"
    for plan in PLANS.values():
        yield ""
        yield from _plan_lines(plan)


def _line(switch: Switch) -> str:
    by = f"{switch.switched_on_by} ({switch.trigger})" if switch.trigger else switch.switched_on_by
    return (
        f"{switch.shown}  since {switch.since:%Y-%m-%d %H:%M:%S} until {switch.until:%Y-%m-%d %H:%M:%S}  "
        f"by {by}: {switch.reason}"
    )


def _plan_lines(plan: Plan) -> Iterator[str]:
    yield f"{plan.name}{' (of one market)' if plan.of_market else ''}"
    yield f"  stops: {plan.stops}"
    yield f"  instead: {plan.instead}"
    yield f"  buyers see: {plan.buyers_see or 'nothing'}"


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text[:40]!r} is no time such as 30m, 2h or 1d")
    return timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})


def _reason(text: str) -> str:
    if not 1 <= len(text.strip()) <= REASON_LENGTH_MAX:
        raise ArgumentTypeError(f"1 to {REASON_LENGTH_MAX} characters")
    return text.strip()
