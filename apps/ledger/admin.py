"""Ledger in the admin: the book to be read by all who may, and changed by nobody."""

from collections.abc import Mapping
from typing import ClassVar

from django.contrib import admin
from django.db.models import Q

from apps.ledger import models
from tradecore.admin import ReadOnlyAdmin, ReadOnlyInline, StateFilter, money
from tradecore.ids import find_id


class _PendingFilter(StateFilter):
    """What is posted, and what is promised."""

    title = "kind of amount"
    parameter_name = "amounts"

    def conditions(self) -> Mapping[str, Q]:
        return {"posted": Q(is_pending=False), "pending": Q(is_pending=True)}


class _EntryInline(ReadOnlyInline):
    model = models.Entry
    fields: ClassVar = ["line_no", "account", "owner_ref", "amount_minor", "is_pending", "about_ref"]
    ordering: ClassVar = ["line_no"]
    currency_path = "currency"


@admin.register(models.Posting)
class PostingAdmin(ReadOnlyAdmin):
    """Postings with their entries, found by what they are about or by the order or purchase that they belong to."""

    list_display: ClassVar = ["id", "occurred_at", "kind", "reference", "order_ref", "outcome", "seal_number", "reason"]
    list_select_related: ClassVar = ["seal"]
    number_fields: ClassVar = ["id", "order_ref"]
    search_help_text = "The number of an order or purchase, the id of a posting, or its fact: capture:1234"
    inlines: ClassVar = [_EntryInline]

    def find(self, term: str) -> Q:
        """`capture:1234` is the fact that is posted at most once; its reference alone stands in no index."""
        kind, separator, number = term.partition(":")
        reference = find_id(number)
        if separator and reference is not None:
            return Q(kind=kind, reference=reference)
        return super().find(term)

    @admin.display(description="seal")
    def seal_number(self, posting: models.Posting) -> int | None:
        return posting.seal.number if hasattr(posting, "seal") else None


@admin.register(models.Entry)
class EntryAdmin(ReadOnlyAdmin):
    """Entries, found by their owner or by what they are about."""

    list_display: ClassVar = [
        "id",
        "posting",
        "account",
        "owner_ref",
        money("amount_minor"),
        "is_pending",
        "about_ref",
    ]
    list_select_related: ClassVar = ["posting"]
    number_fields: ClassVar = ["id", "posting_id", "owner_ref", "about_ref"]
    search_help_text = "The id of an entry, a posting or an owner, or of what the amount is about"
    currency_path = "currency"


@admin.register(models.Seal)
class SealAdmin(ReadOnlyAdmin):
    """The chain, found by a seal's number or by its posting."""

    list_display: ClassVar = ["number", "posting", "hash", "sealed_at"]
    list_select_related: ClassVar = ["posting"]
    number_fields: ClassVar = ["number", "posting_id"]
    search_help_text = "The number of a seal, or the id of its posting"


@admin.register(models.DayManifest)
class DayManifestAdmin(ReadOnlyAdmin):
    """What was sealed on each day, as it was signed."""

    list_display: ClassVar = ["day", "first_seal", "last_seal", "posting_count", "totals", "last_hash", "key_id"]
    number_fields: ClassVar = []
    text_fields: ClassVar = ["digest"]
    search_help_text = "The beginning of a digest"


@admin.register(models.Balance)
class BalanceAdmin(ReadOnlyAdmin):
    """What the sealed entries of each account add up to; what is newer is not in it yet."""

    list_display: ClassVar = ["account", "owner_ref", money("amount_minor"), "is_pending"]
    list_filter: ClassVar = [_PendingFilter]
    number_fields: ClassVar = ["owner_ref"]
    search_help_text = "The id of an owner"
    ordering: ClassVar = ["owner_ref", "account", "currency", "is_pending"]
    currency_path = "currency"
