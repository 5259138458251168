"""Coupon codes have one canonical form, and everything that touches a code takes it from here."""

import re
from typing import Final

from apps.promotions.errors import CouponCodeInvalid

_CANONICAL: Final = re.compile(r"[A-Z0-9_-]{3,30}")


def canonical_code(text: str) -> str:
    """The form in which a code is stored, compared and shown: `" save10 "` is `"SAVE10"`.

    ASCII only: letters of other scripts that look alike would be other codes that nobody can tell apart.
    Refuses: CouponCodeInvalid.
    """
    code = text.strip(" ").upper() if text.isascii() else ""
    if not _CANONICAL.fullmatch(code):
        raise CouponCodeInvalid
    return code
