"""What every session of the database rests on."""

import pytest
from django.db import connection


@pytest.mark.mariadb
@pytest.mark.django_db
class TestMariaDBSession:
    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("tx_isolation", "READ-COMMITTED"),
            ("collation_connection", "utf8mb4_nopad_bin"),
            ("collation_database", "utf8mb4_nopad_bin"),
            ("time_zone", "+00:00"),
            ("innodb_rollback_on_timeout", 1),
        ],
    )
    def test_sets(self, variable: str, value: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT @@{variable}")
            assert cursor.fetchone() == (value,)

    def test_is_strict(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@sql_mode")
            assert "STRICT_TRANS_TABLES" in cursor.fetchone()[0]
