"""The sandbox bank: what it does with what it is sent, and the book that it keeps of it."""

import socket
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from apps.settlement.api import AccountUnusable, BankSaid, BankUnreachable, MovementKind, PayoutInstruction
from apps.settlement.bank.http_bank import HttpSandboxBank
from apps.settlement.bank.sandbox import SPECIAL_NUMBERS, SandboxBank
from apps.settlement.bank.server import SandboxBankServer
from tests.support import NOON, in_use_case
from tradecore.money import Money

pytestmark = pytest.mark.django_db

DAY = NOON.date()

AnyBank = SandboxBank | HttpSandboxBank


def tell(token: str, *, reference: int = 7, minor: int = 6755, on: date = DAY) -> PayoutInstruction:
    return PayoutInstruction(
        reference=reference, bank="sandbox", account_token=token, amount=Money(minor, "GBP"), execute_on=on
    )


@pytest.fixture(params=["in process", "over HTTP"])
def bank(request: pytest.FixtureRequest) -> Iterator[SandboxBank | HttpSandboxBank]:
    """Either of them: they are one bank."""
    here = SandboxBank(moment_ms=0)
    if request.param == "in process":
        yield here
        return
    server = SandboxBankServer(port=0, bank=here)
    server.start()
    yield HttpSandboxBank(url=server.url)
    server.stop()


class TestSend:
    def test_moves_money_once_however_often_it_is_sent(self, bank: AnyBank) -> None:
        answers = [bank.send(tell("acct_ok")) for _ in range(3)]
        assert {(answer.said, answer.reference, str(answer.amount)) for answer in answers} == {
            (BankSaid.CONFIRMED, 7, "67.55 GBP")
        }
        (movement,) = bank.list_movements(on=DAY)
        assert (movement.kind, movement.reference, movement.amount) == (MovementKind.PAYOUT, "7", Money(-6755, "GBP"))

    def test_refuses_another_instruction_under_a_reference_that_is_used(self, bank: AnyBank) -> None:
        bank.send(tell("acct_ok"))
        with pytest.raises(BankUnreachable):
            bank.send(tell("acct_ok", minor=6756))
        assert [movement.amount.minor for movement in bank.list_movements(on=DAY)] == [-6755]

    @pytest.mark.parametrize("token", ["acct_rejected", "acct_ok_NOT-OURS", "acct_unheard_of", ""])
    def test_rejects_at_once_what_it_cannot_pay_to(self, bank: AnyBank, token: str) -> None:
        assert bank.send(tell(token)).said is BankSaid.REJECTED
        answer = bank.ask(7)
        assert answer is not None
        assert answer.said is BankSaid.REJECTED
        assert answer.code in {"account_closed", "account_unknown"}
        assert bank.list_movements(on=DAY) == []

    def test_confirms_what_comes_back_later(self, bank: AnyBank) -> None:
        assert bank.send(tell("acct_returned")).said is BankSaid.CONFIRMED
        answer = bank.ask(7)
        assert answer is not None
        assert (answer.said, answer.code) == (BankSaid.RETURNED, "account_closed_since")
        assert [(each.kind, each.amount.minor) for each in bank.list_movements(on=DAY)] == [
            (MovementKind.PAYOUT, -6755),
            (MovementKind.RETURN, 6755),
        ]

    def test_is_silent_once_and_has_done_it(self, bank: AnyBank) -> None:
        with pytest.raises(BankUnreachable):
            bank.send(tell("acct_silent"))
        answer = bank.ask(7)
        assert answer is not None
        assert answer.said is BankSaid.CONFIRMED
        assert bank.send(tell("acct_silent")) == answer
        assert len(bank.list_movements(on=DAY)) == 1

    def test_never_gets_what_is_lost(self, bank: AnyBank) -> None:
        for _ in range(2):
            with pytest.raises(BankUnreachable):
                bank.send(tell("acct_lost"))
        assert bank.ask(7) is None
        assert bank.list_movements(on=DAY) == []

    def test_takes_its_time(self) -> None:
        slow = SandboxBank(moment_ms=60_000)
        assert slow.send(tell("acct_slow")).said is BankSaid.ACCEPTED
        assert slow.list_movements(on=DAY) == []
        soon = SandboxBank(moment_ms=0)
        soon.send(tell("acct_slow"))
        answer = soon.ask(7)
        assert answer is not None
        assert answer.said is BankSaid.CONFIRMED

    def test_is_never_inside_a_transaction(self, bank: AnyBank) -> None:
        with pytest.raises(AssertionError, match="commit first"):
            in_use_case(lambda: bank.send(tell("acct_ok")))
        assert bank.ask(7) is None


class TestMovements:
    def test_are_those_of_one_day(self, bank: AnyBank) -> None:
        bank.send(tell("acct_ok", reference=1))
        bank.send(tell("acct_ok", reference=2, on=date(2026, 3, 12)))
        assert [each.reference for each in bank.list_movements(on=date(2026, 3, 12))] == ["2"]

    def test_have_each_transfer_of_a_provider_once(self, bank: AnyBank) -> None:
        for _ in range(2):
            bank.book_transfer(reference="po_20260311_GBP_1", amount=Money(6873, "GBP"), on=DAY)
        bank.book_transfer(reference="po_20260311_JPY_1", amount=Money(-500, "JPY"), on=DAY)
        assert [(each.kind, each.reference, str(each.amount)) for each in bank.list_movements(on=DAY)] == [
            (MovementKind.TRANSFER, "po_20260311_GBP_1", "68.73 GBP"),
            (MovementKind.TRANSFER, "po_20260311_JPY_1", "-500 JPY"),
        ]


class TestOpenAccount:
    def test_gives_a_token_that_tells_nothing_of_the_number(self, bank: AnyBank) -> None:
        opened = bank.open_account(
            holder_name="North Wool", account_number="GB33 BUKB 2020 1555 5555 55", currency="GBP"
        )
        assert opened.masked == "…5555"
        assert opened.token.startswith("acct_ok_")
        again = bank.open_account(holder_name="North Wool", account_number="GB33BUKB20201555555555", currency="GBP")
        assert again.token != opened.token
        assert bank.send(tell(opened.token)).said is BankSaid.CONFIRMED

    @pytest.mark.parametrize(("digits", "behaviour"), SPECIAL_NUMBERS.items())
    def test_has_numbers_for_every_kind_of_day(self, bank: AnyBank, digits: str, behaviour: str) -> None:
        opened = bank.open_account(holder_name="North Wool", account_number=f"GB3320201555{digits}", currency="GBP")
        assert opened.token.startswith(f"acct_{behaviour}_")

    @pytest.mark.parametrize("number", ["", "12345", "GB33-2020", "ünf" * 4, "1" * 35])
    def test_refuses_what_is_no_number(self, bank: AnyBank, number: str) -> None:
        with pytest.raises(AccountUnusable):
            bank.open_account(holder_name="North Wool", account_number=number, currency="GBP")


class TestBook:
    def test_outlives_the_process_that_kept_it(self, tmp_path: Path) -> None:
        first = SandboxBank(book=tmp_path / "bank.sqlite3")
        first.send(tell("acct_ok"))
        second = SandboxBank(book=tmp_path / "bank.sqlite3")
        answer = second.ask(7)
        assert answer is not None
        assert answer.said is BankSaid.CONFIRMED
        second.send(tell("acct_ok"))
        assert len(first.list_movements(on=DAY)) == 1

    def test_that_cannot_be_opened_is_silence(self, tmp_path: Path) -> None:
        with pytest.raises(BankUnreachable):
            SandboxBank(book=tmp_path / "no such folder" / "bank.sqlite3").send(tell("acct_ok"))


OF_ANOTHER_PAYOUT = (
    b'{"said": "confirmed", "reference": "8", "bank_ref": "bk", "code": "", '
    b'"amount": {"amount": "67.55", "currency": "GBP"}}'
)


def answer_with(answer: bytes) -> str:
    """A server that answers one question with these bytes. Returns its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65_536)
            connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


class TestNoAnswer:
    """See Note [No answer of a bank]."""

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"said": "confirmed"',
            b"HTTP/1.1 200 OK\r\n\r\n<h1>We are back soon</h1>",
            b"HTTP/1.1 200 OK\r\n\r\n" + OF_ANOTHER_PAYOUT,
        ],
    )
    def test_is_what_cannot_be_read(self, answer: bytes) -> None:
        with pytest.raises(BankUnreachable):
            HttpSandboxBank(url=answer_with(answer)).ask(7)

    def test_is_a_bank_that_is_not_there(self) -> None:
        with pytest.raises(BankUnreachable):
            HttpSandboxBank(url="http://127.0.0.1:9", timeout_s=0.2).send(tell("acct_ok"))

    @pytest.mark.parametrize("url", ["", "https://bank.example", "127.0.0.1:80"])
    def test_is_not_looked_for_where_no_bank_can_be(self, url: str) -> None:
        with pytest.raises(ValueError, match="http://host:port"):
            HttpSandboxBank(url=url)
