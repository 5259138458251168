"""The chain: every committed posting once, in order, without a gap."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.ledger.models import Posting, Seal, Sealer
from apps.ledger.sealing import content_of
from tests.factories.ledger import balance_of, faults_of, later, make_posting, seal, write
from tradecore import clock
from tradecore.chain import GENESIS, LATEST_COMMIT, next_hash, passed_by
from tradecore.ids import first_id_at, new_id

pytestmark = pytest.mark.django_db

MIDNIGHT = datetime(2026, 3, 12, tzinfo=UTC)


def numbers() -> list[tuple[int, int]]:
    """(number, posting) of every seal."""
    return list(Seal.objects.order_by("number").values_list("number", "posting_id"))


def take_ids_of(monkeypatch: pytest.MonkeyPatch, ids: Iterator[int]) -> None:
    """Let the next postings and entries have these ids: those of a transaction that began long ago."""
    monkeypatch.setattr("apps.ledger.services.post.new_id", lambda _gene=0: next(ids))


class TestSealPostings:
    def test_chains_in_the_order_of_ids(self) -> None:
        rows = write(*(make_posting(minor) for minor in (1, 2, 3)))
        assert seal() == 3
        assert numbers() == [(number, row.pk) for number, row in enumerate(rows, 1)]
        previous = GENESIS
        for row in Seal.objects.order_by("number").select_related("posting"):
            previous = next_hash(previous, content_of(row.posting, list(row.posting.entries.all())))
            assert row.hash == previous

    def test_leaves_alone_what_is_younger_than_the_lag(self) -> None:
        write(make_posting(1))
        assert seal(at=clock.real_now()) == 0
        assert seal() == 1

    def test_goes_on_where_it_stopped(self) -> None:
        rows = write(*(make_posting(minor) for minor in (1, 2, 3)))
        assert [seal(limit=2), seal(limit=2), seal(limit=2)] == [2, 1, 0]
        assert numbers() == [(number, row.pk) for number, row in enumerate(rows, 1)]

    def test_comes_later_to_what_commits_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        early = iter([new_id() for _ in range(3)])
        write(make_posting(1))
        assert seal() == 1
        take_ids_of(monkeypatch, early)
        (late,) = write(make_posting(2))
        assert balance_of("BUYER_FUNDS") == (-3, 0)
        assert seal() == 1
        assert late.pk < Seal.objects.get(number=1).posting_id
        assert Seal.objects.get(number=2).posting_id == late.pk
        assert faults_of() == []

    def test_reads_nothing_below_what_is_swept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody commits that late; if somebody does, it is found, and not counted in the meantime."""
        seal()
        long_ago = first_id_at(clock.real_now() - 2 * LATEST_COMMIT)
        take_ids_of(monkeypatch, iter([long_ago, long_ago + 1, long_ago + 2]))
        write(make_posting(1))
        assert seal() == 0
        assert list(passed_by(Posting.objects.all(), real_now=clock.real_now())) == list(Posting.objects.all())
        assert faults_of() == ["a posting was never sealed"]

    def test_writes_nothing_when_nothing_waits(self) -> None:
        now = clock.real_now().replace(second=0, microsecond=0)
        seal(at=now)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert seal(at=now + timedelta(seconds=30)) == 0
        written = [query["sql"] for query in asked if query["sql"].startswith(("UPDATE", "INSERT"))]
        assert written == []

    def test_never_goes_back_in_time(self) -> None:
        """The machines of two sealers have clocks that differ."""
        write(make_posting(1), make_posting(2))
        ahead = later(hours=1)
        seal(at=ahead, limit=1)
        seal()
        assert [row.sealed_at for row in Seal.objects.order_by("number")] == [ahead, ahead]

    def test_keeps_its_place(self) -> None:
        write(make_posting(1), make_posting(2))
        now = later()
        seal(at=now)
        sealer = Sealer.objects.get()
        assert (sealer.last_number, sealer.last_hash) == (2, Seal.objects.get(number=2).hash)
        assert (
            first_id_at(now - LATEST_COMMIT - timedelta(minutes=1))
            < sealer.swept_below
            <= first_id_at(now - LATEST_COMMIT)
        )
