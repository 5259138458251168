from datetime import timedelta
from typing import Any

import pytest
from django.core import signing

from apps.accounts.api import GuestTokenInvalid, issue_guest_token, read_guest_token
from apps.accounts.services.guests import GUEST_LIFETIME
from tests.support import NOON
from tradecore.ids import MAX_ID, gene_of


class TestGuestTokens:
    def test_make_somebody_new_each_time(self) -> None:
        guests = [issue_guest_token(now=NOON) for _ in range(8)]
        assert len({guest.guest_id for guest in guests}) == 8
        assert len({gene_of(guest.guest_id) for guest in guests}) > 1
        assert all(0 < guest.guest_id <= MAX_ID for guest in guests)

    def test_are_read_back_until_they_expire(self) -> None:
        guest = issue_guest_token(now=NOON + timedelta(microseconds=5))
        assert guest.expires_at == NOON + GUEST_LIFETIME
        last_moment = guest.expires_at - timedelta(microseconds=1)
        assert read_guest_token(token=guest.token, now=last_moment) == guest.guest_id

    def test_refuse_an_expired_one(self) -> None:
        guest = issue_guest_token(now=NOON)
        with pytest.raises(GuestTokenInvalid):
            read_guest_token(token=guest.token, now=guest.expires_at)

    @pytest.mark.parametrize("forge", [lambda t: t[:-1], lambda t: "A" + t, lambda t: t.replace(":", ".")])
    def test_refuse_one_that_was_changed(self, forge: Any) -> None:
        with pytest.raises(GuestTokenInvalid):
            read_guest_token(token=forge(issue_guest_token(now=NOON).token), now=NOON)

    @pytest.mark.parametrize("token", ["", ":", "\ud800", "t\u00f6ken:x", "x" * 100_000])
    def test_refuse_what_is_no_token(self, token: str) -> None:
        with pytest.raises(GuestTokenInvalid):
            read_guest_token(token=token, now=NOON)

    def test_refuse_what_was_signed_for_another_purpose(self) -> None:
        expires_at = int((NOON + GUEST_LIFETIME).timestamp())
        with pytest.raises(GuestTokenInvalid):
            read_guest_token(token=signing.Signer(salt="page").sign_object([7, expires_at]), now=NOON)

    def test_outlive_a_change_of_the_secret_that_keeps_the_old_one(self, settings: Any) -> None:
        guest = issue_guest_token(now=NOON)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "a new one"
        assert read_guest_token(token=guest.token, now=NOON) == guest.guest_id
