"""E-mail addresses in the one form in which they are stored and compared.

# Note [Canonical e-mail]
The form is ASCII, in lower case. Letters outside ASCII are refused rather than folded: it is by folding that whoever
signs up with a long s (U+017F) in "sara@" comes to read Sara's letters. An internationalised domain is given as its
A-label (`xn--...`), which is what mail servers speak. Dots and `+tags` stay as they are, because what they mean is for
the mailbox's own host to say.
"""

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from apps.accounts.errors import EmailInvalid

EMAIL_LENGTH_MAX = 254
LOCAL_PART_LENGTH_MAX = 64

# An empty allowlist: "localhost" is a host name, and nobody's address here.
_validate_shape = EmailValidator(allowlist=[])


def canonical_email(text: str) -> str:
    """The stored form of an e-mail address; spaces around it are dropped. See Note [Canonical e-mail].

    Refuses: EmailInvalid.
    """
    email = text.strip().lower()
    # Bound first: the shape is a regular expression, and what it reads is anybody's input.
    if not email.isascii() or len(email) > EMAIL_LENGTH_MAX or len(email.partition("@")[0]) > LOCAL_PART_LENGTH_MAX:
        raise EmailInvalid
    try:
        _validate_shape(email)
    except ValidationError:
        raise EmailInvalid from None
    return email
