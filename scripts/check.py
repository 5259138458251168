"""Say everything that can be said about the code without running its tests.

Format, lint, types, import contracts, missing migrations, and the deploy check under production settings (against a
private MariaDB and Redis, because half of what it checks stands in the servers).
"""

import base64
import secrets
import time
from dataclasses import dataclass, field

from machine import entry, needs, venv
from machine.runs import Run, run


@dataclass(frozen=True)
class Step:
    """One thing to check: its name, the arguments of Python, and more environment."""

    name: str
    arguments: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)


STEPS = (
    Step("format", ("-m", "ruff", "format", "--check", ".")),
    Step("lint", ("-m", "ruff", "check", ".")),
    Step("types", ("-m", "mypy")),
    Step("import contracts", ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")),
    Step("missing migrations", ("manage.py", "makemigrations", "--check", "--dry-run")),
)
DEPLOY = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")


def main() -> int:
    venv.sync("base", "development")
    machine = needs.prepare(browser=False)
    with run("check") as the_run:
        steps = list(STEPS)
        if machine.servers is not None:
            steps.append(Step("deploy check", DEPLOY, the_run.start_servers(machine.servers) | _production()))
        failed = [step.name for step in steps if _fails(the_run, step)]
    if machine.servers is None:
        why = "; ".join(f"{name}: {why}" for name, why in machine.left_out.items())
        print(f"left out: deploy check, which needs MariaDB and Redis ({why})")
    print(f"failed: {', '.join(failed)}" if failed else "all clean")
    return 1 if failed else 0


def _fails(the_run: Run, step: Step) -> bool:
    print(f"--- {step.name}", flush=True)
    begun = time.monotonic()
    code = the_run.call(venv.PYTHON, *step.arguments, variables=step.variables)
    print(f"    {'failed' if code else 'ok'} ({time.monotonic() - begun:.1f} s)", flush=True)
    return code != 0


def _production() -> dict[str, str]:
    """Production settings as .env.example asks for them."""
    return {
        "TRADECORE_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "shop.example",
        "CSRF_TRUSTED_ORIGINS": "https://shop.example",
        "SANDBOX_WEBHOOK_SECRETS": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "LEDGER_SIGNING_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    }


if __name__ == "__main__":
    entry.leave_with(main)
