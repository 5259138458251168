"""The shadow database: made for one run from the real one's tables, filled with its masters, and dropped at the end.

# Note [What is copied]
Tables, with their keys, constraints and triggers, as they stand in the real database, whatever migration it is at. Rows
of masters only: what is for sale, by whom, where, at what price and under which settings. Nobody is copied, no order,
no payment, and no stock: the SKUs of the run are given pieces anew, through the door. What counts uses of a coupon
begins at zero, as the uses stay where they are.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

from apps.catalog import api as catalog
from apps.inventory import api as inventory
from tradecore import db, worlds
from tradecore.append_only import append_only_tables, trigger_statements
from tradecore.approvals import AwaitsApproval

ACTOR: Final = "stress"

MASTERS: Final = ("markets", "fees", "catalog", "sellers")
MASTER_TABLES: Final = (
    "django_content_type",  # of which Django remembers the keys, whatever world it read them in
    "inventory_warehouse",
    "promotions_promotion",
    "promotions_scope",
    "kernel_freeze",
    "kernel_plan_switch",
    "kernel_revision",
    "kernel_setting_version",
)
#: Columns that begin at zero.
BEGINS_AT_ZERO: Final[Mapping[str, frozenset[str]]] = {
    "promotions_promotion": frozenset({"held_uses", "posted_uses", "held_minor", "posted_minor"})
}

_EXISTS: Final = 1007
_REAL: Final = "real_world"


class ShadowRefused(Exception):
    """No shadow can be made here; the text says why."""


@dataclass(frozen=True, slots=True)
class Ware:
    """A SKU that the run may buy, its product, and the shop of both."""

    sku_id: int
    product_id: int
    shop_id: int


def new_run() -> str:
    """A name that no other run has."""
    return secrets.token_hex(6)


@contextmanager
def open_shadow(run: str, *, keep: bool = False) -> Iterator[None]:
    """Make the shadow, with the masters, for the length of the block; the block is not in it. Raises ShadowRefused."""
    db.assert_no_transaction()
    real = str(connection.settings_dict["NAME"])
    _create(worlds.shadow_name(real))
    try:
        statements = _definitions()
        with worlds.shadow(run):
            _define(statements)
            _copy_masters(real)
            _grant()
        yield
    finally:
        if not keep:
            drop_shadow()


def drop_shadow() -> None:
    """Drop the shadow, if there is one, and the books of its sandboxes."""
    worlds.close_shadow()
    name = worlds.shadow_name(str(connection.settings_dict["NAME"]))
    if connection.vendor == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(f"{name}{suffix}").unlink(missing_ok=True)
    else:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)}")
    for book in (settings.SANDBOX_BOOK, settings.SANDBOX_BANK_BOOK):
        for file in Path(book).parent.glob(f"{Path(book).name}.*{worlds.SUFFIX}*"):
            file.unlink()


def list_wares(*, market: str, limit: int, now: datetime) -> list[Ware]:
    """So many SKUs that are for sale in a market, of its newest products."""
    wares: list[Ware] = []
    before: int | None = None
    while len(wares) < limit:
        page = catalog.list_products(market=market, now=now, before=before, limit=100)
        if not page:
            break
        wares += [Ware(sku.sku.id, each.product.id, each.product.shop_id) for each in page for sku in each.skus]
        before = page[-1].product.id
    return wares[:limit]


def stock_up(wares: Sequence[Ware], *, pieces: int, now: datetime) -> list[Ware]:
    """Put so many pieces of each into the first warehouse of its shop. Returns what could be: a shop may have none.

    Called in the shadow. Raises ShadowRefused where so many would take a second person.
    """
    assert worlds.is_shadow(), "only the shadow is stocked up"
    warehouses = {shop_id: inventory.list_warehouses(shop_id=shop_id) for shop_id in {ware.shop_id for ware in wares}}
    stocked = [ware for ware in wares if warehouses[ware.shop_id]]
    for ware in stocked:
        done = inventory.adjust_stock(
            shop_id=ware.shop_id,
            warehouse_id=warehouses[ware.shop_id][0].id,
            sku_id=ware.sku_id,
            delta=pieces,
            reason="for the stress test",
            actor=ACTOR,
            now=now,
        )
        if isinstance(done, AwaitsApproval):
            raise ShadowRefused(f"{pieces} pieces would take a second person: fewer, or STOCK_FILLING_MAX_PIECES")
    return stocked


# --- Making it --------------------------------------------------------------------------------------------------------


def _create(name: str) -> None:
    """Refuses one that is there: another run may live in it."""
    there = f"there is a shadow already ({name}): of a run that goes on, or that was kept. --drop ends it"
    if connection.vendor == "sqlite":
        if Path(name).exists():
            raise ShadowRefused(there)
        return
    quoted = connection.ops.quote_name(name)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {quoted} CHARACTER SET utf8mb4 COLLATE {settings.DATABASE_COLLATION}")
    except DatabaseError as error:
        if error.args and error.args[0] == _EXISTS:
            raise ShadowRefused(there) from error
        raise ShadowRefused(f"the database user may not create the schema {name}: {error}") from error


def _definitions() -> list[str]:
    """The statements that make the tables of this database."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
                "ORDER BY type = 'trigger', type = 'index', name"
            )
            return [sql for (sql,) in cursor.fetchall()]
        made = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SHOW CREATE TABLE {connection.ops.quote_name(table)}")
            made.append(str(cursor.fetchone()[1]))
    return [*made, *trigger_statements(list(append_only_tables()), vendor="mysql")]


def _define(statements: Sequence[str]) -> None:
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _copy_masters(real: str) -> None:
    tables = [model for label in MASTERS for model in apps.get_app_config(label).get_models()]
    tables += [model for model in apps.get_models() if model._meta.db_table in MASTER_TABLES]  # noqa: SLF001 - documented
    with connection.constraint_checks_disabled(), beside(real) as source, connection.cursor() as cursor:
        for model in tables:
            cursor.execute(_copying(model, source))


def _copying(model: Any, source: str) -> str:
    """The statement that copies the rows of a table, but for what the database computes itself."""
    quote, options = connection.ops.quote_name, model._meta  # noqa: SLF001 - documented
    table = options.db_table
    columns = [field.column for field in options.concrete_fields if not getattr(field, "generated", False)]
    zero = BEGINS_AT_ZERO.get(table, frozenset())
    into = ", ".join(map(quote, columns))
    values = ", ".join("0" if column in zero else quote(column) for column in columns)
    return f"INSERT INTO {quote(table)} ({into}) SELECT {values} FROM {quote(source)}.{quote(table)}"  # noqa: S608 - names of our own tables


@contextmanager
def beside(real: str) -> Iterator[str]:
    """The name under which the shadow's connection reads the real database until the end of the block."""
    if connection.vendor != "sqlite":
        yield real
        return
    with connection.cursor() as cursor:
        cursor.execute("ATTACH DATABASE %s AS " + _REAL, [f"file:{real}?mode=ro"])
        try:
            yield _REAL
        finally:
            cursor.execute(f"DETACH DATABASE {_REAL}")


def _grant() -> None:
    """Let the application's own user live there, where there is one: with the same small rights."""
    user = settings.APPLICATION_DATABASE_USER
    if connection.vendor == "mysql" and user:
        call_command("grant_application", user, verbosity=0, stdout=_Nowhere())


class _Nowhere:
    """Takes what a command says, and says it to nobody."""

    def write(self, _text: str) -> None:
        """Nothing is said."""
