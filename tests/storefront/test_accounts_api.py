"""Sign-up, sessions, new passwords, guests: over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from oauth2_provider.models import get_access_token_model
from pytest_django import Settings

from apps.accounts import api as accounts
from apps.accounts.models import User
from apps.accounts.services.sessions import GUESSES_PER_EMAIL, GUESSES_PER_NETWORK
from apps.storefront import guesses
from tests.api import Api, code_of, pointers_of, read, user_token
from tests.factories.accounts import PASSWORD, UserFactory
from tradecore import clock
from tradecore.models import AttemptWindow, IdempotencyRecord, OutboxEvent

pytestmark = pytest.mark.django_db

ROBIN = {"email": "robin@example.com", "password": PASSWORD}


def sign_in(caller: Api, **parts: Any) -> Any:
    return caller.post("/store/v1/sessions", ROBIN | parts)


class TestSignUp:
    def test_opens_an_account(self, nobody: Api) -> None:
        answer = nobody.post("/store/v1/accounts", ROBIN | {"full_name": "Robin Buyer", "locale": "en-GB"})
        assert answer.status_code == 201
        assert read(answer) == {
            "id": str(User.objects.get().pk),
            "email": "robin@example.com",
            "full_name": "Robin Buyer",
            "locale": "en-GB",
            "is_staff": False,
        }

    def test_again_is_refused_and_leaves_one_account(self, nobody: Api) -> None:
        nobody.post("/store/v1/accounts", ROBIN)
        again = nobody.post("/store/v1/accounts", ROBIN | {"email": "Robin@Example.com"})
        assert (again.status_code, code_of(again)) == (409, "accounts.email_taken")
        assert User.objects.count() == 1

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ({"email": "robin"}, "accounts.email_invalid"),
            ({"email": "\u017fara@example.com"}, "accounts.email_invalid"),
            ({"full_name": "\u202e"}, "accounts.name_invalid"),
            ({"locale": "english please"}, "accounts.locale_invalid"),
            ({"password": "short"}, "accounts.password_too_weak"),
            ({"password": "1234567890"}, "accounts.password_too_weak"),
            ({"password": "robin@example.com"}, "accounts.password_too_weak"),
        ],
    )
    def test_refuses_what_is_no_account(self, nobody: Api, parts: dict[str, str], code: str) -> None:
        answer = nobody.post("/store/v1/accounts", ROBIN | parts)
        assert (answer.status_code, code_of(answer)) == (422, code)
        assert not User.objects.exists()

    @pytest.mark.parametrize("password", [None, 1234567890, True, ["x"], "", "x" * 129, "null\x00 in the middle"])
    def test_takes_passwords_that_are_text_only(self, nobody: Api, password: Any) -> None:
        answer = nobody.post("/store/v1/accounts", ROBIN | {"password": password})
        assert answer.status_code == 400
        assert pointers_of(answer) == {"/password"}

    def test_keeps_every_character_of_a_password(self, nobody: Api) -> None:
        padded = "  4111 1111 1111 1111  "  # also not mistaken for a card
        nobody.post("/store/v1/accounts", ROBIN | {"password": padded})
        assert sign_in(nobody, password=padded).status_code == 201
        assert sign_in(nobody, password=padded.strip()).status_code == 401

    def test_makes_nobody_staff(self, nobody: Api) -> None:
        answer = nobody.post("/store/v1/accounts", ROBIN | {"is_staff": True})
        assert pointers_of(answer) == {"/is_staff"}
        assert not User.objects.exists()


class TestSignIn:
    def test_gives_a_pair_of_tokens_that_no_cache_keeps(self, robin: User, nobody: Api) -> None:
        answer = sign_in(nobody)
        assert answer.status_code == 201
        assert answer["Cache-Control"] == "no-store"
        assert read(answer)["scope"] == "store"
        assert Api(token=read(answer)["access_token"]).get("/store/v1/me").status_code == 200

    @pytest.mark.parametrize(
        "parts", [{"password": "wrong horse battery"}, {"email": "sara@example.com"}, {"email": "?"}]
    )
    def test_tells_nobody_what_was_wrong(self, robin: User, nobody: Api, parts: dict[str, str]) -> None:
        answer = sign_in(nobody, **parts)
        assert (answer.status_code, code_of(answer)) == (401, "accounts.invalid_credentials")
        assert "WWW-Authenticate" in answer.headers
        assert not get_access_token_model().objects.exists()

    def test_waits_when_guesses_are_used_up(self, robin: User, nobody: Api) -> None:
        for _ in range(GUESSES_PER_EMAIL.count):
            sign_in(nobody, password="wrong horse battery")
        answer = sign_in(nobody)
        assert (answer.status_code, code_of(answer)) == (429, "attempts.too_many")
        assert int(answer["Retry-After"]) > 0

    @pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::1", "fe80::1%eth0"])
    def test_counts_guesses_of_a_network(self, robin: User, nobody: Api, address: str) -> None:
        nobody.client.defaults["REMOTE_ADDR"] = address
        sign_in(nobody, password="wrong horse battery")
        assert set(AttemptWindow.objects.values_list("scope", flat=True)) == {
            GUESSES_PER_EMAIL.scope,
            GUESSES_PER_NETWORK.scope,
        }

    def test_works_behind_a_socket_file(self, robin: User, nobody: Api) -> None:
        nobody.client.defaults["REMOTE_ADDR"] = ""
        assert sign_in(nobody).status_code == 201

    def test_stores_no_token_under_a_key(self, robin: User, nobody: Api) -> None:
        first = nobody.post("/store/v1/sessions", ROBIN, key="same")
        again = nobody.post("/store/v1/sessions", ROBIN, key="same")
        assert read(first) != read(again)
        assert not IdempotencyRecord.objects.exists()

    def test_minds_no_token_that_has_run_out(self, robin: User) -> None:
        assert sign_in(Api(token="expired")).status_code == 201


class TestRefresh:
    def test_replaces_the_pair(self, robin: User, nobody: Api) -> None:
        pair = read(sign_in(nobody))
        answer = nobody.post("/store/v1/sessions/refresh", {"refresh_token": pair["refresh_token"]})
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
        assert read(answer)["refresh_token"] != pair["refresh_token"]

    def test_twice_ends_the_session(self, robin: User, nobody: Api) -> None:
        pair = read(sign_in(nobody))
        form = {"refresh_token": pair["refresh_token"]}
        fresh = read(nobody.post("/store/v1/sessions/refresh", form))
        again = nobody.post("/store/v1/sessions/refresh", form)
        assert (again.status_code, code_of(again)) == (401, "accounts.refresh_token_invalid")
        assert Api(token=fresh["access_token"]).get("/store/v1/me").status_code == 401


class TestSignOut:
    def test_ends_the_session(self, robin: User, member: Api) -> None:
        assert member.delete("/store/v1/sessions").status_code == 204
        assert member.get("/store/v1/me").status_code == 401

    def test_again_changes_nothing(self, robin: User, member: Api) -> None:
        member.delete("/store/v1/sessions")
        assert member.delete("/store/v1/sessions").status_code == 204

    def test_ends_no_other_session(self, robin: User, member: Api) -> None:
        other = Api(token=user_token(robin))
        member.delete("/store/v1/sessions")
        assert other.get("/store/v1/me").status_code == 200

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic cm9iaW46eA=="])
    def test_needs_a_token(self, nobody: Api, header: str) -> None:
        answer = nobody.delete("/store/v1/sessions", headers={"Authorization": header})
        assert (answer.status_code, code_of(answer)) == (401, "authentication.required")


class TestPasswordReset:
    def test_answers_the_same_for_everybody(self, robin: User, nobody: Api) -> None:
        answers = [
            nobody.post("/store/v1/password-resets", {"email": email})
            for email in ("robin@example.com", "sara@example.com", "no address")
        ]
        assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
        assert OutboxEvent.objects.filter(kind="accounts.password_reset_requested").count() == 1

    def test_sets_a_new_password_once(self, robin: User, member: Api, nobody: Api) -> None:
        form = {"token": accounts.make_reset_token(user_id=robin.pk), "new_password": "another horse battery"}
        assert nobody.post("/store/v1/password-resets/confirm", form).status_code == 204
        assert member.get("/store/v1/me").status_code == 401
        assert sign_in(nobody, password="another horse battery").status_code == 201
        again = nobody.post("/store/v1/password-resets/confirm", form)
        assert (again.status_code, code_of(again)) == (422, "accounts.reset_token_invalid")

    def test_takes_tokens_that_look_like_card_numbers(self, nobody: Api) -> None:
        form = {"token": "4111111111111111-d2k1p5-3e0b", "new_password": "another horse battery"}
        assert code_of(nobody.post("/store/v1/password-resets/confirm", form)) == "accounts.reset_token_invalid"

    def test_refuses_a_weak_password_and_keeps_the_token(self, robin: User, nobody: Api) -> None:
        form = {"token": accounts.make_reset_token(user_id=robin.pk), "new_password": "short"}
        answer = nobody.post("/store/v1/password-resets/confirm", form)
        assert code_of(answer) == "accounts.password_too_weak"
        assert read(answer)["reasons"] == ["password_too_short"]
        assert nobody.post("/store/v1/password-resets/confirm", form | {"new_password": PASSWORD}).status_code == 204


class TestGuests:
    def test_are_made_without_a_row(self, nobody: Api) -> None:
        answer = nobody.post("/store/v1/guests")
        assert answer.status_code == 201
        assert answer["Cache-Control"] == "no-store"
        assert read(answer)["expires_at"] > (clock.real_now() + timedelta(days=29)).isoformat()
        assert not User.objects.exists()

    def test_are_so_many_per_network_only(self, nobody: Api, settings: Settings) -> None:
        settings.TRUST_PROXY_HEADERS = True
        forwarded = {"X-Forwarded-For": "junk, 198.51.100.7"}
        assert nobody.post("/store/v1/guests", headers=forwarded).status_code == 201
        AttemptWindow.objects.filter(scope=guesses.GUESTS_PER_NETWORK.scope).update(
            count=guesses.GUESTS_PER_NETWORK.count
        )
        for header in ("198.51.100.7", "203.0.113.1, 198.51.100.7"):
            answer = nobody.post("/store/v1/guests", headers={"X-Forwarded-For": header})
            assert (answer.status_code, code_of(answer)) == (429, "attempts.too_many")
        assert nobody.post("/store/v1/guests", headers={"X-Forwarded-For": "198.51.100.8"}).status_code == 201
        assert sorted(AttemptWindow.objects.values_list("count", flat=True)) == [1, guesses.GUESTS_PER_NETWORK.count]

    def test_are_somebody_new_each_time(self, nobody: Api) -> None:
        first, second = (read(nobody.post("/store/v1/guests", {})) for _ in range(2))
        assert first["guest_id"] != second["guest_id"]

    def test_have_no_account(self, guest: Api) -> None:
        answer = guest.get("/store/v1/me")
        assert (answer.status_code, code_of(answer)) == (403, "permission.denied")

    def test_are_not_made_up(self, guest: Api) -> None:
        forged = Api(token=f"{guest.token}x")
        assert code_of(forged.get("/store/v1/orders")) == "authentication.invalid"


class TestEveryWriteOfNobody:
    @pytest.mark.parametrize(
        ("path", "form", "status"),
        [
            ("/store/v1/accounts", ROBIN, 201),
            ("/store/v1/sessions", ROBIN, 401),
            ("/store/v1/sessions/refresh", {"refresh_token": "x"}, 401),
            ("/store/v1/password-resets", {"email": "robin@example.com"}, 202),
            ("/store/v1/password-resets/confirm", {"token": "x", "new_password": PASSWORD}, 422),
            ("/store/v1/guests", {}, 201),
        ],
    )
    def test_keeps_nothing_under_a_key(self, nobody: Api, path: str, form: dict[str, str], status: int) -> None:
        """See decision 16: neither the answer, which may be a token, nor the hash of a body with a password."""
        answer = nobody.post(path, form, key="key")
        assert answer.status_code == status
        assert "Idempotent-Replayed" not in answer.headers
        assert not IdempotencyRecord.objects.exists()


class TestMe:
    def test_says_who_the_token_speaks_for(self, robin: User, member: Api) -> None:
        assert read(member.get("/store/v1/me"))["email"] == "robin@example.com"

    def test_is_nobody_once_the_account_is_closed(self, member: Api) -> None:
        User.objects.update(is_active=False)
        assert code_of(member.get("/store/v1/me")) == "authentication.invalid"

    def test_reads_an_operator_as_one(self) -> None:
        operator = UserFactory(is_staff=True)
        assert read(Api(token=user_token(operator)).get("/store/v1/me"))["is_staff"] is True
