"""The base of every route, and the one way in which a write is made once."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tradecore import db, degradation, idempotency
from tradecore.errors import PASSING_KINDS, Kind, Refusal
from tradecore.http import problems
from tradecore.http.fields import StrictSerializer, form_of
from tradecore.http.negotiation import JSONNegotiation
from tradecore.http.principals import scope_of
from tradecore.http.rate_limits import LIMITS
from tradecore.http.searching import search_body, search_query
from tradecore.idempotency import Claim, Outcome

R = TypeVar("R")


class Endpoint(APIView):
    """A route. Its principal is authenticated by the surface; its body is read once, strictly.

    `serves_in_read_only`: what it does by POST, reading needs, or must not wait (see Note [Degradation]).
    """

    content_negotiation_class: type[BaseContentNegotiation] = JSONNegotiation
    # OPTIONS would answer what the OpenAPI document says better.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    serves_in_read_only: ClassVar[bool] = False

    def perform_authentication(self, request: Request) -> None:
        """Who asks, and whether they may ask so often. Whoever brings a token that is none counts by address."""
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            self._count(request)
            raise
        self._count(request)

    def _count(self, request: Request) -> None:
        """Refuses, in this order: RateLimitsAway, RateLimitExceeded."""
        LIMITS.admit(
            request._request,  # noqa: SLF001 - as in raw_body
            user=request.user,
            shop_id=self.shop_asked_for(request),
            sku_ids=self.skus_asked_for(request),
        )

    def shop_asked_for(self, request: Request) -> int | None:
        """The shop whose limit the request counts for: before anything of it is checked."""
        shop_id: int | None = self.kwargs.get("shop_id")
        return shop_id

    def skus_asked_for(self, request: Request) -> Iterable[int]:
        """The SKUs that the request is about, for the limits per SKU: before anything of it is checked."""
        return [self.kwargs["sku_id"]] if "sku_id" in self.kwargs else []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raw_body(request)  # kept for the fingerprint, before DRF reads the stream
        super().initial(request, *args, **kwargs)
        if request.headers.get("Content-Encoding", "").strip().lower() not in {"", "identity"}:
            raise problems.EncodingUnsupported
        search_query(request.query_params)
        if request.method not in SAFE_METHODS and not self.serves_in_read_only:
            degradation.refuse_if_read_only()

    def read(self, serializer: type[StrictSerializer]) -> Any:
        """The validated body. Refuses: RequestInvalid."""
        form, body = form_of(serializer), self.request.data
        search_body(body, passing=form.passing)
        if body is None:
            raise ValidationError("No data provided")
        return form.run_validation(body)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What depends on who asks is kept by nobody for anybody else."""
        if self.authentication_classes:
            response.headers.setdefault("Cache-Control", "private, no-cache")
            patch_vary_headers(response, ["Authorization"])
        return super().finalize_response(request, response, *args, **kwargs)


def write_once(
    request: Request,
    *,
    act: Callable[[Claim | None], R],
    answer: Callable[[Any], Outcome | None],
    key_required: bool = True,
    gate: Callable[[], None] | None = None,
) -> Response:
    """Do a write at most once per Idempotency-Key, and answer every time with the outcome of that once.

    `act` calls one use case or several and returns the last one's result; `answer` makes the outcome of a result, or
    None for a step that is not the last. The outcome commits with the last step (see Note [Idempotency]). A refusal
    that the world may lift frees the key; any other is an outcome. A `gate` refuses what nobody has begun, before
    anything is written for it, and what passes it is claimed with others (Note [Groups] of `tradecore.groups`).
    Refuses: KeyMissing, KeyInvalid, what `gate` refuses, KeyReused, StillRunning, and what `act` refuses.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        if key_required:
            raise idempotency.KeyMissing
        return _respond(_outcome_of(answer, act(None)))
    place = {"principal": scope_of(request.user), "route": f"{request.method} {request.path}", "key": key}
    passes_gate = gate is not None and idempotency.is_new(**place)
    if gate is not None and passes_gate:
        gate()
    claimed = idempotency.claim(**place, body=raw_body(request), together=passes_gate)
    if isinstance(claimed, Outcome):
        return _respond(claimed, replayed=True)
    return _respond(_act_under(claimed, act=act, answer=answer))


def _act_under(claim: Claim, *, act: Callable[[Claim], R], answer: Callable[[Any], Outcome | None]) -> Outcome:
    finished: list[Outcome] = []

    def finish_with(result: Any) -> None:
        outcome = answer(result)
        if outcome is not None:
            idempotency.finish(claim, outcome)
            finished[:] = [outcome]

    try:
        with db.alongside(finish_with):
            result = act(claim)
    except db.OutcomeUnknown:
        raise  # only a later request under this key may tell
    except Refusal as refusal:
        if refusal.kind in PASSING_KINDS:
            idempotency.free(claim)
            raise
        outcome = Outcome(status=refusal.kind.value, body=problems.describe_refusal(refusal))
        idempotency.finish_alone(claim, outcome)
        return outcome
    except Exception:
        idempotency.free(claim)
        raise
    if not finished:  # the work was done by an earlier attempt, and nothing was left to commit with
        finished.append(_outcome_of(answer, result))
        idempotency.finish_alone(claim, finished[0])
    return finished[0]


def _outcome_of(answer: Callable[[Any], Outcome | None], result: Any) -> Outcome:
    outcome = answer(result)
    assert outcome is not None, "the last step of a write has an outcome"
    return outcome


def _respond(outcome: Outcome, *, replayed: bool = False) -> Response:
    if outcome.status >= Kind.MALFORMED.value:
        response = problems.problem_response(outcome.body)
    else:
        response = Response(outcome.body, status=outcome.status)
    if replayed:
        response["Idempotent-Replayed"] = "true"
    return response


def raw_body(request: Request) -> bytes:
    """The bytes of the body as they came. Raises RequestDataTooBig."""
    return request._request.body  # noqa: SLF001 - REST framework has no other way to them
