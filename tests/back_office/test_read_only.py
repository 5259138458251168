"""What the admins of all apps are made of."""

from typing import Any

import pytest
from django.contrib.admin import site
from django.db.models import Q
from django.test import RequestFactory

from apps.fulfilment.models import Package
from tests.factories.fulfilment import PackageFactory
from tradecore import admin as kernel_admin
from tradecore.admin import BoundedPaginator, FoundByIndex, filter_by, money
from tradecore.ids import format_number
from tradecore.models import Timer
from tradecore.money import Money


class TestBoundedPaginator:
    @pytest.mark.django_db
    def test_counts_no_further_than_its_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kernel_admin, "COUNTED_ROWS_MAX", 3)
        PackageFactory.create_batch(5)
        assert BoundedPaginator(Package.objects.order_by("-pk"), 2).count == 3
        monkeypatch.setattr(kernel_admin, "COUNTED_ROWS_MAX", 10)
        assert BoundedPaginator(Package.objects.order_by("-pk"), 2).count == 5

    def test_counts_lists_too(self) -> None:
        assert BoundedPaginator([1, 2], 10).count == 2


class TestMoney:
    def test_takes_the_currency_from_where_it_stands(self) -> None:
        class Owner:
            currency = "JPY"

        class Row:
            total_minor = 1980
            owner = Owner()

        shown: Any = money("total_minor", currency="owner.currency")
        assert shown(Row()) == Money(1980, "JPY")
        assert shown.short_description == "total"

    def test_leaves_out_what_is_not_there(self) -> None:
        class Row:
            cap_minor = None
            currency = "GBP"

        assert money("cap_minor")(Row()) is None


class TestFoundByIndex:
    class Timers(FoundByIndex):
        number_fields = ("pk", "subject")
        text_fields = ("kind",)

    def find(self, term: str) -> Q:
        return self.Timers(Timer, site).find(term)

    @pytest.mark.parametrize("term", ["42", format_number(42), f" {format_number(42)}"])
    def test_takes_an_id_as_it_is_and_as_its_number(self, term: str) -> None:
        assert ("subject", 42) in self.find(term).children

    def test_takes_the_beginning_of_a_text(self) -> None:
        assert ("kind__startswith", "expire") in self.find("expire").children

    @pytest.mark.parametrize("term", ["9" * 19, "9" * 40, "-1", "4.2", "٣"])
    def test_takes_nothing_else_as_a_number(self, term: str) -> None:
        assert "subject" not in str(self.find(term))


class TestFilterBy:
    @pytest.mark.django_db
    def test_offers_its_words_without_asking_the_table(
        self, rf: RequestFactory, django_assert_num_queries: Any
    ) -> None:
        model_admin = site.get_model_admin(Package)
        with django_assert_num_queries(0):
            words: Any = filter_by("carrier", ["royal_mail", "dpd"])(
                rf.get("/"), {"carrier": ["dpd"]}, Package, model_admin
            )
            assert [word for word, _ in words.lookup_choices] == ["royal_mail", "dpd"]
        PackageFactory.create(carrier="royal_mail")
        wanted = PackageFactory.create(carrier="dpd")
        assert list(words.queryset(rf.get("/"), Package.objects.all())) == [wanted]
