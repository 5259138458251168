"""What a purchase is in the books, to the cent, at every step of its life."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.checkout import api as checkout
from apps.ledger import api as ledger
from apps.orders import api as orders
from apps.payments import api as payments
from apps.payments.api import Said
from apps.payments.models import ProviderCall
from apps.pricing.api import RateOff
from apps.promotions.api import PromotionKind, Target, TargetKind
from tests.books import assert_books_agree, balance_of
from tests.factories.checkout import ShopFloor, add_shop, buy, make_shop_floor, tender
from tests.factories.promotions import make_promotion
from tests.support import NOON
from tradecore import clock
from tradecore.money import Money


@pytest.fixture
def floor(db: None) -> ShopFloor:
    return make_shop_floor()


def send_refunds() -> None:
    ProviderCall.objects.exclude(ask_at=None).update(ask_at=clock.real_now() - timedelta(seconds=1))
    checkout.poll_provider_calls(limit=50, now=NOON)


def cancel(order_id: int, units: list[orders.LineUnits] | None = None) -> None:
    checkout.cancel_lines(order_id=order_id, units=units, initiator="buyer", reason="changed_mind", now=NOON)


def promote_for_platform(kind: PromotionKind, rate_bp: int) -> None:
    """The platform pays a part of every price, without a code."""
    make_promotion(
        kind,
        shop_id=None,
        benefit=RateOff(rate_bp),
        code=None if kind is PromotionKind.SHIPPING_DISCOUNT else "PLATFORM",
        min_spend_minor=0,
        targets=(Target(TargetKind.ALL),),
    )


class TestAPaidPurchase:
    def test_is_its_seller_s_and_at_the_provider(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(price_minor=1999), 1))
        assert balance_of("PSP_CLEARING.scripted") == 2398
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) == 2398
        assert_books_agree()
        kinds = [posting.kind for posting in ledger.list_postings(order_refs=[progress.purchase.id])]
        assert kinds == ["capture"]

    def test_has_what_the_platform_adds_to_it(self, floor: ShopFloor) -> None:
        promote_for_platform(PromotionKind.PLATFORM_COUPON, 1000)
        promote_for_platform(PromotionKind.SHIPPING_DISCOUNT, 5000)
        progress = buy((floor.add_sku(price_minor=2000), 2), coupon_codes=("PLATFORM",))
        assert progress.purchase.total == Money(4000 - 400 + 399 - 200, "GBP")
        assert balance_of("PLATFORM_EXPENSE.coupon") == 400
        assert balance_of("PLATFORM_EXPENSE.shipping_subsidy") == 200
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) == 4399
        assert_books_agree()

    def test_is_each_of_its_sellers(self, floor: ShopFloor) -> None:
        other = add_shop(floor.provider, shipping_minor=100)
        buy((floor.add_sku(price_minor=1000), 1), (other.add_sku(price_minor=3000), 1))
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) == 1399
        assert balance_of("SELLER_PENDING", owner=other.shop_id) == 3100
        assert_books_agree()

    def test_that_costs_nothing_is_no_entry_at_all(self, db: None) -> None:
        floor = make_shop_floor(shipping_minor=0)
        buy((floor.add_sku(price_minor=0), 1))
        assert ledger.trial_balance() == []


class TestSeveralTenders:
    PARTS = (tender(amount=Money(1000, "GBP")), tender("tok_3ds", amount=Money(1398, "GBP")))

    def test_are_promised_until_all_of_them_are_authorised(self, floor: ShopFloor) -> None:
        buy((floor.add_sku(price_minor=1999), 1), tenders=self.PARTS)
        held = ledger.get_balance(ledger.Account("PSP_CLEARING.scripted"), currency="GBP")
        assert (held.posted.minor, held.pending.minor) == (0, 1000)
        assert_books_agree()

    def test_are_posted_in_the_place_of_what_was_promised(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=self.PARTS)
        said = floor.provider.complete(floor.provider.calls[1].reference, Said.AUTHORISED)
        payments.store_webhook(provider="scripted", statement=said, now=NOON)
        checkout.apply_stored_answers(limit=10, now=NOON)
        held = ledger.get_balance(ledger.Account("PSP_CLEARING.scripted"), currency="GBP")
        assert (held.posted.minor, held.pending.minor) == (2398, 0)
        postings = ledger.list_postings(order_refs=[progress.purchase.id])
        assert [posting.outcome for posting in postings if posting.kind == "capture"] == [ledger.Outcome.POSTED] * 2
        assert_books_agree()

    def test_are_voided_with_their_purchase(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=self.PARTS)
        checkout.expire_purchase(progress.purchase.id, NOON + timedelta(minutes=31))
        postings = ledger.list_postings(order_refs=[progress.purchase.id])
        assert [posting.kind for posting in postings] == ["authorisation", "authorisation_voided"]
        assert ledger.trial_balance() == []
        assert_books_agree()

    def test_lapse_when_the_provider_lets_go(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=self.PARTS)
        said = floor.provider.complete(floor.provider.calls[0].reference, Said.VOIDED)
        checkout.apply_statement(statement=said, provider="scripted", source="poll", now=NOON)
        postings = ledger.list_postings(order_refs=[progress.purchase.id])
        assert [posting.kind for posting in postings] == ["authorisation", "authorisation_expired"]
        assert_books_agree()


class TestLateMoney:
    def test_comes_and_goes_without_ever_being_an_order_s(self, floor: ShopFloor) -> None:
        progress = buy((floor.add_sku(price_minor=1999), 1), tenders=(tender("tok_3ds"),))
        checkout.expire_purchase(progress.purchase.id, NOON + timedelta(minutes=31))
        said = floor.provider.complete(floor.provider.calls[0].reference)
        checkout.apply_statement(statement=said, provider="scripted", source="poll", now=NOON)
        assert balance_of("BUYER_REFUND_CLEARING") == 2398
        assert_books_agree()
        send_refunds()
        postings = ledger.list_postings(order_refs=[progress.purchase.id])
        assert [posting.kind for posting in postings] == ["capture", "late_money", "refund"]
        assert {line.balance.minor for line in ledger.trial_balance()} == {0}
        assert_books_agree()


class TestCancellation:
    def test_undoes_the_sale_and_then_the_capture(self, floor: ShopFloor) -> None:
        promote_for_platform(PromotionKind.PLATFORM_COUPON, 1000)
        progress = buy((floor.add_sku(price_minor=2000), 2), coupon_codes=("PLATFORM",))
        cancel(progress.purchase.orders[0].id)
        assert balance_of("SELLER_PENDING", owner=floor.shop_id) == 0
        assert balance_of("PLATFORM_EXPENSE.coupon") == 0
        assert balance_of("BUYER_REFUND_CLEARING") == progress.purchase.total.minor
        assert_books_agree()
        send_refunds()
        assert {line.balance.minor for line in ledger.trial_balance()} == {0}
        assert_books_agree()

    @settings(
        max_examples=12,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        deadline=None,
    )
    @given(
        price_minor=st.integers(1, 9_999),
        quantity=st.integers(1, 7),
        rate_bp=st.integers(1, 9_999),
        groups=st.lists(st.integers(1, 3), min_size=1, max_size=7),
    )
    def test_in_any_groups_of_units_comes_to_the_same(
        self, price_minor: int, quantity: int, rate_bp: int, groups: list[int], floor: ShopFloor
    ) -> None:
        shop = add_shop(floor.provider)
        make_promotion(
            PromotionKind.PLATFORM_COUPON,
            shop_id=None,
            benefit=RateOff(rate_bp),
            code=f"C{shop.shop_id}",
            min_spend_minor=0,
            platform_share_bp=7_000,
            targets=(Target(TargetKind.ALL),),
        )
        progress = buy((shop.add_sku(price_minor=price_minor), quantity), coupon_codes=(f"C{shop.shop_id}",))
        (order,) = progress.purchase.orders
        (line,) = orders.get_order(order_id=order.id).lines
        left = quantity
        for group in groups:
            if left:
                cancel(order.id, [orders.LineUnits(line_id=line.id, quantity=min(group, left))])
                left -= min(group, left)
                assert_books_agree()
        if left:
            cancel(order.id)
        send_refunds()
        assert balance_of("SELLER_PENDING", owner=shop.shop_id) == 0
        assert balance_of("PLATFORM_EXPENSE.coupon") == 0
        assert_books_agree()
