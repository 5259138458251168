"""The address book."""

from rest_framework import serializers

from apps.storefront.serializers.buying import AddressRequest
from tradecore.http.answers import Answer
from tradecore.http.fields import IdField, StrictBooleanField


class SavedAddressRequest(AddressRequest):
    """A whole address: what an edit leaves out is empty afterwards, and the address no default."""

    is_default = StrictBooleanField(required=False)


class SavedAddressAnswer(Answer):
    """`version` is what the ETag says. Parts that are not there are empty."""

    id = IdField()
    version = serializers.IntegerField()
    is_default = serializers.BooleanField()
    recipient = serializers.CharField()
    line1 = serializers.CharField()
    line2 = serializers.CharField()
    city = serializers.CharField()
    region = serializers.CharField()
    postal_code = serializers.CharField()
    country = serializers.CharField()
    phone = serializers.CharField()
