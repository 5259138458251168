"""Cases about a shop's orders, and what the shop does with them."""

from typing import Any, Final

from rest_framework import serializers

from apps.aftersales.api import (
    CARRIER_LENGTH_MAX,
    COMMENT_LENGTH_MAX,
    IMAGE_LENGTH_MAX,
    IMAGES_MAX,
    RULES,
    TRACKING_NUMBER_LENGTH_MAX,
    Actor,
    CaseSummary,
    CaseView,
    list_codes,
)
from apps.checkout.api import LINES_MAX, QUANTITY_MAX
from apps.seller_desk.serializers.fields import CodeField, GivenCodeField, PriceField
from apps.seller_desk.serializers.orders import BUYERS_OWN, UnitsRequest
from tradecore.http.answers import answer_of
from tradecore.http.fields import IdField, StrictBooleanField, StrictSerializer, TextField, WholeNumberField

REVIEW_REASONS: Final = tuple(RULES.review_rejections)
INSPECT_REASONS: Final = tuple(RULES.inspect_rejections)
REFUND_REASONS: Final = list_codes(Actor.SELLER)

#: Whom cases may wait for.
NEXT_ACTORS: Final = (Actor.SELLER.value, Actor.BUYER.value, Actor.PLATFORM.value, Actor.NOBODY.value)


def _refuse_repeated_lines(lines: list[dict[str, int]]) -> list[dict[str, int]]:
    if len({line["line_id"] for line in lines}) < len(lines):
        raise serializers.ValidationError("A line is named twice.")
    return lines


class SellerEvidenceRequest(StrictSerializer):
    """What there is to show: a text, and images by https addresses or by keys of a store."""

    text = TextField(max_length=COMMENT_LENGTH_MAX, required=False, allow_blank=True)
    images = serializers.ListField(child=TextField(max_length=IMAGE_LENGTH_MAX), max_length=IMAGES_MAX, required=False)


class SellerCommentRequest(StrictSerializer):
    """A word to it, if there is one. The buyer reads it."""

    comment = TextField(max_length=COMMENT_LENGTH_MAX, required=False, allow_blank=True)


class ApproveCaseRequest(SellerCommentRequest):
    """Whether the buyer may keep the goods; else they are sent back first, where they are to be."""

    buyer_keeps_goods = StrictBooleanField(required=False)


class RejectCaseRequest(SellerCommentRequest):
    """Why not, and what shows that."""

    reason = serializers.ChoiceField(REVIEW_REASONS)
    evidence = SellerEvidenceRequest(required=False)


class OfferRequest(SellerCommentRequest):
    """So much money, and the buyer keeps the goods."""

    amount = PriceField()


class FoundRequest(StrictSerializer):
    """What was found of one line: units fit for sale, and units that are not."""

    line_id = IdField()
    good = WholeNumberField(min_value=0, max_value=QUANTITY_MAX)
    damaged = WholeNumberField(min_value=0, max_value=QUANTITY_MAX)


class ReceiveRequest(SellerCommentRequest):
    """What came back, line by line. What is not named did not."""

    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=FoundRequest(), min_length=1, max_length=LINES_MAX
    )

    def validate_lines(self, lines: list[dict[str, int]]) -> list[dict[str, int]]:
        return _refuse_repeated_lines(lines)


class RefuseReturnRequest(SellerCommentRequest):
    """Why what came back is not taken, and what shows that."""

    reason = serializers.ChoiceField(INSPECT_REASONS)
    evidence = SellerEvidenceRequest()


class ShipReplacementRequest(StrictSerializer):
    """The parcel with what replaces the goods."""

    carrier = CodeField(max_length=CARRIER_LENGTH_MAX)
    tracking_number = GivenCodeField(max_length=TRACKING_NUMBER_LENGTH_MAX)


class RefundRequest(SellerCommentRequest):
    """Units whose money goes back, and why."""

    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=UnitsRequest(), min_length=1, max_length=LINES_MAX
    )
    reason = serializers.ChoiceField(REFUND_REASONS)

    def validate_lines(self, lines: list[dict[str, int]]) -> list[dict[str, int]]:
        return _refuse_repeated_lines(lines)


SellerCaseSummaryAnswer = answer_of(CaseSummary, name="SellerCaseSummaryAnswer")
SellerCaseAnswer = answer_of(CaseView, name="SellerCaseAnswer", without=BUYERS_OWN)
