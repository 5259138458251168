"""What is refused by the porter, and that it is what the house would have said, to the byte, or nothing."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from unittest.mock import Mock

import orjson
import pytest
from django.db import connection
from django.test.client import ClientHandler
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from structlog.testing import capture_logs

from apps.accounts.models import User
from apps.checkout import gate as checkout_gate
from apps.inventory import api as inventory
from apps.inventory.models import Stock
from apps.storefront import sold_out
from apps.storefront.serializers.buying import PurchaseRequest
from config.traffic import make_gate
from tests.api import MALFORMED_BODIES, Api, dump, machine_token, read
from tests.factories.checkout import ShopFloor
from tradecore import clock, degradation, memo, metrics
from tradecore.http.early import EarlyRefusal, WholeRequest, read_early, read_whole
from tradecore.http.fields import form_of
from tradecore.http.porter import Porter, Visitor
from tradecore.models import IdempotencyRecord

pytestmark = pytest.mark.django_db

ADDRESS = {
    "recipient": "Robin Buyer",
    "line1": "10 Downing Street",
    "city": "London",
    "postal_code": "SW1A 2AA",
    "country": "GB",
}

#: Status, headers but for those of the moment, and body.
Answer = tuple[str, list[tuple[str, str]], bytes]
OF_THE_MOMENT = {"Date", "X-Request-Id"}


def spell(headers: dict[str, str], body: bytes, *, first: str = "POST /store/v1/purchases HTTP/1.1") -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def porter() -> Porter:
    porter = make_gate(lambda *_: []).porter
    assert porter is not None
    return porter


@pytest.fixture
def ask_porter(porter: Porter) -> Callable[[bytes], Answer | None]:
    """What the porter answers; None where he says nothing."""

    def ask(raw: bytes) -> Answer | None:
        request = read_whole_of(raw)
        (refusal,) = porter.answer([Visitor(None, request)]) if request is not None else [None]
        return None if refusal is None else parse(refusal)

    return ask


def read_whole_of(raw: bytes) -> WholeRequest | None:
    early = read_early(raw)
    return None if early is None else read_whole(raw, early)


def visit(raw: bytes) -> Visitor:
    """Whoever sends what is whole and plain."""
    request = read_whole_of(raw)
    assert request is not None
    return Visitor(None, request)


def parse(refusal: EarlyRefusal | None) -> Answer:
    assert refusal is not None
    head, _, body = refusal.answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return first.removeprefix("HTTP/1.1 "), [each for each in headers if each[0] not in OF_THE_MOMENT], body


def ask_house(raw: bytes) -> Answer:
    """What Django answers."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
    }
    for line in lines:
        name, _, value = line.partition(": ")
        plain = name.upper().replace("-", "_")
        environ[plain if plain.startswith("CONTENT_") and plain != "CONTENT_ENCODING" else f"HTTP_{plain}"] = value
    response: Any = ClientHandler(enforce_csrf_checks=False)(environ)
    headers = [each for each in response.items() if each[0] not in OF_THE_MOMENT]
    return f"{response.status_code} {response.reason_phrase}", headers, response.content


def code_of(answer: Answer) -> str:
    return str(orjson.loads(answer[2]).get("code", ""))


@pytest.fixture
def sku(floor: ShopFloor) -> int:
    """A SKU that is marked as hot."""
    sku = floor.add_sku(stock=5)
    inventory.mark_hot(sku_id=sku, reason="flash sale", actor="tests", now=clock.now())
    return sku


@pytest.fixture
def sell_out(sku: int) -> Callable[[int], None]:
    """Leaves so many pieces, and lets this process know."""

    def sell_out(left: int = 0) -> None:
        Stock.objects.filter(sku_id=sku).update(available=left)
        memo.forget_everything()

    return sell_out


def body_of(buyer: Api, sku: int, *, quantity: int = 1) -> dict[str, Any]:
    """What the buyer sends to buy what they were quoted."""
    lines = [{"sku_id": str(sku), "quantity": quantity}]
    wish = {"market": "GB", "lines": lines, "address": ADDRESS, "delivery_option": "standard"}
    quoted = read(buyer.post("/store/v1/quotes", wish))
    return {
        "quote_token": quoted["quote_token"],
        "expected_total": quoted["total"],
        "payment": {"provider": "scripted", "method_token": "tok_ok"},
        "email": "robin@example.com",
    }


def headers_of(buyer: Api, *, key: str = "key") -> dict[str, str]:
    return {
        "Host": "testserver",
        "Content-Type": "application/json",
        "Authorization": f"Bearer {buyer.token}",
        "Idempotency-Key": key,
    }


class TestARefusalByThePorter:
    @pytest.fixture(params=["guest", "member"])
    def buyer(self, request: pytest.FixtureRequest) -> Api:
        return request.getfixturevalue(request.param)

    def test_is_what_the_house_says_to_the_byte(
        self, buyer: Api, sku: int, sell_out: Callable[..., None], ask_porter: Callable[..., Any]
    ) -> None:
        raw = spell(headers_of(buyer), dump(body_of(buyer, sku)))
        sell_out()
        answer = ask_porter(raw)
        assert answer == ask_house(raw)
        assert (answer[0], code_of(answer)) == ("409 Conflict", "inventory.out_of_stock")
        assert orjson.loads(answer[2])["lines"] == [{"sku_id": str(sku), "wanted": 1, "available": 0}]
        assert not IdempotencyRecord.objects.exists()

    def test_over_https_is_what_the_house_says(
        self, buyer: Api, sku: int, sell_out: Callable[..., None], ask_porter: Callable[..., Any], settings: Settings
    ) -> None:
        body = dump(body_of(buyer, sku))
        settings.TRUST_PROXY_HEADERS = True
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        settings.SECURE_SSL_REDIRECT = settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
        settings.SECURE_HSTS_SECONDS = 3600
        sell_out()
        raw = spell(headers_of(buyer) | {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}, body)
        answer = ask_porter(raw)
        assert answer == ask_house(raw)
        assert ("Strict-Transport-Security", "max-age=3600; includeSubDomains; preload") in answer[1]
        assert ask_porter(spell(headers_of(buyer) | {"X-Forwarded-Proto": "http"}, body)) is None
        assert ask_porter(spell(headers_of(buyer), body)) is None

    def test_says_what_is_left(
        self, buyer: Api, sku: int, sell_out: Callable[..., None], ask_porter: Callable[..., Any]
    ) -> None:
        raw = spell(headers_of(buyer), dump(body_of(buyer, sku, quantity=3)))
        sell_out(2)
        answer = ask_porter(raw)
        assert answer == ask_house(raw)
        assert orjson.loads(answer[2])["lines"] == [{"sku_id": str(sku), "wanted": 3, "available": 2}]

    def test_is_over_when_pieces_come_back(
        self, buyer: Api, sku: int, sell_out: Callable[..., None], ask_porter: Callable[..., Any]
    ) -> None:
        raw = spell(headers_of(buyer), dump(body_of(buyer, sku)))
        sell_out()
        assert ask_porter(raw) is not None
        sell_out(1)
        assert ask_porter(raw) is None
        assert ask_house(raw)[0] == "201 Created"

    def test_is_not_for_whoever_has_an_answer(
        self, buyer: Api, sku: int, sell_out: Callable[..., None], ask_porter: Callable[..., Any]
    ) -> None:
        raw = spell(headers_of(buyer), dump(body_of(buyer, sku)))
        bought = ask_house(raw)
        sell_out()
        assert bought[0] == "201 Created"
        assert ask_porter(raw) is None
        again = ask_house(raw)
        assert (again[0], again[2]) == (bought[0], bought[2])
        assert ask_porter(spell(headers_of(buyer, key="another"), dump(body_of_raw(raw)))) is not None

    def test_takes_the_request_id_that_was_sent(
        self, buyer: Api, sku: int, sell_out: Callable[..., None], porter: Porter
    ) -> None:
        raw = spell(headers_of(buyer) | {"X-Request-Id": "a-1"}, dump(body_of(buyer, sku)))
        sell_out()
        (refusal,) = porter.answer([visit(raw)])
        assert refusal is not None
        assert b"\r\nX-Request-Id: a-1\r\n" in refusal.answer
        assert refusal.length == len(raw)


def body_of_raw(raw: bytes) -> Any:
    return orjson.loads(raw.partition(b"\r\n\r\n")[2])


class TestThePorterSaysNothing:
    """Of whatever is unusual, or answered otherwise: `expected` is what the house says of it."""

    @pytest.fixture
    def refused(self, guest: Api, sku: int, sell_out: Callable[..., None]) -> tuple[dict[str, str], dict[str, Any]]:
        """Headers and body of what is refused by the porter as it stands."""
        headers, body = headers_of(guest), body_of(guest, sku)
        sell_out()
        return headers, body

    def test_unless_all_is_as_usual(self, refused: Any, ask_porter: Callable[..., Any]) -> None:
        headers, body = refused
        assert ask_porter(spell(headers, dump(body))) is not None

    @pytest.mark.parametrize(
        ("header", "value", "expected"),
        [
            ("Idempotency-Key", None, "idempotency.key_missing"),
            ("Idempotency-Key", "k" * 256, "idempotency.key_invalid"),
            ("Idempotency-Key", "4111 1111 1111 1111", "idempotency.key_invalid"),
            ("Authorization", None, "authentication.required"),
            ("Authorization", "Bearer nonsense", "authentication.invalid"),
            ("Authorization", "Bearer a:b:c", "authentication.invalid"),
            ("Authorization", "Basic abc", "authentication.invalid"),
            ("Content-Type", "text/plain", "request.unsupported_media_type"),
            ("Content-Type", "application/json; version=2", "inventory.out_of_stock"),
            ("Content-Encoding", "gzip", "request.unsupported_content_encoding"),
            ("Accept", "text/html", "request.not_acceptable"),
            ("Host", "evil.example", "request.malformed"),
            ("Cookie", "csrftoken=nonsense", "inventory.out_of_stock"),
            ("X-Stress-Mark", "nonsense", "stress.mark_refused"),
            ("X-Forwarded-Proto", "https", "inventory.out_of_stock"),
            ("X-Unheard-Of", "1", "inventory.out_of_stock"),
        ],
    )
    def test_of_such_a_header(
        self, header: str, value: str | None, expected: str, refused: Any, ask_porter: Callable[..., Any]
    ) -> None:
        headers, body = refused
        changed = {name: each for name, each in {**headers, header: value}.items() if each is not None}
        raw = spell(changed, dump(body))
        assert ask_porter(raw) is None
        assert code_of(ask_house(raw)) == expected

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"quote_token": "nonsense"}, "checkout.quote_invalid"),
            ({"quote_token": 7}, "request.invalid"),
            ({"quote_token": None}, "request.invalid"),
            ({"expected_total": "24.99"}, "request.invalid"),
            ({"expected_total": {"amount": "24.999", "currency": "GBP"}}, "request.invalid"),
            ({"expected_total": {"amount": 24, "currency": "GBP"}}, "request.invalid"),
            ({"expected_total": {"amount": "24.99", "currency": "GBP", "zzz": 1}}, "request.invalid"),
            ({"payment": {"provider": "scripted"}}, "request.invalid"),
            ({"payment": {"provider": "scripted", "method_token": ""}}, "request.invalid"),
            ({"payment": {"provider": "scripted", "method_token": "t", "instalments": True}}, "request.invalid"),
            ({"payment": {"provider": "scripted", "method_token": "t", "instalments": 99}}, "request.invalid"),
            ({"payment": {"provider": "scripted", "method_token": "t", "zzz": 1}}, "request.invalid"),
            ({"payment": {"tenders": [{"provider": "scripted", "method_token": "t"}]}}, "inventory.out_of_stock"),
            ({"payment": {"provider": "scripted", "method_token": "4111111111111111"}}, "request.invalid"),
            ({"payment": []}, "request.invalid"),
            ({"email": "nobody"}, "request.invalid"),
            ({"email": 7}, "request.invalid"),
            ({"zzz": 1}, "request.invalid"),
        ],
    )
    def test_of_such_a_body(
        self, change: dict[str, Any], expected: str, refused: Any, ask_porter: Callable[..., Any]
    ) -> None:
        headers, body = refused
        raw = spell(headers, dump(body | change))
        assert ask_porter(raw) is None
        assert code_of(ask_house(raw)) == expected or expected == "checkout.quote_invalid"

    @pytest.mark.parametrize("body", [*MALFORMED_BODIES.values(), b"", b"{}"], ids=[*MALFORMED_BODIES, "nothing", "{}"])
    def test_of_nonsense(self, body: bytes, refused: Any, ask_porter: Callable[..., Any]) -> None:
        assert ask_porter(spell(refused[0], body)) is None

    def test_of_a_query(self, refused: Any, ask_porter: Callable[..., Any]) -> None:
        headers, body = refused
        raw = spell(headers, dump(body), first="POST /store/v1/purchases?a=4111111111111111 HTTP/1.1")
        assert ask_porter(raw) is None
        assert code_of(ask_house(raw)) == "request.parameter_invalid"

    def test_of_a_header_that_comes_twice(self, refused: Any, ask_porter: Callable[..., Any]) -> None:
        headers, body = refused
        twice = spell(headers, dump(body)).replace(b"\r\nHost", b"\r\nIdempotency-Key: other\r\nHost", 1)
        assert ask_porter(twice) is None

    def test_of_somebody_elses_quote(self, refused: Any, stranger: Api, ask_porter: Callable[..., Any]) -> None:
        raw = spell(headers_of(stranger), dump(refused[1]))
        assert ask_porter(raw) is None
        assert code_of(ask_house(raw)) == "checkout.quote_invalid"

    def test_of_a_quote_with_the_token_of_a_machine(self, refused: Any, ask_porter: Callable[..., Any]) -> None:
        raw = spell(headers_of(Api(token=machine_token(scope="store"))), dump(refused[1]))
        assert ask_porter(raw) is None
        assert code_of(ask_house(raw)) == "permission.denied"

    def test_of_a_buyer_who_may_not_sign_in_any_more(
        self, robin: User, member: Api, sku: int, sell_out: Callable[..., None], ask_porter: Callable[..., Any]
    ) -> None:
        raw = spell(headers_of(member), dump(body_of(member, sku)))
        sell_out()
        assert ask_porter(raw) is not None
        User.objects.filter(pk=robin.pk).update(is_active=False)
        assert ask_porter(raw) is None
        assert code_of(ask_house(raw)) == "authentication.invalid"

    def test_of_what_is_not_hot(
        self, guest: Api, floor: ShopFloor, sell_out: Callable[..., None], ask_porter: Callable[..., Any]
    ) -> None:
        sku = floor.add_sku(stock=1)
        raw = spell(headers_of(guest), dump(body_of(guest, sku)))
        Stock.objects.filter(sku_id=sku).update(available=0)
        sell_out()
        assert ask_porter(raw) is None
        assert code_of(ask_house(raw)) == "inventory.out_of_stock"

    def test_while_a_plan_is_on(self, refused: Any, ask_porter: Callable[..., Any]) -> None:
        headers, body = refused
        now = clock.real_now()
        degradation.switch_on(
            plan=degradation.GUESTS, until=now + timedelta(hours=1), reason="a crowd", actor="tests", now=now
        )
        raw = spell(headers, dump(body))
        assert ask_porter(raw) is None
        assert b"degraded" in ask_house(raw)[2]

    def test_of_what_has_waited_too_long(
        self, refused: Any, ask_porter: Callable[..., Any], settings: Settings
    ) -> None:
        headers, body = refused
        settings.TRUST_PROXY_HEADERS = True
        long_ago = {"X-Request-Start": f"t={clock.real_now().timestamp() - 20:.3f}"}
        assert ask_porter(spell(headers | long_ago, dump(body))) is None
        assert ask_porter(spell(headers | {"X-Request-Timeout-Ms": "0"}, dump(body))) is None


class TestMany:
    def test_are_answered_with_two_statements(
        self, guest: Api, member: Api, stranger: Api, sku: int, sell_out: Callable[..., None], porter: Porter
    ) -> None:
        buyers = [guest, member, stranger]
        bodies = {buyer.token: dump(body_of(buyer, sku)) for buyer in buyers}
        raws = [spell(headers_of(buyer, key=key), bodies[buyer.token]) for key in ("1", "2") for buyer in buyers]
        sell_out()
        inventory.is_hot(sku_ids=[sku])
        visitors = [visit(raw) for raw in raws]
        porter.answer(visitors)
        with CaptureQueriesContext(connection) as queries:
            answers = porter.answer(visitors)
        assert len(queries) == 2
        assert [parse(answer) for answer in answers] == [ask_house(raw) for raw in raws]

    def test_each_get_their_own_answer(
        self, guest: Api, member: Api, sku: int, sell_out: Callable[..., None], porter: Porter
    ) -> None:
        known, new = (spell(headers_of(member, key=key), dump(body_of(member, sku))) for key in ("known", "new"))
        of_guest = spell(headers_of(guest), dump(body_of(guest, sku, quantity=2)))
        ask_house(known)
        sell_out()
        stolen = spell(headers_of(guest, key="stolen"), dump(body_of_raw(new)))
        answers = porter.answer([visit(raw) for raw in (known, new, stolen, of_guest)])
        assert [answer is not None for answer in answers] == [False, True, False, True]
        assert [parse(answers[1]), parse(answers[3])] == [ask_house(new), ask_house(of_guest)]


class TestWhatIsKept:
    def test_is_one_line_and_one_count_as_in_the_house(
        self, guest: Api, sku: int, sell_out: Callable[..., None], ask_porter: Callable[..., Any]
    ) -> None:
        raw = spell(headers_of(guest), dump(body_of(guest, sku)))
        sell_out()
        counted, lines = [], []
        for ask in (ask_porter, ask_house):
            before = read_counts()
            with capture_logs() as logged:
                ask(raw)
            lines.append([{**line, "ms": 0} for line in logged])
            counted.append({name: value - before[name] for name, value in read_counts().items()})
        line = {
            "event": "request",
            "log_level": "info",
            "method": "POST",
            "path": sold_out.PATH,
            "status": 409,
            "ms": 0,
        }
        assert lines == [[line], [line]]
        assert counted[0] == counted[1] == {"requests": 1, "request_time": 1}

    def test_is_counted_for_what_makes_a_sku_hot(
        self,
        guest: Api,
        sku: int,
        sell_out: Callable[..., None],
        ask_porter: Callable[..., Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        counted = Mock()
        raw = spell(headers_of(guest), dump(body_of(guest, sku)))
        sell_out()
        monkeypatch.setattr(inventory, "count_request", counted)
        ask_porter(raw)
        assert [call.kwargs["sku_ids"] for call in counted.call_args_list] == [[sku]]


def read_counts() -> dict[str, float]:
    labels = {"traffic": "purchase"}
    read = metrics.REGISTRY.get_sample_value
    return {
        "requests": read("tradecore_http_requests_total", labels | {"status": "409"}) or 0,
        "request_time": read("tradecore_http_request_seconds_count", labels) or 0,
    }


class TestThePorter:
    def test_is_open_while_there_is_a_crowd(
        self, guest: Api, sku: int, sell_out: Callable[..., None], porter: Porter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raw = spell(headers_of(guest), dump(body_of(guest, sku)))
        early = read_early(raw)
        assert early is not None
        monkeypatch.setattr(checkout_gate, "_refused", checkout_gate._Refused())
        assert porter.look(raw, early) is None
        sell_out()
        ask_house(raw)
        assert porter.look(raw, early) == read_whole_of(raw)
        checkout_gate._refused.at -= checkout_gate.CROWD_S + 1
        assert porter.look(raw, early) is None

    def test_is_of_one_route(self, porter: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(porter, "_is_open", lambda: True)
        for first in ("GET /store/v1/purchases", "POST /store/v1/quotes", "POST /store/v1/purchases/7/payments"):
            raw = spell({"Host": "testserver"}, b"{}", first=f"{first} HTTP/1.1")
            early = read_early(raw)
            assert early is not None
            assert porter.look(raw, early) is None

    @pytest.mark.parametrize(
        "email", ["a@b.co", "a.b+c-d_e@x-y.example.com", "A1@B2.example", f"{'a' * 40}@example.com"]
    )
    def test_takes_for_usual_only_what_the_form_takes(self, email: str) -> None:
        body = {
            "quote_token": "abc:def",
            "expected_total": {"amount": "24.99", "currency": "GBP"},
            "payment": {"provider": "scripted", "method_token": "tok_ok", "method": "card", "instalments": 3},
            "email": email,
        }
        assert sold_out._has_usual_form(body)
        form_of(PurchaseRequest).run_validation(body)
