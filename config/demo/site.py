"""What the builders hand from one to the next."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from apps.sellers.api import Shop

#: Who did it, as the audit has it.
ACTOR = "demo"


@dataclass
class Site:
    """The marketplace while it is being built: categories by path, shops by handle, products by handle and title.

    `made` counts what was not there before, by what it is.
    """

    now: datetime
    category_ids: dict[str, int] = field(default_factory=dict)
    shops: dict[str, Shop] = field(default_factory=dict)
    product_ids: dict[tuple[str, str], int] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)

    def count(self, what: str, number: int = 1) -> None:
        """Note that so many of something are new."""
        if number:
            self.made[what] += number
