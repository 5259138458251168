"""What a shop's documents look like in answers."""

from typing import Final

from apps.documents.api import Content, DocumentSummary, DocumentView
from tradecore.http.answers import answer_of

#: What a document knows of its buyer beside what it says.
BUYERS_OWN: Final = ("buyer_ref",)

SellerDocumentSummaryAnswer = answer_of(DocumentSummary, name="SellerDocumentSummaryAnswer", without=BUYERS_OWN)
SellerDocumentAnswer = answer_of(
    DocumentView,
    name="SellerDocumentAnswer",
    without=BUYERS_OWN,
    content=answer_of(Content, name="SellerDocumentContentAnswer")(),
)
