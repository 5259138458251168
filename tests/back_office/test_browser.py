"""An operator's way through the admin in a real browser. What the console or the network complains of is a failure."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.back_office.market_day import MarketDay, live_a_market_day
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OPERATOR = "ops@example.com"
#: For whatever it waits for, on a machine that has other things to do.
BROWSER_TIMEOUT_MS = 60_000

expect.set_options(timeout=BROWSER_TIMEOUT_MS)


@pytest.fixture
def day(transactional_db: None) -> MarketDay:
    """Lived before the browser starts: its event loop would keep the main thread from the database."""
    UserFactory.create(email=OPERATOR, full_name="Omar Haddad", is_staff=True, is_superuser=True)
    return live_a_market_day()


@pytest.fixture
def browser(day: MarketDay) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["TRADECORE_BROWSER"], args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What went wrong in the browser so far."""
    return []


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, complaints: list[str]) -> Iterator[Page]:
    """A tab of an operator's, signed in. The test fails with whatever it complained of."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1500, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(BROWSER_TIMEOUT_MS)
    listen(page, complaints)
    page.goto("/admin/")
    page.fill("input[name=username]", OPERATOR)
    page.fill("input[name=password]", PASSWORD)
    with leaving(page):
        page.click("button[type=submit]")
    expect(page.get_by_role("heading", name="Machinery").last).to_be_visible()
    yield page
    assert complaints == []
    context.close()


def listen(page: Page, complaints: list[str]) -> None:
    """Write down errors and warnings of the console, exceptions, and requests that fail or are refused."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"console: {message.text}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            complaints.append(f"{response.status}: {response.url}")

    def on_failure(request: Request) -> None:
        complaints.append(f"failed: {request.url} {request.failure}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
    page.on("response", on_response)
    page.on("requestfailed", on_failure)


@contextmanager
def leaving(page: Page) -> Iterator[None]:
    """Go to another page in the block, and wait until everything of it is there.

    Whoever leaves a page sooner cuts off what it still loads, and that is a request that fails.
    """
    with page.expect_navigation(wait_until="networkidle"):
        yield


def follow(page: Page, group: str, entry: str) -> None:
    """Open a table by the sidebar, and wait until everything of it is there."""
    sidebar = page.locator("#nav-sidebar-apps")
    link = sidebar.get_by_role("link", name=re.compile(rf"\b{re.escape(entry)}$"))
    if not link.is_visible():
        sidebar.get_by_role("heading", name=group).click()
    with leaving(page):
        link.click()


def open_first_row(page: Page) -> None:
    """Open what the list begins with, and wait until everything of it is there."""
    with leaving(page):
        page.locator("#result_list tbody th a").first.click()


class TestAnOperator:
    def test_finds_an_order_and_reads_all_of_it(self, page: Page, day: MarketDay) -> None:
        expect(page.locator(".bo-count", has_text="Dead letters")).to_contain_text("1")
        search = page.get_by_role("searchbox", name="Find an order")
        search.fill(day.shipped.lines[1].sku_code)
        with leaving(page):
            search.press("Enter")
        with leaving(page):
            page.get_by_role("link", name=day.shipped.number).click()
        expect(page.get_by_role("heading", name=day.shipped.number).last).to_be_visible()
        for section in ("Lines", "Price ladder", "Payment", "Packages", "Stock hold", "Timeline", "Events", "Audit"):
            expect(page.locator(".bo-card > h2", has_text=section).first).to_be_visible()
        ladder = page.get_by_text("Price ladder of this line").first
        ladder.click()
        expect(page.locator(".bo-detail .bo-ladder").first).to_be_visible()
        page.get_by_role("link", name="Events").first.click()
        expect(page.locator("#events")).to_be_in_viewport()

    def test_follows_an_order_through_its_trace(self, page: Page, day: MarketDay) -> None:
        page.goto(f"/admin/back-office/orders/{day.shipped.id}/", wait_until="networkidle")
        with leaving(page):
            page.get_by_role("link", name="Trace").click()
        expect(page.get_by_text("purchase placed", exact=True)).to_be_visible()
        with leaving(page):
            page.get_by_role("link", name="Ledger").click()
        expect(page.get_by_text("purchase placed", exact=True)).to_have_count(0)
        expect(page.get_by_text("posted capture", exact=True)).to_be_visible()

    def test_watches_how_it_goes(self, page: Page, day: MarketDay) -> None:
        with leaving(page):
            page.get_by_role("link", name=re.compile(r"\bLive$")).first.click()
        expect(page.locator("#live svg")).to_have_count(8)
        page.evaluate("document.getElementById('traffic').remove()")
        expect(page.locator("#traffic")).to_be_visible()  # the page brings itself up to date
        expect(page.get_by_role("status")).to_have_text("up to date")

    def test_is_told_when_nothing_is_found(self, page: Page, day: MarketDay) -> None:
        page.goto("/admin/back-office/orders/", wait_until="networkidle")
        page.get_by_role("searchbox", name="Find an order").fill("no such thing")
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_text("No order is found by")).to_be_visible()

    def test_opens_every_table_and_its_first_row(self, page: Page, day: MarketDay) -> None:
        for group, entry in (
            ("Catalogue", "Products"),
            ("Catalogue", "SKUs and prices"),
            ("Catalogue", "Stock"),
            ("Catalogue", "Coupons and promotions"),
            ("Payments", "Provider calls"),
            ("Payments", "Refunds"),
            ("Records", "Packages"),
            ("Machinery", "Timers"),
            ("Machinery", "Outbox"),
            ("Machinery", "Audit"),
            ("Rules and people", "Markets"),
        ):
            follow(page, group, entry)
            open_first_row(page)
            expect(page.get_by_role("link", name="Close")).to_be_visible()
            expect(page.get_by_role("button", name="Save")).to_have_count(0)

    def test_replays_a_dead_letter(self, page: Page, day: MarketDay) -> None:
        with leaving(page):
            page.get_by_role("link", name="Dead letters").first.click()
        expect(page.get_by_text("mail is down")).to_be_visible()
        page.locator("input.action-select").first.check()
        page.select_option("select[name=action]", "replay")
        page.get_by_role("button", name="Run").click()
        expect(page.get_by_text("Replayed: 1")).to_be_visible()

    def test_adjusts_stock_and_freezes_a_sku_in_dialogs(self, page: Page, day: MarketDay) -> None:
        follow(page, "Catalogue", "Stock")
        open_first_row(page)
        page.get_by_role("link", name="Adjust").click()
        page.fill("input[name=delta]", "5")
        page.fill("input[name=reason]", "found behind the shelf")
        with leaving(page):  # it is loaded anew once this is done
            page.get_by_role("button", name="Adjust").click()
        follow(page, "Machinery", "Freezes")
        page.get_by_role("link", name="Freeze something").click()
        page.select_option("select[name=kind]", "sku_sale")
        page.fill("input[name=subject]", str(day.shipped.lines[0].sku_id))
        page.fill("input[name=reason]", "smells of smoke")
        page.get_by_role("button", name="Freeze").click()
        expect(page.get_by_text("smells of smoke")).to_be_visible()

    def test_opens_a_shop(self, page: Page, day: MarketDay) -> None:
        follow(page, "Set up", "Open a shop")
        page.fill("input[name=handle]", "No Good")
        page.fill("input[name=name]", "Kettle & Crumb")
        page.fill("input[name=contact_email]", "kettle@example.com")
        page.select_option("select[name=market]", "GB")
        with leaving(page):
            page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_text("not 3 to 40 of a-z, 0-9 and inner hyphens")).to_be_visible()
        page.fill("input[name=handle]", "kettle-and-crumb")
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_text("Opened: kettle-and-crumb")).to_be_visible()

    def test_creates_a_coupon(self, page: Page, day: MarketDay) -> None:
        follow(page, "Set up", "Create a promotion of the platform")
        page.select_option("select[name=market]", "GB")
        page.fill("input[name=title_for_buyers]", "Ten per cent in summer")
        page.fill("input[name=code]", "SUMMER10")
        page.fill("input[name=percent_off]", "10")
        page.fill("input[name=starts_at]", "2026-07-01T00:00")
        page.fill("input[name=ends_at]", "2026-08-01T00:00")
        page.get_by_role("button", name="Create", exact=True).click()
        expect(page.get_by_text("is a draft.")).to_be_visible()


class TestListening:
    def test_hears_errors_exceptions_and_refused_requests(
        self, browser: Browser, live_server: LiveServer, complaints: list[str]
    ) -> None:
        page = browser.new_page()
        listen(page, complaints)
        page.goto(f"{live_server.url}/static/no-such-file.css")
        page.evaluate("console.error('oh no')")
        page.evaluate("setTimeout(() => { throw new Error('oops') })")
        expected = ("404: ", "console: oh no", "exception: oops")
        gives_up_at = time.monotonic() + BROWSER_TIMEOUT_MS / 1000
        while not all(any(told.startswith(each) for told in complaints) for each in expected):
            assert time.monotonic() < gives_up_at, complaints
            page.wait_for_timeout(50)
