"""Any sequence of postings, promises and ends of them: nothing is made or lost, and folded is what was summed."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.ledger import api as ledger
from apps.ledger.api import Account, Outcome, Posting, Side
from apps.ledger.models import Balance, Entry
from apps.ledger.models import Posting as PostingRow
from tests.factories.ledger import faults_of, make_posting, make_sale, promise, resolve, seal, write
from tests.support import NOON, in_use_case

steps = st.tuples(
    st.sampled_from(["post", "promise", *Outcome, "reverse", "seal"]),
    st.integers(0, 5),  # which of those that there are
    st.integers(1, 1000),  # how much
)


@dataclass
class Book:
    """What was written, and what the accounts must come to by that."""

    promised: list[Posting] = field(default_factory=list)
    posted: list[int] = field(default_factory=list)
    funds: Counter[bool] = field(default_factory=Counter)

    def live(self, verb: str, which: int, minor: int) -> None:
        """Do one thing, through the door, in a transaction of its own."""
        if verb == "post":
            posting = make_posting(minor) if which % 2 else make_sale(minor, shop=which + 1)
            self.posted += [row.pk for row in write(posting)]
            self.funds[False] += -minor if which % 2 else minor
        elif verb == "promise":
            self.promised.append(promise(make_posting(minor)))
            self.funds[True] -= minor
        elif verb == "seal":
            seal(limit=which + 1)
        elif verb == "reverse" and self.posted:
            self.reverse(self.posted.pop(which % len(self.posted)))
        elif verb in set(Outcome) and self.promised:
            self.end(self.promised.pop(which % len(self.promised)), Outcome(verb), minor)

    def reverse(self, posting_id: int) -> None:
        (minor,) = Entry.objects.filter(posting_id=posting_id, account="BUYER_FUNDS").values_list(
            "amount_minor", flat=True
        )
        in_use_case(lambda: ledger.reverse(posting_id=posting_id, reason="test", actor="user:1", now=NOON))
        self.funds[False] -= minor

    def end(self, promised: Posting, outcome: Outcome, minor: int) -> None:
        taken = make_posting(minor, kind="taken") if outcome is Outcome.POSTED else None
        assert resolve(promised, outcome, taken)
        assert not resolve(promised, Outcome.VOIDED)
        self.funds[True] += promised.entries[0].amount.minor
        self.funds[False] -= minor if taken else 0


def check(book: Book, *, already: Counter[bool]) -> None:
    """The trial balance is nothing, reads agree with what was done, and folded agrees with what the entries say."""
    assert sum(line.balance.minor * (1 if line.side is Side.DEBIT else -1) for line in ledger.trial_balance()) == 0
    funds = ledger.get_balance(Account("BUYER_FUNDS"), currency="GBP")
    assert funds.posted.minor == already[False] + book.funds[False]
    assert funds.pending.minor == already[True] + book.funds[True]
    sealed = Entry.objects.filter(posting__seal__isnull=False)
    folded = {(row.account, row.owner_ref, row.is_pending): row.amount_minor for row in Balance.objects.all()}
    summed: dict[tuple[str, int, bool], int] = defaultdict(int)
    for account, owner, is_pending, minor in sealed.values_list("account", "owner_ref", "is_pending", "amount_minor"):
        summed[account, owner, is_pending] += minor
    assert folded == summed


def funds_now() -> Counter[bool]:
    sums = (
        Entry.objects.filter(account="BUYER_FUNDS").order_by().values_list("is_pending").annotate(Sum("amount_minor"))
    )
    return Counter({bool(is_pending): int(minor) for is_pending, minor in sums})


@pytest.mark.django_db
class TestAlgebra:
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(sequence=st.lists(steps, max_size=20))
    def test_holds_for_any_sequence_of_verbs(self, sequence: list[tuple[str, int, int]]) -> None:
        book, already = Book(), funds_now()
        for verb, which, minor in sequence:
            book.live(verb, which, minor)
        check(book, already=already)
        while seal():
            pass
        check(book, already=already)
        assert faults_of() == []
        assert PostingRow.objects.filter(seal__isnull=True).count() == 0
