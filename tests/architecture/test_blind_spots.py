"""What import linters cannot see, read from the sources and from Django's registry."""

import ast
from collections.abc import Iterator, Set
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from config.settings import BASE_DIR

CLOCKS = {
    # The clock itself, and what always takes the real one: see Note [Clocks].
    "tradecore/clock.py",
    "tradecore/ids.py",
    "tradecore/worker_leases.py",
    # Plays a provider, whose clock is its own; signatures carry the real time.
    "apps/payments/sandbox/courier.py",
}

# Where code is called by the outside world, and so may ask for the time: the edges of every app, and the surfaces.
EDGES = {"admin", "authentication", "backends", "handlers", "management", "tasks", "views", "http"}
SURFACES = {"storefront", "seller_desk", "back_office", "integrations"}


def sources() -> list[Path]:
    """The product's own modules, migrations apart."""
    found = [path for package in ("apps", "tradecore") for path in (BASE_DIR / package).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def app_files(name: str) -> list[Path]:
    return sorted((BASE_DIR / "apps").glob(f"*/{name}"))


def name_of(path: Path) -> str:
    return path.relative_to(BASE_DIR).as_posix()


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of attributes, and what can be read of anything else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def occurrences(*forbidden: str, apart_from: Set[str] = frozenset()) -> list[str]:
    """Where the sources name an attribute (`timezone.now`), or import it (`from django.utils.timezone import now`)."""
    return [
        f"{name_of(path)}:{node.lineno}"  # type: ignore[attr-defined]
        for path in sources()
        if name_of(path) not in apart_from
        for node in ast.walk(ast.parse(path.read_text()))
        if any(name in forbidden for name in names_in(node))
    ]


def names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        parts = dotted(node).split(".")
        yield ".".join(parts[-2:])
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield f"{(node.module or '').split('.')[-1]}.{alias.name}"


def own_models() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith(("apps.", "tradecore"))
    ]


class TestTables:
    @pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
    def test_has_no_foreign_key_to_another_app(self, model: type[models.Model]) -> None:
        # accounts builds on Django's own users, groups and permissions: one app in two folders.
        family = {model._meta.app_label} | ({"auth", "contenttypes"} if model._meta.app_label == "accounts" else set())
        strangers = [
            field.name
            for field in model._meta.get_fields()
            if isinstance(field, models.ForeignKey | models.ManyToManyField)
            and field.remote_field.model._meta.app_label not in family
        ]
        assert strangers == []

    @pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
    def test_makes_its_own_ids(self, model: type[models.Model]) -> None:
        # A many-to-many table that Django makes by itself cannot; so there is none, but for those of its permissions.
        made_by_django = model._meta.auto_created and model._meta.app_label == "accounts"
        assert made_by_django or not isinstance(model._meta.pk, models.AutoField)

    @pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
    def test_is_never_dated_by_the_database_or_by_django(self, model: type[models.Model]) -> None:
        dated = [
            field.name
            for field in model._meta.fields
            if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False) or field.has_db_default()
        ]
        assert dated == []


class TestCode:
    def test_opens_transactions_in_the_kernel_only(self) -> None:
        forbidden = ("transaction.atomic", "transaction.commit", "transaction.rollback", "transaction.set_autocommit")
        assert occurrences(*forbidden, apart_from={"tradecore/db.py"}) == []

    def test_leaves_nothing_to_on_commit(self) -> None:
        assert occurrences("transaction.on_commit", "connection.on_commit") == []

    def test_reaches_no_model_by_its_name(self) -> None:
        assert occurrences("apps.get_model", "apps.get_app_config", "apps.get_models") == []

    def test_reads_no_clock_of_its_own(self) -> None:
        clocks = ("timezone.now", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time")
        assert occurrences(*clocks, "timezone.localdate", "functions.Now", apart_from=CLOCKS) == []

    def test_lets_no_sql_read_the_clock(self) -> None:
        words = ("NOW(", "CURRENT_TIMESTAMP", "UTC_TIMESTAMP", "SYSDATE(", "CURDATE(")
        found = [
            f"{name_of(path)}:{node.lineno}"
            for path in sources()
            if name_of(path) not in CLOCKS
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if any(word in node.value for word in words) and "SELECT" in node.value
        ]
        assert found == []

    def test_asks_for_the_time_at_the_edges_only(self) -> None:
        found = [
            place
            for place in occurrences("clock.now")
            if not EDGES & set(Path(place.split(":")[0]).with_suffix("").parts)
            and not SURFACES & set(Path(place).parts)
            # `createsuperuser` calls the manager of users directly: it is an edge that stands among the models.
            and not place.startswith("apps/accounts/models.py")
        ]
        assert found == []

    def test_imports_at_the_top_and_for_real(self) -> None:
        """An import inside a function, or for the type checker only, is a cycle in disguise."""
        found = []
        for path in sources():
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    found += [
                        f"{name_of(path)}:{inner.lineno}"
                        for inner in ast.walk(node)
                        if isinstance(inner, ast.Import | ast.ImportFrom)
                    ]
                if isinstance(node, ast.ImportFrom) and any(alias.name == "TYPE_CHECKING" for alias in node.names):
                    found.append(f"{name_of(path)}:{node.lineno}")
        assert found == []

    def test_reckons_without_floats(self) -> None:
        """Money is an integer; a float in pricing or money is a cent lost somewhere."""
        found = [
            f"{name_of(path)}:{node.lineno}"
            for path in sources()
            if name_of(path).startswith(("apps/pricing/", "tradecore/money.py"))
            for node in ast.walk(ast.parse(path.read_text()))
            if (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Call) and dotted(node.func) == "float")
            or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))
        ]
        assert found == []


class TestEveryApp:
    @pytest.mark.parametrize("app", app_files("__init__.py"), ids=lambda path: path.parent.name)
    def test_says_what_it_owns(self, app: Path) -> None:
        assert ast.get_docstring(ast.parse(app.read_text())), f"{name_of(app)} has no docstring"

    @pytest.mark.parametrize("door", app_files("api.py"), ids=lambda path: path.parent.name)
    def test_has_a_door_that_only_re_exports(self, door: Path) -> None:
        _docstring, *body = ast.parse(door.read_text()).body
        *imports, exported = body
        assert all(isinstance(statement, ast.ImportFrom) for statement in imports)
        assert isinstance(exported, ast.Assign)
        assert dotted(exported.targets[0]) == "__all__"

    def test_keeps_pages_and_routes_in_the_surfaces(self) -> None:
        found = [
            name_of(path)
            for path in sources()
            if path.stem in ("views", "serializers", "urls") and path.parts[-2] not in SURFACES
        ]
        assert found == []
