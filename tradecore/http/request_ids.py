"""The id by which a request is found in the logs: the one that was sent, if it can be one, or a new one."""

import re
import uuid
from typing import Final

from tradecore.card_numbers import looks_like_card_number

HEADER: Final = "X-Request-Id"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def choose_request_id(sent: str) -> str:
    """The id that was sent, unless it is none that may stand in a log."""
    return sent if _REQUEST_ID.fullmatch(sent) and not looks_like_card_number(sent) else uuid.uuid4().hex
