"""A buyer's address book."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import api as accounts
from apps.storefront.openapi import addresses as docs
from apps.storefront.principal import MemberEndpoint
from apps.storefront.serializers.addresses import SavedAddressRequest
from tradecore import wire
from tradecore.http.endpoints import write_once
from tradecore.http.etags import read_if_match, with_etag
from tradecore.http.queries import read_query, whole_list
from tradecore.idempotency import Outcome


class Addresses(MemberEndpoint):
    """The whole address book, the default first, then the newest."""

    @docs.list_addresses
    def get(self, request: Request) -> Response:
        read_query(request.query_params)
        return Response(whole_list(map(_render, accounts.list_addresses(user_id=self.principal.id))))

    @docs.add_address
    def post(self, request: Request) -> Response:
        form = self.read(SavedAddressRequest)
        response = write_once(
            request,
            act=lambda _claim: accounts.add_address(user_id=self.principal.id, **_parts(form)),
            answer=lambda saved: Outcome(201, _render(saved)),
            key_required=False,
        )
        return with_etag(response)


class Address(MemberEndpoint):
    """One address of the book. It is replaced and removed as it was read."""

    @docs.get_address
    def get(self, request: Request, address_id: int) -> Response:
        saved = accounts.get_address(user_id=self.principal.id, address_id=address_id)
        return with_etag(Response(_render(saved)))

    @docs.edit_address
    def put(self, request: Request, address_id: int) -> Response:
        version = read_if_match(request)
        form = self.read(SavedAddressRequest)
        response = write_once(
            request,
            act=lambda _claim: accounts.edit_address(
                user_id=self.principal.id, address_id=address_id, version=version, **_parts(form)
            ),
            answer=lambda saved: Outcome(200, _render(saved)),
            key_required=False,
        )
        return with_etag(response)

    @docs.remove_address
    def delete(self, request: Request, address_id: int) -> Response:
        version = read_if_match(request)
        return write_once(
            request,
            act=lambda _claim: accounts.remove_address(
                user_id=self.principal.id, address_id=address_id, version=version
            ),
            answer=lambda _nothing: Outcome(204, None),
            key_required=False,
        )


def _parts(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form as the address and what the book says of it."""
    parts = dict(form)
    is_default = parts.pop("is_default", False)
    return {"address": accounts.Address(**parts), "is_default": is_default}


def _render(saved: accounts.SavedAddress) -> dict[str, Any]:
    document: dict[str, Any] = wire.to_json(saved)
    return {**document.pop("address"), **document}
