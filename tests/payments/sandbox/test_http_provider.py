"""The client of the process: whatever it cannot read tells nothing, and nothing takes longer than its time."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from apps.payments.provider import Call, PaymentProvider, ProviderUnreachable, Said
from apps.payments.sandbox import make_sandbox_provider
from apps.payments.sandbox.behaviour import CERTAIN_BP, Behaviour
from apps.payments.sandbox.book import Book
from apps.payments.sandbox.http_provider import HttpSandboxProvider
from apps.payments.sandbox.provider import SandboxProvider
from apps.payments.sandbox.server import SandboxServer
from tests.payments.sandbox.support import SECRET, in_processes, make_call, wait_for

#: Longer than the client's own limit (0.2 s in these tests) and the machine's moods together; much shorter than what is
#: not waited for: an answer byte by byte, or the silence of a server.
TIME_MAX_S = 5.0


def document_of(call: Call) -> bytes:
    """The statement of a capture, as the process writes it."""
    return (
        f'{{"reference": "{call.reference}", "said": "captured", "provider_ref": "x", "account": "sandbox_merchant", '
        f'"amount": {{"amount": "{call.amount.amount}", "currency": "GBP"}}, "decline_code": "", "next_action": null}}'
    ).encode()


def http_answer(body: bytes, *, status: str = "200 OK", length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode() + body


def read_request(connection: socket.socket) -> None:
    """All of it: whoever hangs up with something unread resets the connection, and the answer may be lost with it."""
    head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    missing = int(length.group(1)) - len(body) if length else 0
    while missing > 0:
        missing -= len(connection.recv(missing))


@contextmanager
def strange_server(answer: bytes, *, pause_s: float = 0.0) -> Iterator[str]:
    """Answers whatever it is asked with these bytes, one connection after the other, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        read_request(connection)
                        for start in range(0, len(answer), 1 if pause_s else max(len(answer), 1)):
                            connection.sendall(answer[start : start + 1] if pause_s else answer)
                            time.sleep(pause_s)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def client_of(url: str) -> HttpSandboxProvider:
    return HttpSandboxProvider(url=url, secrets=[SECRET], connect_timeout_s=0.2, answer_timeout_s=0.2)


def assert_unreachable(ask: Callable[[], object]) -> None:
    began = time.monotonic()
    with pytest.raises(ProviderUnreachable):
        ask()
    assert time.monotonic() - began < TIME_MAX_S


class TestGarbage:
    """Each fault that the process can be told to have."""

    @pytest.mark.parametrize("fault", ["deaf", "mute", "error_500", "error_429", "html", "half_json", "trickle"])
    def test_is_no_answer(
        self, server: SandboxServer, client: HttpSandboxProvider, hasty_client: HttpSandboxProvider, fault: str
    ) -> None:
        call = make_call()
        server.conduct.change(Behaviour(**{f"{fault}_bp": CERTAIN_BP}))
        with patch.object(server.conduct, "draw_fault", wraps=server.conduct.draw_fault) as drawn:
            assert_unreachable(lambda: hasty_client.send(call))
            assert_unreachable(lambda: hasty_client.ask(call.reference))
            wait_for(lambda: drawn.call_count == 2)  # who hangs up does not wait until the process has come to it

        server.conduct.change(Behaviour())
        if fault in {"deaf", "error_429"}:
            assert client.ask(call.reference) is None
        else:
            wait_for(lambda: client.ask(call.reference) is not None)
            asked = client.ask(call.reference)
            assert asked is not None
            assert asked.said is Said.CAPTURED
        assert client.send(call).said is Said.CAPTURED

    def test_may_be_mere_slowness(
        self, server: SandboxServer, client: HttpSandboxProvider, hasty_client: HttpSandboxProvider
    ) -> None:
        server.conduct.change(Behaviour(slow_bp=CERTAIN_BP, slow_ms=300))
        assert client.send(make_call()).said is Said.CAPTURED
        assert_unreachable(lambda: hasty_client.send(make_call()))


CALL = make_call(reference=4711)
STATEMENT = document_of(CALL)


class TestStrangeServer:
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(b"", id="hangs_up"),
            pytest.param(b"HTTP/1.1 200 OK\r\n", id="half_a_head"),
            pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="another_protocol"),
            pytest.param(b"\x00" * 100, id="zeros"),
            pytest.param(http_answer(b""), id="empty"),
            pytest.param(http_answer(b"null"), id="null"),
            pytest.param(http_answer(b"[]"), id="array"),
            pytest.param(http_answer(b'"captured"'), id="string"),
            pytest.param(http_answer(b"{}"), id="empty_object"),
            pytest.param(http_answer(b"\xff\xfe"), id="not_utf8"),
            pytest.param(http_answer(STATEMENT, length=len(STATEMENT) + 10), id="cut_off"),
            pytest.param(http_answer(STATEMENT, length=len(STATEMENT) - 10), id="length_too_short"),
            pytest.param(http_answer(STATEMENT.replace(b"4711", b"4712")), id="another_question"),
            pytest.param(http_answer(STATEMENT.replace(b"captured", b"paid")), id="unknown_word"),
            pytest.param(http_answer(STATEMENT.replace(b"GBP", b"ZZZ")), id="unknown_currency"),
            pytest.param(http_answer(STATEMENT.replace(b'"12.34"', b"12.34")), id="amount_as_number"),
            pytest.param(http_answer(STATEMENT[:-1] + b', "said": "declined"}'), id="said_twice"),
            pytest.param(http_answer(STATEMENT + b" " * 70_000), id="too_long"),
            pytest.param(http_answer(STATEMENT, status="201 Created"), id="201"),
            pytest.param(http_answer(STATEMENT, status="302 Found"), id="redirect"),
            pytest.param(http_answer(b'{"code": "unauthenticated"}', status="401 Unauthorized"), id="401"),
            pytest.param(http_answer(b'{"code": "not_found"}', status="403 Forbidden"), id="403"),
            pytest.param(http_answer(b"<h1>Not Found</h1>", status="404 Not Found"), id="404_of_another_server"),
            pytest.param(http_answer(b'{"code": "route_unknown"}', status="404 Not Found"), id="404_of_another_route"),
            pytest.param(http_answer(b"<h1>Bad Request</h1>", status="400 Bad Request"), id="400_of_a_proxy"),
            pytest.param(http_answer(b'{"detail": "no"}', status="422 Unprocessable"), id="422_without_a_code"),
            pytest.param(http_answer(b'{"code": 7}', status="422 Unprocessable"), id="422_with_a_number"),
            pytest.param(http_answer(b'{"code": "x"}', status="503 Unavailable"), id="503"),
            pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", id="bad_chunk"),
            pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 300 + b"\r\n", id="too_many_headers"),
            pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, id="endless_header"),
        ],
    )
    def test_gives_no_answer(self, answer: bytes) -> None:
        with strange_server(answer) as url:
            client = client_of(url)
            assert_unreachable(lambda: client.send(CALL))
            assert_unreachable(lambda: client.ask(CALL.reference))

    def test_gives_one_if_it_is_readable(self) -> None:
        with strange_server(http_answer(STATEMENT)) as url:
            client = HttpSandboxProvider(url=url, secrets=[])
            assert client.send(CALL) == client.send(CALL) == client.ask(CALL.reference)

    def test_is_not_waited_for_byte_by_byte(self) -> None:
        with strange_server(http_answer(STATEMENT), pause_s=0.05) as url:
            client = client_of(url)
            assert_unreachable(lambda: client.send(CALL))

    @pytest.mark.parametrize("status", ["400 Bad Request", "402 Payment Required", "422 Unprocessable Content"])
    def test_may_refuse_for_good(self, status: str) -> None:
        with strange_server(http_answer(b'{"code": "merchant_blocked"}', status=status)) as url:
            said = HttpSandboxProvider(url=url, secrets=[]).send(CALL)
        assert (said.said, said.decline_code) == (Said.DECLINED, "merchant_blocked")
        assert (said.reference, said.amount, said.account) == (CALL.reference, CALL.amount, "sandbox_merchant")

    def test_may_not_be_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert_unreachable(lambda: client_of(f"http://127.0.0.1:{port}").send(CALL))

    def test_may_accept_and_say_nothing(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            assert_unreachable(lambda: client_of(f"http://127.0.0.1:{listener.getsockname()[1]}").ask(1))


class TestConnections:
    def test_are_kept(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        with patch.object(server, "process_request", wraps=server.process_request) as connected:
            for _ in range(5):
                client.send(make_call())
        assert connected.call_count == 1

    def test_are_replaced_when_the_process_was(self, server: SandboxServer) -> None:
        call = make_call()
        first = SandboxServer(port=0, book=Book(), secrets=[])
        port = first.server_port
        client = HttpSandboxProvider(url=first.url, secrets=[])
        first.start()
        client.send(call)
        first.stop()
        second = SandboxServer(port=port, book=Book(), secrets=[])
        second.start()
        try:
            assert client.ask(call.reference) is None
        finally:
            second.stop()

    def test_are_not_shared_by_threads(self, client: HttpSandboxProvider) -> None:
        calls = [make_call() for _ in range(40)]
        with ThreadPoolExecutor(max_workers=8) as pool:
            said = list(pool.map(client.send, calls))
        assert [each.reference for each in said] == [call.reference for call in calls]

    def test_do_not_cross_a_fork(self, client: HttpSandboxProvider) -> None:
        calls = [make_call() for _ in range(20)]
        said = [client.send(call) for call in calls]

        def ask_all(_: int) -> None:
            assert [client.ask(call.reference) for call in calls] == said

        in_processes(2, ask_all, meanwhile=lambda: ask_all(0))

    @pytest.mark.parametrize("url", ["", "127.0.0.1:8900", "https://127.0.0.1:8900", "http://", "ftp://host/"])
    def test_go_to_a_url_of_http(self, url: str) -> None:
        with pytest.raises(ValueError, match="http://host:port"):
            HttpSandboxProvider(url=url, secrets=[])


class TestUnusableToken:
    def test_is_refused_before_it_is_written_down(self, server: SandboxServer, client: HttpSandboxProvider) -> None:
        """A card number is no token: it does not get into the book."""
        said = client.send(call := make_call(token="4111111111111111"))
        assert (said.said, said.decline_code) == (Said.DECLINED, "sandbox.unreadable")
        assert client.ask(call.reference) is None
        assert server.book.list_entries() == []


class TestMakeSandboxProvider:
    def test_goes_where_the_address_is(self) -> None:
        over_http: PaymentProvider = make_sandbox_provider(url="http://127.0.0.1:1", webhook_secrets=[SECRET])
        in_process: PaymentProvider = make_sandbox_provider(url="", webhook_secrets=[SECRET])
        assert (type(over_http), type(in_process)) == (HttpSandboxProvider, SandboxProvider)
        assert over_http.account == in_process.account

    def test_gives_the_one_in_process_its_book(self, tmp_path: Path) -> None:
        call = make_call()
        for _ in range(2):
            provider = make_sandbox_provider(url="", webhook_secrets=[], book=tmp_path / "book.sqlite3")
            assert provider.send(call).said is Said.CAPTURED
        assert [entry.call for entry in Book(tmp_path / "book.sqlite3").list_entries()] == [call]
