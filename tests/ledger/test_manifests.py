"""Manifests: each day that is over is signed once, and follows the one before it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.ledger import api as ledger
from apps.ledger.models import DayManifest, Seal
from apps.ledger.sealing import digest, is_key, is_signed
from config.jobs import JOBS
from tests.factories.ledger import faults_of, later, make_posting, seal, write
from tradecore import clock
from tradecore.chain import GENESIS

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def close(*, at: datetime | None = None) -> list[date]:
    """Close the days before `at`; by default everything that was sealed up to now."""
    return ledger.close_days(signer=ledger.own_signer(), real_now=at or later(days=2))


def live_days(amounts: Sequence[int]) -> list[date]:
    """One posting a day, from tomorrow on, all of them closed. Returns the days."""
    write(*(make_posting(minor) for minor in amounts))
    moments = [later(days=number) for number, _ in enumerate(amounts, 1)]
    for moment in moments:
        seal(at=moment, limit=1)
    close(at=moments[-1] + DAY)
    return [moment.date() for moment in moments]


class TestCloseDays:
    def test_writes_one_manifest_a_day(self) -> None:
        days = live_days([100, 200, 300])
        manifests = ledger.list_manifests()[::-1]
        assert [manifest.day for manifest in manifests] == days
        assert [(manifest.first_seal, manifest.last_seal) for manifest in manifests] == [(1, 1), (2, 2), (3, 3)]
        assert [manifest.totals for manifest in manifests] == [{"GBP": "200"}, {"GBP": "400"}, {"GBP": "600"}]
        assert [manifest.posting_count for manifest in manifests] == [1, 1, 1]
        assert manifests[-1].last_hash == Seal.objects.get(number=3).hash

    def test_chains_them(self) -> None:
        live_days([100, 200])
        first, second = ledger.list_manifests()[::-1]
        assert first.previous_digest == GENESIS
        assert second.previous_digest == first.digest

    def test_signs_what_they_say(self) -> None:
        live_days([100])
        (manifest,) = ledger.list_manifests()
        signer = ledger.own_signer()
        assert manifest.key_id == signer.key_id
        assert is_signed(manifest.digest, manifest.signature, public_key=signer.public)
        assert not is_signed("0" * 64, manifest.signature, public_key=signer.public)
        assert not is_signed(manifest.digest, "no signature", public_key=signer.public)

    def test_leaves_today_open(self) -> None:
        write(make_posting(1))
        seal()
        assert close(at=later()) == []
        assert close() == [later().date()]
        assert close() == []

    def test_passes_over_days_on_which_nothing_was_sealed(self) -> None:
        write(make_posting(1))
        seal()
        write(make_posting(2))
        seal(at=later(days=5))
        assert close(at=later(days=9)) == [later().date(), later(days=5).date()]

    def test_adds_up_amounts_without_their_sign_by_currency(self) -> None:
        write(make_posting(100), make_posting(30), make_posting(7, currency="JPY"))
        seal()
        close()
        (manifest,) = ledger.list_manifests()
        assert manifest.totals == {"GBP": "260", "JPY": "14"}
        assert manifest.posting_count == 3

    def test_costs_two_questions_when_there_is_nothing_to_close(self) -> None:
        live_days([100, 200])
        with CaptureQueriesContext(connection) as asked:
            assert close(at=later(days=3)) == []
        selects = [query["sql"] for query in asked if query["sql"].startswith("SELECT")]
        assert len(selects) == 2
        assert not any("FOR UPDATE" in sql for sql in selects)

    def test_is_not_opened_again_by_a_sealer_whose_clock_is_late(self) -> None:
        write(make_posting(1))
        seal()
        close(at=later(days=2))
        write(make_posting(2))
        seal(at=later(minutes=2))
        assert Seal.objects.get(number=2).sealed_at.date() == later().date() + DAY
        assert close(at=later(days=3)) == [later().date() + DAY]
        assert faults_of() == []


class TestSigner:
    @pytest.mark.parametrize("text", ["", "AAAA", "no key", "QUJD" * 11, "é" * 44])
    def test_is_made_of_32_bytes(self, text: str) -> None:
        assert not is_key(text)

    def test_has_a_key_that_everybody_may_know(self, settings: Any) -> None:
        assert is_key(ledger.own_signer().public)
        settings.LEDGER_PUBLIC_KEYS = ["earlier"]
        assert ledger.known_public_keys() == [ledger.own_signer().public, "earlier"]

    def test_signs_the_same_for_every_order_of_words(self) -> None:
        said = {"day": date(2026, 3, 11), "first_seal": 1, "last_seal": 2, "posting_count": 2, "totals": {"GBP": "1"}}
        rest = {"last_hash": "a", "previous_digest": "b"}
        assert digest({**said, **rest}) == digest({**rest, **said, "signature": "not covered"})


class TestTheJob:
    def test_seals_and_closes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        queue, job, every_s = JOBS["seal_ledger"]
        assert (queue, every_s) == ("bulk", 1.0)
        write(make_posting(1))
        first = later()
        for moment in (first, first + DAY):
            monkeypatch.setattr(clock, "real_now", lambda moment=moment: moment)
            assert job() == 1
        assert DayManifest.objects.count() == 1
