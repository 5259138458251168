"""`python -m bench.growth.build_people`: a seller for each shop. Prints [shop's id, seller's address] as JSON."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from apps.accounts import api as accounts
from apps.sellers import api as sellers
from bench.scenarios.shopper import PASSWORD
from bench.stage import SHOP_COUNT
from tradecore import clock, worker_leases

ACTOR = "benchmark"


def main() -> None:
    """See the module."""
    worker_leases.ensure()
    print(json.dumps([_hire(f"shop-{number}") for number in range(SHOP_COUNT)]))
    worker_leases.release()


def _hire(handle: str) -> tuple[int, str]:
    shop = sellers.find_shop(handle=handle)
    assert shop is not None, "the stage has built it"
    email, now = f"seller@{handle}.example", clock.now()
    seller = accounts.sign_up(email=email, password=PASSWORD, full_name="A seller", now=now)
    accounts.add_shop_staff(shop_id=shop.id, user_id=seller.id, role=accounts.ShopRole.OWNER, actor=ACTOR, now=now)
    return shop.id, email


if __name__ == "__main__":
    main()
