"""Private servers: as many as are asked for at once, each on a port of its own, and nobody gets in without a word."""

import os
import socket
from pathlib import Path

import pytest
import redis
from django.db import connection

from machine import packages, reaper, servers


class TestAFreePort:
    def test_is_none_that_the_system_gives_away(self) -> None:
        first, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
        if first < 2048:
            pytest.skip("the system gives away all of them")
        assert {servers.free_port() < first for _ in range(20)} == {True}

    def test_is_another_one_where_somebody_listens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        free = servers.free_port()
        with socket.create_server(("127.0.0.1", 0)) as somebody:
            taken = somebody.getsockname()[1]
            monkeypatch.setattr("machine.servers.random.sample", lambda *_, **__: [taken, free])
            assert servers.free_port() == free


@pytest.mark.redis
class TestRedis:
    def test_starts_twice_at_once(self, tmp_path: Path) -> None:
        programs = packages.find_servers()
        assert programs is not None
        mark = f"test-{os.getpid()}"
        environment = {**os.environ, reaper.VARIABLE: mark}
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        try:
            started = [servers.start_redis(programs, folder, environment) for folder in folders]
            assert len({server.port for server in started}) == 2
            for server in started:
                assert redis.Redis.from_url(server.url).ping()
                with pytest.raises(redis.AuthenticationError):
                    redis.Redis.from_url(f"redis://127.0.0.1:{server.port}").ping()
        finally:
            reaper.end_all(mark, [])

    def test_says_why_it_did_not_start(self, tmp_path: Path) -> None:
        programs = packages.find_servers()
        assert programs is not None
        broken = servers.Programs(
            mariadbd=programs.mariadbd, mariadb_install_db=programs.mariadb_install_db, redis_server=Path("/bin/false")
        )
        with pytest.raises(servers.ServerFailed, match="redis-server did not start"):
            servers.start_redis(broken, tmp_path, os.environ)


@pytest.mark.mariadb
@pytest.mark.django_db
def test_mariadb_has_its_temporary_tables_to_itself() -> None:
    """Where `make test` has started it: a server of somebody's own may keep them where it likes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@datadir, @@tmpdir")
        data, temporary = map(Path, cursor.fetchone())
    if data.name != "mariadb":
        pytest.skip("the server is not ours")
    assert temporary == data.with_name("mariadb-tmp")
