"""Where the pages read. Tables of states are private to their apps, so modules are found by name, not by a door."""

import inspect
from importlib import import_module
from importlib.util import find_spec
from pkgutil import walk_packages
from types import ModuleType

from django.apps import apps
from django.conf import settings


def list_modules(name: str) -> list[ModuleType]:
    """The modules of that name (`states`, `events`), one per app that has it, from the lowest floor up."""
    own = [app.name for app in apps.get_app_configs() if app.name.startswith("apps.")]
    return [import_module(f"{app}.{name}") for app in own if find_spec(f"{app}.{name}")]


def import_everything() -> None:
    """Every module of the product, so that every subclass of a class is known. Migrations apart."""
    # The routes come first: they teach Django the converter that the apps' own routes use.
    import_module(settings.ROOT_URLCONF)
    for name in ("tradecore", "apps"):
        for found in walk_packages(import_module(name).__path__, f"{name}."):
            if ".migrations" not in found.name:
                import_module(found.name)


def comment_above(module: ModuleType, name: str) -> str:
    """The `#:` comment of a module's constant; empty where it has none."""
    lines = inspect.getsource(module).splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith(f"{name} = "))
    comment: list[str] = []
    while lines[place - 1].startswith("#: "):
        place -= 1
        comment.insert(0, lines[place].removeprefix("#: "))
    return " ".join(comment)


def words_of(documented: object) -> str:
    """The docstring on one line."""
    return " ".join((inspect.getdoc(documented) or "").split())
