"""What documents look like in answers."""

from apps.documents.api import Content, DocumentSummary, DocumentView
from tradecore.http.answers import answer_of

DocumentSummaryAnswer = answer_of(DocumentSummary, name="DocumentSummaryAnswer")
DocumentContentAnswer = answer_of(Content, name="DocumentContentAnswer")
DocumentAnswer = answer_of(DocumentView, name="DocumentAnswer", content=DocumentContentAnswer())
