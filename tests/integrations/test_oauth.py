"""OAuth2 for other applications, as they and the people who let them in see it."""

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken

from apps.accounts import api as accounts
from apps.accounts.models import User
from apps.accounts.services.sessions import GUESSES_PER_EMAIL, GUESSES_PER_NETWORK
from apps.accounts.tokens import CLIENT_ID
from tests.api import Api, code_of, read, user_token
from tests.factories.accounts import PASSWORD, ShopStaffFactory, UserFactory
from tests.factories.sellers import ShopFactory
from tests.support import NOON
from tradecore.models import AttemptWindow

pytestmark = pytest.mark.django_db

SECRET = "a-secret-of-the-application"
CALLBACK = "https://app.example/back"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def machine() -> Any:
    """An internal client."""
    return Application.objects.create(
        name="Warehouse",
        client_type="confidential",
        authorization_grant_type="client-credentials",
        client_secret=SECRET,
    )


@pytest.fixture
def app() -> Any:
    """A third party's application, which runs in browsers and keeps no secret."""
    return Application.objects.create(
        name="Wishes <b>", client_type="public", authorization_grant_type="authorization-code", redirect_uris=CALLBACK
    )


@pytest.fixture
def robin() -> User:
    return UserFactory.create(email="robin@example.com")


@pytest.fixture
def browser(robin: User) -> Client:
    """Robin's, signed in."""
    client = Client()
    client.force_login(robin)
    return client


def asking(app: Any, **parts: str | None) -> str:
    """The address that the application sends people to."""
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "scope": "store",
        "state": "s t/a+t&e",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | parts
    return "/oauth/authorize?" + urlencode({name: value for name, value in query.items() if value is not None})


def told(answer: Any) -> dict[str, str]:
    """What a redirect tells the application."""
    assert answer.status_code == 303
    target = urlsplit(answer["Location"])
    assert target._replace(query="").geturl() == CALLBACK
    return {name: values[0] for name, values in parse_qs(target.query).items()}


def post(path: str, basic: tuple[str, str] | None = None, **form: str) -> Any:
    """A form of an application, which has no cookies."""
    headers = {}
    if basic is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(':'.join(basic).encode()).decode()}"
    return Client().post(path, urlencode(form), content_type="application/x-www-form-urlencoded", headers=headers)


def exchange(app: Any, code: str, **parts: str) -> Any:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": app.client_id,
        "code_verifier": VERIFIER,
    }
    return post("/oauth/token", **(form | parts))


@pytest.fixture
def pair(app: Any, browser: Client) -> dict[str, str]:
    """The tokens that Robin let the application have."""
    code = told(browser.post(asking(app), {"decision": "allow"}))["code"]
    answer: dict[str, str] = read(exchange(app, code))
    return answer


class TestAnInternalClient:
    @pytest.mark.parametrize("scope", ["events", "ops", "events ops"])
    def test_gets_a_token_that_reads_events(self, machine: Any, scope: str) -> None:
        answer = post("/oauth/token", (machine.client_id, SECRET), grant_type="client_credentials", scope=scope)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
        token = read(answer)
        assert (token["token_type"], set(token["scope"].split())) == ("Bearer", set(scope.split()))
        assert "refresh_token" not in token
        assert Api(token=token["access_token"]).get("/events/v1").status_code == 200

    def test_may_say_who_it_is_in_the_form(self, machine: Any) -> None:
        form = {"client_id": machine.client_id, "client_secret": SECRET}
        answer = post("/oauth/token", grant_type="client_credentials", **form)
        assert read(answer)["scope"] == "events"

    @pytest.mark.parametrize("scope", ["store", "seller", "events store", "admin"])
    def test_gets_nothing_that_is_for_people(self, machine: Any, scope: str) -> None:
        answer = post("/oauth/token", (machine.client_id, SECRET), grant_type="client_credentials", scope=scope)
        assert (answer.status_code, read(answer)["error"]) == (400, "invalid_scope")
        assert not AccessToken.objects.exists()

    def test_needs_its_secret_and_has_its_guesses_counted(self, machine: Any) -> None:
        basic = (machine.client_id, "wrong")
        answer = post("/oauth/token", basic, grant_type="client_credentials")
        assert (answer.status_code, read(answer)["error"]) == (401, "invalid_client")
        window = AttemptWindow.objects.get()
        assert (window.scope, window.count) == (GUESSES_PER_NETWORK.scope, 1)
        AttemptWindow.objects.update(count=GUESSES_PER_NETWORK.count)
        later = post("/oauth/token", (machine.client_id, SECRET), grant_type="client_credentials")
        assert (later.status_code, read(later)["error"]) == (429, "temporarily_unavailable")
        assert int(later["Retry-After"]) > 0
        assert not AccessToken.objects.exists()

    def test_has_its_secret_kept_as_a_hash(self, machine: Any) -> None:
        assert SECRET not in Application.objects.get().client_secret

    def test_asks_no_person(self, machine: Any, browser: Client) -> None:
        Application.objects.update(redirect_uris=CALLBACK)
        assert told(browser.get(asking(machine)))["error"] == "unauthorized_client"

    @pytest.mark.parametrize("grant_type", ["password", "urn:ietf:params:oauth:grant-type:device_code", "nonsense", ""])
    def test_knows_no_other_way(self, machine: Any, robin: User, grant_type: str) -> None:
        form = {"username": robin.email, "password": PASSWORD, "device_code": "x"}
        answer = post("/oauth/token", (machine.client_id, SECRET), grant_type=grant_type, **form)
        assert (answer.status_code, read(answer)["error"]) == (400, "unsupported_grant_type")
        assert not AccessToken.objects.exists()


class TestAThirdPartysApplication:
    def test_buys_for_whoever_lets_it_in(self, app: Any, browser: Client, pair: dict[str, str], robin: User) -> None:
        assert pair["scope"] == "store"
        caller = Api(token=pair["access_token"])
        assert read(caller.get("/store/v1/me"))["id"] == str(robin.pk)
        assert caller.get("/store/v1/orders").status_code == 200
        for path in ("/events/v1", "/seller/v1/shops"):
            assert code_of(caller.get(path)) == "permission.denied"

    def test_is_shown_to_people_as_it_is(self, app: Any, browser: Client) -> None:
        page = browser.get(asking(app, scope="store seller"))
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        text = page.content.decode()
        assert escape("Wishes <b>") in text
        assert "<b>" not in text
        assert "Buy as yourself" in text
        assert "Manage the shops whose staff you are" in text
        assert not Grant.objects.exists()

    def test_sells_for_the_staff_of_a_shop(self, app: Any, browser: Client, robin: User) -> None:
        ShopStaffFactory.create(user=robin, shop_id=ShopFactory().pk)
        code = told(browser.post(asking(app, scope="seller"), {"decision": "allow"}))["code"]
        assert Api(token=read(exchange(app, code))["access_token"]).get("/seller/v1/shops").status_code == 200

    @pytest.mark.parametrize("scope", ["ops", "events", "store ops", "nonsense"])
    def test_gets_nothing_that_is_for_operators(self, app: Any, browser: Client, robin: User, scope: str) -> None:
        User.objects.update(is_staff=True, is_superuser=True)
        for answer in (
            browser.get(asking(app, scope=scope)),
            browser.post(asking(app, scope=scope), {"decision": "allow"}),
        ):
            assert told(answer)["error"] == "invalid_scope"
        assert not Grant.objects.exists()

    def test_is_told_who_answers_and_what_it_asked_with(self, app: Any, browser: Client) -> None:
        answer = told(browser.post(asking(app), {"decision": "allow"}))
        assert answer.keys() == {"code", "state", "iss"}
        assert (answer["state"], answer["iss"]) == ("s t/a+t&e", "http://testserver")
        assert read(Client().get("/.well-known/oauth-authorization-server"))["issuer"] == answer["iss"]

    @pytest.mark.parametrize("form", [{"decision": "refuse"}, {}, {"decision": ""}, {"allow": "Authorize"}])
    def test_is_told_that_it_was_refused(self, app: Any, browser: Client, form: dict[str, str]) -> None:
        answer = told(browser.post(asking(app), form))
        assert (answer["error"], answer["state"]) == ("access_denied", "s t/a+t&e")
        assert not Grant.objects.exists()

    @pytest.mark.parametrize(
        "parts",
        [
            {"code_challenge": None, "code_challenge_method": None},
            {"code_challenge_method": "plain"},
            {"code_challenge_method": None},
            {"code_challenge_method": "S512"},
        ],
    )
    def test_needs_pkce(self, app: Any, browser: Client, parts: dict[str, str | None]) -> None:
        answer = told(browser.post(asking(app, **parts), {"decision": "allow"}))
        assert answer["error"] == "invalid_request"
        assert not Grant.objects.exists()

    @pytest.mark.parametrize(
        "parts",
        [
            {"client_id": "nobody"},
            {"client_id": None},
            {"client_id": CLIENT_ID},
            {"client_id": "\x00"},
            {"redirect_uri": "https://evil.example/back"},
            {"redirect_uri": CALLBACK + "/more"},
            {"redirect_uri": "javascript:alert(1)"},
            {"state": "x" * 1001},
            {"code_challenge": "x" * 129},
            {"client_id": "x" * 256},
        ],
    )
    def test_is_sent_nobody_it_has_no_right_to(
        self, app: Any, browser: Client, robin: User, parts: dict[str, str | None]
    ) -> None:
        user_token(robin)  # which makes the first-party application
        for answer in (browser.get(asking(app, **parts)), browser.post(asking(app, **parts), {"decision": "allow"})):
            assert answer.status_code == 400
            assert "Location" not in answer.headers
        assert not Grant.objects.exists()

    def test_exchanges_a_code_once(self, app: Any, browser: Client) -> None:
        code = told(browser.post(asking(app), {"decision": "allow"}))["code"]
        assert exchange(app, code).status_code == 200
        again = exchange(app, code)
        assert (again.status_code, read(again)["error"]) == (400, "invalid_grant")
        assert AccessToken.objects.count() == 1

    @pytest.mark.parametrize(
        "parts", [{"code_verifier": "w" * 64}, {"code_verifier": ""}, {"redirect_uri": "https://x"}]
    )
    def test_exchanges_no_code_of_somebody_elses(self, app: Any, browser: Client, parts: dict[str, str]) -> None:
        code = told(browser.post(asking(app), {"decision": "allow"}))["code"]
        answer = exchange(app, code, **parts)
        assert answer.status_code == 400
        assert not AccessToken.objects.exists()

    def test_refreshes_once_per_token(self, app: Any, pair: dict[str, str]) -> None:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": pair["refresh_token"],
            "client_id": app.client_id,
        }
        fresh = read(post("/oauth/token", **form))
        assert Api(token=fresh["access_token"]).get("/store/v1/me").status_code == 200
        assert read(post("/oauth/token", **form))["error"] == "invalid_grant"
        assert Api(token=fresh["access_token"]).get("/store/v1/me").status_code == 401, "somebody has a copy"

    def test_is_out_once_the_password_is_new(self, app: Any, pair: dict[str, str], robin: User) -> None:
        token = accounts.make_reset_token(user_id=robin.pk)
        accounts.reset_password(token=token, new_password="another horse battery", now=NOON)
        assert Api(token=pair["access_token"]).get("/store/v1/me").status_code == 401
        form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], "client_id": app.client_id}
        assert read(post("/oauth/token", **form))["error"] == "invalid_grant"

    def test_exchanges_nothing_for_a_closed_account(self, app: Any, browser: Client, pair: dict[str, str]) -> None:
        code = told(browser.post(asking(app), {"decision": "allow"}))["code"]
        User.objects.update(is_active=False)
        form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], "client_id": app.client_id}
        assert read(exchange(app, code))["error"] == "invalid_grant"
        assert read(post("/oauth/token", **form))["error"] == "invalid_grant"

    @pytest.mark.parametrize("which", ["access_token", "refresh_token"])
    def test_gives_its_tokens_back(self, app: Any, pair: dict[str, str], which: str) -> None:
        assert post("/oauth/revoke", client_id=app.client_id, token=pair[which]).status_code == 200
        assert Api(token=pair["access_token"]).get("/store/v1/me").status_code == 401
        assert not RefreshToken.objects.filter(revoked=None).exists()
        assert post("/oauth/revoke", client_id=app.client_id, token=pair[which]).status_code == 200

    def test_gives_back_no_tokens_of_others(self, machine: Any, pair: dict[str, str]) -> None:
        assert post("/oauth/revoke", (machine.client_id, SECRET), token=pair["access_token"]).status_code == 200
        assert Api(token=pair["access_token"]).get("/store/v1/me").status_code == 200

    def test_is_no_way_into_first_party_sessions(self, app: Any, robin: User) -> None:
        own = accounts.sign_in(email=robin.email, password=PASSWORD, network="", now=NOON)
        for client_id in (CLIENT_ID, app.client_id):
            form: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": own.refresh_token}
            form["client_id"] = client_id
            assert post("/oauth/token", **form).status_code in {400, 401}
            post("/oauth/revoke", client_id=client_id, token=own.access_token)
        assert Api(token=own.access_token).get("/store/v1/me").status_code == 200


class TestSigningIn:
    def test_comes_before_letting_in(self, app: Any, robin: User) -> None:
        client = Client(enforce_csrf_checks=True)
        sent = client.get(asking(app))
        assert sent.status_code == 302
        page = client.get(sent["Location"])
        form = {"username": "Robin@Example.com", "password": PASSWORD, "next": asking(app), **_csrf(page)}
        back = client.post("/oauth/sign-in", form)
        assert (back.status_code, back["Location"]) == (302, asking(app))
        assert told(client.post(asking(app), {"decision": "allow", **_csrf(client.get(asking(app)))}))["code"]

    def test_can_be_of_somebody_else(self, app: Any, browser: Client) -> None:
        out = browser.post("/oauth/sign-out", {"next": asking(app)})
        assert (out.status_code, out["Location"]) == (302, asking(app))
        assert browser.get(asking(app)).status_code == 302

    def test_counts_wrong_passwords_as_everywhere(self, app: Any, robin: User) -> None:
        form = {"username": robin.email, "password": "wrong horse battery", "next": asking(app)}
        for _ in range(GUESSES_PER_EMAIL.count):
            assert Client().post("/oauth/sign-in", form).status_code == 200
        assert dict(AttemptWindow.objects.values_list("scope", "count")) == {
            GUESSES_PER_EMAIL.scope: GUESSES_PER_EMAIL.count,
            GUESSES_PER_NETWORK.scope: GUESSES_PER_EMAIL.count,
        }
        client = Client()
        assert client.post("/oauth/sign-in", form | {"password": PASSWORD}).status_code == 200
        assert client.get(asking(app)).status_code == 302
        api = Api().post("/store/v1/sessions", {"email": robin.email, "password": PASSWORD})
        assert code_of(api) == "attempts.too_many"

    @pytest.mark.parametrize("target", ["", "https://evil.example/", "//evil.example", "javascript:alert(1)"])
    def test_leads_nowhere_else(self, robin: User, target: str) -> None:
        form = {"username": robin.email, "password": PASSWORD, "next": target}
        assert Client().get("/oauth/sign-in", {"next": target}).status_code == 404
        assert Client().post("/oauth/sign-in", form).status_code == 404

    def test_of_a_buyer_opens_no_admin(self, browser: Client) -> None:
        assert browser.get("/admin/").status_code == 302

    def test_needs_the_form_that_was_shown(self, app: Any, robin: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(robin)
        assert client.post(asking(app), {"decision": "allow"}).status_code == 403
        assert not Grant.objects.exists()


NONSENSE = ("", "&&==", "a", "%", "%zz=%ff", "client_id=%ff&grant_type=%00", "grant_type=a&grant_type=b", "x" * 5000)


class TestNonsense:
    @pytest.mark.parametrize("raw", NONSENSE)
    def test_is_answered_in_words_of_oauth(self, raw: str) -> None:
        for path in ("/oauth/token", "/oauth/revoke"):
            answer = Client().post(path, raw, content_type="application/x-www-form-urlencoded")
            assert 400 <= answer.status_code < 402, (path, raw)
            assert read(answer)["error"], (path, raw)

    @pytest.mark.parametrize("raw", NONSENSE)
    def test_shows_people_a_page(self, browser: Client, raw: str) -> None:
        for answer in (browser.get(f"/oauth/authorize?{raw}"), browser.post(f"/oauth/authorize?{raw}")):
            assert answer.status_code == 400

    @pytest.mark.parametrize(
        "header",
        ["Basic", "Basic ", "Basic \u00fc", "Basic YQ==", "Basic /w==", "basic YTpi", "Bearer x", "\u00fc", "x y z"],
    )
    def test_in_the_header_is_nobody(self, machine: Any, header: str) -> None:
        answer = Client().post(
            "/oauth/token",
            "grant_type=client_credentials",
            content_type="application/x-www-form-urlencoded",
            HTTP_AUTHORIZATION=header,
        )
        assert (answer.status_code, read(answer)["error"]) == (401, "invalid_client")

    @pytest.mark.parametrize("media_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", "x"])
    def test_of_another_type_is_refused(self, media_type: str) -> None:
        assert Client().post("/oauth/token", b"{", content_type=media_type).status_code == 400

    def test_of_a_token_is_no_error_to_who_gives_it_back(self, app: Any) -> None:
        for token in ("made-up", "\u00e9", "\x00"):
            assert post("/oauth/revoke", client_id=app.client_id, token=token).status_code == 200
            form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": app.client_id}
            assert read(post("/oauth/token", **form))["error"] == "invalid_grant"
            assert read(exchange(app, token))["error"] == "invalid_grant"

    def test_of_too_much_is_refused(self, app: Any) -> None:
        answer = post("/oauth/token", grant_type="refresh_token", refresh_token="x" * 256, client_id=app.client_id)
        assert (answer.status_code, read(answer)["error"]) == (400, "invalid_request")

    def test_of_a_method_is_refused(self) -> None:
        for path in ("/oauth/token", "/oauth/revoke"):
            assert Client().get(path).status_code == 405


class TestTheMetadata:
    def test_names_routes_that_are_there(self, app: Any) -> None:
        document = read(Client().get("/.well-known/oauth-authorization-server"))
        assert document["code_challenge_methods_supported"] == ["S256"]
        for name in ("token_endpoint", "revocation_endpoint"):
            assert Client().post(urlsplit(document[name]).path).status_code == 400
        assert Client().get(urlsplit(document["authorization_endpoint"]).path).status_code == 302


class TestTheAdminOfApplications:
    """Registered, changed and ended by operators who may."""

    FORM = {
        "name": "Warehouse",
        "authorization_grant_type": "client-credentials",
        "client_type": "confidential",
        "redirect_uris": "",
    }

    @pytest.fixture
    def operator(self) -> User:
        clerk: User = UserFactory.create(is_staff=True)
        of_applications = Permission.objects.filter(
            content_type__app_label="oauth2_provider", content_type__model="application"
        )
        clerk.user_permissions.set(of_applications)
        return clerk

    @pytest.fixture
    def desk(self, operator: User) -> Client:
        client = Client()
        client.force_login(operator)
        return client

    def test_registers_one_and_shows_its_secret_once(self, desk: Client) -> None:
        answer = desk.post(reverse("admin:oauth2_provider_application_add"), self.FORM, follow=True)
        secret = _secret_in(answer)
        made = Application.objects.get()
        assert secret not in made.client_secret
        form = {"grant_type": "client_credentials", "scope": "ops"}
        assert post("/oauth/token", (made.client_id, secret), **form).status_code == 200
        page = reverse("admin:oauth2_provider_application_change", args=[made.pk])
        assert secret not in desk.get(page).content.decode()
        assert made.client_secret not in desk.get(page).content.decode()

    def test_makes_a_new_secret_when_asked_to_only(self, desk: Client, machine: Any) -> None:
        page = reverse("admin:oauth2_provider_application_change", args=[machine.pk])
        desk.post(page, self.FORM | {"name": "Stores"})
        old = post("/oauth/token", (machine.client_id, SECRET), grant_type="client_credentials")
        assert old.status_code == 200
        secret = _secret_in(desk.post(page, self.FORM | {"new_secret": "on"}, follow=True))
        for given, status in ((SECRET, 401), (secret, 200)):
            answer = post("/oauth/token", (machine.client_id, given), grant_type="client_credentials")
            assert answer.status_code == status

    def test_ends_one_with_its_tokens(self, desk: Client, app: Any, pair: dict[str, str]) -> None:
        page = reverse("admin:oauth2_provider_application_delete", args=[app.pk])
        assert desk.post(page, {"post": "yes"}).status_code == 302
        assert Api(token=pair["access_token"]).get("/store/v1/me").status_code == 401

    @pytest.mark.parametrize(
        ("parts", "field"),
        [
            ({"client_type": "public"}, "client_type"),
            ({"name": ""}, "name"),
            ({"authorization_grant_type": "password"}, "authorization_grant_type"),
            ({"authorization_grant_type": "implicit"}, "authorization_grant_type"),
            ({"authorization_grant_type": "authorization-code"}, "redirect_uris"),
            ({"redirect_uris": "http://app.example/back"}, "redirect_uris"),
            ({"redirect_uris": "https://*.app.example/back"}, "redirect_uris"),
        ],
    )
    def test_refuses_what_would_not_be_safe(self, desk: Client, parts: dict[str, str], field: str) -> None:
        answer = desk.post(reverse("admin:oauth2_provider_application_add"), self.FORM | parts)
        assert answer.status_code == 200
        assert field in answer.context["adminform"].form.errors
        assert not Application.objects.exists()

    def test_hides_the_first_party_application(self, desk: Client, robin: User) -> None:
        user_token(robin)
        own = Application.objects.get(client_id=CLIENT_ID)
        assert CLIENT_ID not in desk.get(reverse("admin:oauth2_provider_application_changelist")).content.decode()
        for name in ("change", "delete"):
            assert desk.post(reverse(f"admin:oauth2_provider_application_{name}", args=[own.pk])).status_code == 302
        assert Application.objects.filter(pk=own.pk).exists()

    def test_is_closed_without_the_permission(self, operator: User, desk: Client, machine: Any) -> None:
        operator.user_permissions.clear()
        for name, args in (("changelist", []), ("add", []), ("change", [machine.pk]), ("delete", [machine.pk])):
            page = reverse(f"admin:oauth2_provider_application_{name}", args=args)
            assert desk.post(page, self.FORM).status_code == 403
        assert Application.objects.get().name == "Warehouse"

    @pytest.mark.parametrize("table", ["accesstoken", "refreshtoken", "grant", "idtoken"])
    def test_has_no_page_of_tokens(self, table: str) -> None:
        client = Client()
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        assert client.get(f"/admin/oauth2_provider/{table}/").status_code == 404


def _csrf(page: Any) -> dict[str, str]:
    return {"csrfmiddlewaretoken": str(page.context["csrf_token"])}


def _secret_in(page: Any) -> str:
    found = re.search(r"The secret of \w+ is (\w+) and is not shown again", page.content.decode())
    assert found is not None
    return found[1]
