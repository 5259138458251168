"""The page of the sandbox bank, where a buyer confirms a payment: for the sandbox that lives in this process.

A sandbox in a process of its own serves its own page.
"""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.payments.api import PROVIDERS
from apps.payments.sandbox.pages import challenge_page, outcome_page
from apps.payments.sandbox.provider import SandboxProvider
from tradecore.errors import Refusal
from tradecore.http.problems import plain_problem

_OUTCOMES: Final = ("ok", "failed")


@csrf_exempt  # the bank knows nobody of ours, and no session
@require_http_methods(["GET", "POST"])
def challenge(request: HttpRequest, reference: int) -> HttpResponse:
    """Show what is to be confirmed, or take the buyer's decision."""
    provider = PROVIDERS.get("sandbox")
    if not isinstance(provider, SandboxProvider):
        raise Http404
    if request.method == "POST":
        return _decide(provider, reference, outcome=request.POST.get("outcome", ""))
    statement = provider.ask(reference)
    if statement is None:
        raise Http404
    return HttpResponse(challenge_page(statement))


def _decide(provider: SandboxProvider, reference: int, *, outcome: str) -> HttpResponse:
    try:
        for known in _OUTCOMES:
            if outcome == known:
                return HttpResponse(outcome_page(provider.complete_action(reference, known)))
    except Refusal as refusal:
        return plain_problem(refusal.kind.value, refusal.code, refusal.title)
    return plain_problem(400, "request.malformed", f"The outcome is one of {', '.join(_OUTCOMES)}.")
