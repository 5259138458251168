"""Documents, by hand."""

from apps.reconciliation.drill.hands import breaks, change, find
from apps.reconciliation.drill.life import Life


@breaks("I33")
def lose_a_receipt(_life: Life) -> int:
    document_id = find("SELECT MIN(id) FROM documents_document WHERE kind = 'RECEIPT'")
    series_id = find("SELECT series_id FROM documents_document WHERE id = %s", document_id)
    change("DELETE FROM documents_document WHERE id = %s", document_id)
    return int(series_id)


@breaks("I33b")
def forget_the_last_credit_note(life: Life) -> int:
    note_id = find("SELECT id FROM documents_document WHERE kind = 'CREDIT_NOTE' AND order_id = %s", life.served)
    gone_id = find("SELECT subject_ref FROM documents_document WHERE id = %s", note_id)
    series_id = find("SELECT series_id FROM documents_document WHERE id = %s", note_id)
    change("DELETE FROM documents_document WHERE id = %s", note_id)
    change("UPDATE documents_series SET last_number = last_number - 1 WHERE id = %s", series_id)
    return int(gone_id)


@breaks("I33c")
def invoice_more_than_was_paid(life: Life) -> int:
    change(
        "UPDATE documents_document SET total_minor = total_minor + 1 WHERE kind = 'INVOICE' AND order_id = %s",
        life.served,
    )
    return life.served


@breaks("I33d")
def take_back_more_than_went_back(life: Life) -> int:
    note_id = find("SELECT id FROM documents_document WHERE kind = 'CREDIT_NOTE' AND order_id = %s", life.served)
    change("UPDATE documents_document SET total_minor = total_minor + 1 WHERE id = %s", note_id)
    return int(note_id)
