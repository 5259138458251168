"""What the sandbox settles: from its own book, to the cent, once, and as a file."""

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.payments.provider import Operation, ProviderSettlement, ProviderUnreachable, SettledKind, SettlementLine
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.errors import Unreadable
from apps.payments.sandbox.http_provider import HttpSandboxProvider
from apps.payments.sandbox.rules import FeeRule
from apps.payments.sandbox.server import SandboxServer
from apps.payments.sandbox.settlement_file import read_settlements, write_settlements
from tests.payments.sandbox.support import PRICE, Disputing, in_processes, make_call
from tests.payments.sandbox.test_server import request
from tests.support import NOON, in_use_case
from tradecore import clock
from tradecore.money import Money

WEDNESDAY = NOON.date()
THURSDAY = WEDNESDAY + timedelta(days=1)


class Clock:
    """The clock of a book, which a test moves."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> int:
        return int(self.now.timestamp() * 1000)


@pytest.fixture
def at() -> Clock:
    return Clock()


@pytest.fixture
def book(at: Clock) -> Book:
    return Book(now_ms=at)


def today() -> date:
    return clock.real_now().date()


def of_one(settlements: list[ProviderSettlement]) -> ProviderSettlement:
    (settlement,) = settlements
    return settlement


def lines_of(settlement: ProviderSettlement) -> list[tuple[str, int, int]]:
    return [(line.kind.value, line.gross.minor, line.fee.minor) for line in settlement.lines]


class TestFees:
    @pytest.mark.parametrize(
        ("charged", "fee_minor"),
        [
            (Money(10_000, "GBP"), 170),
            (Money(6944, "GBP"), 124),  # 104.16 and 20
            (Money(100, "GBP"), 22),  # 1.5 is rounded up
            (Money(1, "GBP"), 20),
            (Money(6760, "JPY"), 101),  # no fixed part
            (Money(10_000, "KWD"), 150),
        ],
    )
    def test_are_a_rate_and_a_fixed_part(self, charged: Money, fee_minor: int) -> None:
        assert FeeRule().fee_of(charged) == Money(fee_minor, charged.currency)

    def test_are_those_of_the_moment(self, tmp_path: Path, at: Clock) -> None:
        path = tmp_path / "book.sqlite3"
        Book(path, now_ms=at).take(make_call())
        dearer = Book(path, now_ms=at, fees=FeeRule(rate_bp=1000, fixed_minor=0))
        dearer.take(make_call())
        dearer.settle_now()
        assert [line.fee.minor for line in of_one(dearer.list_settlements(on=WEDNESDAY)).lines] == [39, 123]


class TestADay:
    def test_is_settled_once_it_is_over(self, book: Book, at: Clock) -> None:
        book.take(charge := make_call())
        book.take(make_call(token="tok_declined"))
        book.take(make_call(Operation.REFUND, about=charge, amount=Money(234, "GBP")))
        assert book.list_settlements(on=WEDNESDAY) == []
        at.now = datetime(2026, 3, 12, tzinfo=UTC)
        settlement = of_one(book.list_settlements(on=WEDNESDAY))
        assert settlement.provider_ref == "po_20260311_GBP_1"
        assert lines_of(settlement) == [("charge", 1234, 39), ("refund", -234, 0)]
        assert (settlement.gross.minor, settlement.fee.minor, settlement.transfer.minor) == (1000, 39, 961)
        assert settlement.adds_up
        assert (settlement.lines[0].reference, settlement.lines[0].at) == (charge.reference, NOON)
        assert book.list_settlements(on=THURSDAY) == []

    def test_never_changes_once_it_is_settled(self, book: Book, at: Clock) -> None:
        book.take(charge := make_call())
        at.now += timedelta(days=1)
        before = book.list_settlements(on=WEDNESDAY)
        book.take(make_call(Operation.REFUND, about=charge))
        at.now += timedelta(days=1)
        assert book.list_settlements(on=WEDNESDAY) == before
        refunded = of_one(book.list_settlements(on=THURSDAY))
        assert (refunded.transfer.minor, refunded.adds_up) == (-1234, True)

    def test_ends_at_midnight(self, book: Book, at: Clock) -> None:
        at.now = datetime(2026, 3, 11, 23, 59, 59, 999_000, tzinfo=UTC)
        book.take(make_call())
        at.now = datetime(2026, 3, 12, tzinfo=UTC)
        book.take(make_call(amount=Money(500, "GBP")))
        at.now += timedelta(days=1)
        assert of_one(book.list_settlements(on=WEDNESDAY)).gross == PRICE
        assert of_one(book.list_settlements(on=THURSDAY)).gross == Money(500, "GBP")

    def test_has_a_transfer_for_each_currency(self, book: Book, at: Clock) -> None:
        book.take(make_call())
        book.take(make_call(amount=Money(1980, "JPY")))
        at.now += timedelta(days=1)
        settled = {each.provider_ref: each.transfer for each in book.list_settlements(on=WEDNESDAY)}
        assert settled == {"po_20260311_GBP_1": Money(1195, "GBP"), "po_20260311_JPY_1": Money(1950, "JPY")}

    def test_settled_by_hand_gets_another_transfer_for_its_rest(self, book: Book, at: Clock) -> None:
        book.take(make_call())
        assert book.settle_now() == ["po_20260311_GBP_1"]
        assert book.settle_now() == []
        book.take(make_call(amount=Money(500, "GBP")))
        at.now += timedelta(days=1)
        assert [each.gross.minor for each in book.list_settlements(on=WEDNESDAY)] == [1234, 500]

    def test_has_what_was_completed_on_it(self, book: Book, at: Clock) -> None:
        book.take(call := make_call(token="tok_pending"))
        at.now += timedelta(days=1)
        book.complete(reference=call.reference, succeeds=True)
        at.now += timedelta(days=1)
        assert book.list_settlements(on=WEDNESDAY) == []
        assert of_one(book.list_settlements(on=THURSDAY)).gross == PRICE

    def test_has_chargebacks_and_what_was_won_of_them(self, book: Book, at: Clock) -> None:
        book.take(call := make_call())
        told = book.open_dispute(reference=call.reference, amount_minor=None, reason_code="10.4", evidence_ms=1)
        book.decide_dispute(provider_ref=told.provider_ref, is_won=True)
        book.decide_dispute(provider_ref=told.provider_ref, is_won=True)
        lost = book.open_dispute(reference=call.reference, amount_minor=100, reason_code="10.4", evidence_ms=1)
        book.decide_dispute(provider_ref=lost.provider_ref, is_won=False)
        at.now += timedelta(days=1)
        settlement = of_one(book.list_settlements(on=WEDNESDAY))
        assert lines_of(settlement) == [
            ("charge", 1234, 39),
            ("chargeback", -1234, 0),
            ("chargeback_reversal", 1234, 0),
            ("chargeback", -100, 0),
        ]
        assert {line.reference for line in settlement.lines} == {call.reference}
        assert [line.provider_ref for line in settlement.lines[1:]] == [
            told.provider_ref,
            told.provider_ref,
            lost.provider_ref,
        ]

    def test_is_settled_once_by_several_processes(self, tmp_path: Path) -> None:
        path = tmp_path / "book.sqlite3"
        Book(path).take(make_call())
        in_processes(4, lambda _: Book(path).settle_now())
        assert len(of_one(Book(path).list_settlements(on=today())).lines) == 1


class TestAnOldBook:
    def test_is_brought_up_to_date_and_settled(self, tmp_path: Path, at: Clock) -> None:
        path = tmp_path / "book.sqlite3"
        self.write_old(path)
        in_processes(3, lambda _: Book(path, now_ms=at).open())
        book = Book(path, now_ms=at)
        assert [entry.call.reference for entry in book.list_entries()] == [7, 8]
        at.now += timedelta(days=1)
        assert lines_of(of_one(book.list_settlements(on=WEDNESDAY))) == [("charge", 1234, 39)]
        assert book.take(make_call(Operation.REFUND, about=7)).entry.standing == "refunded"

    def write_old(self, path: Path) -> None:
        """What a version without chargebacks and settlements wrote."""
        at_ms = int(NOON.timestamp() * 1000)
        row = "('charge', 'card', 'tok_ok', 1234, 'GBP', 1, NULL"
        with sqlite3.connect(path) as connection:
            connection.execute(
                "CREATE TABLE call (reference INTEGER PRIMARY KEY, operation TEXT NOT NULL, method TEXT NOT NULL, "
                "method_token TEXT NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, "
                "instalments INTEGER NOT NULL, about INTEGER, standing TEXT NOT NULL, code TEXT NOT NULL, "
                "taken_at_ms INTEGER NOT NULL, changed_at_ms INTEGER NOT NULL)"
            )
            connection.execute("CREATE INDEX call_about ON call (about) WHERE about IS NOT NULL")
            connection.execute(f"INSERT INTO call VALUES (7, {row[1:]}, 'captured', '', {at_ms}, {at_ms})")
            connection.execute(f"INSERT INTO call VALUES (8, {row[1:]}, 'declined', 'x', {at_ms}, {at_ms})")
        connection.close()


class TestBothShapes:
    def test_publish_the_same_file(self, provider: Disputing) -> None:
        provider.send(charge := make_call())
        provider.send(refund := make_call(Operation.REFUND, about=charge, amount=Money(34, "GBP")))
        assert provider.list_settlements(on=today()) == ()
        (transfer,) = provider.settle_now()
        settlement = of_one(list(provider.list_settlements(on=today())))
        assert (settlement.provider_ref, settlement.account) == (transfer, provider.account)
        assert (settlement.gross.minor, settlement.fee.minor, settlement.transfer.minor) == (1200, 39, 1161)
        assert [line.reference for line in settlement.lines] == [charge.reference, refund.reference]
        said = provider.ask(charge.reference)
        assert said is not None
        assert settlement.lines[0].provider_ref == said.provider_ref

    def test_are_asked_outside_any_transaction(self, provider: Disputing, db: None) -> None:
        with pytest.raises(AssertionError, match="a use case is open"):
            in_use_case(lambda: provider.list_settlements(on=today()))


class TestOverHttp:
    def test_is_csv(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        client.send(make_call())
        client.settle_now()
        status, text = request(server, "GET", f"/v1/settlements/{today()}")
        assert status == 200
        header, line, total = text.splitlines()
        assert (
            header == "row,transfer,account,day,currency,kind,our_reference,provider_reference,gross,fee,net,at,count"
        )
        assert line.startswith(f"line,po_{today():%Y%m%d}_GBP_1,sandbox_merchant,{today()},GBP,charge,")
        assert total.endswith(",12.34,0.39,11.95,,1")

    @pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "2026", "٢٠٢٦-03-11"])
    def test_has_days(self, server: SandboxServer, day: str) -> None:
        path = f"/v1/settlements/{day}" if day.isascii() else "/v1/settlements/%D9%A2"
        assert request(server, "GET", path)[0] == 400

    def test_is_no_file_where_nobody_answers(self) -> None:
        nowhere = HttpSandboxProvider(url="http://127.0.0.1:1", secrets=[])
        with pytest.raises(ProviderUnreachable):
            nowhere.list_settlements(on=WEDNESDAY)

    def test_is_no_file_where_something_else_answers(
        self, server: SandboxServer, client: HttpSandboxProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for body in (b"<!doctype html>", b"", b"\xff"):
            monkeypatch.setattr(server.desk, "settlement_file", lambda on, body=body: body)
            with pytest.raises(ProviderUnreachable, match="published nothing"):
                client.list_settlements(on=WEDNESDAY)


def make_line(**parts: object) -> SettlementLine:
    known: dict[str, object] = {
        "kind": SettledKind.CHARGE,
        "reference": 4711,
        "provider_ref": "sbx_4711",
        "gross": PRICE,
        "fee": Money(39, "GBP"),
        "at": NOON,
    }
    return SettlementLine(**known | parts)  # type: ignore[arg-type]


def make_settlement(*lines: SettlementLine, **parts: object) -> ProviderSettlement:
    gross = sum((line.gross for line in lines), start=Money(0, "GBP"))
    fee = sum((line.fee for line in lines), start=Money(0, "GBP"))
    known: dict[str, object] = {
        "provider_ref": "po_1",
        "account": "sandbox_merchant",
        "on": WEDNESDAY,
        "gross": gross,
        "fee": fee,
        "transfer": gross - fee,
        "lines": lines,
    }
    return ProviderSettlement(**known | parts)  # type: ignore[arg-type]


class TestTheFile:
    @given(
        amounts=st.lists(
            st.tuples(st.sampled_from(list(SettledKind)), st.integers(-(10**12), 10**12), st.integers(0, 10**6)),
            max_size=6,
        )
    )
    def test_is_read_as_it_was_written(self, amounts: list[tuple[SettledKind, int, int]]) -> None:
        lines = [
            make_line(kind=kind, gross=Money(gross, "GBP"), fee=Money(fee, "GBP"), provider_ref='x,"\r\ny é')
            for kind, gross, fee in amounts
        ]
        settlements = (make_settlement(*lines), make_settlement(make_line(), provider_ref="po_2"))
        assert read_settlements(write_settlements(settlements)) == settlements

    def test_may_be_of_a_day_without_a_transfer(self) -> None:
        assert read_settlements(write_settlements([])) == ()

    def test_that_is_cut_off_anywhere_is_not_believed(self) -> None:
        whole = write_settlements([make_settlement(make_line(), make_line(reference=4712))])
        for length in range(len(whole) - len(b"\r\n")):
            with pytest.raises(Unreadable):
                self.read_something(whole[:length])

    def read_something(self, body: bytes) -> None:
        """A file that ends after its header is one of a day without a transfer, and a good one."""
        if body.rstrip(b"\r\n") == write_settlements([]).rstrip(b"\r\n"):
            raise Unreadable(reason="nothing in it")
        read_settlements(body)

    @pytest.mark.parametrize(
        ("stood", "instead"),
        [
            (b"row,transfer", b"row,payout"),
            (b",charge,", b",gift,"),
            (b",4711,", b",0,"),
            (b",sbx_4711,", b",,"),
            (b",12.34,0.39,11.95,2026", b",12.34,0.39,11.96,2026"),
            (b",12.34,0.39,11.95,2026", b",12.345,0.39,11.95,2026"),
            (b",12.34,0.39,11.95,2026", b",,0.39,11.95,2026"),
            (b"12:00:00.000+00:00", b"12:00:00.000"),
            (b"12:00:00.000+00:00", b"noon"),
            (b"line,po_1", b"line,po_2"),
            (b"line,po_1", b"note,po_1"),
            (b"total,", b"sum,"),
            (b",GBP,charge", b",EUR,charge"),
            (b",GBP,charge", b",XXX,charge"),
            (b",,1\r\n", b",,2\r\n"),
            (b",,1\r\n", b",,\r\n"),
            (b"total,po_1,sandbox_merchant,2026-03-11", b"total,po_1,sandbox_merchant,2026-02-30"),
            (b"total,po_1,sandbox_merchant", b"total,po_1,"),
            (b"\r\ntotal", b"\r\nline\r\ntotal"),
            (b"sbx_4711", b"\xff"),
            (b"sbx_4711", b'"sbx'),
        ],
    )
    def test_is_not_believed_where_it_cannot_be_read(self, stood: bytes, instead: bytes) -> None:
        whole = write_settlements([make_settlement(make_line())])
        assert whole.count(stood) == 1
        with pytest.raises(Unreadable):
            read_settlements(whole.replace(stood, instead))

    @pytest.mark.parametrize("sum_of", ["gross", "fee", "transfer"])
    def test_may_name_sums_that_are_wrong_and_is_read_all_the_same(self, sum_of: str) -> None:
        wrong = make_settlement(make_line(), **{sum_of: Money(1, "GBP")})
        assert not wrong.adds_up
        assert read_settlements(write_settlements([wrong])) == (wrong,)
