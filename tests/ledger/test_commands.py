"""`manage.py ledger`: for people, and with --json for scripts."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from apps.ledger import api as ledger
from apps.ledger.models import Balance, Seal
from tests.factories.ledger import SHOP, later, make_posting, make_sale, promise, seal, write
from tests.ledger.test_manifests import live_days
from tests.support import NOON
from tradecore import clock

pytestmark = pytest.mark.django_db


def run(*words: object) -> str:
    """What the command writes."""
    out = StringIO()
    call_command("ledger", *map(str, words), stdout=out)
    return out.getvalue()


def run_json(*words: object) -> Any:
    return json.loads(run(*words, "--json"))


def run_failing(*words: object) -> tuple[str, str]:
    """What the command writes before it ends with 1, and its last words."""
    out = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("ledger", *map(str, words), stdout=out)
    assert failure.value.returncode == 1
    return out.getvalue(), str(failure.value)


class TestHelp:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ([], "Verify, seal and read the books."),
            (["verify"], "Each fault is one line"),
            (["verify"], "whose signatures to accept"),
            (["seal"], "never written over"),
            (["statement"], "TAX_PAYABLE.US-NY"),
            (["balance"], "adds up to nothing"),
        ],
    )
    def test_explains_itself(self, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            run(*words, "--help")
        assert ended.value.code == 0
        assert said in " ".join(capsys.readouterr().out.split())

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ([], "the following arguments are required"),
            (["statement", "BANK"], "--currency"),
            (["statement", "BANK", "--currency", "gbp"], "'gbp' is not a currency"),
            (["statement", "BANK", "--currency", "GBP", "--since", "yesterday"], "write it as 2026-03-11"),
            (["statement", "BANK", "--currency", "GBP", "--limit", "0"], "not a whole number from 1 on"),
            (["statement", "BANKS", "--currency", "GBP"], "has no BANKS without an owner"),
            (["statement", "BANK", "--currency", "GBP", "--owner", "5"], "has no BANK with an owner"),
            (["verify", "--public-key", "AAAA"], "not a public key"),
            (["verify", "--copy", "/nowhere/2026-03-11.json"], "is no manifest"),
        ],
    )
    def test_refuses_what_it_does_not_know(self, words: list[str], said: str) -> None:
        with pytest.raises(CommandError, match=said):
            run(*words)


class TestVerify:
    def test_finds_nothing_in_a_clean_book(self) -> None:
        live_days([1000, 2000])
        assert run("verify") == "The ledger agrees with itself.\n"
        assert run_json("verify") == {"faults": []}

    def test_says_each_fault_in_a_line_and_ends_with_one(self) -> None:
        live_days([1000])
        Balance.objects.update(amount_minor=F("amount_minor") + 1)
        said, last_words = run_failing("verify")
        assert said.splitlines() == [
            "BUYER_FUNDS:0 GBP: a balance of -999 whose entries add up to -1000",
            "PSP_CLEARING.test:0 GBP: a balance of 1001 whose entries add up to 1000",
        ]
        assert last_words == "the ledger has faults: 2"
        said, _ = run_failing("verify", "--json")
        assert len(json.loads(said)["faults"]) == 2

    def test_accepts_the_keys_that_it_is_given_alone(self) -> None:
        live_days([1000])
        assert run("verify", "--public-key", ledger.own_signer().public)
        said, _ = run_failing("verify", "--public-key", "A" * 43 + "=")
        assert said.endswith("no known key has signed the manifest\n")

    def test_reads_what_was_exported(self, tmp_path: Path) -> None:
        days = live_days([1000, 2000])
        run("seal", "--export", tmp_path)
        files = sorted(tmp_path.iterdir())
        assert [file.name for file in files] == [f"{day}.json" for day in days]
        assert run("verify", "--copy", *files)
        files[0].write_text(files[0].read_text().replace('"2000"', '"2001"'))
        said, _ = run_failing("verify", "--copy", *files)
        assert said == f"copy of the manifest of {days[0]}: the copy is not what its digest says\n"


class TestSeal:
    def test_seals_what_waits_in_rounds_and_closes_days(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("apps.ledger.services.seal.BATCH", 1)
        write(*(make_posting(minor) for minor in (1, 2, 3)))
        moment = later()
        monkeypatch.setattr(clock, "real_now", lambda: moment)
        said = run_json("seal")
        assert said == {"sealed": 3, "closed": [], "exported": [], "public_key": ledger.own_signer().public}
        assert Seal.objects.count() == 3
        monkeypatch.setattr(clock, "real_now", lambda: moment + timedelta(days=1))
        assert run("seal").splitlines() == [
            "sealed: 0",
            f"closed: {moment.date()}",
            f"public key: {ledger.own_signer().public}",
        ]

    def test_exports_each_manifest_once(self, tmp_path: Path) -> None:
        days = live_days([1000, 2000])
        folder = tmp_path / "copies"
        assert run_json("seal", "--export", folder)["exported"] == [str(day) for day in days]
        assert run_json("seal", "--export", folder)["exported"] == []

    def test_never_writes_over_a_file_that_says_something_else(self, tmp_path: Path) -> None:
        (day,) = live_days([1000])
        run("seal", "--export", tmp_path)
        copy = tmp_path / f"{day}.json"
        changed = copy.read_text().replace('"2000"', '"2001"')
        copy.write_text(changed)
        _, last_words = run_failing("seal", "--export", tmp_path)
        assert "is another manifest than the one in the book" in last_words
        assert copy.read_text() == changed


class TestStatement:
    def test_shows_entries_with_the_balance_that_they_led_to(self) -> None:
        write(make_posting(1000), make_sale(600))
        promise(make_posting(70))
        header, *lines = run("statement", "BUYER_FUNDS", "--currency", "GBP").splitlines()
        assert header.split()[-3:] == ["debit", "credit", "balance"]
        assert [line.split()[-2:] for line in lines] == [["10.00", "10.00"], ["6.00", "4.00"], ["0.70", "pending"]]

    def test_of_an_owner_is_theirs_alone(self) -> None:
        write(make_sale(600), make_sale(300, shop=SHOP + 1))
        said = run_json("statement", "SELLER_PENDING", "--owner", SHOP, "--currency", "GBP")
        (line,) = said["lines"]
        assert (said["account"], said["owner_ref"]) == ("SELLER_PENDING", str(SHOP))
        assert line["balance"] == line["entry"]["amount"] == {"amount": "-6.00", "currency": "GBP"}

    def test_leaves_out_what_is_older_and_keeps_the_balance(self) -> None:
        write(make_posting(1000), make_posting(500), now=NOON)
        write(make_posting(1), now=NOON + timedelta(days=1))
        words = ("statement", "BUYER_FUNDS", "--currency", "GBP")
        (line,) = run_json(*words, "--since", (NOON + timedelta(days=1)).date())["lines"]
        assert line["balance"]["amount"] == "-15.01"
        assert run_json(*words, "--limit", 1)["lines"] == [line]


class TestBalance:
    def test_shows_that_each_currency_adds_up_to_nothing(self) -> None:
        write(make_posting(1000), make_sale(600), make_posting(5, currency="JPY"))
        seal()
        _, *lines = run("balance").splitlines()
        assert [line.split() for line in lines] == [
            ["BUYER_FUNDS", "GBP", "4.00"],
            ["PSP_CLEARING.test", "GBP", "10.00"],
            ["SELLER_PENDING", "GBP", "6.00"],
            ["all", "of", "it", "GBP", "0.00"],
            ["BUYER_FUNDS", "JPY", "5"],
            ["PSP_CLEARING.test", "JPY", "5"],
            ["all", "of", "it", "JPY", "0"],
        ]
        said = run_json("balance", "--currency", "JPY")
        assert said["sums"] == [{"amount": "0", "currency": "JPY"}]
        assert [line["account"] for line in said["accounts"]] == ["BUYER_FUNDS", "PSP_CLEARING.test"]

    def test_of_an_empty_book_says_so(self) -> None:
        assert run("balance").splitlines()[-1] == "Nothing was ever posted."

    def test_ends_with_one_when_something_is_missing(self) -> None:
        write(make_posting(1000))
        seal()
        Balance.objects.filter(account="BUYER_FUNDS").update(amount_minor=-999)
        _, last_words = run_failing("balance")
        assert last_words == "does not add up to nothing: 0.01 GBP"
