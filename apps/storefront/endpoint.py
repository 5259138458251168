"""What all routes of the storefront have in common: their answers say what buyers have to do without."""

from typing import Any

from rest_framework.request import Request

from tradecore import degradation
from tradecore.http.endpoints import Endpoint

#: The member of every object that is answered while something is off; absent as long as nothing is.
DEGRADED = "degraded"


class StorefrontEndpoint(Endpoint):
    """A route of the storefront.

    What is off is of the moment of the answer, so it is added last, and no stored outcome has it: a repeated request
    gets the first outcome, and what is off now.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        degradation.list_on()  # read here where nobody has, because an answer must not fail for it
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answered = super().finalize_response(request, response, *args, **kwargs)
        seen = degradation.list_seen()
        if seen and isinstance(getattr(answered, "data", None), dict):
            answered.data = {**answered.data, DEGRADED: seen}
        return answered
