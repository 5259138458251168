"""`manage.py ledger`: prove that the books were not touched, seal them, and read what stands in them."""

import json
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.ledger.chart import Account, Side
from apps.ledger.contracts import Manifest, StatementLine, TrialBalanceLine
from apps.ledger.errors import AccountUnknown
from apps.ledger.keys import known_public_keys, own_signer
from apps.ledger.sealing import is_key
from apps.ledger.selectors import list_manifests, list_statement, trial_balance
from apps.ledger.services.seal import close_days, seal_postings
from apps.ledger.verify import find_faults
from tradecore import clock, wire
from tradecore.arguments import an_id, whole_number
from tradecore.chain import LAG, Fault
from tradecore.currencies import EXPONENTS
from tradecore.money import Money

VERIFY_HELP = "read the whole book and name every place where it does not agree with itself"
SEAL_HELP = "seal what waits, close the days that are over, and with --export write their manifests as files"
STATEMENT_HELP = "show the latest entries of one account, each with the balance that it led to"
BALANCE_HELP = "show the trial balance: every account, and that each currency adds up to nothing"

VERIFY_DESCRIPTION = """\
Read the book from its first posting to its last. Every posting must balance and be the one that was sealed, the chain
must have no gap, the balances must be what the entries add up to, and every day must be what its signed manifest says.

Each fault is one line, where and what, and the exit status is 1 when there are any. Nothing is changed, and it is safe
while the shop is open. Whoever can rewrite the whole database can rewrite the chain too: only copies of the manifests
that were kept elsewhere (`ledger seal --export`), and a key that is not taken from here, prove that nobody did.
"""

SEAL_DESCRIPTION = f"""\
Give every committed posting that is older than {LAG.seconds} seconds its place in the chain, in bounded rounds, and
write the signed manifest of every day (UTC) that is over. Workers do the same each second; it is safe beside them.

With --export every manifest is written as DIR/YYYY-MM-DD.json, which `ledger verify --copy` reads. Keep these files,
and the public key, where nobody who can reach the database can. A file that is there is never written over: one that
says something else is the proof that something was changed, and the exit status is 1.
"""

STATEMENT_EPILOG = """\
ACCOUNT is a code of the chart, with a detail where it has one: BUYER_FUNDS, PSP_CLEARING.sandbox, TAX_PAYABLE.US-NY.
Balances are positive on the account's own side. Pending entries are a promise, and no part of a balance.
With --json one JSON document is written to standard output, and nothing else.
"""

JSON_EPILOG = "With --json one JSON document is written to standard output, and nothing else."


class Command(BaseCommand):
    help = "Verify, seal and read the books."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        _add_verify(_add_action(actions, "verify", VERIFY_HELP, VERIFY_DESCRIPTION))
        _add_seal(_add_action(actions, "seal", SEAL_HELP, SEAL_DESCRIPTION))
        _add_statement(_add_action(actions, "statement", STATEMENT_HELP, STATEMENT_HELP, epilog=STATEMENT_EPILOG))
        balance = _add_action(actions, "balance", BALANCE_HELP, BALANCE_HELP)
        balance.add_argument("--currency", type=_currency, metavar="CUR", help="only this currency")

    def handle(self, *, action: str, **options: Any) -> None:
        match action:
            case "verify":
                self._verify(copies=options["copy"], public_keys=options["public_key"], as_json=options["json"])
            case "seal":
                self._seal(export=options["export"], as_json=options["json"])
            case "statement":
                self._statement(
                    account=_account(options["account"], options["owner"]),
                    currency=options["currency"],
                    since=options["since"],
                    limit=options["limit"],
                    as_json=options["json"],
                )
            case "balance":
                self._balance(currency=options["currency"], as_json=options["json"])

    def _verify(self, *, copies: Iterable[Path], public_keys: Sequence[str], as_json: bool) -> None:
        faults = find_faults(
            public_keys=public_keys or known_public_keys(),
            copies=[_read_copy(path) for path in copies],
            real_now=clock.real_now(),
        )
        found = list(faults) if as_json else [self._write_fault(fault) for fault in faults]
        if as_json:
            self._write_json({"faults": found})
        if found:
            raise CommandError(f"the ledger has faults: {len(found)}", returncode=1)
        if not as_json:
            self.stdout.write("The ledger agrees with itself.")

    def _seal(self, *, export: Path | None, as_json: bool) -> None:
        sealed, closed = _seal_all(), close_days(signer=own_signer(), real_now=clock.real_now())
        exported = _export(list_manifests(), export) if export else []
        done: dict[str, Any] = {
            "sealed": sealed,
            "closed": closed,
            "exported": exported,
            "public_key": own_signer().public,
        }
        if as_json:
            self._write_json(done)
        else:
            self._write_lines(_sealed_lines(**done))

    def _statement(self, *, account: Account, currency: str, since: datetime | None, limit: int, as_json: bool) -> None:
        """Every line is reckoned before those that are too old are left out: balances are right in any case."""
        lines = list_statement(account, currency=currency, limit=limit)
        shown = [line for line in lines if since is None or line.entry.occurred_at >= since]
        if as_json:
            self._write_json({"account": account.code, "owner_ref": account.owner_ref, "lines": shown})
        else:
            self._write_lines(_statement_lines(shown, side=account.side))

    def _balance(self, *, currency: str | None, as_json: bool) -> None:
        lines = [line for line in trial_balance() if currency in (None, line.balance.currency)]
        sums = _add_up(lines)
        if as_json:
            self._write_json({"accounts": lines, "sums": list(sums.values())})
        else:
            self._write_lines(_balance_lines(lines, sums))
        wrong = [total for total in sums.values() if total.minor]
        if wrong:
            raise CommandError(f"does not add up to nothing: {', '.join(map(str, wrong))}", returncode=1)

    def _write_fault(self, fault: Fault) -> Fault:
        """As soon as it is found: a long book is read for a long time."""
        self.stdout.write(f"{fault.where}: {fault.what}")
        return fault

    def _write_lines(self, lines: Iterable[str]) -> None:
        self.stdout.write("\n".join(lines))

    def _write_json(self, document: Mapping[str, Any]) -> None:
        self.stdout.write(json.dumps(wire.to_json(document), indent=2))


# --- What is asked for ------------------------------------------------------------------------------------------------


def _add_action(actions: Any, name: str, says: str, description: str, *, epilog: str = JSON_EPILOG) -> ArgumentParser:
    action: ArgumentParser = actions.add_parser(
        name, help=says, description=description, epilog=epilog, formatter_class=RawDescriptionHelpFormatter
    )
    action.add_argument("--json", action="store_true", help="write JSON for scripts")
    return action


def _add_verify(action: ArgumentParser) -> None:
    action.add_argument(
        "--copy",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="manifests that were exported earlier and kept elsewhere",
    )
    action.add_argument(
        "--public-key",
        type=_key,
        nargs="+",
        default=[],
        metavar="KEY",
        help="whose signatures to accept, base64 (default: LEDGER_SIGNING_KEY's and LEDGER_PUBLIC_KEYS)",
    )


def _add_seal(action: ArgumentParser) -> None:
    action.add_argument("--export", type=Path, metavar="DIR", help="write every manifest into this folder")


def _add_statement(action: ArgumentParser) -> None:
    action.add_argument("account", metavar="ACCOUNT", help="the account's code")
    action.add_argument("--owner", type=an_id, default=0, metavar="ID", help="whose it is, where it has an owner")
    action.add_argument("--currency", type=_currency, required=True, metavar="CUR", help="its currency")
    action.add_argument("--since", type=_moment, metavar="DATE", help="leave out what is older than this day (UTC)")
    action.add_argument("--limit", type=whole_number(1), default=50, metavar="N", help="how many at most (default: 50)")


def _currency(text: str) -> str:
    if text not in EXPONENTS:
        raise ArgumentTypeError(f"{text!r} is not a currency")
    return text


def _moment(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date: write it as 2026-03-11") from None


def _key(text: str) -> str:
    if not is_key(text):
        raise ArgumentTypeError(f"{text!r} is not a public key: base64 of 32 bytes")
    return text


def _account(code: str, owner_ref: int) -> Account:
    try:
        return Account(code, owner_ref)
    except AccountUnknown:
        whose = "with an owner" if owner_ref else "without an owner"
        raise CommandError(f"the chart of accounts has no {code} {whose}") from None


# --- Copies -----------------------------------------------------------------------------------------------------------


def _seal_all() -> int:
    """Rounds until nothing waits; each is a transaction of its own. Returns how many postings were sealed."""
    total = 0
    while sealed := seal_postings(real_now=clock.real_now()):
        total += sealed
    return total


def _export(manifests: Iterable[Manifest], folder: Path) -> list[date]:
    """Write those that have no file yet, and return their days. Refuses to go on where a file says something else."""
    folder.mkdir(parents=True, exist_ok=True)
    exported = []
    for manifest in manifests:
        path = folder / f"{manifest.day.isoformat()}.json"
        if not path.exists():
            path.write_text(json.dumps(wire.to_json(manifest), indent=2) + "\n")
            exported.append(manifest.day)
        elif _read_copy(path) != manifest:
            raise CommandError(f"{path} is another manifest than the one in the book: somebody has changed one of them")
    return sorted(exported)


def _read_copy(path: Path) -> Manifest:
    try:
        said = json.loads(path.read_text())
        return Manifest(**{**said, "day": date.fromisoformat(said["day"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CommandError(f"{path} is no manifest that `ledger seal --export` has written ({error})") from None


# --- How it reads -----------------------------------------------------------------------------------------------------


def _sealed_lines(*, sealed: int, closed: Sequence[date], exported: Sequence[date], public_key: str) -> Iterator[str]:
    yield f"sealed: {sealed}"
    yield f"closed: {', '.join(map(str, closed)) or 'no day'}"
    if exported:
        yield f"exported: {', '.join(map(str, exported))}"
    yield f"public key: {public_key}"


def _statement_lines(lines: Iterable[StatementLine], *, side: Side) -> Iterator[str]:
    yield f"{'moment (UTC)':<21}{'kind':<22}{'reference':<21}{'about':<21}{'debit':>16}{'credit':>16}{'balance':>18}"
    for line in lines:
        entry = line.entry
        debit, credit = _columns(entry.amount)
        balance = "pending" if entry.is_pending else _on_side(line.balance, side).amount
        yield (
            f"{entry.occurred_at:%Y-%m-%d %H:%M:%S}  {entry.kind:<22}{entry.reference:<21}{entry.about_ref:<21}"
            f"{debit:>16}{credit:>16}{balance:>18}"
        )


def _balance_lines(lines: Iterable[TrialBalanceLine], sums: Mapping[str, Money]) -> Iterator[str]:
    """A block per currency, which ends with what its accounts add up to."""
    yield f"{'account':<60}{'':<5}{'debit':>18}{'credit':>18}"
    if not sums:
        yield "Nothing was ever posted."
    in_order = list(lines)
    for currency, total in sums.items():
        for line in in_order:
            if line.balance.currency == currency:
                debit, credit = _columns(_signed(line))
                yield f"{line.account:<60}{currency:<5}{debit:>18}{credit:>18}"
        yield f"{'all of it':<60}{currency:<5}{total.amount:>36}"


def _add_up(lines: Iterable[TrialBalanceLine]) -> dict[str, Money]:
    """Currency -> the sum of all its accounts."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.balance.currency] += _signed(line).minor
    return {currency: Money(minor, currency) for currency, minor in sorted(sums.items())}


def _signed(line: TrialBalanceLine) -> Money:
    return _on_side(line.balance, line.side)


def _on_side(amount: Money, side: Side) -> Money:
    """From signed to positive on the account's own side, and back."""
    return amount if side is Side.DEBIT else -amount


def _columns(amount: Money) -> tuple[str, str]:
    """The debit and the credit column of a signed amount."""
    return (amount.amount, "") if amount.minor > 0 else ("", (-amount).amount)
