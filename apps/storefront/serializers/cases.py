"""After-sales: what a buyer may ask for, and their cases."""

from typing import Any, Final

from rest_framework import serializers

from apps.aftersales.api import (
    CARRIER_LENGTH_MAX,
    COMMENT_LENGTH_MAX,
    IMAGE_LENGTH_MAX,
    IMAGES_MAX,
    TRACKING_NUMBER_LENGTH_MAX,
    Actor,
    CaseKind,
    CaseQuote,
    CaseSummary,
    CaseView,
    Eligibility,
    list_codes,
)
from apps.checkout.api import LINES_MAX, QUANTITY_MAX
from tradecore.http.answers import answer_of
from tradecore.http.fields import IdField, StrictSerializer, TextField, WholeNumberField

#: What a buyer may ask for.
KINDS: Final = tuple(kind.value for kind in CaseKind if kind is not CaseKind.REFUSED_PARCEL)

REASONS: Final = list_codes(Actor.BUYER)


class CaseUnits(StrictSerializer):
    line_id = IdField()
    quantity = WholeNumberField(min_value=1, max_value=QUANTITY_MAX)


class CaseLineRequest(CaseUnits):
    """So many units of a line. An exchange names the SKU that is wanted instead."""

    wanted_sku_id = IdField(required=False)


def _refuse_repeated_lines(lines: list[dict[str, int]]) -> list[dict[str, int]]:
    if len({line["line_id"] for line in lines}) < len(lines):
        raise serializers.ValidationError("A line is named twice.")
    return lines


class CaseEvidenceRequest(StrictSerializer):
    """What there is to show: a text, and images by https addresses or by keys of a store."""

    text = TextField(max_length=COMMENT_LENGTH_MAX, required=False, allow_blank=True)
    images = serializers.ListField(child=TextField(max_length=IMAGE_LENGTH_MAX), max_length=IMAGES_MAX, required=False)


class CaseQuoteRequest(StrictSerializer):
    """What would come back, if it were asked for and granted now."""

    order_id = IdField()
    kind = serializers.ChoiceField(KINDS)
    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=CaseUnits(), min_length=1, max_length=LINES_MAX
    )
    reason = serializers.ChoiceField(REASONS)

    def validate_lines(self, lines: list[dict[str, int]]) -> list[dict[str, int]]:
        return _refuse_repeated_lines(lines)


class CaseAskRequest(StrictSerializer):
    """What is asked for, of which units, and why."""

    kind = serializers.ChoiceField(KINDS)
    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=CaseLineRequest(), min_length=1, max_length=LINES_MAX
    )
    reason = serializers.ChoiceField(REASONS)
    comment = TextField(max_length=COMMENT_LENGTH_MAX, required=False, allow_blank=True)
    evidence = CaseEvidenceRequest(required=False)

    def validate_lines(self, lines: list[dict[str, int]]) -> list[dict[str, int]]:
        return _refuse_repeated_lines(lines)


class OpenCaseRequest(CaseAskRequest):
    """A new case about an order."""

    order_id = IdField()


class CaseCommentRequest(StrictSerializer):
    """A word to it, if there is one."""

    comment = TextField(max_length=COMMENT_LENGTH_MAX, required=False, allow_blank=True)


class CaseEscalateRequest(CaseCommentRequest):
    """Why the seller is not right, and what shows that."""

    evidence = CaseEvidenceRequest(required=False)


class TrackingNumberField(TextField):
    """A number that a carrier has given out: one in ten would pass for the number of a card, so it is not searched."""

    may_look_like_card_number = True


class CaseShipRequest(StrictSerializer):
    """The parcel with which the goods go back."""

    carrier = TextField(max_length=CARRIER_LENGTH_MAX)
    tracking_number = TrackingNumberField(max_length=TRACKING_NUMBER_LENGTH_MAX)


class CaseEmptyRequest(StrictSerializer):
    """It needs no body."""


EligibilityAnswer = answer_of(Eligibility, name="EligibilityAnswer")
CaseQuoteAnswer = answer_of(CaseQuote, name="CaseQuoteAnswer")
CaseSummaryAnswer = answer_of(CaseSummary, name="CaseSummaryAnswer")
CaseAnswer = answer_of(CaseView, name="CaseAnswer", without=("buyer_ref",))
