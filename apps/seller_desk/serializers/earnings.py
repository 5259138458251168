"""A shop's money: its account, statements, settlements and payouts."""

from rest_framework import serializers

from apps.seller_desk.serializers.fields import CodeField, GivenCodeField
from apps.settlement.api import AccountView, LineKind, PayoutAccounts, PayoutView, StatementView, Upcoming
from tradecore.http.answers import AmountField, Answer, answer_of
from tradecore.http.fields import IdField, StrictSerializer, TextField

HOLDER_NAME_LENGTH_MAX = 100
ACCOUNT_NUMBER_LENGTH_MAX = 34


class PayoutAccountRequest(StrictSerializer):
    """Where the shop is to be paid to. `account_number` is an IBAN, or what the bank's country has instead, without
    spaces; it goes to the bank, and nobody can read it here afterwards.
    """

    holder_name = TextField(max_length=HOLDER_NAME_LENGTH_MAX)
    account_number = GivenCodeField(max_length=ACCOUNT_NUMBER_LENGTH_MAX)
    currency = CodeField(min_length=3, max_length=3)


SellerAccountAnswer = answer_of(AccountView, name="SellerAccountAnswer")
StatementAnswer = answer_of(StatementView, name="StatementAnswer")
UpcomingSettlementAnswer = answer_of(Upcoming, name="UpcomingSettlementAnswer")
PayoutAnswer = answer_of(PayoutView, name="PayoutAnswer", without=("run_id",))
PayoutAccountAnswer = answer_of(PayoutAccounts, name="PayoutAccountAnswer")


class StatementLineAnswer(Answer):
    """One amount on the shop's account, signed: what is positive is the shop's. `text` says why, in English."""

    id = IdField()
    kind = serializers.ChoiceField([kind.value for kind in LineKind])
    name = serializers.CharField()
    order_id = IdField(allow_null=True)
    payout_id = IdField(allow_null=True)
    amount = AmountField()
    text = serializers.CharField()
    statement_on = serializers.DateField()
    occurred_at = serializers.DateTimeField()


class OrderSettlementAnswer(Answer):
    """What an order has come to. UPCOMING: what it comes to as it stands, and when it settles.

    That is null while the order is not over yet, and one that is on hold settles once it is not any more.
    """

    order_id = IdField()
    number = serializers.CharField()
    state = serializers.ChoiceField(["SETTLED", "UPCOMING"])
    amount = AmountField()
    reserve = AmountField()
    settled_at = serializers.DateTimeField(allow_null=True)
    reserve_until = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    holds: serializers.ListField = serializers.ListField(child=serializers.CharField())
    lines = StatementLineAnswer(many=True)
