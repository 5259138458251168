"""Settlement: what a seller gets for an order, when, and why; and the papers of it all."""

from collections.abc import Iterable
from decimal import Decimal

from rich.table import Table

from config.tour.buying import Purchase
from config.tour.client import Answer
from config.tour.complaining import Complaint
from config.tour.guide import Guide, Visitor
from config.tour.selling import Counter
from config.tour.words import Document, money, new_table

#: Lines that move money between what is kept back and what is available: they are no part of what an order comes to.
_RESERVE = ("reserve_held", "reserve_used", "reserve_released")

_STATEMENT_PARTS = ("opening", "settled", "reserve", "paid_out")


def see_settlement(guide: Guide, counter: Counter, complaint: Complaint) -> None:
    """An order settles by itself, and every cent of it has its reason."""
    guide.chapter(
        f"{counter.shop_name} earns",
        "So long after delivery as the fee plan says (5 s here), and never while the order is on hold, it settles.",
    )
    settled = guide.wait(
        f"{counter.path}/orders/{complaint.order_id}/settlement",
        who=counter.seller,
        promise="the order has settled",
        until=lambda answer: answer["state"] == "SETTLED" and "refund" in {line["kind"] for line in answer["lines"]},
        within_s=30,
    )
    guide.show(_line_table(settled["lines"]))
    of_order = [line for line in settled["lines"] if line["kind"] not in _RESERVE]
    adds_up = _sum(line["amount"] for line in of_order) == _value(settled["amount"])
    guide.promise(f"why {money(settled['amount'])}? The lines add up to it", holds=adds_up)
    kinds = {line["kind"] for line in of_order}
    guide.promise("among them are the sale, the fee, and what went back", holds={"sale", "fee", "refund"} <= kinds)
    kept_back = _sum(line["amount"] for line in settled["lines"] if line["kind"] in _RESERVE)
    guide.promise("a part of it is kept back for a while", holds=kept_back == -_value(settled["reserve"]) < 0)


def see_account(guide: Guide, counter: Counter) -> Answer:
    """What the seller has, and the statement of the day that it is the end of."""
    account = guide.ask("GET", f"{counter.path}/account", who=counter.seller, status=200, tell=_describe_account)
    page = guide.ask(
        "GET", f"{counter.path}/statements?page_size=1", who=counter.seller, status=200, tell=_describe_statement
    )
    (statement,) = page["items"]
    parts = _sum(statement[name] for name in _STATEMENT_PARTS)
    guide.promise("the statement of the day adds up", holds=parts == _value(statement["closing"]))
    return account


def see_documents(guide: Guide, bea: Visitor, purchase: Purchase, complaint: Complaint) -> None:
    """The papers of an order, as its buyer has them."""
    guide.chapter("Documents", "A receipt, an invoice of the shop, and a credit note: numbered, and never changed.")
    for order_id in purchase.order_ids.values():
        wanted = {"RECEIPT", "INVOICE"} | ({"CREDIT_NOTE"} if order_id == complaint.order_id else set())
        found = guide.wait(
            f"/store/v1/orders/{order_id}/documents",
            who=bea,
            promise=f"{len(wanted)} documents have been issued",
            until=lambda answer, wanted=wanted: {each["kind"] for each in answer["items"]} == wanted,  # type: ignore[misc]
            within_s=20,
        )
        guide.show(_document_table(found["items"]))
        credited = [each["total"] for each in found["items"] if each["kind"] == "CREDIT_NOTE"]
        if credited:
            guide.promise("the credit note is about what went back", holds=credited == [complaint.refund])


def _sum(amounts: Iterable[Document]) -> Decimal:
    return sum(map(_value, amounts), start=Decimal(0))


def _value(amount: Document) -> Decimal:
    return Decimal(amount["amount"])


def _line_table(lines: Iterable[Document]) -> Table:
    table = new_table("line", "amount:", "why")
    for line in lines:
        table.add_row(line["kind"].replace("_", " "), money(line["amount"]), line["text"])
    return table


def _document_table(documents: Iterable[Document]) -> Table:
    table = new_table("document", "number", "total:", "issued at")
    for each in documents:
        kind = each["kind"].lower().replace("_", " ")
        table.add_row(kind, each["number"], money(each["total"]), each["issued_at"])
    return table


def _describe_account(account: Answer) -> str:
    return f"{money(account['available'])} available, {money(account['reserve'])} kept back"


def _describe_statement(page: Answer) -> str:
    (statement,) = page["items"]
    parts = " + ".join(f"{name} {statement[name]['amount']}" for name in _STATEMENT_PARTS)
    return f"{statement['on']}: {parts} = {money(statement['closing'])}"
