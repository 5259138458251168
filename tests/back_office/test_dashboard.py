"""The front page: what waits, counted, with a way to it."""

import re
from datetime import timedelta
from http import HTTPStatus

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.payments.models import Refund, Tender
from tests.back_office.conftest import sign_in
from tests.back_office.market_day import MarketDay
from tests.factories.accounts import UserFactory
from tests.factories.aftersales import ask, escalate, make_delivered_order, open_case, reject
from tests.factories.checkout import make_shop_floor
from tests.factories.payments import dispute
from tradecore import clock, degradation


def counts(client: Client) -> dict[str, int]:
    groups = client.get(reverse("admin:index")).context["groups"]
    return {card.title: card.count for group in groups for card in group.cards}


class TestTheDashboard:
    def test_counts_what_waits(self, operator: Client, day: MarketDay) -> None:
        assert counts(operator) == {
            "Unpaid": 3,
            "On hold": 1,
            "To ship": 0,
            "Partly shipped": 0,
            "To collect": 0,
            "Unanswered calls": 1,
            "Answers to apply": 0,
            "Parked answers": 0,
            "Suspect tenders": 0,
            "Failed refunds": 0,
            "Open disputes": 0,
            "Cases to decide": 0,
            "Open breaks": 0,
            "To approve": 0,
            "Switched off": 0,
            "Timers due": 5,
            "Timers parked": 1,
            "Events to deliver": 0,
            "Dead letters": 1,
        }

    def test_counts_what_needs_a_person(self, operator: Client, day: MarketDay) -> None:
        Tender.objects.filter(intent__payable_ref=day.unpaid.purchase_id).update(status="SUSPECT")
        Refund.objects.update(status="FAILED")
        floor = make_shop_floor()
        order = make_delivered_order(floor)
        escalate(reject(open_case(ask(order))))
        dispute(floor.provider, payable_ref=order.purchase_id)
        found = counts(operator)
        assert (found["Suspect tenders"], found["Failed refunds"]) == (1, 1)
        assert (found["Cases to decide"], found["Open disputes"]) == (1, 1)

    def test_leads_to_lists_as_long_as_it_says(self, operator: Client, day: MarketDay) -> None:
        now = clock.now()
        until = now + timedelta(hours=1)
        degradation.switch_on(plan="guests", until=until, reason="a flood of them", actor="user:1", now=now)
        for group in operator.get(reverse("admin:index")).context["groups"]:
            for card in group.cards:
                page = operator.get(card.link)
                assert page.status_code == HTTPStatus.OK
                rows = page.context["newest"].rows if "newest" in page.context else page.context["cl"].result_list
                assert len(rows) == card.count, card.title

    def test_shows_the_newest_orders(self, operator: Client, day: MarketDay) -> None:
        page = operator.get(reverse("admin:index")).content.decode()
        assert reverse("back_office:order", args=[day.shipped.id]) in page

    def test_shows_only_what_its_reader_may_view(self, clerk: Client, day: MarketDay) -> None:
        page = clerk.get(reverse("admin:index"))
        assert page.context["groups"] == []
        assert day.shipped.number not in page.content.decode()
        assert 'class="bo-search"' not in page.content.decode()

    def test_shows_each_group_to_who_may_view_it(self, day: MarketDay) -> None:
        user = UserFactory.create(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename="view_timer"))
        page = sign_in(user).get(reverse("admin:index"))
        assert [group.title for group in page.context["groups"]] == ["Machinery"]


class TestTheSidebar:
    def links(self, client: Client) -> list[str]:
        page = client.get(reverse("admin:index")).content.decode()
        return re.findall(r'<li>\s*<a href="([^"]+)"', page)

    def test_leads_operators_to_pages_that_open(self, operator: Client, day: MarketDay) -> None:
        links = self.links(operator)
        assert len(links) > 25
        for link in links:
            assert operator.get(link.replace("&amp;", "&")).status_code == HTTPStatus.OK, link

    def test_leads_a_clerk_nowhere_else_than_home(self, clerk: Client, day: MarketDay) -> None:
        assert self.links(clerk) == [reverse("admin:index")]
