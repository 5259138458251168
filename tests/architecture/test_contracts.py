"""The import contracts hold, and each of them refuses what it is there to refuse."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.api import read_configuration

from config.settings import BASE_DIR

CONFIGURATION = BASE_DIR / ".importlinter"

# Contract: forbidden imports, as (importer, imported).
FORBIDDEN = {
    "Imports point down, and never sideways": [
        ("apps.orders.selectors", "apps.checkout.api"),  # up: core to flow
        ("apps.checkout.contracts", "config.settings"),  # up: to the composition root
        ("apps.markets.services", "apps.pricing"),  # up: master to pricing
        ("tradecore.money", "apps.orders.api"),  # up: kernel to core
        ("apps.payments.events", "apps.orders.api"),  # sideways: core to core
        ("apps.checkout.contracts", "apps.fulfilment.api"),  # sideways: flow to flow
        ("apps.storefront", "apps.back_office"),  # sideways: surface to surface
    ],
    "An app is entered by its api": [
        ("apps.checkout.contracts", "apps.orders.models"),
        ("apps.checkout.errors", "apps.inventory.services"),
        ("apps.storefront", "apps.catalog.selectors"),
        ("config.urls", "apps.orders.models"),  # the composition root plugs edges in, and nothing else
    ],
    "Pricing is pure arithmetic": [
        ("apps.pricing", "django.db"),
        ("apps.pricing", "random"),
        ("apps.pricing", "tradecore.clock"),
    ],
    "What crosses a door knows no tables": [
        ("apps.orders.contracts", "apps.orders.models"),
        ("apps.payments.events", "apps.payments.services"),
        ("apps.inventory.states", "apps.inventory.selectors"),
    ],
    "HTTP ends at the surfaces": [
        ("apps.orders.contracts", "rest_framework.status"),
        ("apps.checkout.errors", "tradecore.http"),
    ],
}


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code that may be spoiled."""
    root = tmp_path_factory.mktemp("scratch")
    for package in ("apps", "config", "tradecore", "tests/architecture"):
        shutil.copytree(BASE_DIR / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(BASE_DIR / "tests" / "__init__.py", root / "tests")
    shutil.copy(CONFIGURATION, root)
    return root


def source_of(root: Path, module: str) -> Path:
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


class TestContracts:
    def test_hold(self) -> None:
        done = lint_imports(BASE_DIR)
        assert done.returncode == 0, done.stdout

    def test_each_has_a_forbidden_import_here(self) -> None:
        contracts = read_configuration(str(CONFIGURATION))["contracts_options"]
        assert {contract["name"] for contract in contracts} == set(FORBIDDEN)

    @pytest.mark.parametrize("contract", FORBIDDEN)
    def test_refuses(self, contract: str, scratch: Path) -> None:
        originals: dict[Path, str] = {}
        for importer, imported in FORBIDDEN[contract]:
            path = source_of(scratch, importer)
            originals.setdefault(path, path.read_text())
            path.write_text(f"{path.read_text()}\nimport {imported}\n")

        done = lint_imports(scratch)

        for path, original in originals.items():
            path.write_text(original)
        assert done.returncode == 1, done.stdout
        assert f"{contract} BROKEN" in done.stdout
        section = done.stdout.split("Broken contracts")[1].split(f"{contract}\n")[1].split("\n\n\n\n")[0]
        for importer, imported in FORBIDDEN[contract]:
            assert f"{importer} -> {imported.replace('django.db', 'django').replace('.status', '')}" in section


class TestEveryApp:
    def test_stands_on_a_floor(self) -> None:
        contracts = read_configuration(str(CONFIGURATION))["contracts_options"]
        floors = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
        placed = {name.strip(" ()") for floor in floors for name in floor.split("|")}
        there = {f"apps.{path.parent.name}" for path in (BASE_DIR / "apps").glob("*/__init__.py")}
        assert there <= placed

    def test_below_the_surfaces_is_kept_from_http(self) -> None:
        contracts = read_configuration(str(CONFIGURATION))["contracts_options"]
        floors = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
        surfaces = {name.strip(" ()") for name in floors[1].split("|")}
        kept = set(next(c["source_modules"] for c in contracts if c["name"] == "HTTP ends at the surfaces"))
        there = {f"apps.{path.parent.name}" for path in (BASE_DIR / "apps").glob("*/__init__.py")}
        assert there - surfaces <= kept
