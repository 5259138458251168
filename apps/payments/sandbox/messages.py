"""Calls and statements as JSON documents, and back: one form for requests, answers and webhooks.

A reader takes exactly what it documents and refuses the rest: Unreadable. Members that a statement has beyond ours are
passed over, since a provider may add some; a call with such members is refused. What is of chargebacks alone stands in
no other document.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from apps.payments.provider import Call, DisputeFacts, Operation, Said, Statement
from apps.payments.sandbox.errors import Unreadable
from tradecore import ids, wire
from tradecore.errors import Refusal
from tradecore.money import Money
from tradecore.strict_json import JSONRefused, parse_strictly

Word = TypeVar("Word", Operation, Said)

_REFERENCE: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_TOKEN: Final = re.compile(r"tok_[a-z0-9_]{1,96}", re.ASCII)
_CALL_MEMBERS: Final = frozenset({"reference", "operation", "method", "method_token", "amount", "instalments", "about"})
_ANSWER_MEMBERS: Final = _CALL_MEMBERS | {"dispute_ref", "evidence"}

REASON_CODE_LENGTH_MAX: Final = 40
_TEXTS_MAX: Final = 100
_TEXT_LENGTH_MAX: Final = 50_000


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Refuses: Unreadable."""
    try:
        document = parse_strictly(body)
    except JSONRefused as error:
        raise Unreadable(reason="not JSON") from error
    if not isinstance(document, dict):
        raise Unreadable(reason="not an object")
    return document


def write_call(call: Call) -> dict[str, Any]:
    """A call as the provider gets it."""
    document = {
        "reference": str(call.reference),
        "operation": call.operation.value,
        "method": call.method,
        "method_token": call.method_token,
        "amount": wire.to_json(call.amount),
        "instalments": call.instalments,
        "about": None if call.about is None else str(call.about),
    }
    answer = {"dispute_ref": call.dispute_ref, "evidence": None if call.evidence is None else dict(call.evidence)}
    return document | answer if call.dispute_ref else document


def read_call(document: Mapping[str, Any]) -> Call:
    """The call in a document. Refuses: Unreadable."""
    if document.keys() not in (_CALL_MEMBERS, _ANSWER_MEMBERS):
        raise Unreadable(reason="members")
    about, is_answer = document["about"], "dispute_ref" in document
    return Call(
        reference=read_reference(document["reference"]),
        operation=_read_word(Operation, document, "operation"),
        provider="sandbox",
        method=_read_text(document, "method", length_max=20),
        method_token=_read_token(document["method_token"]),
        amount=read_money(document["amount"]),
        instalments=_read_instalments(document["instalments"]),
        about=None if about is None else read_reference(about),
        dispute_ref=_read_text(document, "dispute_ref", length_max=100) if is_answer else "",
        evidence=_read_evidence(document["evidence"]) if is_answer else None,
    )


def write_statement(statement: Statement) -> dict[str, Any]:
    """A statement as the provider makes it."""
    document = {
        "reference": str(statement.reference),
        "said": statement.said.value,
        "provider_ref": statement.provider_ref,
        "amount": wire.to_json(statement.amount),
        "account": statement.account,
        "decline_code": statement.decline_code,
        "next_action": statement.next_action,
    }
    return document if statement.dispute is None else document | {"dispute": wire.to_json(statement.dispute)}


def read_statement(document: Mapping[str, Any], *, event_id: str | None = None) -> Statement:
    """The statement in a document. Refuses: Unreadable."""
    next_action = document.get("next_action")
    if next_action is not None and not isinstance(next_action, dict):
        raise Unreadable(reason="next_action")
    return Statement(
        said=_read_word(Said, document, "said"),
        reference=read_reference(document.get("reference")),
        provider_ref=_read_text(document, "provider_ref", length_max=100),
        amount=read_money(document.get("amount")),
        account=_read_text(document, "account", length_max=100),
        event_id=event_id,
        decline_code=_read_text(document, "decline_code", length_max=40),
        next_action=next_action,
        dispute=_read_dispute(document.get("dispute")),
    )


def read_reference(text: Any) -> int:
    """A reference: a string of digits. Refuses: Unreadable."""
    if not (isinstance(text, str) and _REFERENCE.fullmatch(text)) or int(text) > ids.MAX_ID:
        raise Unreadable(reason="reference")
    return int(text)


def read_money(document: Any) -> Money:
    """An amount with its currency. Refuses: Unreadable."""
    match document:
        case {"amount": str(amount), "currency": str(currency)}:
            try:
                return Money.parse(amount, currency)
            except Refusal as refusal:
                raise Unreadable(reason="amount") from refusal
    raise Unreadable(reason="amount")


def read_reason_code(document: Mapping[str, Any]) -> str:
    """The code that a network gives a chargeback. Refuses: Unreadable."""
    code = _read_text(document, "reason_code", length_max=REASON_CODE_LENGTH_MAX)
    if not code:
        raise Unreadable(reason="reason_code")
    return code


def _read_dispute(document: Any) -> DisputeFacts | None:
    if document is None:
        return None
    if not isinstance(document, dict):
        raise Unreadable(reason="dispute")
    return DisputeFacts(read_reason_code(document), evidence_by=_read_moment(document.get("evidence_by")))


def _read_moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise Unreadable(reason="moment") from error
    if moment.tzinfo is None:
        raise Unreadable(reason="moment")
    return moment


def _read_evidence(document: Any) -> dict[str, str] | None:
    """Texts by name, so many and so long at most."""
    if document is None:
        return None
    if not isinstance(document, dict) or len(document) > _TEXTS_MAX:
        raise Unreadable(reason="evidence")
    return {name: _read_text(document, name, length_max=_TEXT_LENGTH_MAX) for name in document}


def _read_word(words: type[Word], document: Mapping[str, Any], name: str) -> Word:
    try:
        return words(_read_text(document, name, length_max=20))
    except ValueError as error:
        raise Unreadable(reason=name) from error


def _read_text(document: Mapping[str, Any], name: str, *, length_max: int) -> str:
    text = document.get(name)
    if not isinstance(text, str) or len(text) > length_max:
        raise Unreadable(reason=name)
    return text


def _read_token(text: Any) -> str:
    """A token of this provider's form: nothing that could be a card number gets as far as the book."""
    if not (isinstance(text, str) and _TOKEN.fullmatch(text)):
        raise Unreadable(reason="method_token")
    return text


def _read_instalments(number: Any) -> int:
    if type(number) is not int:
        raise Unreadable(reason="instalments")
    return number
