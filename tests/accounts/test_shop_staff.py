from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.api import (
    AlreadyStaff,
    ShopRole,
    StaffMember,
    add_shop_staff,
    find_shop_role,
    list_shop_ids,
    list_staff,
    remove_shop_staff,
)
from apps.accounts.models import ShopStaff
from tests.factories.accounts import ShopStaffFactory, UserFactory
from tests.support import NOON
from tradecore.errors import NotFound
from tradecore.models import AuditEntry

pytestmark = pytest.mark.django_db

SHOP, OTHER_SHOP = 41, 42


def add(user_id: int, *, role: ShopRole = ShopRole.MANAGER, shop_id: int = SHOP) -> None:
    add_shop_staff(shop_id=shop_id, user_id=user_id, role=role, actor="user:1", reason="hired", now=NOON)


class TestAddShopStaff:
    def test_lets_the_user_work_for_the_shop(self) -> None:
        user = UserFactory.create(full_name="Sara Buyer")
        add(user.pk)
        assert list_staff(shop_id=SHOP) == [
            StaffMember(user_id=user.pk, email=user.email, full_name="Sara Buyer", role=ShopRole.MANAGER, added_at=NOON)
        ]
        assert find_shop_role(user_id=user.pk, shop_id=SHOP) is ShopRole.MANAGER

    def test_is_audited_without_personal_data(self) -> None:
        user = UserFactory.create()
        add(user.pk)
        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.action, entry.subject, entry.reason) == (
            "user:1",
            "shop_staff.added",
            f"shop:{SHOP}",
            "hired",
        )
        assert entry.after == {"user_id": str(user.pk), "role": "manager"}

    def test_changes_nothing_the_second_time(self) -> None:
        user = UserFactory.create()
        add(user.pk)
        add(user.pk)
        assert ShopStaff.objects.count() == AuditEntry.objects.count() == 1

    @pytest.mark.parametrize("is_closed", [True, False])
    def test_refuses_a_user_who_is_not_there_or_may_not_sign_in(self, is_closed: bool) -> None:
        with pytest.raises(NotFound):
            add(UserFactory.create(is_active=False).pk if is_closed else 7)
        assert not ShopStaff.objects.exists()
        assert not AuditEntry.objects.exists()

    def test_refuses_a_second_role(self) -> None:
        user = UserFactory.create()
        add(user.pk)
        with pytest.raises(AlreadyStaff) as refused:
            add(user.pk, role=ShopRole.OWNER)
        assert refused.value.role is ShopRole.MANAGER
        assert find_shop_role(user_id=user.pk, shop_id=SHOP) is ShopRole.MANAGER
        assert AuditEntry.objects.count() == 1


class TestRemoveShopStaff:
    def test_ends_the_work_for_this_shop_only_and_is_audited(self) -> None:
        user = UserFactory.create()
        add(user.pk)
        add(user.pk, shop_id=OTHER_SHOP)
        remove_shop_staff(shop_id=SHOP, user_id=user.pk, actor="user:1", reason="left", now=NOON)
        assert list_shop_ids(user_id=user.pk) == [OTHER_SHOP]
        entry = AuditEntry.objects.get(action="shop_staff.removed")
        assert (entry.subject, entry.reason, entry.before) == (
            f"shop:{SHOP}",
            "left",
            {"user_id": str(user.pk), "role": "manager"},
        )

    def test_refuses_who_does_not_work_there(self) -> None:
        member = ShopStaffFactory.create(shop_id=OTHER_SHOP)
        with pytest.raises(NotFound):
            remove_shop_staff(shop_id=SHOP, user_id=member.user_id, actor="user:1", now=NOON)
        assert ShopStaff.objects.count() == 1
        assert not AuditEntry.objects.exists()


class TestReading:
    def test_lists_the_shops_of_a_user(self) -> None:
        user = UserFactory.create()
        for shop_id in (OTHER_SHOP, SHOP):
            ShopStaffFactory.create(user=user, shop_id=shop_id)
        ShopStaffFactory.create(shop_id=43)
        assert list_shop_ids(user_id=user.pk) == [SHOP, OTHER_SHOP]

    def test_finds_no_role_where_there_is_none(self) -> None:
        member = ShopStaffFactory.create(shop_id=SHOP)
        assert find_shop_role(user_id=member.user_id, shop_id=OTHER_SHOP) is None

    def test_lists_the_staff_of_a_shop_in_one_statement(self, django_assert_max_num_queries: Any) -> None:
        members = ShopStaffFactory.create_batch(3, shop_id=SHOP)
        ShopStaffFactory.create(shop_id=OTHER_SHOP)
        with django_assert_max_num_queries(1):
            staff = list_staff(shop_id=SHOP)
        assert [member.user_id for member in staff] == [member.user_id for member in members]


class TestTheTableOfStaff:
    def test_holds_a_person_once_per_shop(self) -> None:
        member = ShopStaffFactory.create()
        with pytest.raises(IntegrityError), transaction.atomic():
            ShopStaffFactory.create(user=member.user, shop_id=member.shop_id, role=ShopRole.SUPPORT)

    def test_holds_the_known_roles_only(self) -> None:
        with pytest.raises(IntegrityError, match="accounts_shop_staff_role"), transaction.atomic():
            ShopStaffFactory.create(role="king")
