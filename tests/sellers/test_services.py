"""Shops are opened, edited, moved and priced, each act by one use case that leaves an audit entry."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from apps.sellers import models, services, states
from apps.sellers.api import (
    DeliveryRate,
    HandleTaken,
    InvalidField,
    Shop,
    ShopState,
    StateNotAllowed,
    UnknownShop,
    VersionStale,
    change_shop_state,
    edit_shop,
    find_shop,
    get_shop,
    list_shop_rates,
    open_shop,
    set_delivery_rate,
    set_legal_identity,
)
from tests.factories.sellers import DeliveryRateFactory, ShopFactory
from tests.sellers.conftest import Refuses
from tests.support import NOON
from tradecore.db import Busy
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db

UNPRINTABLE = ["a\x00b", "a\nb", "a\x7fb", "a\u2028b", "a\ud800b"]


def open_one(**changes: Any) -> Shop:
    facts = {
        "handle": "blue-hat",
        "name": "The Blue Hat",
        "contact_email": "hello@blue-hat.example",
        "market": "GB",
        "currency": "GBP",
        "fee_plan": "standard",
    }
    return open_shop(**(facts | changes), actor="user:1", now=NOON)


class TestOpenShop:
    def test_opens_a_shop_that_does_not_sell_yet(self) -> None:
        shop = open_one()
        assert shop == Shop(
            id=shop.id,
            handle="blue-hat",
            name="The Blue Hat",
            contact_email="hello@blue-hat.example",
            market="GB",
            currency="GBP",
            fee_plan="standard",
            state=ShopState.ONBOARDING,
            version=1,
        )
        assert not shop.is_selling
        assert get_shop(shop_id=shop.id) == shop
        assert find_shop(handle="blue-hat") == shop

    def test_leaves_an_audit_entry_without_the_address(self) -> None:
        shop = open_one()
        entry: Any = AuditEntry.objects.get()
        assert (entry.actor, entry.action, entry.subject) == ("user:1", "shop.opened", f"shop:{shop.id}")
        assert "@" not in str(entry.after)

    @pytest.mark.parametrize("handle", ["", "ab", "-abc", "abc-", "Abc", "a b c", "\uff41bc", "a" * 41, "abc\n"])
    def test_refuses_what_is_no_handle(self, refuses: Refuses, handle: str) -> None:
        with refuses(InvalidField) as refused:
            open_one(handle=handle)
        assert refused.value.field == "handle"

    @pytest.mark.parametrize("name", ["", "   ", "x" * 101, *UNPRINTABLE])
    def test_refuses_what_is_no_name(self, refuses: Refuses, name: str) -> None:
        with refuses(InvalidField) as refused:
            open_one(name=name)
        assert refused.value.field == "name"

    @pytest.mark.parametrize(
        "email", ["", "nobody", "a@localhost", "a b@shop.example", "ä@shop.example", "a@shop.example\n", "a" * 300]
    )
    def test_refuses_what_is_no_address(self, refuses: Refuses, email: str) -> None:
        with refuses(InvalidField) as refused:
            open_one(contact_email=email)
        assert refused.value.field == "contact_email"

    def test_refuses_a_handle_that_is_taken(self, refuses: Refuses) -> None:
        ShopFactory.create(handle="blue-hat", state=ShopState.CLOSED)
        with refuses(HandleTaken):
            open_one()

    def test_looks_at_the_fields_in_the_order_stated(self, refuses: Refuses) -> None:
        with refuses(InvalidField) as refused:
            open_one(handle="", name="", contact_email="")
        assert refused.value.field == "handle"
        with refuses(InvalidField) as refused:
            open_one(name="", contact_email="")
        assert refused.value.field == "name"


class TestEditShop:
    def edit(self, shop_id: int, **changes: Any) -> Shop:
        facts: dict[str, Any] = {"version": 1, "name": "The Red Hat", "contact_email": "red@hat.example"}
        return edit_shop(shop_id=shop_id, **(facts | changes), actor="user:1", now=NOON)

    def test_replaces_what_was_read_and_counts_the_version(self) -> None:
        row = ShopFactory.create(name="The Blue Hat")
        shop = self.edit(row.pk)
        assert (shop.name, shop.contact_email, shop.version) == ("The Red Hat", "red@hat.example", 2)
        assert get_shop(shop_id=row.pk) == shop

    def test_leaves_an_audit_entry_without_the_address(self) -> None:
        row = ShopFactory.create(name="The Blue Hat")
        self.edit(row.pk)
        entry: Any = AuditEntry.objects.get()
        assert entry.before == {"name": "The Blue Hat"}
        assert entry.after == {"name": "The Red Hat", "contact_email_changed": True}

    def test_refuses_an_unknown_shop(self, refuses: Refuses) -> None:
        with refuses(UnknownShop):
            self.edit(1, name="")

    def test_refuses_what_was_read_before_the_last_edit(self, refuses: Refuses) -> None:
        row = ShopFactory.create(version=3)
        with refuses(VersionStale) as refused:
            self.edit(row.pk, version=2, name="")
        assert refused.value.version == 3

    def test_refuses_what_is_no_name(self, refuses: Refuses) -> None:
        row = ShopFactory.create()
        with refuses(InvalidField) as refused:
            self.edit(row.pk, name="", contact_email="")
        assert refused.value.field == "name"

    def test_refuses_what_is_no_address(self, refuses: Refuses) -> None:
        row = ShopFactory.create()
        with refuses(InvalidField) as refused:
            self.edit(row.pk, contact_email="nobody")
        assert refused.value.field == "contact_email"


class TestSetLegalIdentity:
    def set(self, shop_id: int, **changes: str) -> Shop:
        papers = {"legal_name": "North Wool Ltd", "tax_number": "GB 123.456-789/A"}
        return set_legal_identity(**{"shop_id": shop_id, **papers, **changes}, actor="user:1", now=NOON)  # type: ignore[arg-type]

    def test_sets_who_sells_in_the_next_version(self) -> None:
        row = ShopFactory.create()
        shop = self.set(row.pk)
        assert (shop.legal_name, shop.tax_number, shop.version) == ("North Wool Ltd", "GB 123.456-789/A", 2)
        assert get_shop(shop_id=row.pk) == shop

    def test_leaves_an_audit_entry_without_the_number(self) -> None:
        row = ShopFactory.create(legal_name="Robin Wool")
        self.set(row.pk)
        entry: Any = AuditEntry.objects.get()
        assert entry.action == "shop.legal_identity_set"
        assert entry.before == {"legal_name": "Robin Wool"}
        assert entry.after == {"legal_name": "North Wool Ltd", "tax_number_changed": True}

    def test_does_nothing_when_it_is_so_already(self) -> None:
        row = ShopFactory.create()
        assert self.set(row.pk) == self.set(row.pk)
        assert AuditEntry.objects.count() == 1

    def test_refuses_an_unknown_shop(self, refuses: Refuses) -> None:
        with refuses(UnknownShop):
            self.set(1, legal_name="", tax_number="")

    @pytest.mark.parametrize("legal_name", ["", " ", "x" * 201, *UNPRINTABLE])
    def test_refuses_what_is_no_name(self, refuses: Refuses, legal_name: str) -> None:
        row = ShopFactory.create()
        with refuses(InvalidField) as refused:
            self.set(row.pk, legal_name=legal_name, tax_number="")
        assert refused.value.field == "legal_name"

    @pytest.mark.parametrize("tax_number", ["", " ", "gb1", "-1", "1-", "1" * 31, "1\n2", "<b>", "Ä1", "\uff11"])
    def test_refuses_what_is_no_number(self, refuses: Refuses, tax_number: str) -> None:
        row = ShopFactory.create()
        with refuses(InvalidField) as refused:
            self.set(row.pk, tax_number=tax_number)
        assert refused.value.field == "tax_number"


class TestChangeShopState:
    def change(self, shop_id: int, state: ShopState, reason: str = "papers are in order") -> Shop:
        return change_shop_state(shop_id=shop_id, state=state, reason=reason, actor="user:1", now=NOON)

    @pytest.mark.parametrize(
        ("before", "after"), [(before, after) for before, edges in states.SHOP.edges.items() for after in sorted(edges)]
    )
    def test_follows_the_table(self, before: ShopState, after: ShopState) -> None:
        row = ShopFactory.create(state=before)
        shop = self.change(row.pk, after)
        assert (shop.state, shop.version) == (after, 2)
        assert get_shop(shop_id=row.pk) == shop

    def test_leaves_an_audit_entry_with_the_reason(self) -> None:
        row = ShopFactory.create(state=ShopState.ACTIVE)
        self.change(row.pk, ShopState.SUSPENDED, "sells counterfeits")
        entry: Any = AuditEntry.objects.get()
        assert (entry.action, entry.reason) == ("shop.state_changed", "sells counterfeits")
        assert (entry.before, entry.after) == ({"state": "ACTIVE"}, {"state": "SUSPENDED"})

    def test_does_nothing_when_the_shop_is_there_already(self) -> None:
        row = ShopFactory.create(state=ShopState.ACTIVE)
        assert self.change(row.pk, ShopState.ACTIVE).version == 1
        assert not AuditEntry.objects.exists()

    def test_refuses_an_unknown_shop(self, refuses: Refuses) -> None:
        with refuses(UnknownShop):
            self.change(1, ShopState.ACTIVE, reason="")

    @pytest.mark.parametrize("reason", ["", " ", "x" * 301, "a\nb"])
    def test_refuses_what_is_no_reason(self, refuses: Refuses, reason: str) -> None:
        row = ShopFactory.create(state=ShopState.CLOSED)
        with refuses(InvalidField) as refused:
            self.change(row.pk, ShopState.ACTIVE, reason)
        assert refused.value.field == "reason"

    def test_refuses_an_edge_that_the_table_does_not_have(self, refuses: Refuses) -> None:
        row = ShopFactory.create(state=ShopState.CLOSED)
        with refuses(StateNotAllowed) as refused:
            self.change(row.pk, ShopState.ACTIVE)
        assert refused.value.facts() == {"state": "CLOSED", "wanted": "ACTIVE"}

    @pytest.mark.race
    def test_lets_one_of_two_win(self, race: Callable[[Sequence[Callable[[], Any]]], list[Any]]) -> None:
        """Both may have read the shop before either wrote; or the second found it closed."""
        row = ShopFactory.create(state=ShopState.ACTIVE)
        outcomes = race(
            [lambda: self.change(row.pk, ShopState.CLOSED), lambda: self.change(row.pk, ShopState.SUSPENDED)]
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, Busy | StateNotAllowed)]
        moved = [outcome for outcome in outcomes if isinstance(outcome, Shop)]
        assert len(refused) + len(moved) == 2
        assert AuditEntry.objects.count() == len(moved) >= 1
        assert get_shop(shop_id=row.pk) == max(moved, key=lambda shop: shop.version)


class TestWrite:
    def test_writes_nothing_over_what_was_not_read(self) -> None:
        row = ShopFactory.create(name="The Blue Hat")
        models.Shop.objects.update(version=2)
        assert not services._write(row, name="The Red Hat")
        assert models.Shop.objects.get().name == "The Blue Hat"


class TestSetDeliveryRate:
    def set(self, rate: DeliveryRate) -> DeliveryRate:
        return set_delivery_rate(rate=rate, actor="user:1", now=NOON)

    def test_offers_an_option(self) -> None:
        rate = DeliveryRate(
            shop_id=ShopFactory.create().pk,
            option="standard",
            base_minor=399,
            per_kg_minor=50,
            included_grams=1000,
            free_from_minor=5000,
        )
        assert self.set(rate) == rate
        assert list_shop_rates(shop_id=rate.shop_id) == (rate,)

    def test_replaces_the_rate_that_stood(self) -> None:
        row = DeliveryRateFactory.create(free_from_minor=2000)
        rate = DeliveryRate(shop_id=row.shop_id, option=row.option, base_minor=0)
        self.set(rate)
        assert list_shop_rates(shop_id=row.shop_id) == (rate,)
        entry: Any = AuditEntry.objects.get()
        assert (entry.before["free_from_minor"], entry.after["free_from_minor"]) == (2000, None)

    def test_does_nothing_when_the_rate_stands_already(self) -> None:
        row = DeliveryRateFactory.create()
        self.set(DeliveryRate(shop_id=row.shop_id, option=row.option, base_minor=row.base_minor))
        assert not AuditEntry.objects.exists()

    def test_refuses_an_unknown_shop(self, refuses: Refuses) -> None:
        with refuses(UnknownShop):
            self.set(DeliveryRate(shop_id=1, option="", base_minor=-1))

    @pytest.mark.parametrize(
        ("field", "wrong"),
        [
            ("option", ""),
            ("option", "Next day"),
            ("option", "x" * 31),
            ("base_minor", -1),
            ("base_minor", models.RATE_MINOR_MAX + 1),
            ("per_kg_minor", -1),
            ("per_kg_minor", models.RATE_MINOR_MAX + 1),
            ("included_grams", -1),
            ("included_grams", models.GRAMS_MAX + 1),
            ("free_from_minor", -1),
            ("free_from_minor", 10**15 + 1),
        ],
    )
    def test_refuses_what_no_rate_holds(self, refuses: Refuses, field: str, wrong: Any) -> None:
        rate = DeliveryRate(shop_id=ShopFactory.create().pk, option="standard", base_minor=0)
        with refuses(InvalidField) as refused:
            self.set(replace(rate, **{field: wrong}))
        assert refused.value.field == field

    def test_looks_at_the_fields_in_the_order_stated(self, refuses: Refuses) -> None:
        wrong: dict[str, Any] = {
            "option": "",
            "base_minor": -1,
            "per_kg_minor": -1,
            "included_grams": -1,
            "free_from_minor": -1,
        }
        right = {"option": "standard", "base_minor": 0, "per_kg_minor": 0, "included_grams": 0, "free_from_minor": 0}
        shop_id = ShopFactory.create().pk
        for field in wrong:
            with refuses(InvalidField) as refused:
                self.set(DeliveryRate(shop_id=shop_id, **wrong))
            assert refused.value.field == field
            wrong = wrong | {field: right[field]}
