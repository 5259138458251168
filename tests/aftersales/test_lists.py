"""Lists of cases: what the database reads for a page, however many cases there are."""

from typing import Any

import pytest

from apps.aftersales import api as aftersales
from apps.aftersales.models import Case
from tests.factories.aftersales import ask_refund, make_delivered_order, open_case
from tests.factories.checkout import ShopFloor
from tests.support import count_rows_read
from tradecore.ids import new_id

LIMIT = 10


def copy_case(case: Case, number: int, **parts: Any) -> None:
    """So many more cases like this one."""
    values = {field.attname: getattr(case, field.attname) for field in Case._meta.concrete_fields}
    Case.objects.bulk_create([Case(**{**values, "id": new_id(), **parts}) for _ in range(number)])


def rows_read_for(**whose: Any) -> int:
    """What the server reads for the first page."""
    return count_rows_read(lambda: look_at_first_page(**whose))


def look_at_first_page(**whose: Any) -> None:
    assert len(aftersales.list_cases(limit=LIMIT, **whose)) == LIMIT


@pytest.mark.mariadb
@pytest.mark.django_db
class TestAPage:
    @pytest.fixture
    def case(self, floor: ShopFloor) -> Case:
        found = open_case(ask_refund(make_delivered_order(floor), 1))
        case = Case.objects.get(pk=found.id)
        copy_case(case, LIMIT)
        return case

    def test_of_a_shop_is_read_from_its_newest_cases_on(self, case: Case) -> None:
        few = rows_read_for(shop_ids=[case.shop_id])
        copy_case(case, 2_000)
        assert rows_read_for(shop_ids=[case.shop_id]) <= few + 4

    def test_of_a_shop_that_has_no_more_reads_none_of_the_others(self, case: Case) -> None:
        copy_case(case, 400)
        few = rows_read_for(shop_ids=[case.shop_id])
        copy_case(case, 3_000, shop_id=new_id())
        assert rows_read_for(shop_ids=[case.shop_id]) <= few + 4
