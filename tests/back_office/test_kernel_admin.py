"""Timers, events, freezes and the audit: to be read by operators, and moved by who may."""

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.back_office.conftest import sign_in
from tests.back_office.market_day import MarketDay
from tests.factories.accounts import UserFactory
from tradecore import clock, freezes
from tradecore.ids import new_id
from tradecore.models import AuditEntry, Freeze, OutboxEvent, Timer

pytestmark = pytest.mark.django_db

TIMERS = "admin:tradecore_timer_changelist"
EVENTS = "admin:tradecore_outboxevent_changelist"
FREEZES = "admin:tradecore_freeze_changelist"


def clerk_who_may(*codenames: str) -> Client:
    """Staff with these permissions on the kernel's tables and no other."""
    user = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="tradecore", codename__in=codenames))
    return sign_in(user)


def listed(client: Client, name: str, **query: str) -> list[int]:
    return [row.pk for row in client.get(reverse(name), query).context["cl"].queryset]


def act(client: Client, name: str, action: str, *pks: int) -> Any:
    return client.post(reverse(name), {"action": action, "_selected_action": [str(pk) for pk in pks]}, follow=True)


class TestTimers:
    def test_are_listed_by_where_they_stand(self, operator: Client, day: MarketDay) -> None:
        assert listed(operator, TIMERS, state="parked") == [day.parked_timer]
        due, fired = listed(operator, TIMERS, state="due"), listed(operator, TIMERS, state="fired")
        assert day.parked_timer not in due
        assert set(due).isdisjoint(fired)
        assert Timer.objects.filter(pk__in=fired, fired_at=None).count() == 0

    def test_are_found_by_their_subject(self, operator: Client, day: MarketDay) -> None:
        found = listed(operator, TIMERS, q=day.on_hold.number)
        assert day.parked_timer in found
        assert {Timer.objects.get(pk=pk).subject for pk in found} == {day.on_hold.id}

    def test_are_revived_when_they_are_parked(self, superuser: Client, day: MarketDay) -> None:
        fired = listed(superuser, TIMERS, state="fired")
        page = act(superuser, TIMERS, "revive", day.parked_timer, *fired)
        assert "Revived: 1" in page.content.decode()
        revived = Timer.objects.get(pk=day.parked_timer)
        assert (revived.dead_at, revived.attempts) == (None, 0)

    def test_are_revived_by_nobody_who_may_only_read(self, day: MarketDay) -> None:
        act(clerk_who_may("view_timer"), TIMERS, "revive", day.parked_timer)
        assert Timer.objects.get(pk=day.parked_timer).dead_at is not None


class TestDeadLetters:
    def test_are_a_list_of_their_own(self, operator: Client, day: MarketDay) -> None:
        assert listed(operator, EVENTS, state="dead") == [day.dead_letter]
        page = operator.get(reverse(EVENTS), {"state": "dead"}).content.decode()
        assert "mail is down" in page

    def test_are_replayed(self, superuser: Client, day: MarketDay) -> None:
        delivered = listed(superuser, EVENTS, state="delivered")
        page = act(superuser, EVENTS, "replay", day.dead_letter, *delivered)
        assert "Replayed: 1" in page.content.decode()
        assert listed(superuser, EVENTS, state="waiting") == [day.dead_letter]
        assert OutboxEvent.objects.get(pk=day.dead_letter).next_attempt_at <= clock.real_now()

    def test_are_replayed_by_nobody_who_may_only_read(self, day: MarketDay) -> None:
        act(clerk_who_may("view_outboxevent"), EVENTS, "replay", day.dead_letter)
        assert OutboxEvent.objects.get(pk=day.dead_letter).dead_at is not None

    def test_are_replayed_by_a_clerk_who_may(self, day: MarketDay) -> None:
        act(clerk_who_may("view_outboxevent", "change_outboxevent"), EVENTS, "replay", day.dead_letter)
        assert OutboxEvent.objects.get(pk=day.dead_letter).dead_at is None


class TestEvents:
    def test_are_found_by_what_they_are_about(self, operator: Client, day: MarketDay) -> None:
        found = listed(operator, EVENTS, q=f"order:{day.shipped.number}")
        assert found
        assert set(OutboxEvent.objects.filter(pk__in=found).values_list("aggregate", "aggregate_id")) == {
            ("order", day.shipped.id)
        }
        assert listed(operator, EVENTS, q=f"payment:{day.shipped.id}") == []

    def test_are_found_by_their_position(self, operator: Client, day: MarketDay) -> None:
        (pk,) = listed(operator, EVENTS, q="1")
        assert OutboxEvent.objects.get(pk=pk).position == 1


class TestFreezes:
    PLACE = "admin:tradecore_freeze_place"

    def place(self, client: Client, **form: Any) -> Any:
        data = {"_form_submitted": "on", "kind": freezes.SKU_SALE, "reason": "recalled", **form}
        return client.post(reverse(self.PLACE), data)

    def test_are_placed_with_a_reason(self, superuser: Client) -> None:
        sku = new_id()
        assert "Freeze something" in superuser.get(reverse(self.PLACE)).content.decode()
        answer = self.place(superuser, subject=sku)
        assert answer.headers["HX-Redirect"] == reverse(FREEZES)
        assert freezes.list_frozen(kind=freezes.SKU_SALE, subjects=[sku]) == {sku}
        entry = AuditEntry.objects.get(action="freeze.placed")
        assert (entry.subject, entry.reason) == (f"sku_sale:{sku}", "recalled")
        assert entry.actor == f"user:{superuser.session['_auth_user_id']}"

    @pytest.mark.parametrize(
        "form",
        [
            {"subject": 1, "reason": ""},
            {"subject": 0},
            {"subject": 2**63},
            {"subject": 1, "kind": "everything"},
            {"subject": 1, "kind": freezes.ALL_PAYOUTS},
        ],
    )
    def test_are_not_placed_by_half(self, superuser: Client, form: dict[str, Any]) -> None:
        assert self.place(superuser, **form).status_code == HTTPStatus.OK  # the dialog again, with what is wrong
        assert not Freeze.objects.exists()
        assert not AuditEntry.objects.exists()

    def test_are_placed_on_all_payouts_at_once(self, superuser: Client) -> None:
        self.place(superuser, subject=freezes.EVERYBODY, kind=freezes.ALL_PAYOUTS)
        assert freezes.read_frozen(kind=freezes.ALL_PAYOUTS) == {freezes.EVERYBODY}

    def test_are_placed_by_nobody_who_may_only_read(self) -> None:
        assert self.place(clerk_who_may("view_freeze"), subject=1).status_code == HTTPStatus.FORBIDDEN
        assert not Freeze.objects.exists()

    def lift(self, client: Client, freeze_id: int) -> Any:
        address = reverse("admin:tradecore_freeze_lift", args=[freeze_id])
        return client.post(address, {"_form_submitted": "on", "reason": "mended"})

    def test_are_lifted_with_a_reason(self, superuser: Client) -> None:
        self.place(superuser, subject=7)
        freeze = Freeze.objects.get()
        assert self.lift(superuser, freeze.pk).headers["HX-Redirect"] == reverse(FREEZES)
        assert not Freeze.objects.exists()
        assert AuditEntry.objects.get(action="freeze.lifted").reason == "mended"

    def test_are_lifted_by_nobody_who_may_only_place(self) -> None:
        clerk = clerk_who_may("view_freeze", "add_freeze")
        self.place(clerk, subject=7)
        assert self.lift(clerk, Freeze.objects.get().pk).status_code == HTTPStatus.FORBIDDEN
        assert Freeze.objects.exists()

    def test_that_are_lifted_already_are_not_found(self, superuser: Client) -> None:
        assert self.lift(superuser, new_id()).status_code == HTTPStatus.NOT_FOUND


class TestAudit:
    def test_is_found_by_what_was_done_to(self, operator: Client, day: MarketDay) -> None:
        sku_id = day.shipped.lines[1].sku_id
        (pk,) = listed(operator, "admin:tradecore_auditentry_changelist", q=f"sku_sale:{sku_id}")
        assert AuditEntry.objects.get(pk=pk).reason == "the gilding comes off"
