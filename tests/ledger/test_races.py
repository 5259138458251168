"""The ledger under threads, each with a connection of its own, from one barrier."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from apps.ledger.api import Outcome
from apps.ledger.models import Balance, Posting, Seal
from tests.factories.ledger import balance_of, faults_of, make_posting, promise, resolve, seal, write

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]


def kinds_of(outcomes: Sequence[Any]) -> Counter[str]:
    return Counter(str(each) if isinstance(each, bool) else type(each).__name__ for each in outcomes)


class TestPost:
    def test_of_one_fact_happens_once(self, race: Race) -> None:
        posting = make_posting(1000)
        outcomes = race([lambda: len(write(posting))] * 8)
        assert kinds_of(outcomes) == {"int": 1, "IntegrityError": 7}
        assert balance_of("BUYER_FUNDS") == (-1000, 0)


class TestResolve:
    def test_of_one_promise_happens_once(self, race: Race) -> None:
        promised = promise(make_posting(1000))
        outcomes = race(
            [
                lambda: resolve(promised, Outcome.POSTED, make_posting(1000, kind="taken")),
                lambda: resolve(promised, Outcome.VOIDED),
                lambda: resolve(promised, Outcome.EXPIRED),
            ]
            * 3
        )
        assert outcomes.count(True) == 1
        assert set(kinds_of(outcomes)) <= {"True", "False", "IntegrityError"}
        assert Posting.objects.filter(resolves__isnull=False).count() == 1
        assert balance_of("BUYER_FUNDS")[1] == 0


class TestSealers:
    def test_give_every_posting_one_number_without_a_gap(self, race: Race) -> None:
        rows = write(*(make_posting(minor) for minor in range(1, 61)))
        sealed = race([lambda: [seal(limit=7) for _ in range(6)]] * 4)
        assert sum(map(sum, sealed)) == len(rows)
        assert list(Seal.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 61))
        assert Counter(Seal.objects.values_list("posting_id", flat=True)) == Counter(row.pk for row in rows)
        assert faults_of() == []

    def test_keep_balances_right_while_postings_come_in(self, race: Race) -> None:
        def buy() -> int:
            return sum(len(write(make_posting(10))) for _ in range(20))

        outcomes = race([buy, buy, lambda: [seal(limit=5) for _ in range(15)], lambda: [seal(limit=5)] * 15])
        assert not [each for each in outcomes if isinstance(each, Exception)]
        while seal():
            pass
        assert balance_of("BUYER_FUNDS") == (-400, 0)
        assert Balance.objects.get(account="BUYER_FUNDS").amount_minor == -400
        assert faults_of() == []


class TestVerify:
    def test_finds_nothing_while_postings_come_in_and_are_sealed(self, race: Race) -> None:
        def go_on() -> int:
            return sum(len(write(make_posting(10))) + seal() for _ in range(15))

        outcomes = race([go_on, go_on, lambda: [faults_of() for _ in range(8)]])
        assert outcomes[2] == [[]] * 8
