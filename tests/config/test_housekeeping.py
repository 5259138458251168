"""What only grows: every table is decided about, and what is old goes in bounded batches."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.cache import cache
from oauth2_provider.models import AccessToken, Application, DeviceGrant, Grant, IDToken, RefreshToken

from apps.accounts import api as accounts
from apps.accounts.tokens import issue_tokens
from apps.payments.models import ProviderAnswer
from config import housekeeping
from config.housekeeping import KEPT, RETENTIONS, SESSION, STEADY, purge_old_rows
from tests.factories.accounts import UserFactory
from tests.support import NOON, in_use_case
from tradecore import clock
from tradecore.ids import new_id
from tradecore.models import AttemptWindow, AuditEntry, IdempotencyRecord, InboxEntry, OutboxEvent, Timer

A_MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _it_is_time() -> None:
    """Nobody has purged anything in the last hour."""
    cache.clear()


class TestEveryTable:
    def test_is_purged_or_kept_or_does_not_grow(self) -> None:
        """A new table fails here until it is decided what becomes of its rows."""
        decided = [*{retention.table for retention in RETENTIONS}, *KEPT, *STEADY]
        assert len(decided) == len(set(decided)), "a table stands in two places"
        assert set(decided) == {model._meta.label for model in apps.get_models(include_auto_created=True)}

    def test_that_is_kept_says_why(self) -> None:
        assert all(KEPT.values())

    def test_that_is_purged_has_the_columns_that_it_is_purged_by(self) -> None:
        for retention in RETENTIONS:
            rows = apps.get_model(retention.table)._default_manager.all()
            assert str(rows.filter(**{f"{retention.moment}__lt": NOON}, **retention.only).query)


def make_event(moment: datetime) -> OutboxEvent:
    return OutboxEvent.objects.create(
        kind="tests.happened",
        aggregate="test",
        aggregate_id=new_id(),
        sequence=1,
        payload={},
        occurred_at=moment,
        position=new_id(),
        next_attempt_at=moment,
        delivered_at=moment,
    )


def make_timer(moment: datetime) -> Timer:
    return Timer.objects.create(kind="tests", subject=new_id(), clock="real", due_at=moment, fired_at=moment)


def make_key(moment: datetime) -> IdempotencyRecord:
    return IdempotencyRecord.objects.create(
        scope_hash=f"{new_id():064}", fingerprint="f", locked_until=moment, created_at=moment
    )


def make_answer(moment: datetime | None, verdict: str = "pending") -> ProviderAnswer:
    return ProviderAnswer.objects.create(
        provider="sandbox", source="poll", statement={}, received_at=NOON, applied_at=moment, verdict=verdict
    )


def make_application() -> Application:
    return Application.objects.create(
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        name="tests",
    )


def make_access_token(expires: datetime) -> AccessToken:
    return AccessToken.objects.create(token=str(new_id()), application=make_application(), expires=expires)


def make_refresh_token(*, revoked: datetime | None = None, expires: datetime | None = None) -> RefreshToken:
    """One of a session whose access token expires then; without `expires` the access token is gone."""
    access_token = make_access_token(expires) if expires else None
    return RefreshToken.objects.create(
        user=UserFactory.create(),
        token=str(new_id()),
        application=make_application(),
        access_token=access_token,
        revoked=revoked,
    )


def make_grant(moment: datetime) -> Grant:
    return Grant.objects.create(
        user=UserFactory.create(),
        code=str(new_id()),
        application=make_application(),
        expires=moment,
        redirect_uri="https://shop.example/",
    )


def make_device_grant(moment: datetime) -> DeviceGrant:
    return DeviceGrant.objects.create(
        client_id="tests", device_code=str(new_id()), user_code=str(new_id())[-8:], expires=moment
    )


def make_session(moment: datetime) -> Session:
    return Session.objects.create(session_key=f"{new_id():032}", session_data="", expire_date=moment)


def make_log_entry(moment: datetime) -> LogEntry:
    return LogEntry.objects.create(
        user=UserFactory.create(),
        content_type=ContentType.objects.get_for_model(Session),
        object_repr="a row",
        action_flag=CHANGE,
        action_time=moment,
    )


#: The stated age of each table, and how a row of it comes to be that old.
AGES: dict[str, tuple[timedelta, Callable[[datetime], Any]]] = {
    "events": (timedelta(days=30), make_event),
    "inbox": (
        timedelta(days=45),
        lambda moment: InboxEntry.objects.create(consumer="tests", event_id=new_id(), handled_at=moment),
    ),
    "timers": (timedelta(days=30), make_timer),
    "keys": (timedelta(hours=72), make_key),
    "guesses": (
        timedelta(days=1),
        lambda moment: AttemptWindow.objects.create(scope="tests", subject_hash="h", window_started_at=moment),
    ),
    "answers": (timedelta(days=400), make_answer),
    "revoked refresh tokens": (timedelta(days=30), lambda moment: make_refresh_token(revoked=moment)),
    "expired refresh tokens": (timedelta(days=30), lambda moment: make_refresh_token(expires=moment)),
    "access tokens": (timedelta(days=1), make_access_token),
    "id tokens": (timedelta(days=1), lambda moment: IDToken.objects.create(expires=moment)),
    "grants": (timedelta(days=1), make_grant),
    "device grants": (timedelta(days=1), make_device_grant),
    "sessions": (timedelta(days=1), make_session),
    "admin log": (timedelta(days=730), make_log_entry),
}


@pytest.mark.django_db
class TestPurgeOldRows:
    @pytest.mark.parametrize("table", AGES)
    def test_takes_what_is_older_than_its_stated_age_and_nothing_younger(self, table: str) -> None:
        age, make = AGES[table]
        now = clock.real_now()
        young, old = make(now - age + A_MINUTE), make(now - age - A_MINUTE)
        # With an expired refresh token goes the access token that it had.
        assert purge_old_rows() == 1 + (table == "expired refresh tokens")
        assert list(type(old)._default_manager.values_list("pk", flat=True)) == [young.pk]

    def test_takes_no_more_than_a_bounded_round(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(housekeeping, "BATCH", 2)
        monkeypatch.setattr(housekeeping, "BATCHES_MAX", 3)
        long_ago = clock.real_now() - timedelta(days=500)
        keys = [make_key(long_ago + timedelta(minutes=minute)).pk for minute in range(7)]
        assert purge_old_rows() == 6
        assert list(IdempotencyRecord.objects.values_list("pk", flat=True)) == [keys[-1]]
        assert purge_old_rows() == 1
        assert purge_old_rows() == 0

    def test_takes_each_batch_in_statements_that_do_not_grow(
        self, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
    ) -> None:
        (keys,) = [retention for retention in RETENTIONS if retention.table == "tradecore.IdempotencyRecord"]
        monkeypatch.setattr(housekeeping, "RETENTIONS", (keys,))
        for _ in range(50):
            make_key(clock.real_now() - timedelta(days=500))
        with django_assert_num_queries(3):  # the keys, their delete, and that there are no more
            assert purge_old_rows() == 50

    def test_leaves_what_has_not_come_to_its_end(self) -> None:
        long_ago = clock.real_now() - timedelta(days=5000)
        waiting = make_event(long_ago)
        OutboxEvent.objects.filter(pk=waiting.pk).update(delivered_at=None)
        unread = make_event(long_ago)
        OutboxEvent.objects.filter(pk=unread.pk).update(position=None)
        Timer.objects.create(kind="tests", subject=1, clock="real", due_at=long_ago, dead_at=long_ago)
        make_answer(None)
        assert purge_old_rows() == 0

    @pytest.mark.parametrize(
        "verdict", ["captured", "captured_late", "refunded", "refund_failed", "declined", "suspect_amount"]
    )
    def test_leaves_answers_about_money(self, verdict: str) -> None:
        make_answer(clock.real_now() - timedelta(days=5000), verdict=verdict)
        assert purge_old_rows() == 0

    def test_leaves_the_audit(self) -> None:
        long_ago = clock.real_now() - timedelta(days=5000)
        AuditEntry.objects.create(actor="tests", action="tests.acted", subject="test:1", occurred_at=long_ago)
        assert purge_old_rows() == 0

    def test_takes_refresh_tokens_whose_access_token_somebody_has_deleted(self) -> None:
        orphan = make_refresh_token()
        assert purge_old_rows() == 0
        RefreshToken.objects.filter(pk=orphan.pk).update(created=clock.real_now() - timedelta(days=1) - A_MINUTE)
        cache.clear()
        assert purge_old_rows() == 1

    def test_ends_no_session_that_lives(self) -> None:
        now = clock.real_now()
        pair = in_use_case(lambda: issue_tokens(UserFactory.create()))
        AccessToken.objects.update(expires=now - SESSION + A_MINUTE)
        assert purge_old_rows() == 0
        assert accounts.refresh_tokens(refresh_token=pair.refresh_token)

    def test_still_knows_a_refresh_token_that_is_used_again(self) -> None:
        now = clock.real_now()
        first = in_use_case(lambda: issue_tokens(UserFactory.create()))
        second = accounts.refresh_tokens(refresh_token=first.refresh_token)
        RefreshToken.objects.exclude(revoked=None).update(revoked=now - SESSION + A_MINUTE)
        purge_old_rows()
        with pytest.raises(accounts.RefreshTokenInvalid):
            accounts.refresh_tokens(refresh_token=first.refresh_token)
        with pytest.raises(accounts.RefreshTokenInvalid):  # somebody has a copy, so the session has ended
            accounts.refresh_tokens(refresh_token=second.refresh_token)

    def test_reads_tables_without_an_index_once_an_hour(self, django_assert_num_queries: Any) -> None:
        purge_old_rows()
        with django_assert_num_queries(sum(retention.is_indexed for retention in RETENTIONS)):
            purge_old_rows()
