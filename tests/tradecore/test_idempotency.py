"""One effect per key."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.support import in_use_case
from tradecore import clock, db, idempotency
from tradecore.idempotency import (
    Claim,
    ClaimLost,
    KeyInvalid,
    KeyReused,
    Outcome,
    StillRunning,
    claim,
    finish,
    finish_alone,
    free,
    reach,
)
from tradecore.models import IdempotencyRecord


def claim_it(key: str = "k1", body: bytes = b"{}", principal: str = "buyer:1", route: str = "POST /x") -> Claim:
    claimed = claim(principal=principal, route=route, key=key, body=body)
    assert isinstance(claimed, Claim)
    return claimed


def expire_lease() -> None:
    IdempotencyRecord.objects.update(locked_until=clock.real_now() - timedelta(seconds=1))


@pytest.mark.django_db
class TestClaim:
    def test_gives_the_outcome_to_whoever_comes_again(self) -> None:
        finish_alone(claim_it(), Outcome(201, {"id": "7"}))
        assert claim(principal="buyer:1", route="POST /x", key="k1", body=b"{}") == Outcome(201, {"id": "7"})

    @pytest.mark.parametrize("key", ["", "x" * 256, "käse", "a\tb", "😀"])
    def test_refuses_a_key_that_is_none(self, key: str) -> None:
        with pytest.raises(KeyInvalid):
            claim_it(key)
        assert not IdempotencyRecord.objects.exists()

    def test_refuses_another_body(self) -> None:
        claim_it()
        with pytest.raises(KeyReused):
            claim_it(body=b'{"a":1}')

    def test_refuses_while_the_first_is_running(self) -> None:
        claim_it()
        with pytest.raises(StillRunning):
            claim_it()

    @pytest.mark.parametrize("other", [{"principal": "buyer:2"}, {"route": "POST /y"}, {"key": "K1"}, {"key": "k1 "}])
    def test_is_of_one_principal_one_route_and_one_key_to_the_byte(self, other: Any) -> None:
        claim_it()
        assert claim_it(**other).fence == 1

    def test_takes_over_from_whoever_died_where_they_stood(self) -> None:
        first = claim_it()
        in_use_case(lambda: reach(first, point="placed", subject=42))
        expire_lease()
        second = claim_it()
        assert (second.fence, second.recovery_point, second.recovery_subject) == (2, "placed", 42)

    @pytest.mark.parametrize("gathers", [False, True])
    def test_lets_only_the_latest_holder_write(self, *, gathers: bool) -> None:
        first = claim_it()
        expire_lease()
        second = claim_it()

        def finish_first() -> None:
            if gathers:
                db.gather()
            finish(first, Outcome(200, {}))

        with pytest.raises(ClaimLost):
            in_use_case(finish_first)
        in_use_case(lambda: finish(second, Outcome(200, {})))


@pytest.mark.django_db
class TestFree:
    def test_lets_the_key_be_used_again(self) -> None:
        free(claim_it())
        assert claim_it().fence == 1

    def test_keeps_what_was_reached(self) -> None:
        held = claim_it()
        in_use_case(lambda: reach(held, point="placed", subject=42))
        free(held)
        assert claim_it().recovery_subject == 42

    def test_leaves_an_outcome_alone(self) -> None:
        held = claim_it()
        finish_alone(held, Outcome(200, {}))
        free(held)
        assert IdempotencyRecord.objects.get().state == "done"


@pytest.mark.race
class TestManyAtOnce:
    def test_have_one_winner_and_no_deadlock(self, race: Any) -> None:
        results = race([claim_it] * 40)
        assert sum(isinstance(result, Claim) for result in results) == 1
        assert all(isinstance(result, Claim | StillRunning) for result in results)

    def test_have_one_winner_each_where_keys_are_claimed_together(self, race: Any) -> None:
        def claim_together(key: str) -> Claim | Outcome:
            return idempotency.claim(principal="user:1", route="POST /x", key=key, body=b"", together=True)

        results = race([partial(claim_together, f"key {number % 20}") for number in range(60)])
        assert sum(isinstance(result, Claim) for result in results) == 20
        assert sum(isinstance(result, StillRunning) for result in results) == 40
        assert IdempotencyRecord.objects.count() == 20

    def test_have_one_heir_of_a_lease_that_ran_out(self, race: Any) -> None:
        claim_it()
        expire_lease()
        results = race([claim_it] * 20)
        assert [result.fence for result in results if isinstance(result, Claim)] == [2]


def test_the_hash_keeps_parts_apart() -> None:
    assert idempotency._hash(b"ab", b"c") != idempotency._hash(b"a", b"bc")
