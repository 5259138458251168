"""How many SQL statements the verbs take. SAVEPOINT of the test's own transaction is not one of them."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.promotions import api as promotions
from tests.factories.promotions import EXPIRES_AT, hold_promotions, make_promotion, post_promotions, use_of
from tests.support import NOON, in_use_case
from tradecore.ids import new_id

pytestmark = pytest.mark.django_db


def statements_of(body: Callable[[], object]) -> list[str]:
    """The first words of what the body runs in one use case, its SAVEPOINT apart."""
    with CaptureQueriesContext(connection) as captured:
        in_use_case(body)
    words = [query["sql"].split()[0] for query in captured.captured_queries]
    return [word for word in words if word not in ("SAVEPOINT", "RELEASE")]


def hold(promotion: promotions.Promotion | None, *, buyer_ref: int | None = None) -> list[str]:
    uses = [use_of(promotion)] if promotion else []
    return statements_of(
        lambda: promotions.hold(
            owner_ref=new_id(), buyer_ref=buyer_ref or new_id(), uses=uses, expires_at=EXPIRES_AT, now=NOON
        )
    )


class TestStatements:
    def test_of_a_hold_of_nothing(self) -> None:
        assert hold(None) == ["INSERT"]

    def test_of_a_hold_without_caps(self) -> None:
        assert hold(make_promotion()) == ["INSERT", "SELECT", "INSERT"]

    def test_of_a_hold_lock_the_promotion_last(self) -> None:
        assert hold(make_promotion(uses_cap=9, budget_minor=9_000)) == ["INSERT", "SELECT", "INSERT", "UPDATE"]

    def test_of_a_hold_by_a_buyer_who_is_counted(self) -> None:
        promotion, buyer = make_promotion(uses_cap=9, uses_per_buyer_cap=9), new_id()
        assert hold(promotion, buyer_ref=buyer) == ["INSERT", "SELECT", "INSERT", "INSERT", "UPDATE", "UPDATE"]
        assert hold(promotion, buyer_ref=buyer) == ["INSERT", "SELECT", "INSERT", "UPDATE", "UPDATE"]

    def test_of_a_post(self) -> None:
        free, capped = hold_promotions(use_of(make_promotion())), hold_promotions(use_of(make_promotion(uses_cap=9)))
        assert statements_of(lambda: promotions.post(owner_ref=free, now=NOON)) == ["UPDATE", "SELECT"]
        assert statements_of(lambda: promotions.post(owner_ref=capped, now=NOON)) == ["UPDATE", "SELECT", "UPDATE"]

    def test_of_a_void(self) -> None:
        owner = hold_promotions(use_of(make_promotion(uses_cap=9, uses_per_buyer_cap=9)))
        assert statements_of(lambda: promotions.void(owner_ref=owner, now=NOON)) == [
            "UPDATE",
            "SELECT",
            "UPDATE",
            "UPDATE",
        ]

    def test_of_a_return(self) -> None:
        promotion = make_promotion(uses_cap=9)
        owner = post_promotions(use_of(promotion))
        statements = statements_of(
            lambda: promotions.give_back(owner_ref=owner, amounts={promotion.id: 1}, restored=(), now=NOON)
        )
        assert statements == ["SELECT", "SELECT", "UPDATE", "UPDATE"]
