"""What operators set up: a shop that sells, its people, and promotions of the platform's own."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from apps.accounts import api as accounts
from apps.fees.api import load_standard_fee_plans
from apps.markets.api import forget_markets, load_standard_markets
from apps.orders.api import OrderView
from apps.pricing.api import RateOff
from apps.promotions import api as promotions
from apps.promotions.models import Promotion
from apps.sellers import api as sellers
from apps.sellers.models import DeliveryRate, Shop
from tests.back_office.conftest import sign_in
from tests.factories.accounts import ShopStaffFactory, UserFactory
from tests.factories.aftersales import make_delivered_order
from tests.factories.catalog import CategoryFactory
from tests.factories.checkout import make_shop_floor
from tests.factories.sellers import ShopFactory
from tests.support import NOON
from tradecore.ids import new_id
from tradecore.models import Approval, AuditEntry

ACTS = {
    "open_shop": "sellers.add_shop",
    "set_delivery_rate": "sellers.change_deliveryrate",
    "add_shop_staff": "accounts.add_shopstaff",
    "create_promotion": "promotions.add_promotion",
    "refund_orders": "aftersales.add_case",
    "answer_dispute": "payments.change_dispute",
    "adjust_seller": "settlement.add_settlementline",
    "reverse_posting": "ledger.change_posting",
    "adjust_books": "ledger.add_posting",
}

SHOP = {
    "handle": "kettle-and-crumb",
    "name": "Kettle & Crumb",
    "contact_email": "kettle@example.com",
    "market": "GB",
    "fee_plan": "",
}
RATE = {
    "shop": "kettle-and-crumb",
    "option": "standard",
    "base": "3.99",
    "included_grams": "2000",
    "per_kg": "0.50",
    "free_from": "60",
}
STAFF = {"shop": "kettle-and-crumb", "email": "Robin@Example.com", "role": "owner", "reason": "they asked"}
COUPON = {
    "kind": "PLATFORM_COUPON",
    "market": "GB",
    "title_for_buyers": "Ten per cent in spring",
    "code": "spring10",
    "percent_off": "10",
    "max_off": "15.00",
    "amount_off": "",
    "min_spend": "30.00",
    "targets": "",
    "starts_at": "2026-07-01T00:00",
    "ends_at": "2026-08-01T00:00",
    "platform_share": "60",
    "uses_cap": "1000",
    "uses_per_buyer_cap": "1",
    "budget": "5000.00",
}


@pytest.fixture(autouse=True)
def _markets(db: None) -> None:
    load_standard_markets(now=NOON)
    load_standard_fee_plans(now=NOON)
    forget_markets()


@pytest.fixture
def shop() -> Shop:
    return ShopFactory.create(handle="kettle-and-crumb")


def send(client: Client, act: str, form: dict[str, str]) -> Any:
    return client.post(reverse(f"back_office:{act}"), form)


def said_of(client: Client, act: str, form: dict[str, str]) -> str:
    """Do it; returns what the next page says."""
    answer = send(client, act, form)
    assert answer.status_code == HTTPStatus.FOUND, answer.context["form"].errors
    (message,) = get_messages(answer.wsgi_request)
    return str(message)


def faults_of(client: Client, act: str, form: dict[str, str]) -> dict[str, list[str]]:
    """What the form says of why it was not done."""
    answer = send(client, act, form)
    assert answer.status_code == HTTPStatus.OK
    faults: dict[str, list[str]] = answer.context["form"].errors
    page = answer.content.decode()
    assert all(str(fault) in page.replace("&#x27;", "'") for said in faults.values() for fault in said)
    return faults


def audited() -> list[AuditEntry]:
    """What people have done."""
    return list(AuditEntry.objects.filter(actor__startswith="user:"))


class TestEveryAct:
    @pytest.mark.parametrize("act", ACTS)
    def test_is_a_page_in_the_sidebar_of_who_may_do_it(self, act: str) -> None:
        user = UserFactory.create(is_staff=True)
        app, codename = ACTS[act].split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        client = sign_in(user)
        assert client.get(reverse(f"back_office:{act}")).status_code == HTTPStatus.OK
        sidebar = client.get(reverse("admin:index")).content.decode()
        assert [name for name in ACTS if reverse(f"back_office:{name}") in sidebar] == [act]

    @pytest.mark.parametrize("act", ACTS)
    def test_is_refused_to_who_may_only_look(self, operator: Client, act: str) -> None:
        address = reverse(f"back_office:{act}")
        assert operator.get(address).status_code == HTTPStatus.FORBIDDEN
        assert operator.post(address, {}).status_code == HTTPStatus.FORBIDDEN

    @pytest.mark.parametrize("act", ACTS)
    def test_asks_strangers_to_sign_in(self, client: Client, act: str) -> None:
        answer = client.post(reverse(f"back_office:{act}"), {})
        assert answer.status_code == HTTPStatus.FOUND
        assert answer.headers["Location"].startswith(reverse("admin:login"))

    @pytest.mark.parametrize("act", ACTS)
    def test_does_nothing_with_an_empty_form(self, superuser: Client, act: str) -> None:
        assert "This field is required." in str(faults_of(superuser, act, {}))
        assert not audited()

    @pytest.mark.parametrize("act", ACTS)
    def test_wants_the_token_of_its_own_page(self, act: str) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
        assert client.post(reverse(f"back_office:{act}"), {}).status_code == HTTPStatus.FORBIDDEN


class TestOpenShop:
    def test_opens_a_shop_on_the_standard_plan_of_its_market(self, superuser: Client) -> None:
        assert said_of(superuser, "open_shop", SHOP).startswith("Opened: kettle-and-crumb")
        shop = sellers.find_shop(handle="kettle-and-crumb")
        assert shop
        assert (shop.market, shop.currency, shop.fee_plan) == ("GB", "GBP", "GB-STANDARD")
        assert (shop.state, shop.contact_email) == (sellers.ShopState.ONBOARDING, "kettle@example.com")
        (entry,) = audited()
        assert (entry.action, entry.subject) == ("shop.opened", f"shop:{shop.id}")

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"handle": "No"}, "handle"),
            ({"contact_email": "nobody"}, "contact_email"),
            ({"market": "XX"}, "market"),
            ({"fee_plan": "NO-SUCH-PLAN"}, "fee_plan"),
            ({"fee_plan": "JP-STANDARD"}, "fee_plan"),
            ({"fee_plan": "DEMO-STANDARD"}, "fee_plan"),  # in the same currency
        ],
    )
    def test_says_beside_the_field_why_not(self, superuser: Client, changed: dict[str, str], field: str) -> None:
        assert list(faults_of(superuser, "open_shop", SHOP | changed)) == [field]
        assert not Shop.objects.exists()
        assert not audited()

    def test_says_above_the_form_that_the_handle_is_taken(self, superuser: Client, shop: Shop) -> None:
        assert faults_of(superuser, "open_shop", SHOP) == {"__all__": [sellers.HandleTaken.title]}


class TestSetDeliveryRate:
    def test_sets_it_in_the_currency_of_the_shop(self, superuser: Client, shop: Shop) -> None:
        assert "3.99 GBP" in said_of(superuser, "set_delivery_rate", RATE)
        (rate,) = sellers.list_shop_rates(shop_id=shop.pk)
        assert rate == sellers.DeliveryRate(
            shop_id=shop.pk,
            option="standard",
            base_minor=399,
            per_kg_minor=50,
            included_grams=2000,
            free_from_minor=6000,
        )
        assert [entry.action for entry in audited()] == ["shop.delivery_rate_set"]

    def test_takes_what_is_left_empty_for_nothing(self, superuser: Client, shop: Shop) -> None:
        said_of(superuser, "set_delivery_rate", RATE | {"included_grams": "", "per_kg": "", "free_from": ""})
        (rate,) = sellers.list_shop_rates(shop_id=shop.pk)
        assert (rate.per_kg_minor, rate.included_grams, rate.free_from_minor) == (0, 0, None)

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"shop": "nowhere"}, "shop"),
            ({"option": "teleport"}, "option"),
            ({"base": "3.999"}, "base"),
            ({"base": "-1"}, "base"),
            ({"per_kg": "much"}, "per_kg"),
            ({"included_grams": "9" * 12}, "included_grams"),
        ],
    )
    def test_says_beside_the_field_why_not(
        self, superuser: Client, shop: Shop, changed: dict[str, str], field: str
    ) -> None:
        assert list(faults_of(superuser, "set_delivery_rate", RATE | changed)) == [field]
        assert not DeliveryRate.objects.exists()


class TestShopStaff:
    def test_are_added_by_their_address(self, superuser: Client, shop: Shop) -> None:
        robin = UserFactory.create(email="robin@example.com")
        assert said_of(superuser, "add_shop_staff", STAFF).startswith("Added")
        assert accounts.find_shop_role(user_id=robin.pk, shop_id=shop.pk) is accounts.ShopRole.OWNER
        (entry,) = audited()
        assert (entry.action, entry.subject, entry.reason) == ("shop_staff.added", f"shop:{shop.pk}", "they asked")

    @pytest.mark.parametrize(
        ("changed", "field"), [({"shop": "nowhere"}, "shop"), ({"email": "who@example.com"}, "email")]
    )
    def test_are_not_added_where_one_of_both_is_not_there(
        self, superuser: Client, shop: Shop, changed: dict[str, str], field: str
    ) -> None:
        UserFactory.create(email="robin@example.com")
        assert list(faults_of(superuser, "add_shop_staff", STAFF | changed)) == [field]
        assert accounts.list_staff(shop_id=shop.pk) == []

    def test_in_another_role_are_removed_first(self, superuser: Client, shop: Shop) -> None:
        robin = UserFactory.create(email="robin@example.com")
        ShopStaffFactory.create(user=robin, shop_id=shop.pk, role=accounts.ShopRole.SUPPORT)
        assert faults_of(superuser, "add_shop_staff", STAFF) == {"__all__": [accounts.AlreadyStaff.title]}

    def test_are_removed_on_their_page_with_a_reason(self, superuser: Client) -> None:
        row = ShopStaffFactory.create()
        address = reverse("admin:accounts_shopstaff_remove", args=[row.pk])
        assert "End their work" in superuser.get(address).content.decode()
        answer = superuser.post(address, {"_form_submitted": "on", "reason": "they have left"})
        assert answer.headers["HX-Redirect"] == reverse("admin:accounts_shopstaff_changelist")
        assert accounts.list_staff(shop_id=row.shop_id) == []
        (entry,) = audited()
        assert (entry.action, entry.reason) == ("shop_staff.removed", "they have left")

    def test_are_not_removed_by_who_may_only_look(self, operator: Client) -> None:
        row = ShopStaffFactory.create()
        address = reverse("admin:accounts_shopstaff_remove", args=[row.pk])
        answer = operator.post(address, {"_form_submitted": "on", "reason": "out of spite"})
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert accounts.list_staff(shop_id=row.shop_id)


class TestCreatePromotion:
    def drafted(self) -> promotions.Promotion:
        return promotions.get_promotion(promotion_id=Promotion.objects.get().pk, shop_id=None, now=NOON)

    def test_drafts_a_coupon_in_the_money_and_time_of_its_market(self, superuser: Client) -> None:
        assert "is a draft" in said_of(superuser, "create_promotion", COUPON)
        promotion = self.drafted()
        assert promotion.state is promotions.PromotionState.DRAFT
        terms = promotion.terms
        assert (terms.code, terms.title, terms.currency) == ("SPRING10", "Ten per cent in spring", "GBP")
        assert terms.benefit == RateOff(1000, 1500)
        assert (terms.min_spend_minor, terms.budget_minor, terms.platform_share_bp) == (3000, 500_000, 6000)
        assert (terms.uses_cap, terms.uses_per_buyer_cap) == (1000, 1)
        assert terms.targets == (promotions.Target(promotions.TargetKind.ALL),)
        assert terms.starts_at == datetime(2026, 6, 30, 23, 0, tzinfo=UTC)  # midnight in a British summer
        assert [entry.action for entry in audited()] == ["promotion.created"]

    def test_drafts_a_discount_on_shipping_without_caps(self, superuser: Client) -> None:
        plain = {"code": "", "percent_off": "", "max_off": "", "uses_cap": "", "uses_per_buyer_cap": "", "budget": ""}
        form = COUPON | plain | {"kind": "SHIPPING_DISCOUNT", "amount_off": "2.00"}
        said_of(superuser, "create_promotion", form)
        terms = self.drafted().terms
        assert terms.kind is promotions.PromotionKind.SHIPPING_DISCOUNT
        assert (terms.code, terms.uses_cap, terms.budget_minor) == (None, None, None)

    def test_aims_at_what_is_named(self, superuser: Client, shop: Shop) -> None:
        category = CategoryFactory.create(path="fashion")
        product, sku = new_id(), new_id()
        targets = f"shop:{shop.handle}\ncategory:fashion\nproduct:{product}\nsku:{sku}\n"
        said_of(superuser, "create_promotion", COUPON | {"targets": targets})
        assert {(target.kind.value, target.id) for target in self.drafted().terms.targets} == {
            ("SHOP", shop.pk),
            ("CATEGORY", category.pk),
            ("PRODUCT", product),
            ("SKU", sku),
        }

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"percent_off": ""}, "percent_off"),
            ({"amount_off": "5.00"}, "percent_off"),
            ({"percent_off": "", "amount_off": "5.00"}, "max_off"),
            ({"percent_off": "101"}, "percent_off"),
            ({"max_off": "15,00"}, "max_off"),
            ({"code": ""}, "code"),
            ({"title_for_buyers": "x" * 51}, "title_for_buyers"),
            ({"kind": "SHIPPING_DISCOUNT"}, "code"),
            ({"kind": "SELLER_COUPON"}, "kind"),
            ({"ends_at": "2026-07-01T00:05"}, "ends_at"),
            ({"starts_at": "soon"}, "starts_at"),
            ({"platform_share": "101"}, "platform_share"),
            ({"budget": "0"}, "budget"),
            ({"targets": "shop:nowhere"}, "targets"),
            ({"targets": "everything"}, "targets"),
            ({"targets": "sku:1 sku:1"}, "targets"),
        ],
    )
    def test_says_beside_the_field_why_not(self, superuser: Client, changed: dict[str, str], field: str) -> None:
        assert list(faults_of(superuser, "create_promotion", COUPON | changed)) == [field]
        assert not Promotion.objects.exists()

    def test_says_above_the_form_that_the_code_is_taken(self, superuser: Client) -> None:
        said_of(superuser, "create_promotion", COUPON)
        faults = faults_of(superuser, "create_promotion", COUPON | {"title_for_buyers": "Another"})
        assert faults == {"__all__": [promotions.CouponCodeTaken.title]}


class TestRefundOrders:
    @pytest.fixture
    def order(self) -> OrderView:
        return make_delivered_order(make_shop_floor(), 3)

    def form(self, *orders: OrderView, lines: str = "") -> dict[str, str]:
        numbers = "\n".join(order.number for order in orders)
        return {"numbers": numbers, "lines": lines, "reason": "platforms_mistake", "comment": "Sorry."}

    def test_gives_a_part_back_at_once(self, superuser: Client, order: OrderView) -> None:
        said = said_of(superuser, "refund_orders", self.form(order, lines="1:2"))
        assert said.startswith("Refunded: 20.00 GBP, case ")
        assert [entry.action for entry in audited()] == ["order.refunded"]

    def test_asks_a_second_person_for_everything(self, superuser: Client, order: OrderView) -> None:
        said = said_of(superuser, "refund_orders", self.form(order))
        assert said.startswith("A second person must approve this: request ")
        assert Approval.objects.get().content["refund"] == {"amount": "33.99", "currency": "GBP"}

    @pytest.mark.parametrize(
        ("form", "field"),
        [
            ({"numbers": "not a number"}, "numbers"),
            ({"lines": "4:1"}, "lines"),
            ({"lines": "1:-1"}, "lines"),
            ({"lines": "1"}, "lines"),
            ({"lines": "1:4"}, "__all__"),
        ],
    )
    def test_says_why_not(self, superuser: Client, order: OrderView, form: dict[str, str], field: str) -> None:
        assert list(faults_of(superuser, "refund_orders", self.form(order) | form)) == [field]

    def test_names_each_order_once_and_the_lines_of_one(self, superuser: Client, order: OrderView) -> None:
        assert "numbers" in faults_of(superuser, "refund_orders", self.form(order, order))
        other = make_delivered_order(make_shop_floor())
        assert "lines" in faults_of(superuser, "refund_orders", self.form(order, other, lines="1:1"))
