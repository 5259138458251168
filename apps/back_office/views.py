"""The pages of the back office: find an order, and everything about one; and what operators set up."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_safe

from apps.back_office.acts import Act
from apps.back_office.books import read_trial_balance
from apps.back_office.live import read_live
from apps.back_office.order_page import build_order_page
from apps.back_office.search import list_newest, search
from apps.back_office.switches import read_board, read_settings
from apps.back_office.tracing import build_trace_page
from apps.orders import api as orders
from tradecore import clock
from tradecore.admin import actor_of
from tradecore.errors import NotFound, Refusal
from tradecore.ids import find_id

View = Callable[..., HttpResponse]


def for_operators(permission: str, *, methods: Callable[[View], View] = require_safe) -> Callable[[View], View]:
    """Let staff with the permission in; others meet the sign-in page, or are refused. Pages are to be read only."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded_page: View = admin.site.admin_view(methods(guarded))
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


@for_operators("orders.view_order")
def show_trace(request: HttpRequest, order_id: int) -> HttpResponse:
    """Everything that happened to one order, in one line of time; of one source only where it is named."""
    try:
        order = orders.get_order(order_id=order_id)
    except NotFound as refusal:
        raise Http404 from refusal
    page = build_trace_page(order, source=request.GET.get("source", ""))
    return _page(request, "back_office/trace.html", title=f"Trace of {order.number}", page=page)


@for_operators("ledger.view_posting")
def show_trial_balance(request: HttpRequest) -> HttpResponse:
    """What is posted on every account, by currency: debits and credits are the same."""
    return _page(request, "back_office/trial_balance.html", title="Trial balance", currencies=read_trial_balance())


@for_operators("tradecore.view_sample")
def show_live(request: HttpRequest) -> HttpResponse:
    """How it goes now, of all processes; only what moves where `part` is asked for, as the page itself does."""
    live = read_live(now=clock.real_now())
    if "part" in request.GET:
        return TemplateResponse(request, "back_office/live_part.html", {"live": live})
    return _page(request, "back_office/live.html", title="Live", live=live)


@for_operators("tradecore.view_planswitch")
def show_degradation(request: HttpRequest) -> HttpResponse:
    """What is off, why, since when and until when, and what buyers see of it."""
    return _page(request, "back_office/degradation.html", title="Degradation", board=read_board())


@for_operators("tradecore.view_settingversion")
def show_live_settings(request: HttpRequest) -> HttpResponse:
    """What may be set while everything runs, and what is."""
    return _page(request, "back_office/live_settings.html", title="Live settings", rows=read_settings())


def make_act_view(act: type[Act]) -> View:
    """The page of one act: its form, and what came of it."""

    @for_operators(act.needs, methods=require_http_methods(["GET", "HEAD", "POST"]))
    def show_act(request: HttpRequest) -> HttpResponse:
        form = act(request.POST if request.method == "POST" else None)
        if request.method == "POST" and _perform(form, request):
            return redirect(request.path)
        return _page(request, "back_office/act.html", title=act.title, form=form)

    return show_act


def _perform(form: Act, request: HttpRequest) -> bool:
    """Whether it was done; if not, the form says why."""
    if not form.is_valid():
        return False
    try:
        done = form.perform(actor=actor_of(request), now=clock.now())
    except ValidationError as error:
        form.add_error(None, error)
    except Refusal as refusal:
        form.explain(refusal)
    else:
        messages.success(request, done)
        return True
    return False


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
