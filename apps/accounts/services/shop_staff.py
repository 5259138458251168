"""Who works for which shop."""

from datetime import datetime

from apps.accounts.contracts import ShopRole
from apps.accounts.errors import AlreadyStaff
from apps.accounts.locking import lock_user
from apps.accounts.models import ShopStaff
from tradecore import audit, db
from tradecore.errors import NotFound


@db.use_case
def add_shop_staff(*, shop_id: int, user_id: int, role: ShopRole, actor: str, now: datetime, reason: str = "") -> None:
    """Let a user work for a shop. The same role again changes nothing. The caller knows that there is such a shop.

    Refuses, in this order: NotFound (the user), AlreadyStaff (in another role).
    """
    if lock_user(user_id) is None:
        raise NotFound(what="user")
    standing = ShopStaff.objects.filter(shop_id=shop_id, user_id=user_id).first()
    if standing is not None and standing.role != role:
        raise AlreadyStaff(role=ShopRole(standing.role))
    if standing is None:
        ShopStaff.objects.create(shop_id=shop_id, user_id=user_id, role=role, added_at=now)
        audit.record(
            actor=actor,
            action="shop_staff.added",
            subject=_subject(shop_id),
            reason=reason,
            after={"user_id": user_id, "role": role},
            now=now,
        )


@db.use_case
def remove_shop_staff(*, shop_id: int, user_id: int, actor: str, now: datetime, reason: str = "") -> None:
    """End a user's work for a shop.

    Refuses: NotFound.
    """
    standing = ShopStaff.objects.filter(shop_id=shop_id, user_id=user_id).first()
    if standing is None or not ShopStaff.objects.filter(pk=standing.pk).delete()[0]:
        raise NotFound(what="staff member")
    audit.record(
        actor=actor,
        action="shop_staff.removed",
        subject=_subject(shop_id),
        reason=reason,
        before={"user_id": user_id, "role": standing.role},
        now=now,
    )


def _subject(shop_id: int) -> str:
    return f"shop:{shop_id}"
