"""The rows of documents. Amounts are minor units of the document's currency."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from apps.documents.contracts import DocumentKind
from tradecore.append_only import AppendOnlyModel
from tradecore.ids import new_id

_KINDS = [kind.value for kind in DocumentKind]


class Series(models.Model):
    """One shop's documents of one kind in one market. `last_number` grows with each of them, and never otherwise.

    Its row is locked from when a number is taken until the document with that number is committed.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    shop_id = models.BigIntegerField()
    market = models.CharField(max_length=16)
    kind = models.CharField(max_length=16)
    last_number = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "documents_series"
        verbose_name_plural = "series"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shop_id", "market", "kind"], name="documents_series_once"),
            models.CheckConstraint(condition=Q(kind__in=_KINDS), name="documents_series_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.shop_id} in {self.market}"


class Document(AppendOnlyModel):
    """One document, as it was issued. At most one of a kind about the same thing, for ever.

    `subject_ref` is what it is about: the order, or for a credit note what went back of it. `gone_sequence` is how far
    what went back of the order is in it: an invoice leaves out everything up to there, a credit note is about just
    that; 0 is nothing. `content` is all that it says, and `content_hash` the hash of that.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="documents", db_index=False)
    number = models.PositiveBigIntegerField()
    display_number = models.CharField(max_length=80)
    kind = models.CharField(max_length=16)
    subject_ref = models.BigIntegerField()
    order_id = models.BigIntegerField()
    shop_id = models.BigIntegerField()
    buyer_ref = models.BigIntegerField()
    gone_sequence = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    payment_discount_minor = models.BigIntegerField()
    recorded_difference_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    issued_at = models.DateTimeField()

    class Meta:
        db_table = "documents_document"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "number"], name="documents_document_number"),
            models.UniqueConstraint(fields=["display_number"], name="documents_document_display"),
            models.UniqueConstraint(fields=["kind", "subject_ref"], name="documents_document_once"),
            models.CheckConstraint(condition=Q(kind__in=_KINDS), name="documents_document_kind"),
            models.CheckConstraint(condition=Q(number__gt=0), name="documents_document_positive"),
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("net_minor")
                    + F("tax_minor")
                    - F("payment_discount_minor")
                    + F("recorded_difference_minor")
                ),
                name="documents_document_identity",
            ),
            models.CheckConstraint(
                condition=Q(total_minor__gte=0, tax_minor__gte=0), name="documents_document_amounts"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["order_id", "id"], name="documents_document_order"),
            models.Index(fields=["shop_id", "id"], name="documents_document_shop"),
        ]

    def __str__(self) -> str:
        return self.display_number
