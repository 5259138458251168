"""What operators put right by hand: books, sellers' accounts, and what a buyer's bank is told of a dispute.

All money here waits for a second person: see Note [Approvals] in tradecore.
"""

import re
from datetime import datetime
from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from apps.aftersales import api as aftersales
from apps.back_office.acts import Act, choice_field, text_field
from apps.ledger import api as ledger
from apps.settlement import api as settlement
from tradecore.errors import Refusal
from tradecore.ids import MAX_ID, find_id
from tradecore.money import Money

_CONTEST, _ACCEPT = "contest", "accept"
_EVIDENCE = ("delivery", "conversation", "other")

#: An entry of a posting: account, owner, amount, and what it is about.
_ENTRY: Final = re.compile(r"\s*([^\s:]+)(?::(\S+))?\s+(\S+)(?:\s+(\S+))?\s*")


def _paragraph(**options: Any) -> forms.CharField:
    return forms.CharField(required=False, widget=UnfoldAdminTextareaWidget, **options)


def _awaits(approval_id: int) -> str:
    return f"A second person must approve this: request {approval_id}."


class AnswerDispute(Act):
    """The one answer that a bank listens to."""

    title = "Answer a dispute"
    description = (
        "A buyer's bank has taken money back and asks what we say, once, and until the dispute's time for evidence is "
        "over. To accept it is to lose it."
    )
    button = "Answer"
    needs = "payments.change_dispute"

    dispute = text_field(help_text="Its id: see Disputes.")
    answer = choice_field([(_CONTEST, "contest it, with this evidence"), (_ACCEPT, "accept it")])
    delivery = _paragraph(help_text="When and how the goods arrived: carrier, tracking number, who signed for them.")
    conversation = _paragraph(help_text="What the buyer has written, or agreed to.")
    other = _paragraph(help_text="Whatever else speaks for the sale.")
    reason = text_field(max_length=300, help_text="The audit keeps it; the bank does not read it.")

    def perform(self, *, actor: str, now: datetime) -> str:
        dispute_id, reason = _id_in(self, "dispute"), self.cleaned_data["reason"]
        evidence = {name: self.cleaned_data[name] for name in _EVIDENCE if self.cleaned_data[name]}
        if self.cleaned_data["answer"] == _CONTEST:
            aftersales.contest_dispute(dispute_id=dispute_id, evidence=evidence, actor=actor, reason=reason, now=now)
            return "The evidence is on its way. The dispute is EVIDENCE_SENT once the provider has taken it."
        if evidence:
            raise forms.ValidationError({"answer": "What is accepted needs no evidence."})
        aftersales.accept_dispute(dispute_id=dispute_id, actor=actor, reason=reason, now=now)
        return "Accepted. The dispute is LOST once the provider has taken it."


class AdjustSeller(Act):
    """What no sale explains."""

    title = "Adjust a seller's account"
    description = (
        "An amount that the platform makes good to a shop, or takes from it. It stands on the shop's statement under "
        "its name, with your reason, once a second person has approved it."
    )
    button = "Ask for it"
    needs = "settlement.add_settlementline"

    shop = text_field(help_text="Its handle.")
    name = choice_field([(name, name.replace("_", " ")) for name in settlement.ADJUSTMENTS])
    amount = text_field(help_text="In the shop's currency. Negative: taken from the shop.")
    reason = text_field(max_length=300, help_text="The second person reads it, and the shop.")

    def perform(self, *, actor: str, now: datetime) -> str:
        shop = self.find_shop()
        minor = self.minor("amount", shop.currency)
        assert minor is not None, "the field is required"
        approval_id = settlement.request_adjustment(
            shop_id=shop.id,
            name=self.cleaned_data["name"],
            amount=Money(minor, shop.currency),
            actor=actor,
            reason=self.cleaned_data["reason"],
            now=now,
        )
        return _awaits(approval_id)


class ReversePosting(Act):
    """The books are never changed: what is wrong is mirrored."""

    title = "Reverse a posting"
    description = (
        "All entries of a posting once more, with the other sign, as a posting of its own; once a second person has "
        "approved it. What should have been posted instead is an adjustment."
    )
    button = "Ask for it"
    needs = "ledger.change_posting"

    posting = text_field(help_text="Its id: see Postings.")
    reason = text_field(max_length=300, help_text="The second person reads it, and it stays with the posting.")

    def perform(self, *, actor: str, now: datetime) -> str:
        approval_id = ledger.request_reversal(
            posting_id=_id_in(self, "posting"), actor=actor, reason=self.cleaned_data["reason"], now=now
        )
        return _awaits(approval_id)


class AdjustBooks(Act):
    """The repair of a break, and whatever else no flow posts."""

    title = "Adjust the books"
    description = (
        "A posting of your own, once a second person has approved it. Money of a seller is adjusted on the seller's "
        "account, which posts as well."
    )
    button = "Ask for it"
    needs = "ledger.add_posting"

    currency = text_field(max_length=3)
    order = text_field(required=False, help_text="The order that it is about, by number or id, if it is about one.")
    entries = forms.CharField(
        widget=UnfoldAdminTextareaWidget,
        help_text=(
            "Two or more, one per line, that add up to nothing: the account (with its owner after a colon, if it "
            "belongs to somebody), the amount (a debit is positive, a credit negative), and the id of what it is "
            "about, such as a capture or a payout (empty: the order). As in “SUSPENSE.other 6.89” and “BANK -6.89”."
        ),
    )
    reason = text_field(max_length=300, help_text="The second person reads it, and it stays with the posting.")

    def perform(self, *, actor: str, now: datetime) -> str:
        order_id = _id_in(self, "order") if self.cleaned_data["order"] else None
        lines = self.cleaned_data["entries"].splitlines()
        entries = [self._entry(line, order_id=order_id) for line in lines if line.strip()]
        if not entries[1:] or sum(entry.amount.minor for entry in entries) != 0:
            raise forms.ValidationError({"entries": "Two entries or more, that add up to nothing."})
        approval_id = ledger.request_adjustment(
            entries=entries, order_ref=order_id, actor=actor, reason=self.cleaned_data["reason"], now=now
        )
        return _awaits(approval_id)

    def _entry(self, line: str, *, order_id: int | None) -> ledger.Entry:
        match = _ENTRY.fullmatch(line)
        if match is None:
            raise forms.ValidationError({"entries": f"“{line.strip()}” is not an account and an amount."})
        code, owner, amount, about = match.groups()
        owner_ref, about_ref = (find_id(text) if text else 0 for text in (owner, about))
        if owner_ref is None or about_ref is None:
            raise forms.ValidationError({"entries": f"“{line.strip()}” names what has no such id."})
        try:
            account, money = ledger.Account(code, owner_ref), Money.parse(amount, self.cleaned_data["currency"].upper())
        except Refusal as refusal:
            raise forms.ValidationError({"entries": f"“{line.strip()}”: {refusal.title}"}) from None
        if not money.minor:
            raise forms.ValidationError({"entries": f"“{line.strip()}” is of nothing."})
        return ledger.Entry(account, money, about_ref or order_id or 0)


def _id_in(act: Act, name: str) -> int:
    found = find_id(act.cleaned_data[name])
    if found is None or found > MAX_ID:
        raise forms.ValidationError({name: "There is none with this number."})
    return found
