import pytest

from apps.accounts.api import EmailInvalid, canonical_email


class TestCanonicalEmail:
    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("Sara@Example.COM", "sara@example.com"),
            ("  sara@example.com\n", "sara@example.com"),
            ("a.b+shop@example.co.uk", "a.b+shop@example.co.uk"),
            ("sara@xn--strae-oqa.example", "sara@xn--strae-oqa.example"),
            (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
        ],
    )
    def test_is_one_form_however_it_is_typed(self, typed: str, stored: str) -> None:
        assert canonical_email(typed) == stored
        assert canonical_email(stored) == stored

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "@",
            "sara",
            "sara@",
            "@example.com",
            "sara@localhost",
            "sara@@example.com",
            "sara@exa mple.com",
            "sara@example.com\nbcc: all@example.com",
            "\u017fara@example.com",
            "sara@stra\u00dfe.example",
            "\uff53ara@example.com",
            "sara@example.com\x00",
            "\ud800@example.com",
            f"{'a' * 65}@example.com",
            f"sara@{'a.' * 124}com",
            "@" * 100_000,
        ],
    )
    def test_refuses_what_is_no_address_of_that_form(self, text: str) -> None:
        with pytest.raises(EmailInvalid):
            canonical_email(text)
