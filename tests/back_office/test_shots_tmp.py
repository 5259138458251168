import os
import pytest
from playwright.sync_api import sync_playwright
from tests.back_office.market_day import live_a_market_day
from tests.factories.accounts import UserFactory, PASSWORD

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.mark.django_db(transaction=True)
def test_shots(live_server):
    day = live_a_market_day()
    UserFactory.create(email="ops@example.com", is_staff=True, is_superuser=True)
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path=os.environ["TRADECORE_BROWSER"], args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            c = b.new_context(viewport={"width": 1500, "height": 1000}, color_scheme=scheme)
            page = c.new_page()
            page.on("console", lambda m: print("CONSOLE", m.type, m.text))
            page.on("response", lambda r: r.status >= 400 and print("RESP", r.status, r.url))
            page.goto(live_server.url + "/admin/")
            page.fill("input[name=username]", "ops@example.com")
            page.fill("input[name=password]", PASSWORD)
            page.click("button[type=submit]")
            page.wait_for_load_state("networkidle")

            def shot(name, path):
                page.goto(live_server.url + path)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=f"/tmp/blueprint/{name}_{scheme}.png", full_page=True)

            shot("dashboard", "/admin/")
            shot("order", f"/admin/back-office/orders/{day.shipped.id}/")
            if scheme == "light":
                page.goto(live_server.url + f"/admin/back-office/orders/{day.shipped.id}/")
                for i in range(4):
                    page.evaluate(f"document.querySelector('#main').scrollTo(0,{i * 900});window.scrollTo(0,{i * 900})")
                    page.screenshot(path=f"/tmp/blueprint/order_part{i}.png")
                shot("orders", "/admin/back-office/orders/")
                shot("search", "/admin/back-office/orders/?q=TEA-EARL-GREY-250")
                shot("none", "/admin/back-office/orders/?q=nothing")
                shot("timers", "/admin/tradecore/timer/")
                shot("freezes", "/admin/tradecore/freeze/")
                shot("dead", "/admin/tradecore/outboxevent/?state=dead")
                shot("intents", "/admin/payments/paymentintent/")
                shot("unanswered", f"/admin/back-office/orders/{day.unanswered.id}/")
                from apps.payments.models import PaymentIntent

                shot("intent", f"/admin/payments/paymentintent/{PaymentIntent.objects.first().pk}/change/")
                shot("orderrow", f"/admin/orders/order/{day.shipped.id}/change/")
        b.close()
