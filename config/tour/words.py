"""How documents read as words."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

#: Why a promotion was missed, for those reasons that the tour meets.
_REASONS = {"BELOW_MINIMUM": "the goods are worth too little", "UNKNOWN_CODE": "nobody knows this code"}

Document = Mapping[str, Any]


def money(amount: Document) -> str:
    return f"{amount['amount']} {amount['currency']}"


def new_table(*columns: str) -> Table:
    """A table of words, and of numbers in the columns that end in a colon."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column.removesuffix(":"), justify="right" if column.endswith(":") else "left")
    return table


def quote_table(quote: Document) -> Table:
    """Every line with the steps from its list price to what is paid, then what is paid on top."""
    table = new_table("line", "step", "amount:", "paid for by")
    for order in quote["orders"]:
        for line in order["lines"]:
            title = f"{line['quantity']} × {line['title']}"
            for step in line["steps"]:
                table.add_row(title, _step(step), money(step["amount"]), (step["funder"] or "").lower())
                title = ""
        delivery = "delivery"
        for step in order["steps"]:
            table.add_row(delivery, _step(step), money(step["amount"]), (step["funder"] or "").lower())
            delivery = ""
    table.add_row("total", "", money(quote["total"]), "", style="bold")
    return table


def promotion_table(quote: Document) -> Table:
    """Every promotion that was considered, and what became of it."""
    table = new_table("promotion", "outcome", "why")
    for item in quote["promotions"]:
        name = item["code"] or f"without a code ({item['promotion_id']})"
        why = f"-{money(item['amount'])}" if item["outcome"] == "applied" else _why_missed(item)
        table.add_row(name, item["outcome"], why)
    return table


def _step(step: Document) -> str:
    return f"{step['layer']} {step['kind'].lower().replace('_', ' ')}"


def _why_missed(item: Document) -> str:
    reason: str = item["reason"]
    words = _REASONS.get(reason, reason)
    return f"{words}: {money(item['missing'])} more" if item["missing"] else words
