"""Promises: pending, then posted, voided or expired, once."""

import pytest

from apps.ledger import api as ledger
from apps.ledger import models
from apps.ledger.api import Outcome
from tests.factories.ledger import balance_of, make_posting, promise, resolve
from tests.support import NOON, in_use_case

pytestmark = pytest.mark.django_db


class TestPostPending:
    def test_stands_beside_what_is_posted(self) -> None:
        promise(make_posting(1000))
        assert balance_of("BUYER_FUNDS") == (0, -1000)
        assert ledger.trial_balance() == []


class TestResolve:
    @pytest.mark.parametrize("outcome", [Outcome.VOIDED, Outcome.EXPIRED])
    def test_takes_the_promise_back(self, outcome: Outcome) -> None:
        promised = promise(make_posting(1000, order_ref=5))
        assert resolve(promised, outcome)
        assert balance_of("BUYER_FUNDS") == balance_of("PSP_CLEARING.test") == (0, 0)
        view = ledger.find_posting(kind=f"test_{outcome}", reference=promised.reference)
        assert view is not None
        assert (view.outcome, view.order_ref) == (outcome, 5)
        assert view.resolves_id == models.Posting.objects.get(kind="test").pk

    def test_posts_in_the_place_of_the_promise(self) -> None:
        promised, taken = promise(make_posting(1000)), make_posting(900, kind="taken")
        assert resolve(promised, Outcome.POSTED, taken)
        assert balance_of("BUYER_FUNDS") == (-900, 0)
        view = ledger.find_posting(kind="taken", reference=taken.reference)
        assert view is not None
        assert view.outcome is Outcome.POSTED
        assert [(entry.amount.minor, entry.is_pending) for entry in view.entries] == [
            (900, False),
            (-900, False),
            (-1000, True),
            (1000, True),
        ]

    @pytest.mark.parametrize("outcome", [Outcome.VOIDED, Outcome.EXPIRED])
    def test_happens_once(self, outcome: Outcome) -> None:
        promised = promise(make_posting(1000))
        assert resolve(promised, Outcome.POSTED, make_posting(1000, kind="taken"))
        assert not resolve(promised, outcome)
        assert not resolve(promised, Outcome.POSTED, make_posting(1000, kind="taken"))
        assert balance_of("BUYER_FUNDS") == (-1000, 0)

    def test_leaves_alone_what_was_never_promised(self) -> None:
        assert not resolve(make_posting(), Outcome.VOIDED)
        assert not models.Posting.objects.exists()

    @pytest.mark.parametrize("outcome", [Outcome.POSTED, Outcome.VOIDED])
    def test_has_a_posting_if_and_only_if_it_posts(self, outcome: Outcome) -> None:
        promised = promise(make_posting(1000))
        posting = None if outcome is Outcome.POSTED else make_posting(1)
        with pytest.raises(AssertionError, match="in the place of the promise"):
            resolve(promised, outcome, posting)

    def test_runs_inside_a_use_case_only(self) -> None:
        with pytest.raises(AssertionError, match="inside a use case only"):
            ledger.resolve(kind="test", reference=1, outcome=Outcome.VOIDED, now=NOON)

    def test_undoes_itself_with_its_transaction(self) -> None:
        promised = promise(make_posting(1000))

        def body() -> None:
            ledger.resolve(kind="test", reference=promised.reference, outcome=Outcome.VOIDED, now=NOON)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            in_use_case(body)
        assert balance_of("BUYER_FUNDS") == (0, -1000)
