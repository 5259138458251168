"""Instructions, answers and movements as JSON documents, and back. What is not of the form is refused: Unreadable."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from apps.settlement.bank.port import BankAnswer, BankMovement, BankSaid, MovementKind, PayoutInstruction
from tradecore import ids, wire
from tradecore.errors import Refusal
from tradecore.money import Money
from tradecore.strict_json import JSONRefused, parse_strictly

_REFERENCE: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_TEXT_LENGTH_MAX: Final = 100


class Unreadable(Exception):
    """A document is not what its reader expects; the words say where."""


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body."""
    try:
        document = parse_strictly(body)
    except JSONRefused as error:
        raise Unreadable("not JSON") from error
    if not isinstance(document, dict):
        raise Unreadable("not an object")
    return document


def write_instruction(instruction: PayoutInstruction) -> dict[str, Any]:
    """An instruction as the bank gets it."""
    return {
        "reference": str(instruction.reference),
        "account_token": instruction.account_token,
        "amount": wire.to_json(instruction.amount),
        "execute_on": instruction.execute_on.isoformat(),
    }


def read_instruction(document: Mapping[str, Any]) -> PayoutInstruction:
    """The instruction in a document."""
    return PayoutInstruction(
        reference=read_reference(document.get("reference")),
        bank="sandbox",
        account_token=read_text(document, "account_token"),
        amount=read_money(document.get("amount")),
        execute_on=read_day(document.get("execute_on")),
    )


def write_answer(answer: BankAnswer) -> dict[str, Any]:
    """An answer as the bank gives it."""
    return {
        "said": answer.said.value,
        "reference": str(answer.reference),
        "bank_ref": answer.bank_ref,
        "amount": wire.to_json(answer.amount),
        "code": answer.code,
    }


def read_answer(document: Mapping[str, Any]) -> BankAnswer:
    """The answer in a document."""
    return BankAnswer(
        said=_read_word(BankSaid, document, "said"),
        reference=read_reference(document.get("reference")),
        bank_ref=read_text(document, "bank_ref"),
        amount=read_money(document.get("amount")),
        code=read_text(document, "code"),
    )


def write_movement(movement: BankMovement) -> dict[str, Any]:
    """A line of our account's statement."""
    return {
        "kind": movement.kind.value,
        "reference": movement.reference,
        "bank_ref": movement.bank_ref,
        "amount": wire.to_json(movement.amount),
        "booked_on": movement.booked_on.isoformat(),
    }


def read_movement(document: Any) -> BankMovement:
    """The movement in a document."""
    if not isinstance(document, dict):
        raise Unreadable("movement")
    return BankMovement(
        kind=_read_word(MovementKind, document, "kind"),
        reference=read_text(document, "reference"),
        bank_ref=read_text(document, "bank_ref"),
        amount=read_money(document.get("amount")),
        booked_on=read_day(document.get("booked_on")),
    )


def read_reference(text: Any) -> int:
    """A reference of ours: a string of digits."""
    if not (isinstance(text, str) and _REFERENCE.fullmatch(text)) or int(text) > ids.MAX_ID:
        raise Unreadable("reference")
    return int(text)


def read_text(document: Mapping[str, Any], name: str) -> str:
    """A short text."""
    text = document.get(name)
    if not isinstance(text, str) or len(text) > _TEXT_LENGTH_MAX:
        raise Unreadable(name)
    return text


def read_money(document: Any) -> Money:
    """An amount."""
    match document:
        case {"amount": str(amount), "currency": str(currency)}:
            try:
                return Money.parse(amount, currency)
            except Refusal as refusal:
                raise Unreadable("amount") from refusal
    raise Unreadable("amount")


def read_day(text: Any) -> date:
    """A day."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise Unreadable("day") from error


def _read_word(words: Any, document: Mapping[str, Any], name: str) -> Any:
    try:
        return words(read_text(document, name))
    except ValueError as error:
        raise Unreadable(name) from error
