"""Files of providers and banks: kept line by line, compared with what we know, and posted where they agree."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from apps.checkout import api as checkout
from apps.ledger.models import Entry, Posting
from apps.payments import api as payments
from apps.payments.api import ProviderSettlement, ProviderUnreachable, Said, SettledKind, SettlementLine
from apps.payments.models import Capture, Dispute, ProviderCall
from apps.reconciliation import api as reconciliation
from apps.reconciliation.api import BankUnknown, DayNotBegun, LineSettled, Source, TooManyDays
from apps.reconciliation.models import Break, File, FileLine
from apps.settlement import api as settlement
from apps.settlement.api import BankUnreachable
from apps.settlement.models import Payout
from tests.books import balance_of
from tests.factories.checkout import ACCOUNT, ShopFloor, buy, make_shop_floor
from tests.factories.payments import decide, dispute, tell
from tests.factories.payouts import WatchedBank, make_seller, open_bank, pay_out
from tests.support import NOON, in_use_case
from tradecore import approvals, clock
from tradecore.errors import NotFound
from tradecore.money import Money

DAY = timedelta(days=1)
PROVIDER, BANK = (Source.PROVIDER, "scripted"), (Source.BANK, "sandbox")

pytestmark = pytest.mark.django_db


@dataclass
class Outside:
    """A floor whose provider settles what it is told to, and the bank that it transfers to."""

    floor: ShopFloor
    bank: WatchedBank
    number: int = 0
    today: date = field(default_factory=lambda: clock.real_now().date())

    def settle(self, *lines: SettlementLine, on: date | None = None, **parts: Any) -> ProviderSettlement:
        """The provider settles these lines; whatever is named otherwise is so."""
        self.number += 1
        nothing = Money.zero("GBP")
        gross = sum((line.gross for line in lines), start=nothing)
        fee = sum((line.fee for line in lines), start=nothing)
        settled = ProviderSettlement(
            **{
                "provider_ref": f"po_{self.number}",
                "account": ACCOUNT,
                "on": on or self.today,
                "gross": gross,
                "fee": fee,
                "transfer": gross - fee,
                "lines": tuple(lines),
                **parts,
            }
        )
        self.floor.provider.settlements.append(settled)
        return settled

    def compare(self, *named: tuple[Source, str], on: date | None = None, days: int = 0) -> reconciliation.FilesReport:
        """Fetch and compare, so many days after today."""
        on = on or self.today
        real_now = clock.real_now() + max(days, (on - self.today).days) * DAY
        return reconciliation.reconcile_files(named=named or (PROVIDER,), on=on, real_now=real_now)

    def cover(self, *named: tuple[Source, str]) -> reconciliation.FilesReport:
        """All days around today were fetched: whatever is in no file is missing."""
        self.compare(*named, on=self.today - DAY)
        return self.compare(*named, on=self.today + 4 * DAY)


@pytest.fixture
def outside(db: None) -> Outside:
    bank = open_bank()
    return Outside(make_shop_floor(), bank)


def charge(captured: Capture | None = None, **parts: Any) -> SettlementLine:
    """The line of a capture, the only one unless it is named, with a fee of 0.30."""
    captured = captured or Capture.objects.get()
    call = ProviderCall.objects.get(tender=captured.tender, operation="charge")
    line = SettlementLine(
        kind=SettledKind.CHARGE,
        reference=call.pk,
        provider_ref=captured.provider_ref,
        gross=Money(captured.amount_minor, "GBP"),
        fee=Money(30, "GBP"),
        at=clock.real_now(),
    )
    return replace(line, **parts)


def refund_line() -> SettlementLine:
    call = ProviderCall.objects.get(operation="refund")
    return SettlementLine(
        kind=SettledKind.REFUND,
        reference=call.pk,
        provider_ref=f"ref_{call.pk}",
        gross=Money(-call.amount_minor, "GBP"),
        fee=Money.zero("GBP"),
        at=clock.real_now(),
    )


def dispute_line(kind: SettledKind, disputed: Dispute) -> SettlementLine:
    sign = -1 if kind is SettledKind.CHARGEBACK else 1
    return SettlementLine(
        kind=kind,
        reference=ProviderCall.objects.get(operation="charge").pk,
        provider_ref=disputed.provider_ref,
        gross=Money(sign * disputed.amount_minor, "GBP"),
        fee=Money.zero("GBP"),
        at=clock.real_now(),
    )


def pay(outside: Outside, *, price_minor: int = 1999) -> checkout.PaymentProgress:
    return buy((outside.floor.add_sku(price_minor=price_minor), 1), now=clock.now())


def send_back(progress: checkout.PaymentProgress) -> None:
    """All of it, before shipment."""
    (order,) = progress.purchase.orders
    checkout.cancel_lines(order_id=order.id, units=None, initiator="buyer", reason="changed_mind", now=clock.now())
    ProviderCall.objects.filter(operation="refund").update(ask_at=clock.real_now() - timedelta(seconds=1))
    checkout.poll_provider_calls(limit=10, now=clock.now())


def broken(report: reconciliation.FilesReport) -> list[tuple[str, int]]:
    return [(offence.invariant, offence.ref) for offence in report.offences]


def states(**narrowed: Any) -> list[tuple[str, str]]:
    lines = FileLine.objects.filter(**narrowed).exclude(kind="total").order_by("id")
    return list(lines.values_list("kind", "state"))


def left_with_provider() -> int:
    """What the books say that the provider has of ours."""
    return balance_of("PSP_CLEARING.scripted")


class TestAFileThatAgrees:
    def test_is_posted_line_by_line(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge())
        report = outside.compare()
        assert broken(report) == []
        assert report.states == {"AGREES": 1, "OPEN": 1}
        captured = Capture.objects.get()
        assert left_with_provider() == 0
        assert balance_of("BANK") == captured.amount_minor - 30
        assert balance_of("PLATFORM_EXPENSE.provider_fee") == 30
        line = FileLine.objects.get(kind="charge")
        assert (line.subject_ref, line.our_ref) == (captured.pk, str(charge().reference))
        posting = Posting.objects.get(kind="settled_charge")
        total = FileLine.objects.get(kind="total")
        assert posting.reference == captured.pk
        assert Entry.objects.get(posting=posting, account="BANK").about_ref == total.pk

    def test_may_tell_of_everything_that_a_provider_does(self, outside: Outside) -> None:
        paid = pay(outside)
        disputed = dispute(outside.floor.provider, payable_ref=paid.purchase.id, minor=500, now=clock.now())
        tell(decide(outside.floor.provider, Said.DISPUTE_WON), now=clock.now())
        send_back(paid)
        lines = [
            charge(),
            dispute_line(SettledKind.CHARGEBACK, disputed),
            dispute_line(SettledKind.CHARGEBACK_REVERSAL, disputed),
            refund_line(),
        ]
        outside.settle(*lines)
        assert broken(outside.compare()) == []
        assert states() == [(line.kind.value, "AGREES") for line in lines]
        assert left_with_provider() == 0
        assert balance_of("BANK") == -30

    def test_changes_nothing_when_it_comes_again(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge())
        outside.compare()
        before = (FileLine.objects.count(), Posting.objects.count(), Break.objects.count())
        again = outside.compare()
        assert [file.new_count for file in again.files] == [0]
        assert (FileLine.objects.count(), Posting.objects.count(), Break.objects.count()) == before
        assert File.objects.get(on=outside.today).fetched_count == 2

    def test_may_tell_of_more_when_it_comes_again(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge())
        outside.compare()
        pay(outside)
        outside.settle(charge(Capture.objects.latest("id")))
        again = outside.compare()
        assert [file.new_count for file in again.files] == [2]
        assert broken(again) == []
        assert left_with_provider() == 0

    def test_may_tell_what_we_learn_of_later(self, outside: Outside) -> None:
        """Whatever it was that we did not know is found by the next comparison."""
        pay(outside)
        line = charge()
        Capture.objects.update(provider_ref="ref_other")
        outside.settle(line)
        assert [name for name, _ in broken(outside.compare())] == ["I30"]
        Capture.objects.update(provider_ref=line.provider_ref)
        assert broken(outside.compare()) == []
        assert Break.objects.get().closed_at is not None
        assert left_with_provider() == 0

    def test_of_a_day_on_which_nothing_moved_is_empty(self, outside: Outside) -> None:
        report = outside.compare()
        assert (broken(report), report.states) == ([], {})
        assert File.objects.get().line_count == 0


class TestALineThatDoesNotAgree:
    def find(self, outside: Outside, *, state: str, name: str, posted: int = 0) -> FileLine:
        """It is of that state, stands in that break and is not posted."""
        report = outside.compare()
        line = FileLine.objects.get(state=state)
        assert broken(report) == [(name, line.pk)]
        assert Posting.objects.filter(kind__startswith="settled_").count() == posted
        return line

    def test_is_missing_here(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge(provider_ref="ref_nobodys"))
        self.find(outside, state="MISSING_HERE", name="I30")

    def test_of_another_reference_is_missing_here(self, outside: Outside) -> None:
        paid = pay(outside)
        send_back(paid)
        outside.settle(replace(refund_line(), reference=1))
        self.find(outside, state="MISSING_HERE", name="I30")

    @pytest.mark.parametrize("minor", [1, -1])
    def test_differs_in_its_amount(self, outside: Outside, minor: int) -> None:
        pay(outside)
        line = charge()
        outside.settle(replace(line, gross=line.gross + Money(minor, "GBP")))
        found = self.find(outside, state="DIFFERS", name="I30c")
        assert Break.objects.get().at_risk_minor == abs(found.amount_minor)

    def test_differs_in_its_account(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge(), account="somebody-elses")
        self.find(outside, state="DIFFERS", name="I30c")

    def test_is_a_duplicate_in_the_same_settlement(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge(), charge())
        self.find(outside, state="DUPLICATE", name="I30d", posted=1)

    def test_is_a_duplicate_in_a_later_one(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge())
        assert broken(outside.compare()) == []
        outside.settle(charge())
        self.find(outside, state="DUPLICATE", name="I30d", posted=1)

    def test_corrects_what_was_wrong_by_a_line_of_its_own(self, outside: Outside) -> None:
        pay(outside)
        line = charge()
        outside.settle(replace(line, gross=line.gross + Money(1, "GBP")))
        outside.compare()
        outside.settle(line)
        outside.compare()
        assert states() == [("charge", "DIFFERS"), ("charge", "AGREES")]
        assert left_with_provider() == 0

    def test_leaves_the_others_as_they_are(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge(), charge(provider_ref="ref_nobodys"))
        self.find(outside, state="MISSING_HERE", name="I30", posted=1)
        assert left_with_provider() == 0


class TestAnExplanation:
    @pytest.fixture
    def line(self, outside: Outside) -> FileLine:
        """A line that will never agree."""
        outside.settle(charge_of_nobody())
        outside.compare()
        return FileLine.objects.get(kind="charge")

    def ask(self, line: FileLine) -> approvals.AwaitsApproval:
        return reconciliation.request_explanation(
            line_id=line.pk, reason="theirs, and taken back in May", actor="user:1", now=clock.now()
        )

    def agree(self, asked: approvals.AwaitsApproval, *, actor: str = "user:2") -> None:
        request = approvals.get_request(approval_id=asked.approval_id, now=clock.now())
        approvals.approve(approval_id=request.id, content_hash=request.content_hash, actor=actor, now=clock.now())

    def test_of_two_people_ends_the_break(self, outside: Outside, line: FileLine) -> None:
        asked = self.ask(line)
        assert [name for name, _ in broken(outside.compare())] == ["I30"]
        self.agree(asked)
        assert broken(outside.compare()) == []
        assert states() == [("charge", "EXPLAINED")]
        assert Break.objects.get().closed_at is not None
        assert not Posting.objects.filter(kind="settled_charge").exists()

    def test_takes_a_second_person(self, outside: Outside, line: FileLine) -> None:
        asked = self.ask(line)
        with pytest.raises(approvals.SamePerson):
            self.agree(asked, actor="user:1")
        assert states() == [("charge", "MISSING_HERE")]

    def test_is_asked_for_once(self, outside: Outside, line: FileLine) -> None:
        assert self.ask(line) == self.ask(line)

    def test_of_what_agrees_is_refused(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge())
        outside.compare()
        with pytest.raises(LineSettled):
            self.ask(FileLine.objects.get(kind="charge"))
        with pytest.raises(NotFound):
            self.ask(FileLine(pk=1))
        assert not approvals.list_pending(now=clock.now(), limit=5)

    def test_of_what_agrees_by_then_is_refused(self, outside: Outside, line: FileLine) -> None:
        asked = self.ask(line)
        FileLine.objects.filter(pk=line.pk).update(state="AGREES", subject_ref=1)
        with pytest.raises(LineSettled):
            self.agree(asked)
        assert FileLine.objects.get(pk=line.pk).state == "AGREES"

    def test_is_asked_for_in_the_admin(self, admin_client: Client, outside: Outside, line: FileLine) -> None:
        address = reverse("admin:reconciliation_fileline_explain", args=[line.pk])
        admin_client.post(address, {"_form_submitted": "on", "reason": "theirs"})
        (request,) = approvals.list_pending(now=clock.now(), limit=5)
        assert (request.kind, request.subject, request.reason) == (
            reconciliation.EXPLANATION,
            f"file_line:{line.pk}",
            "theirs",
        )


class TestASettlement:
    def test_that_does_not_add_up_is_named(self, outside: Outside) -> None:
        pay(outside)
        line = charge()
        outside.settle(line, transfer=line.net - Money(1, "GBP"))
        report = outside.compare()
        assert broken(report) == [("I30e", FileLine.objects.get(kind="total").pk)]
        assert report.offences[0].at_risk_minor == 1

    def test_is_to_be_booked_by_the_bank_in_time(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge())
        total = lambda: FileLine.objects.get(kind="total")  # noqa: E731
        outside.compare()
        outside.compare(BANK, on=outside.today + 2 * DAY)
        assert not Break.objects.exists()
        report = outside.compare(BANK, on=outside.today + 3 * DAY)
        assert broken(report) == [("I30f", total().pk)]
        assert report.offences[0].at_risk_minor == total().amount_minor

    def test_agrees_with_the_transfer_that_the_bank_has_booked(self, outside: Outside) -> None:
        pay(outside)
        settled = outside.settle(charge())
        booked_on = outside.today + DAY
        outside.bank.sandbox.book_transfer(reference=settled.provider_ref, amount=settled.transfer, on=booked_on)
        outside.compare()
        outside.compare(BANK, on=booked_on)
        assert broken(outside.compare(BANK, on=outside.today + 4 * DAY)) == []
        transfer, total = FileLine.objects.get(kind="transfer"), FileLine.objects.get(kind="total")
        assert (transfer.state, total.state) == ("AGREES", "AGREES")
        assert (transfer.subject_ref, total.subject_ref) == (total.pk, transfer.pk)

    def test_differs_from_a_transfer_of_another_amount(self, outside: Outside) -> None:
        pay(outside)
        settled = outside.settle(charge())
        other = settled.transfer - Money(1, "GBP")
        outside.bank.sandbox.book_transfer(reference=settled.provider_ref, amount=other, on=outside.today)
        outside.compare()
        assert broken(outside.compare(BANK)) == [("I30c", FileLine.objects.get(kind="transfer").pk)]

    def test_that_nobody_announced_is_missing_here(self, outside: Outside) -> None:
        outside.bank.sandbox.book_transfer(reference="po_9", amount=Money(5, "GBP"), on=outside.today)
        assert broken(outside.compare(BANK)) == [("I30", FileLine.objects.get().pk)]


class TestWhatIsInNoFile:
    def test_is_missing_there_once_the_days_around_it_were_fetched(self, outside: Outside) -> None:
        paid = pay(outside)
        send_back(paid)
        outside.compare(on=outside.today - DAY)
        assert broken(outside.compare()) == []
        report = outside.compare(on=outside.today + DAY)
        captured, called = Capture.objects.get(), ProviderCall.objects.get(operation="refund")
        assert set(broken(report)) == {("I30b", captured.pk), ("I30b", called.pk)}

    def test_of_a_chargeback_is_missing_there(self, outside: Outside) -> None:
        paid = pay(outside)
        disputed = dispute(outside.floor.provider, payable_ref=paid.purchase.id, now=clock.now())
        outside.settle(charge())
        report = outside.cover()
        assert set(broken(report)) == {("I30b", disputed.pk), ("I27c", Capture.objects.get().pk)}

    def test_is_nobodys_before_the_first_file(self, outside: Outside) -> None:
        pay(outside)
        outside.compare()
        assert broken(outside.compare(on=outside.today + DAY)) == []

    def test_is_left_with_the_provider(self, outside: Outside) -> None:
        """What is settled of a capture is less than what became of it."""
        paid = pay(outside)
        outside.settle(charge())
        send_back(paid)
        report = outside.cover()
        captured, called = Capture.objects.get(), ProviderCall.objects.get(operation="refund")
        assert set(broken(report)) == {("I30b", called.pk), ("I27c", captured.pk)}


class TestABank:
    def payout(self, outside: Outside, *, token: str = "acct_ok") -> Payout:
        make_seller(6755, token=token)
        pay_out()
        return Payout.objects.get()

    def test_agrees_with_what_was_paid_out(self, outside: Outside) -> None:
        payout = self.payout(outside)
        report = outside.compare(BANK, on=NOON.date())
        assert broken(report) == []
        line = FileLine.objects.get()
        assert (line.kind, line.state, line.subject_ref) == ("payout", "AGREES", payout.pk)

    def test_agrees_with_what_came_back(self, outside: Outside) -> None:
        payout = self.payout(outside, token="acct_returned")
        settlement.send_payouts(limit=5, now=NOON, payout_ids=[payout.pk])
        outside.compare(BANK, on=NOON.date())
        assert states() == [("payout", "AGREES"), ("return", "AGREES")]

    def test_that_has_not_said_so_differs(self, outside: Outside) -> None:
        """It has sent what it said it had rejected."""
        payout = self.payout(outside)
        Payout.objects.filter(pk=payout.pk).update(status="REJECTED")
        outside.compare(BANK, on=NOON.date())
        assert states() == [("payout", "DIFFERS")]

    def test_that_sends_another_amount_differs(self, outside: Outside) -> None:
        payout = self.payout(outside)
        Payout.objects.filter(pk=payout.pk).update(pays_minor=6754, amount_minor=6754)
        outside.compare(BANK, on=NOON.date())
        assert states() == [("payout", "DIFFERS")]

    def test_that_sends_what_we_know_nothing_of_is_named(self, outside: Outside) -> None:
        instruction = settlement.PayoutInstruction(
            reference=1, bank="sandbox", account_token="acct_ok", amount=Money(5, "GBP"), execute_on=NOON.date()
        )
        outside.bank.send(instruction)
        assert broken(outside.compare(BANK, on=NOON.date())) == [("I30", FileLine.objects.get().pk)]
        assert states() == [("payout", "MISSING_HERE")]

    def test_whose_statement_does_not_tell_of_a_payout_is_named(self, outside: Outside) -> None:
        payout = self.payout(outside)
        Payout.objects.filter(pk=payout.pk).update(execute_on=NOON.date() - DAY)
        outside.compare(BANK, on=NOON.date() - DAY)
        report = outside.compare(BANK, on=NOON.date() + DAY)
        assert broken(report) == []
        FileLine.objects.filter(kind="payout").update(subject_ref=None, state="OPEN", our_ref="1")
        report = outside.compare(BANK, on=NOON.date() + DAY)
        assert ("I30g", payout.pk) in broken(report)


class TestFetching:
    def test_leaves_no_gap_forwards_or_backwards(self, outside: Outside) -> None:
        outside.compare(on=outside.today - 5 * DAY)
        files = outside.compare(on=outside.today - 2 * DAY).files
        assert [file.on for file in files] == [outside.today - days * DAY for days in (4, 3, 2)]
        files = outside.compare(on=outside.today - 7 * DAY).files
        assert [file.on for file in files] == [outside.today - days * DAY for days in (7, 6)]
        assert File.objects.count() == 6

    def test_refuses_a_day_that_is_to_come(self, outside: Outside) -> None:
        with pytest.raises(DayNotBegun):
            reconciliation.reconcile_files(named=[PROVIDER], on=outside.today + DAY, real_now=clock.real_now())
        assert not File.objects.exists()

    def test_refuses_too_long_a_gap(self, outside: Outside) -> None:
        outside.compare(on=outside.today - 500 * DAY)
        with pytest.raises(TooManyDays):
            outside.compare()
        assert File.objects.count() == 1

    def test_refuses_who_is_not_there(self, outside: Outside) -> None:
        with pytest.raises(payments.ProviderUnknown):
            outside.compare((Source.PROVIDER, "nobody"))
        with pytest.raises(BankUnknown):
            outside.compare((Source.BANK, "nobody"))

    def test_keeps_nothing_of_who_cannot_be_reached(self, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(outside.floor.provider, "list_settlements", silent(ProviderUnreachable("no answer")))
        with pytest.raises(ProviderUnreachable):
            outside.compare()
        assert not File.objects.exists()

    def test_is_done_outside_of_any_transaction(self, outside: Outside) -> None:
        with pytest.raises(AssertionError, match="a use case is open"):
            in_use_case(outside.compare)


def silent(error: Exception) -> Any:
    def ask(*, on: date) -> Sequence[Any]:
        raise error

    return ask


class TestTheDailyJob:
    @pytest.fixture
    def early(self, outside: Outside) -> datetime:
        """Shortly after midnight of the next day."""
        return datetime.combine(outside.today + DAY, datetime.min.time(), tzinfo=UTC) + timedelta(minutes=5)

    def days(self, **narrowed: Any) -> list[date]:
        return list(File.objects.filter(**narrowed).order_by("on").values_list("on", flat=True))

    def test_fetches_yesterday_once(self, outside: Outside, early: datetime) -> None:
        pay(outside)
        outside.settle(charge())
        assert reconciliation.reconcile_due_files(real_now=early) == 2
        assert self.days(source="provider", name="scripted") == [outside.today]
        assert self.days(source="bank", name="sandbox") == [outside.today]
        assert left_with_provider() == 0
        assert reconciliation.reconcile_due_files(real_now=early + timedelta(minutes=10)) == 0
        assert set(File.objects.values_list("fetched_count", flat=True)) == {1}

    def test_fetches_a_day_again_that_was_fetched_before_it_was_over(self, outside: Outside, early: datetime) -> None:
        outside.compare()
        pay(outside)
        outside.settle(charge())
        assert reconciliation.reconcile_due_files(real_now=early) == 2

    def test_catches_up_and_looks_back(self, outside: Outside, early: datetime) -> None:
        outside.compare(on=outside.today - 3 * DAY)
        pay(outside)
        outside.settle(charge(), on=outside.today - DAY)
        reconciliation.reconcile_due_files(real_now=early)
        assert self.days(name="scripted") == [outside.today - days * DAY for days in (3, 2, 1, 0)]
        outside.settle(charge(provider_ref="ref_corrected"), on=outside.today - DAY)
        assert reconciliation.reconcile_due_files(real_now=early + DAY) == 2
        assert Break.objects.filter(invariant="I30", closed_at=None).count() == 1

    def test_leaves_out_who_is_silent_and_asks_again(
        self, outside: Outside, early: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(outside.bank, "list_movements", silent(BankUnreachable("no answer")))
            reconciliation.reconcile_due_files(real_now=early)
        assert self.days(source="bank") == []
        assert self.days(source="provider", name="scripted") == [outside.today]
        reconciliation.reconcile_due_files(real_now=early + timedelta(minutes=10))
        assert self.days(source="bank", name="sandbox") == [outside.today]


class TestTheCommand:
    def run(self, *words: Any) -> str:
        out = StringIO()
        call_command("reconcile", *map(str, words), stdout=out)
        return out.getvalue()

    def test_says_what_was_fetched_and_found(self, outside: Outside) -> None:
        pay(outside)
        outside.settle(charge())
        said = self.run("--provider", "scripted", "--on", outside.today).splitlines()
        assert said[:2] == [
            f"provider scripted {outside.today}: 2 lines, 2 of them new",
            f"bank sandbox {outside.today}: 0 lines, 0 of them new",
        ]
        assert said[2] == "1 agrees, 1 open"

    def test_names_what_does_not_agree_and_ends_with_one(self, outside: Outside) -> None:
        outside.settle(charge_of_nobody())
        out = StringIO()
        with pytest.raises(CommandError) as ended:
            call_command("reconcile", "--provider", "scripted", "--on", str(outside.today), stdout=out)
        assert ended.value.returncode == 1
        assert "we know of nothing like it" in out.getvalue()

    def test_takes_yesterday_unless_it_is_told_otherwise(self, outside: Outside) -> None:
        self.run("--provider", "scripted", "--json")
        assert set(File.objects.values_list("on", flat=True)) == {outside.today - DAY}

    @pytest.mark.parametrize(
        ("words", "said"),
        [(["--provider", "nobody"], "no such payment provider"), (["--provider", "x", "--on", "soon"], "not a date")],
    )
    def test_refuses(self, outside: Outside, words: list[str], said: str) -> None:
        with pytest.raises(CommandError, match=said):
            self.run(*words)


def charge_of_nobody() -> SettlementLine:
    return SettlementLine(
        kind=SettledKind.CHARGE,
        reference=1,
        provider_ref="ref_1",
        gross=Money(5, "GBP"),
        fee=Money.zero("GBP"),
        at=clock.real_now(),
    )
