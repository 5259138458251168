"""Payout: one operator proposes it, another one approves it, and the bank confirms it."""

import re
from collections.abc import Sequence
from http import HTTPStatus

from config.demo import logins
from config.tour.arriving import MARKET
from config.tour.client import Answer
from config.tour.guide import Guide
from config.tour.office import Desk, words_of
from config.tour.selling import Counter
from config.tour.words import money, new_table

_APPROVALS = "/admin/tradecore/approval/"
_KIND = "settlement.payout_run"
_CODE = re.compile(r"Code to approve it:? ([0-9a-f]{8})\b")


def pay_out(guide: Guide, counter: Counter) -> None:
    """What is available to a shop is sent to its bank, by two people."""
    guide.chapter(
        "A payout", "One operator proposes what is to be paid out, another one approves exactly that list. Two people."
    )
    before = _list_payouts(guide, counter)
    ada, omar = Desk(guide, "Ada"), Desk(guide, "Omar")
    ada.sign_in(logins.ADMIN)
    asked = _propose(ada)
    if asked:
        _try_alone(guide, ada, asked)
    omar.sign_in(logins.OPERATOR)
    decided = [request for request in _list_waiting(omar) if _approve(guide, omar, request)]
    guide.promise("what was proposed is approved by somebody else", holds=bool(decided) and asked in [*decided, ""])
    _see_confirmed(guide, counter, known={payout["id"] for payout in before["items"]})


def _list_payouts(guide: Guide, counter: Counter) -> Answer:
    return guide.ask(
        "GET",
        f"{counter.path}/payouts",
        who=counter.seller,
        status=200,
        tell=lambda page: f"{len(page['items'])} payouts so far",
    )


def _propose(ada: Desk) -> str:
    """Returns the id of the request that waits; empty where the daily job has proposed it a moment earlier."""
    path = "/admin/back-office/propose-payouts/"
    form = {"market": MARKET, "reason": "the tour"}
    answer = ada.send(path, form, status={HTTPStatus.FOUND, HTTPStatus.OK}, tell=_describe_proposal)
    if answer.status == HTTPStatus.OK:
        return ""
    said = ada.read(path, tell=lambda page: _find_said(words_of(page)))
    found = re.search(r"request (\d+)\.", said)
    return found[1] if found else ""


def _try_alone(guide: Guide, ada: Desk, request: str) -> None:
    """Whoever asks for it cannot approve it, even if they may do everything."""
    page = f"{_APPROVALS}{request}/change/"
    code = _find_code(
        ada.read(page, tell=lambda answer: f"what is asked for, and its code: {_find_code(words_of(answer))}")
    )
    _send_code(ada, request, code)
    refused = ada.read(page, tell=lambda _: "the page, with what it says of that")
    guide.promise("whoever has proposed it cannot approve it", holds="somebody else must approve" in refused)


def _list_waiting(omar: Desk) -> Sequence[str]:
    """The ids of requests that wait for somebody."""
    page = omar.look_at(
        f"{_APPROVALS}?state=waiting",
        tell=lambda answer: f"{len(_find_requests(answer))} requests wait for a second person",
    )
    return _find_requests(page)


def _approve(guide: Guide, omar: Desk, request: str) -> bool:
    """Whether it was one for payouts of the demo's market: read it, and type its code."""
    page = f"{_APPROVALS}{request}/change/"
    said = omar.read(page, tell=lambda answer: _describe_request(words_of(answer)))
    if _KIND not in said or f"market: {MARKET}" not in said:
        return False
    _send_code(omar, request, _find_code(said))
    decided = omar.read(page, tell=lambda _: "the page, as it stands now")
    guide.promise(f"request {request} is approved", holds="APPROVED" in decided)
    return True


def _send_code(desk: Desk, request: str, code: str) -> None:
    form = {"_form_submitted": "on", "code": code}
    desk.send(f"{_APPROVALS}{request}/approve/", form, status=HTTPStatus.OK, tell=lambda _: "sent")


def _see_confirmed(guide: Guide, counter: Counter, *, known: set[str]) -> None:
    def is_confirmed(page: Answer) -> bool:
        return any(item["status"] == "CONFIRMED" for item in page["items"] if item["id"] not in known)

    page = guide.wait(
        f"{counter.path}/payouts",
        who=counter.seller,
        promise=f"the bank of {counter.shop_name} has confirmed it",
        until=is_confirmed,
        within_s=30,
    )
    table = new_table("payout", "amount:", "to", "sent", "confirmed")
    new = [item for item in page["items"] if item["id"] not in known]
    for item in new:
        table.add_row(item["number"], money(item["amount"]), item["account"], item["sent_at"], item["confirmed_at"])
    guide.show(table)
    account = guide.ask(
        "GET",
        f"{counter.path}/account",
        who=counter.seller,
        status=200,
        tell=lambda answer: f"{money(answer['available'])} available, {money(answer['reserve'])} kept back",
    )
    guide.promise("nobody is paid out more than they had", holds=not account["available"]["amount"].startswith("-"))


def _describe_proposal(answer: Answer) -> str:
    return "there is nothing to propose: the daily job was here" if answer.status == HTTPStatus.OK else "proposed"


def _describe_request(said: str) -> str:
    found = re.search(r"total: ([\d.]+ [A-Z]{3})", said)
    return f"what is asked for: {found[1] if found else 'something else'}"


def _find_said(said: str) -> str:
    found = re.search(r"Proposed: .*? request \d+\.", said)
    return found[0] if found else "the page again"


def _find_code(said: str) -> str:
    found = _CODE.search(said)
    return found[1] if found else ""


def _find_requests(page: Answer) -> Sequence[str]:
    return list(dict.fromkeys(re.findall(rf"{_APPROVALS}(\d+)/change/", page.body)))
