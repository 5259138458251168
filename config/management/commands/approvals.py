"""`manage.py approvals`: what waits for a second person, and being that person."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.management.operators import AS_HELP, actor_named
from tradecore import approvals, clock, wire
from tradecore.approvals import Request
from tradecore.arguments import an_id, whole_number
from tradecore.errors import Refusal

REASON_LENGTH_MAX = 300

LIST_HELP = "list what waits for a second person, longest first"
SHOW_HELP = "show what was asked for, and the code that says that you have read it"
APPROVE_HELP = "approve what you have read, and do it, at once and in both your names"
REJECT_HELP = "reject it: nothing is done, and it can be asked for anew"


class Command(BaseCommand):
    help = "List what one person has asked for and another one must decide, read it, and decide."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help=LIST_HELP, description=LIST_HELP)
        listing.add_argument("--limit", type=whole_number(1), default=50, help="how many at most (default: 50)")
        showing = actions.add_parser("show", help=SHOW_HELP, description=SHOW_HELP)
        approving = actions.add_parser("approve", help=APPROVE_HELP, description=APPROVE_HELP)
        rejecting = actions.add_parser("reject", help=REJECT_HELP, description=REJECT_HELP)
        for action in (showing, approving, rejecting):
            action.add_argument("approval", type=an_id, metavar="ID", help="the id of the request")
        approving.add_argument("--code", required=True, help="the code of what you have read, as `show` shows it")
        rejecting.add_argument("--reason", type=_reason, required=True, metavar="TEXT", help="why; the audit keeps it")
        for action in (approving, rejecting):
            action.add_argument("--as", dest="email", required=True, metavar="EMAIL", help=AS_HELP)
        for action in (listing, showing, approving, rejecting):
            action.add_argument("--json", action="store_true", help="write JSON for scripts")

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            described, lines = {"list": _list, "show": _show, "approve": _approve, "reject": _reject}[action](options)
        except Refusal as refusal:
            raise CommandError(refusal.title) from refusal
        self.stdout.write(json.dumps(described, indent=2) if options["json"] else "\n".join(lines))


def _list(options: dict[str, Any]) -> tuple[Any, list[str]]:
    waiting = approvals.list_pending(now=clock.now(), limit=options["limit"])
    lines = [
        f"{row.id}  {row.kind:<32}{row.subject:<32}{row.requested_by}, until {row.expires_at:%Y-%m-%d %H:%M}"
        for row in waiting
    ]
    return [_describe(row) for row in waiting], lines or ["nothing waits"]


def _show(options: dict[str, Any]) -> tuple[Any, list[str]]:
    request = approvals.get_request(approval_id=options["approval"], now=clock.now())
    return _describe(request), list(_lines(request))


def _approve(options: dict[str, Any]) -> tuple[Any, list[str]]:
    actor, now = actor_named(options["email"]), clock.now()
    request = approvals.get_request(approval_id=options["approval"], now=now)
    content_hash = request.content_hash if options["code"] == request.code else ""
    approvals.approve(approval_id=request.id, content_hash=content_hash, actor=actor, now=now)
    return {"approved": str(request.id)}, [f"approved and done: {request.kind} of {request.subject}"]


def _reject(options: dict[str, Any]) -> tuple[Any, list[str]]:
    actor, now = actor_named(options["email"]), clock.now()
    approvals.reject(approval_id=options["approval"], actor=actor, reason=options["reason"], now=now)
    return {"rejected": str(options["approval"])}, ["rejected"]


def _describe(request: Request) -> Any:
    return wire.to_json(request) | {"code": request.code}


def _lines(request: Request) -> Iterator[str]:
    yield f"{request.kind} of {request.subject}: {request.status}"
    yield f"asked for by {request.requested_by} at {request.requested_at:%Y-%m-%d %H:%M}: {request.reason}"
    if request.decided_by:
        yield f"decided by {request.decided_by} at {request.decided_at:%Y-%m-%d %H:%M}: {request.decision_reason}"
    yield ""
    yield from approvals.spell_out(request.content)
    yield ""
    yield f"code to approve it: {request.code}, until {request.expires_at:%Y-%m-%d %H:%M}"


def _reason(text: str) -> str:
    if not 1 <= len(text.strip()) <= REASON_LENGTH_MAX:
        raise ArgumentTypeError(f"1 to {REASON_LENGTH_MAX} characters")
    return text.strip()
