"""The one lock of this app: what changes somebody's sessions, password or address book holds the row of the user."""

from apps.accounts.models import User
from tradecore import db, locks


@db.transaction_required
def lock_user(user_id: int) -> User | None:
    """Lock a user who may sign in; None if there is none."""
    user = locks.lock_row(locks.Rank.ACCOUNT, User, user_id)
    return user if user is not None and user.is_active else None
