"""After-sales: what a buyer asks for once the parcel has come, and what its seller does about it."""

from dataclasses import dataclass

from rich.table import Table

from config.tour.arriving import NOTEBOOK, Shelf
from config.tour.buying import Purchase
from config.tour.client import Answer
from config.tour.guide import Guide, Visitor, new_key
from config.tour.selling import Counter
from config.tour.words import Document, money, new_table

_KIND, _REASON = "REFUND_ONLY", "defective"


@dataclass(frozen=True, slots=True)
class Complaint:
    """A case that was granted: the order that it is about, and the money that goes back."""

    order_id: str
    refund: Document


def complain(guide: Guide, bea: Visitor, counter: Counter, purchase: Purchase, shelf: Shelf) -> Complaint:
    """One of two notebooks is damaged: Bea asks for her money, and its seller agrees."""
    guide.chapter(
        "An after-sales case",
        "One of two notebooks is damaged. A case always says who acts next, until when, and what happens otherwise.",
    )
    order_id = purchase.order_ids[counter.shop_id]
    _read_invoice(guide, bea, order_id)
    wish = {"order_id": order_id, "kind": _KIND, "lines": [_find_line(guide, bea, order_id, shelf)], "reason": _REASON}
    quote = guide.ask("POST", "/store/v1/cases/quote", who=bea, body=wish, status=200, tell=_describe_quote)
    guide.show(_quote_table(quote))
    case = _open(guide, bea, wish)
    _look_at_order(guide, bea, order_id)
    _approve(guide, counter, case["id"])
    done = guide.wait(
        f"/store/v1/cases/{case['id']}",
        who=bea,
        promise="the money is back where it came from, and the case complete",
        until=lambda answer: answer["state"] == "COMPLETE",
        within_s=20,
    )
    guide.show(_steps(done))
    expected = quote["refund"]["refund"]
    guide.promise(f"what came back is what was quoted: {money(expected)}", holds=done["refund"] == expected)
    guide.promise("nobody has to act any more", holds=done["next_action"]["actor"] == "nobody")
    return Complaint(order_id, done["refund"])


def _read_invoice(guide: Guide, bea: Visitor, order_id: str) -> None:
    """What goes back from now on is taken back of it by a credit note."""
    guide.wait(
        f"/store/v1/orders/{order_id}/documents",
        who=bea,
        promise="the shop has sent an invoice",
        until=lambda answer: "INVOICE" in [each["kind"] for each in answer["items"]],
        within_s=10,
    )


def _find_line(guide: Guide, bea: Visitor, order_id: str, shelf: Shelf) -> Document:
    """One unit of the notebooks' line, if it may be asked about."""
    found = guide.ask(
        "GET",
        f"/store/v1/orders/{order_id}/after-sales",
        who=bea,
        status=200,
        tell=lambda answer: f"the order is {answer['order_status']}: {_describe_kinds(answer)}",
    )
    (line,) = (line for line in found["lines"] if line["sku_id"] == shelf.sku_ids[NOTEBOOK])
    (kind,) = (kind for kind in line["kinds"] if kind["kind"] == _KIND)
    may_be_given = _REASON in [reason["code"] for reason in kind["reasons"]]
    guide.promise("money may be asked for", holds=bool(kind["units"]) and may_be_given)
    return {"line_id": line["line_id"], "quantity": 1}


def _open(guide: Guide, bea: Visitor, wish: Document) -> Answer:
    """Without evidence it is refused; with it the seller has to answer."""
    path = "/store/v1/cases"
    refusal = guide.ask("POST", path, who=bea, body=wish, key=new_key(), status=422, tell=_describe_refusal)
    guide.promise("damage has to be shown", holds=refusal["code"] == "aftersales.evidence_missing")
    evidence = {"text": "The cover is torn.", "images": ["https://images.visitor.example/torn-cover.jpg"]}
    body, key = {**wish, "evidence": evidence}, new_key()
    case = guide.ask("POST", path, who=bea, body=body, key=key, status=201, tell=_describe)
    guide.promise("its seller acts next, and silence means yes", holds=_waits_for(case, "seller", default="approve"))
    again = guide.ask("POST", path, who=bea, body=body, key=key, status=201, tell=_describe)
    guide.promise("the same key again: the same case", holds=again.body == case.body)
    return case


def _look_at_order(guide: Guide, bea: Visitor, order_id: str) -> None:
    order = guide.ask(
        "GET",
        f"/store/v1/orders/{order_id}",
        who=bea,
        status=200,
        tell=lambda order: f"order {order['number']}: {order['status']}, on hold: {', '.join(order['holds']) or 'no'}",
    )
    guide.promise("meanwhile the order is on hold: it neither completes nor settles", holds=bool(order["holds"]))


def _approve(guide: Guide, counter: Counter, case_id: str) -> None:
    """The seller finds the case, reads it, and agrees to what they have read."""
    waiting = guide.ask(
        "GET",
        f"{counter.path}/cases?next_actor=seller",
        who=counter.seller,
        status=200,
        tell=lambda page: f"to be answered: {', '.join(case['number'] for case in page['items'])}",
    )
    guide.promise("the seller sees who asks", holds=case_id in [case["id"] for case in waiting["items"]])
    path = f"{counter.path}/cases/{case_id}"
    read = guide.ask("GET", path, who=counter.seller, status=200, tell=_describe_evidence)
    granted = guide.ask(
        "POST", f"{path}/approve", who=counter.seller, body={}, key=new_key(), read=read, status=200, tell=_describe
    )
    guide.promise(
        "the case is decided for the buyer, the money on its way", holds=granted["state"] in {"SUCCESS", "COMPLETE"}
    )


def _waits_for(case: Answer, actor: str, *, default: str) -> bool:
    action = case["next_action"]
    return bool(action["actor"] == actor and action["default"] == default)


def _describe(case: Answer) -> str:
    action = case["next_action"]
    rest = f", next: the {action['actor']} by {action['due_at']}, else: {action['default']}" if action["action"] else ""
    return f"case {case['number']}: {case['state']}{rest}"


def _describe_kinds(answer: Answer) -> str:
    """What may be asked for about any of the lines."""
    kinds = {kind["kind"] for line in answer["lines"] for kind in line["kinds"] if kind["units"]}
    return ", ".join(sorted(kinds)) or "nothing can be asked for"


def _describe_evidence(case: Answer) -> str:
    return "; ".join(f"the {each['by']} shows: {each['text']} {' '.join(each['images'])}" for each in case["evidence"])


def _describe_quote(quote: Answer) -> str:
    return f"{money(quote['refund']['refund'])} would come back; nothing is asked for yet"


def _describe_refusal(answer: Answer) -> str:
    return f"{answer['code']}: {answer['title']}"


def _quote_table(quote: Answer) -> Table:
    table = new_table("of the refund", "amount:")
    for name in ("goods", "shipping", "tax", "platform_discount_void", "seller_discount_void", "refund"):
        table.add_row(name.replace("_", " "), money(quote["refund"][name]))
    return table


def _steps(case: Answer) -> Table:
    table = new_table("when", "who", "did", "then")
    for step in case["steps"]:
        table.add_row(step["occurred_at"], step["actor"], step["act"], step["state"])
    return table
