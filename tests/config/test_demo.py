"""The demo marketplace: whole, for sale, and the same however often it is built."""

from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from apps.accounts import api as accounts
from apps.catalog import api as catalog
from apps.checkout import api as checkout
from apps.inventory import api as inventory
from apps.markets.api import forget_markets
from apps.promotions.api import PromotionKind, PromotionState
from apps.promotions.models import Promotion
from apps.sellers import api as sellers
from apps.settlement import api as settlement
from config.demo import logins, people
from config.demo.build import build_demo
from config.demo.promotions import PROMOTIONS
from config.demo.shops import SHOPS
from config.demo.site import Site
from tests.support import NOON
from tradecore.ids import new_gene, new_id
from tradecore.models import Approval

pytestmark = pytest.mark.django_db

LATER = NOON.replace(hour=18)


@pytest.fixture
def site() -> Site:
    forget_markets()
    return build_demo(now=NOON)


def count_rows() -> dict[str, int]:
    """Every row of ours, by table; the leases of worker numbers come and go."""
    own = [model for model in apps.get_models() if model.__module__.startswith(("apps.", "tradecore"))]
    return {model._meta.db_table: model._default_manager.count() for model in own}


def find_sku(site: Site, handle: str, code: str) -> catalog.Sku:
    sku = catalog.find_shop_sku(shop_id=site.shops[handle].id, code=code)
    assert sku is not None
    return sku


def quote_one_of_each(site: Site, market: str, option: str, *codes: str) -> checkout.Quote:
    """A guest's quote for one piece of everything in a market that is delivered by the option."""
    shops = [shop for shop in SHOPS if shop.market == market and option in {rate.option for rate in shop.rates}]
    skus = [(shop, sku) for shop in shops for product in shop.products for sku in product.skus]
    (buyer,) = [buyer for buyer in people.BUYERS if buyer.market == market]
    ref = new_id(new_gene())
    wish = checkout.Wish(
        market=market,
        lines=tuple(checkout.WantedLine(find_sku(site, shop.handle, sku.code).id, 1) for shop, sku in skus),
        address=buyer.address,
        delivery_option=option,
        coupon_codes=codes,
    )
    guest = checkout.Buyer(ref=ref, scope=f"guest:{ref}", is_guest=True, email="")
    return checkout.make_quote(wish=wish, buyer=guest, now=NOON)


class TestContent:
    def test_has_every_kind_of_promotion(self) -> None:
        assert {promotion.kind for promotion in PROMOTIONS} == set(PromotionKind)

    def test_has_a_coupon_that_platform_and_seller_fund_together(self) -> None:
        assert any(promotion.code and 0 < promotion.platform_share_percent < 100 for promotion in PROMOTIONS)

    def test_has_purchases_that_span_shops(self) -> None:
        assert len([shop for shop in SHOPS if shop.market == "GB"]) >= 2

    def test_tells_skus_of_a_shop_apart(self) -> None:
        for shop in SHOPS:
            codes = [sku.code for product in shop.products for sku in product.skus]
            assert len(set(codes)) == len(codes)


class TestBuildDemo:
    def test_puts_everything_up_for_sale(self, site: Site) -> None:
        for shop in SHOPS:
            assert site.shops[shop.handle].is_selling
            wanted = [find_sku(site, shop.handle, sku.code).id for item in shop.products for sku in item.skus]
            offers = catalog.list_offers(sku_ids=wanted, market=shop.market, now=NOON)
            assert all(offer.is_listed and offer.price for offer in offers.values())
            assert all(inventory.list_availability(sku_ids=wanted).values())

    def test_changes_nothing_the_second_time(self, site: Site) -> None:
        before = count_rows()
        again = build_demo(now=LATER)
        assert not again.made
        assert count_rows() == before
        assert again.product_ids == site.product_ids

    def test_gives_every_shop_an_account_to_be_paid_to(self, site: Site) -> None:
        for shop in SHOPS:
            accounts = settlement.get_payout_accounts(shop_id=site.shops[shop.handle].id)
            assert accounts.current is not None
            assert accounts.current.account == f"…{shop.account[-4:]}"
            assert accounts.current.usable_from == NOON
            assert accounts.current.currency == site.shops[shop.handle].currency

    def test_leaves_the_account_that_a_shop_has_chosen(self, site: Site) -> None:
        shop = site.shops["kettle-and-crumb"]
        accounts = settlement.get_payout_accounts(shop_id=shop.id)
        settlement.set_payout_account(
            shop_id=shop.id,
            version=accounts.version,
            holder_name="Kit Penrose",
            account_number="GB00TEST00000000000007",
            currency="GBP",
            actor="test",
            now=LATER,
        )
        chosen = settlement.get_payout_accounts(shop_id=shop.id)
        assert not build_demo(now=LATER).made
        assert settlement.get_payout_accounts(shop_id=shop.id) == chosen

    def test_leaves_alone_what_somebody_has_changed(self, site: Site) -> None:
        shop = site.shops["kettle-and-crumb"]
        tea = find_sku(site, shop.handle, "TEA-BREAKFAST-250")
        listing = catalog.get_shop_product(shop_id=shop.id, product_id=tea.product_id, market="GB", now=NOON)
        renamed = catalog.ProductDetails(category_id=listing.product.details.category_id, title="Morning tea")
        catalog.edit_product(
            shop_id=shop.id,
            product_id=tea.product_id,
            version=listing.product.version,
            details=renamed,
            actor="test",
            now=LATER,
        )
        catalog.deactivate_product(shop_id=shop.id, product_id=tea.product_id, actor="test", now=LATER)
        sellers.change_shop_state(
            shop_id=shop.id, state=sellers.ShopState.SUSPENDED, reason="a look", actor="test", now=LATER
        )
        before = count_rows()
        assert not build_demo(now=LATER).made
        assert count_rows() == before
        listing = catalog.get_shop_product(shop_id=shop.id, product_id=tea.product_id, market="GB", now=LATER)
        assert listing.product.details.title == "Morning tea"
        assert listing.product.state is catalog.ProductState.DEACTIVATED
        assert sellers.get_shop(shop_id=shop.id).state is sellers.ShopState.SUSPENDED

    def test_does_not_bring_back_what_was_deleted(self, site: Site) -> None:
        shop = site.shops["kettle-and-crumb"]
        board = find_sku(site, shop.handle, "BOARD-BEECH")
        catalog.delete_product(shop_id=shop.id, product_id=board.product_id, actor="test", now=LATER)
        assert not build_demo(now=LATER).made

    def test_does_not_fill_a_shelf_that_was_sold_empty(self, site: Site) -> None:
        shop = site.shops["kettle-and-crumb"]
        board = find_sku(site, shop.handle, "BOARD-BEECH")
        (level,) = inventory.list_levels(sku_ids=[board.id])
        inventory.adjust_stock(
            shop_id=shop.id,
            warehouse_id=level.warehouse_id,
            sku_id=board.id,
            delta=-level.available,
            reason="sold at the fair",
            actor="test",
            now=LATER,
        )
        assert not build_demo(now=LATER).made
        assert inventory.list_availability(sku_ids=[board.id]) == {board.id: 0}

    def test_goes_on_where_a_run_was_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first run dies when it has made a product, and has nothing that it sells yet."""
        with monkeypatch.context() as patched:
            patched.setattr(catalog, "add_sku", lambda **_: pytest.fail("cut off"))
            with pytest.raises(pytest.fail.Exception):
                build_demo(now=NOON)
        build_demo(now=NOON)
        shop = SHOPS[0]
        found = sellers.find_shop(handle=shop.handle)
        assert found is not None
        listings = catalog.list_shop_products(shop_id=found.id, market=shop.market, now=NOON, before=None, limit=100)
        assert sorted(row.product.details.title for row in listings) == sorted(item.title for item in shop.products)


class TestBaskets:
    @pytest.mark.parametrize("market", ["BR", "DEMO", "FR", "GB", "JP", "US"])
    def test_can_be_quoted(self, market: str, site: Site) -> None:
        codes = [promotion.code for promotion in PROMOTIONS if promotion.market == market and promotion.code]
        quote = quote_one_of_each(site, market, "standard", *codes)
        assert quote.total.minor > 0
        applied = {outcome.promotion_id for outcome in quote.priced.outcomes if outcome.applied}
        assert applied, "no promotion of the market applies to all of its goods"

    def test_are_cheaper_by_promotions_none_of_which_waits_for_a_second_person(self, site: Site) -> None:
        assert Promotion.objects.filter(state=PromotionState.PUBLISHED).count() == len(PROMOTIONS)
        assert not Approval.objects.exists()

    def test_can_be_had_by_express(self, site: Site) -> None:
        assert quote_one_of_each(site, "JP", "express").total.minor > 0


class TestPeople:
    def test_sign_in_with_the_password_that_is_printed(self, site: Site) -> None:
        for person in (people.ADMIN, people.OPERATOR, *people.SHOP_PEOPLE, *people.BUYERS):
            assert authenticate(username=person.email, password=logins.PASSWORD) is not None

    def test_may_do_what_they_come_for(self, site: Site) -> None:
        admin = authenticate(username=logins.ADMIN, password=logins.PASSWORD)
        operator = authenticate(username=logins.OPERATOR, password=logins.PASSWORD)
        assert admin is not None
        assert admin.is_superuser
        assert operator is not None
        assert operator.is_staff
        assert not operator.is_superuser
        assert operator.has_perm("catalog.view_product")
        assert not operator.has_perm("catalog.change_product")

    def test_are_two_for_what_takes_two(self, site: Site) -> None:
        """The administrator asks, the operator decides, who may not ask."""
        admin = authenticate(username=logins.ADMIN, password=logins.PASSWORD)
        operator = authenticate(username=logins.OPERATOR, password=logins.PASSWORD)
        assert admin is not None
        assert admin.has_perm("settlement.add_payoutrun")
        assert operator is not None
        assert operator.has_perm("tradecore.change_approval")
        assert not operator.has_perm("settlement.add_payoutrun")

    def test_are_not_given_back_what_was_taken_from_them(self, site: Site) -> None:
        user = get_user_model().objects.get(email=logins.OPERATOR)
        user.groups.clear()
        build_demo(now=LATER)
        assert not user.groups.exists()

    def test_work_for_their_shops(self, site: Site) -> None:
        for person in people.SHOP_PEOPLE:
            user_id = accounts.find_user_id(email=person.email)
            assert user_id is not None
            assert accounts.find_shop_role(user_id=user_id, shop_id=site.shops[person.shop].id) is person.role

    def test_have_an_address_to_buy_with(self, site: Site) -> None:
        for buyer in people.BUYERS:
            user_id = accounts.find_user_id(email=buyer.email)
            assert user_id is not None
            assert [saved.address.city for saved in accounts.list_addresses(user_id=user_id)] == [buyer.address.city]


class TestCommand:
    def test_says_where_it_is_and_who_can_sign_in(self) -> None:
        said = StringIO()
        call_command("demo", "--url", "http://127.0.0.1:8123", stdout=said)
        assert "http://127.0.0.1:8123/api/docs/" in said.getvalue()
        assert logins.ADMIN in said.getvalue()
        assert logins.PASSWORD in said.getvalue()

    def test_refuses_production(self, settings: Settings) -> None:
        settings.TRADECORE_ENV = "production"
        before = count_rows()
        with pytest.raises(CommandError, match="production"):
            call_command("demo")
        assert count_rows() == before


class TestPages:
    def test_lead_from_the_first_one_to_everything(self, client: Client) -> None:
        page = client.get("/").content.decode()
        assert all(f'href="{path}"' in page for path in ("/api/docs/", "/admin/", "/readyz"))
        assert logins.BUYER in page
