"""What `manage.py demo` prints: where things are, and who can sign in."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from config.demo.logins import PASSWORD
from config.demo.people import ADMIN, BUYERS, OPERATOR, SHOP_PEOPLE
from config.demo.site import Site

#: What is served where.
PLACES = (
    ("Start here", "/"),
    ("API documentation", "/api/docs/"),
    ("Admin", "/admin/"),
    ("Storefront API", "/store/v1/products?market=GB"),
    ("Health", "/readyz"),
)


def print_card(console: Console, site: Site, *, url: str) -> None:
    """Print it for a marketplace that is served at `url`."""
    made = ", ".join(f"{number} {what}" for what, number in site.made.items())
    console.print(f"The demo marketplace: {f'made {made}' if made else 'everything was there already'}.", style="bold")
    console.print(_places(url))
    console.print(_logins())
    console.print(f'Every password is "{PASSWORD}". Sign in with POST {url}/store/v1/sessions, or at {url}/admin/.')


def _places(url: str) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, path in PLACES:
        table.add_row(name, url + path)
    return table


def _logins() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for email, may in people():
        table.add_row(email, may)
    return table


def people() -> Iterator[tuple[str, str]]:
    """Who can sign in (e-mail addresses), and what for."""
    yield ADMIN.email, "does everything, in the admin too"
    yield OPERATOR.email, "operates: looks at everything, and decides what somebody else has asked for"
    for person in SHOP_PEOPLE:
        yield person.email, f"sells as {person.shop} ({person.role.value})"
    for buyer in BUYERS:
        yield buyer.email, f"buys in {buyer.market}"
