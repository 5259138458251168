"""Where a request comes from: whatever a client writes into the header, it opens no window of its own."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from tradecore.http.networks import network_of

PROXY = "10.0.0.1"


@pytest.fixture
def trusting(settings: Settings) -> None:
    settings.TRUST_PROXY_HEADERS = True


def seen(*, peer: str = PROXY, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return network_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))


class TestANetwork:
    @pytest.mark.parametrize(
        ("peer", "network"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::/64"),
            ("2001:db8::ffff:2", "2001:db8::/64"),
            ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("fe80::1%eth0", "fe80::/64"),
            ("", ""),
            ("unix:", ""),
        ],
    )
    def test_is_that_of_the_connection(self, peer: str, network: str) -> None:
        assert seen(peer=peer) == network

    def test_is_not_what_a_client_writes_where_no_proxy_is_trusted(self) -> None:
        assert seen(peer="192.0.2.7", forwarded="198.51.100.1") == "192.0.2.7"


@pytest.mark.usefixtures("trusting")
class TestBehindAProxy:
    @pytest.mark.parametrize(
        ("forwarded", "network"),
        [
            ("198.51.100.1", "198.51.100.1"),
            ("198.51.100.1:4711", "198.51.100.1"),
            ("2001:db8::1", "2001:db8::/64"),
            ("[2001:db8::1]:4711", "2001:db8::/64"),
            ("[2001:db8::1]", "2001:db8::/64"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
            # Everything before the last hop was written by who knows whom.
            ("203.0.113.9, 198.51.100.1", "198.51.100.1"),
            ("junk, \u00e9,, 198.51.100.1", "198.51.100.1"),
        ],
    )
    def test_is_the_last_hop(self, forwarded: str, network: str) -> None:
        assert seen(forwarded=forwarded) == network

    @pytest.mark.parametrize(
        "forwarded",
        [
            "",
            ",",
            "198.51.100.1,",
            "unknown",
            "198.51.100.1, _hidden",
            "198.51.100.999",
            "198.51.100.1:port",
            "[198.51.100.1",
            "\u0661\u0662.1.1.1",
            "1" * 10_000,
        ],
    )
    def test_is_the_proxy_where_the_last_hop_is_no_address(self, forwarded: str) -> None:
        assert seen(forwarded=forwarded) == PROXY

    def test_is_the_connection_where_there_is_no_header(self) -> None:
        assert seen() == PROXY
        assert seen(peer="") == ""
