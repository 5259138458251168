"""Verify: whatever somebody does to the book behind everybody's back is found, and named."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F, Model, QuerySet

from apps.ledger import api as ledger
from apps.ledger import verify
from apps.ledger.models import Balance, DayManifest, Entry, Posting, Seal, Sealer
from apps.ledger.sealing import Signer, content_of, digest
from tests.factories.ledger import (
    SHOP,
    faults_of,
    find_faults,
    make_posting,
    make_sale,
    promise,
    resolve,
    tamper,
    walls_down,
    write,
)
from tests.ledger.test_manifests import DAY, close, live_days
from tests.support import NOON
from tradecore import clock
from tradecore.chain import GENESIS, LATEST_COMMIT, Fault, next_hash
from tradecore.ids import first_id_at

# The walls that somebody tears down are no part of a transaction on MariaDB.
pytestmark = pytest.mark.django_db(transaction=True)

STRANGER = Signer("c3RyYW5nZXJzLWtleS0zMi1ieXRlcy1sb25nLTEyMzQ=")
OURS = "the posting is not the one that was sealed"


def rows_of(model: type[Model]) -> QuerySet[Any]:
    """Rows that can be changed, where the model's own manager refuses."""
    return QuerySet(model)


@pytest.fixture
def book() -> list[Posting]:
    """Three postings on three days that are closed, about BUYER_FUNDS and a seller."""
    live_days([1000, 700, 300])
    return list(Posting.objects.order_by("pk"))


def entry_of(posting: Posting, account: str = "BUYER_FUNDS") -> Entry:
    return posting.entries.get(account=account)


class TestACleanBook:
    def test_has_no_fault(self, book: list[Posting]) -> None:
        assert faults_of(copies=ledger.list_manifests()) == []

    def test_has_none_before_anything_happened(self) -> None:
        assert faults_of() == []

    def test_has_none_with_everything_in_it(self) -> None:
        write(make_posting(1000, order_ref=5, reason="ünïcode", actor="user:1"), make_sale(600))
        resolve(promise(make_posting(70)), ledger.Outcome.POSTED, make_posting(60, kind="taken"))
        resolve(promise(make_posting(70)), ledger.Outcome.EXPIRED)
        write(make_posting(5, currency="JPY"))
        assert faults_of() == []
        ledger.seal_postings(real_now=clock.real_now() + timedelta(minutes=1), limit=3)
        assert faults_of() == []
        ledger.seal_postings(real_now=clock.real_now() + timedelta(minutes=1))
        close()
        assert faults_of(copies=ledger.list_manifests()) == []

    def test_is_read_in_batches(self, book: list[Posting], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("apps.ledger.verify._BATCH", 2)
        assert faults_of() == []


class TestTampering:
    def test_with_an_amount(self, book: list[Posting]) -> None:
        tamper("UPDATE ledger_entry SET amount_minor = amount_minor - 1 WHERE id = %s", entry_of(book[1]).pk)
        found = find_faults()
        assert [fault.what for fault in found] == [
            OURS,
            "entries: 2 entries add up to {'GBP': -1}",
            "a balance of -2000 whose entries add up to -2001",
            "the book has other sums",
        ]
        assert found[0].where == f"seal 2, posting {book[1].pk} ({book[1]})"
        assert found[2].where == "BUYER_FUNDS:0 GBP"
        assert found[3].where == f"manifest of {DayManifest.objects.order_by('day')[1].day}"

    def test_with_both_sides_at_once(self, book: list[Posting]) -> None:
        tamper("UPDATE ledger_entry SET amount_minor = -amount_minor WHERE posting_id = %s", book[1].pk)
        assert faults_of() == [
            OURS,
            "a balance of -2000 whose entries add up to -600",
            "a balance of 2000 whose entries add up to 600",
        ]

    @pytest.mark.parametrize(
        ("column", "value"),
        [("reason", "'nothing to see'"), ("actor", "'user:2'"), ("order_ref", "12"), ("reference", "12")],
    )
    def test_with_what_is_said_of_a_posting(self, book: list[Posting], column: str, value: str) -> None:
        tamper(f"UPDATE ledger_posting SET {column} = {value} WHERE id = %s", book[1].pk)
        assert faults_of() == [OURS]

    def test_with_an_owner(self, book: list[Posting]) -> None:
        tamper("UPDATE ledger_entry SET account = 'SELLER_PENDING', owner_ref = %s", SHOP)
        assert faults_of().count(OURS) == 3

    def test_by_deleting_an_entry(self, book: list[Posting]) -> None:
        tamper("DELETE FROM ledger_entry WHERE id = %s", entry_of(book[1]).pk)
        found = faults_of()
        assert found[:2] == [OURS, "entries: 1 entries add up to {'GBP': 700}"]
        assert "the book has other sums" in found

    def test_by_deleting_all_entries_of_a_posting(self, book: list[Posting]) -> None:
        tamper("DELETE FROM ledger_entry WHERE posting_id = %s", book[1].pk)
        assert faults_of()[:2] == [OURS, "a posting has no entries"]

    def test_by_inserting_an_entry(self, book: list[Posting]) -> None:
        Entry(posting=book[1], line_no=3, account="BANK", currency="GBP", amount_minor=1, about_ref=1).save()
        assert faults_of()[:2] == [OURS, "entries: 3 entries add up to {'GBP': 1}"]

    @pytest.mark.parametrize("ago", [2 * LATEST_COMMIT, -2 * LATEST_COMMIT], ids=["past", "future"])
    def test_by_inserting_a_posting_past_the_sealer(self, book: list[Posting], ago: timedelta) -> None:
        an_id = first_id_at(clock.real_now() - ago)
        row = Posting(id=an_id, kind="test", reference=1, occurred_at=NOON)
        row.save()
        for line_no, minor in ((1, 5), (2, -5)):
            Entry(
                id=an_id + line_no,
                posting=row,
                line_no=line_no,
                account="BANK",
                currency="GBP",
                amount_minor=minor,
                about_ref=1,
            ).save()
        (fault,) = find_faults()
        assert (fault.what, fault.where) == ("a posting was never sealed", f"posting {an_id} (test 1)")

    def test_by_deleting_the_last_seal(self, book: list[Posting]) -> None:
        tamper("DELETE FROM ledger_seal WHERE number = 3")
        found = find_faults()
        assert found[0].what == "the chain ends elsewhere than the sealer left it"
        assert found[0].where == "after seal 2, where the sealer gave number 3"
        assert "the book has another number of postings" in [fault.what for fault in found]

    def test_by_deleting_a_seal_in_the_middle(self, book: list[Posting]) -> None:
        tamper("DELETE FROM ledger_seal WHERE number = 2")
        found = find_faults()
        assert (found[0].what, found[0].where) == ("seals are missing", "between seal 1 and seal 3")

    def test_by_deleting_a_posting_with_its_seal(self, book: list[Posting]) -> None:
        tamper("DELETE FROM ledger_seal WHERE number = 3")
        tamper("DELETE FROM ledger_posting WHERE id = %s", book[2].pk)
        found = faults_of()
        assert "the chain ends elsewhere than the sealer left it" in found
        assert found.count("an entry belongs to no posting") == 2

    def test_with_a_hash(self, book: list[Posting]) -> None:
        tamper("UPDATE ledger_seal SET hash = %s WHERE number = 2", "0" * 64)
        assert faults_of() == [OURS, OURS, "the chain ends in another hash"]

    def test_with_a_balance(self, book: list[Posting]) -> None:
        Balance.objects.filter(account="BUYER_FUNDS").update(amount_minor=F("amount_minor") + 1)
        (fault,) = find_faults()
        assert (fault.what, fault.where) == ("a balance of -1999 whose entries add up to -2000", "BUYER_FUNDS:0 GBP")

    def test_by_deleting_a_balance(self, book: list[Posting]) -> None:
        Balance.objects.filter(account="BUYER_FUNDS").delete()
        assert faults_of() == ["a balance of 0 whose entries add up to -2000"]


class TestForgedManifests:
    def test_with_another_count(self, book: list[Posting]) -> None:
        tamper("UPDATE ledger_manifest SET posting_count = 2 WHERE first_seal = 2")
        assert faults_of() == [
            "the manifest is not what its digest says",
            "the book has another number of postings",
        ]

    def test_with_another_count_and_its_digest(self, book: list[Posting]) -> None:
        forge(ledger.list_manifests()[0], posting_count=2)
        assert faults_of() == ["no known key has signed the manifest", "the book has another number of postings"]

    def test_with_a_stranger_s_signature(self, book: list[Posting]) -> None:
        last = ledger.list_manifests()[0]
        forge(last, key_id=STRANGER.key_id, signature=STRANGER.sign(last.digest))
        assert faults_of() == ["no known key has signed the manifest"]
        assert faults_of(public_keys=[*ledger.known_public_keys(), STRANGER.public]) == []

    def test_with_another_key_s_name(self, book: list[Posting]) -> None:
        forge(ledger.list_manifests()[0], key_id=STRANGER.key_id)
        assert faults_of(public_keys=[*ledger.known_public_keys(), STRANGER.public]) == [
            "no known key has signed the manifest"
        ]

    def test_whose_key_nobody_knows(self, book: list[Posting]) -> None:
        assert faults_of(public_keys=[STRANGER.public]) == ["no known key has signed the manifest"] * 3

    def test_of_which_one_was_deleted(self, book: list[Posting]) -> None:
        copies = ledger.list_manifests()
        tamper("DELETE FROM ledger_manifest WHERE first_seal = 2")
        assert faults_of() == ["the manifest does not follow the one before it"]
        found = find_faults(copies=copies)
        assert found[-1] == Fault(
            what="the book has another manifest than the copy", where=f"copy of the manifest of {copies[1].day}"
        )


class TestARewrittenBook:
    """Who has the database and the key can make a book that agrees with itself; a copy elsewhere does not."""

    def test_differs_from_a_copy_that_was_kept(self, book: list[Posting]) -> None:
        copies = ledger.list_manifests()
        rewrite(book[1], factor=10)
        assert faults_of() == []
        assert [fault.where for fault in find_faults(copies=copies)] == [
            f"copy of the manifest of {copy.day}" for copy in copies[:2]
        ]

    def test_cannot_be_signed_by_who_has_no_key(self, book: list[Posting]) -> None:
        rewrite(book[1], factor=10, signer=STRANGER)
        assert faults_of() == ["no known key has signed the manifest"] * 3

    def test_is_not_found_by_a_copy_that_was_changed_too(self, book: list[Posting]) -> None:
        copy = replace(ledger.list_manifests()[0], posting_count=9)
        assert faults_of(copies=[copy]) == ["the copy is not what its digest says"]


class TestWhileTheBookIsWritten:
    def test_takes_nothing_for_a_fault_that_was_sealed_meanwhile(
        self, book: list[Posting], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A sealer comes between reading the chain and comparing the balances, and moves one."""

        def seal_and_read(chain: Any) -> list[Fault]:
            ledger.seal_postings(real_now=clock.real_now() + timedelta(minutes=1))
            return read_the_end(chain)

        read_the_end = verify._end_faults
        monkeypatch.setattr(verify, "_end_faults", seal_and_read)
        write(make_posting(5))
        assert faults_of() == []
        assert Seal.objects.count() == 4


def forge(manifest: ledger.Manifest, **parts: Any) -> None:
    """Change a manifest, and bring its digest to what it says then."""
    said = {name: getattr(manifest, name) for name in ledger.Manifest.__dataclass_fields__} | parts
    with walls_down():
        rows_of(DayManifest).filter(day=manifest.day).update(**parts, digest=digest(said))


def rewrite(posting: Posting, *, factor: int, signer: Signer | None = None) -> None:
    """Multiply a posting, and bring everything to it: chain, sealer, balances, manifests."""
    with walls_down():
        rows_of(Entry).filter(posting=posting).update(amount_minor=F("amount_minor") * factor)
        for entry in posting.entries.all():
            of_account = Balance.objects.filter(account=entry.account, owner_ref=entry.owner_ref)
            of_account.update(amount_minor=F("amount_minor") + entry.amount_minor * (factor - 1) // factor)
        previous = GENESIS
        for seal in Seal.objects.order_by("number").select_related("posting"):
            previous = next_hash(previous, content_of(seal.posting, list(seal.posting.entries.all())))
            rows_of(Seal).filter(pk=seal.pk).update(hash=previous)
        Sealer.objects.update(last_hash=previous)
        rows_of(DayManifest).delete()
    for day in range(1, 4):
        ledger.close_days(signer=signer or ledger.own_signer(), real_now=clock.real_now() + (day + 1) * DAY)
