"""Prepare an empty database for the crowd: tables, the demo's shops with shelves that do not run empty, and a user.

A program of its own, because it runs as the user whom the tables belong to: `python -m crowd.shop NAME PASSWORD`.
"""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from apps.catalog import api as catalog
from apps.inventory import api as inventory
from config.demo.build import build_demo
from tradecore import clock

MARKET = "GB"
PIECES = 100_000


def main(name: str, password: str) -> None:
    call_command("migrate", verbosity=0)
    now = clock.now()
    build_demo(now=now)
    for listing in catalog.list_products(market=MARKET, now=now, before=None, limit=100):
        (warehouse, *_) = inventory.list_warehouses(shop_id=listing.product.shop_id)
        for priced in listing.skus:
            inventory.adjust_stock(
                shop_id=listing.product.shop_id,
                warehouse_id=warehouse.id,
                sku_id=priced.sku.id,
                delta=PIECES,
                reason="for the crowd",
                actor="crowd",
                now=now,
            )
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{name}'@'%%' IDENTIFIED BY '{password}'", [])
    call_command("grant_application", name, verbosity=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
