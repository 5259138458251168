"""Who acts by a command: an operator, by name, so that four eyes are four wherever each pair looks from."""

from django.core.management.base import CommandError

from apps.accounts import api as accounts

AS_HELP = "the e-mail address that you, the operator, sign in with: what is done is done in your name"


def actor_named(email: str) -> str:
    """How the audit names the operator of this address, as the admin does. Raises CommandError."""
    user_id = accounts.find_user_id(email=email)
    if user_id is None or not accounts.get_profile(user_id=user_id).is_staff:
        raise CommandError(f"{email} is no operator")
    return f"user:{user_id}"
