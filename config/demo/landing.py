"""The first page: what runs here, and where."""

from html import escape

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from config.demo.card import PLACES, people
from config.demo.logins import PASSWORD

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>tradecore</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; color: #222 }}
td {{ padding: 0.1rem 1.5rem 0.1rem 0; vertical-align: top }}
code {{ background: #f2f2f2; padding: 0.1rem 0.3rem }}
</style>
<body>
<h1>tradecore</h1>
<p>A marketplace transaction core: quote, buy, pay, ship, receive; refund, settle, pay out, and account for every cent.
This is its demo; no money moves here.</p>
<table>{places}</table>
<h2>Who can sign in</h2>
<p>Every password is <code>{password}</code>. Sign in with <code>POST /store/v1/sessions</code>, or in the admin.</p>
<table>{people}</table>
<h2>See an order live</h2>
<p>In the checkout of the project: <code>manage.py tour --url {url}</code></p>
<h2>Follow its money</h2>
<p>Buyers ask for it back with <code>POST /store/v1/cases</code>. Sellers read why they got what they got at
<code>/seller/v1/shops/SHOP/orders/ORDER/settlement</code>, and what they were paid at
<code>/seller/v1/shops/SHOP/payouts</code>. In the admin one operator proposes payouts and another approves them.</p>
</body>
</html>
"""


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The first page."""
    places = "".join(f'<tr><td>{escape(name)}<td><a href="{escape(path)}">{escape(path)}</a>' for name, path in PLACES)
    logins = "".join(f"<tr><td>{escape(email)}<td>{escape(may)}" for email, may in people())
    url = escape(request.build_absolute_uri("/").rstrip("/"))
    return HttpResponse(_PAGE.format(places=places, people=logins, password=escape(PASSWORD), url=url))
