"""The registry of invariants and fuses: complete, and about tables and columns that are there."""

import re

import pytest
from django.db import connection

from apps.reconciliation import api as reconciliation
from apps.reconciliation.api import FUSES, INVARIANTS, Fuse, Invariant
from apps.reconciliation.models import Break
from tradecore import clock
from tradecore.models import Freeze

EVERYTHING: dict[str, Invariant | Fuse] = {**INVARIANTS, **FUSES}


class TestTheRegistry:
    def test_has_a_tampering_for_each_invariant_and_each_fuse(self) -> None:
        assert set(reconciliation.TAMPERINGS) == set(EVERYTHING)

    def test_gives_no_name_twice(self) -> None:
        assert len(EVERYTHING) == len(INVARIANTS) + len(FUSES)
        longest = Break._meta.get_field("invariant").max_length
        assert longest is not None
        assert all(len(name) <= longest for name in EVERYTHING)

    @pytest.mark.django_db
    @pytest.mark.parametrize("name", EVERYTHING)
    def test_names_tables_and_columns_that_are_there(self, name: str) -> None:
        for table, columns in EVERYTHING[name].reads.items():
            with connection.cursor() as cursor:
                there = {column.name for column in connection.introspection.get_table_description(cursor, table)}
            assert set(columns) <= there, f"{table} has no {set(columns) - there}"

    @pytest.mark.parametrize("name", EVERYTHING)
    def test_names_every_table_that_it_reads(self, name: str) -> None:
        read = set(re.findall(r"(?:FROM|JOIN) ([a-z]+_[a-z_]+)", EVERYTHING[name].sql))
        assert read == set(EVERYTHING[name].reads)

    def test_says_of_each_what_is_true(self) -> None:
        assert {name: reconciliation.title_of(name) for name in EVERYTHING} == {
            name: each.title for name, each in EVERYTHING.items()
        }
        assert reconciliation.title_of("I00") == ""


@pytest.mark.django_db
class TestBooksOfNothing:
    @pytest.mark.parametrize("suite", reconciliation.Suite)
    def test_break_nothing(self, suite: reconciliation.Suite) -> None:
        assert reconciliation.reconcile(suite=suite, real_now=clock.real_now()).offences == ()

    def test_blow_no_fuse(self) -> None:
        assert reconciliation.check_fuses(real_now=clock.real_now()) == []
        assert not Freeze.objects.exists()
