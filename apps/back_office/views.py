"""The pages of the back office: find an order, and everything about one. They change nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from apps.back_office.order_page import build_order_page
from apps.back_office.search import list_newest, search
from tradecore import clock
from tradecore.errors import NotFound
from tradecore.ids import find_id

View = Callable[..., HttpResponse]


def for_operators(permission: str) -> Callable[[View], View]:
    """Let staff with the permission in; others meet the sign-in page, or are refused."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded_page: View = admin.site.admin_view(require_safe(guarded))
        return guarded_page

    return guard


@for_operators("orders.view_order")
def find_orders(request: HttpRequest) -> HttpResponse:
    """The orders that a term may mean; the newest ones without a term. A term that means one order opens it."""
    term = request.GET.get("q", "").strip()
    if not term:
        newest = list_newest(status=request.GET.get("status", ""), before=find_id(request.GET.get("before", "")))
        return _page(request, "back_office/orders.html", title="Orders", newest=newest)
    found = search(term)
    order_ids = {row.order.id for answer in found for row in answer.rows}
    if len(order_ids) == 1:
        return redirect("back_office:order", order_id=order_ids.pop())
    return _page(request, "back_office/orders.html", title="Orders", term=term, found=found)


@for_operators("orders.view_order")
def show_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Everything about one order."""
    try:
        page = build_order_page(order_id=order_id, now=clock.now())
    except NotFound as refusal:
        raise Http404 from refusal
    return _page(request, "back_office/order.html", title=f"Order {page.order.number}", page=page)


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
