"""The public door of accounts."""

from apps.accounts.addresses import validate_address
from apps.accounts.contracts import (
    Address,
    Bearer,
    FieldProblem,
    GuestToken,
    IPAddress,
    Profile,
    SavedAddress,
    ShopRole,
    StaffMember,
    TokenPair,
)
from apps.accounts.emails import canonical_email
from apps.accounts.errors import (
    AddressBookFull,
    AddressChanged,
    AddressInvalid,
    AlreadyStaff,
    EmailInvalid,
    EmailTaken,
    GuestTokenInvalid,
    InvalidCredentials,
    LocaleInvalid,
    NameInvalid,
    PasswordTooWeak,
    RefreshTokenInvalid,
    ResetTokenInvalid,
)
from apps.accounts.events import PasswordChanged, PasswordResetRequested, UserSignedUp
from apps.accounts.selectors import (
    find_bearer,
    find_shop_role,
    find_user_id,
    get_address,
    get_profile,
    list_addresses,
    list_profiles,
    list_shop_ids,
    list_staff,
)
from apps.accounts.services.addresses import add_address, edit_address, remove_address
from apps.accounts.services.guests import issue_guest_token, read_guest_token
from apps.accounts.services.passwords import make_reset_token, request_password_reset, reset_password
from apps.accounts.services.sessions import refresh_tokens, sign_in, sign_out
from apps.accounts.services.shop_staff import add_shop_staff, remove_shop_staff
from apps.accounts.services.sign_up import sign_up

__all__ = [
    "Address",
    "AddressBookFull",
    "AddressChanged",
    "AddressInvalid",
    "AlreadyStaff",
    "Bearer",
    "EmailInvalid",
    "EmailTaken",
    "FieldProblem",
    "GuestToken",
    "GuestTokenInvalid",
    "IPAddress",
    "InvalidCredentials",
    "LocaleInvalid",
    "NameInvalid",
    "PasswordChanged",
    "PasswordResetRequested",
    "PasswordTooWeak",
    "Profile",
    "RefreshTokenInvalid",
    "ResetTokenInvalid",
    "SavedAddress",
    "ShopRole",
    "StaffMember",
    "TokenPair",
    "UserSignedUp",
    "add_address",
    "add_shop_staff",
    "canonical_email",
    "edit_address",
    "find_bearer",
    "find_shop_role",
    "find_user_id",
    "get_address",
    "get_profile",
    "issue_guest_token",
    "list_addresses",
    "list_profiles",
    "list_shop_ids",
    "list_staff",
    "make_reset_token",
    "read_guest_token",
    "refresh_tokens",
    "remove_address",
    "remove_shop_staff",
    "request_password_reset",
    "reset_password",
    "sign_in",
    "sign_out",
    "sign_up",
    "validate_address",
]
