"""The admin, as a browser meets it: pages, forms and cookies. It has no other interface."""

import html
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from http.cookies import SimpleCookie

from config.demo.logins import PASSWORD
from config.tour.client import Answer
from config.tour.guide import Form, Guide, Teller, Visitor

_SIGN_IN = "/admin/login/"
_CSRF_COOKIE, _CSRF_FIELD = "csrftoken", "csrfmiddlewaretoken"


class Desk:
    """An operator at the admin. Their browser keeps the cookies."""

    def __init__(self, guide: Guide, name: str) -> None:
        self._guide = guide
        self._name = name
        self._cookies: dict[str, str] = {}

    def sign_in(self, email: str) -> None:
        """As everybody does there."""
        self.read(_SIGN_IN, tell=lambda _: "the page to sign in")
        form = {"username": email, "password": PASSWORD, "next": "/admin/"}
        self.send(_SIGN_IN, form, status=HTTPStatus.FOUND, tell=lambda _: "signed in")

    def read(self, path: str, *, tell: Teller) -> str:
        """A page as words."""
        return words_of(self.look_at(path, tell=tell))

    def look_at(self, path: str, *, tell: Teller) -> Answer:
        """A page."""
        return self._keep(self._guide.ask("GET", path, who=self._visitor(), status=HTTPStatus.OK, tell=tell))

    def send(self, path: str, form: Mapping[str, str], *, status: int | Collection[int], tell: Teller) -> Answer:
        """Fill in the form of a page."""
        filled_in = Form({**form, _CSRF_FIELD: self._cookies.get(_CSRF_COOKIE, "")})
        return self._keep(self._guide.ask("POST", path, who=self._visitor(), body=filled_in, status=status, tell=tell))

    def _visitor(self) -> Visitor:
        return Visitor(self._name, cookies=self._cookies)

    def _keep(self, answer: Answer) -> Answer:
        for header in answer.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
        return answer


def words_of(page: Answer) -> str:
    """What a page says, without how it looks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.body)).split())
