"""The frozen price, step by step: what each step did to it, and who funds it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.pricing.api import Layer, StepKind
from tradecore.money import Money

#: "L0" -> "List price"
_LAYERS: Mapping[str, str] = {f"L{layer.value}": layer.name.replace("_", " ").capitalize() for layer in Layer}

_KINDS: Mapping[str, str] = {
    StepKind.LIST_PRICE: "List price",
    StepKind.DISCOUNT: "Discount",
    StepKind.SHIPPING_FEE: "Shipping fee",
    StepKind.DUTY: "Duty",
    StepKind.TAX_INCLUDED: "Tax, included above",
    StepKind.TAX_ADDED: "Tax",
    StepKind.SURCHARGE: "Surcharge",
    StepKind.PAYMENT_DISCOUNT: "Payment discount",
    StepKind.RECORDED_DIFFERENCE: "Recorded difference",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step, summed over the lines that it is taken on. `price` is the price after it; None if it only tells.

    `source_id` is the promotion behind it, if there is one, and `cause` its title.
    """

    layer: str
    kind: str
    funder: str
    source_id: int | None
    cause: str
    amount: Money
    price: Money | None


#: What makes steps equal: layer, kind, funder, and the promotion behind them.
_Key = tuple[str, str, str, int | None]


def climb(steps: Iterable[Mapping[str, Any]], *, titles: Mapping[int, str]) -> tuple[Rung, ...]:
    """The steps of lines and charges as one ladder, in the order of its layers; equal steps are added up."""
    rungs: list[Rung] = []
    price: Money | None = None
    for (layer, kind, funder, source_id), amount in sorted(_add_up(steps), key=lambda item: item[0][0]):
        only_tells = kind == StepKind.TAX_INCLUDED
        if not only_tells:
            price = amount if price is None else price + amount
        rungs.append(
            Rung(
                layer=f"{layer} {_LAYERS[layer]}",
                kind=_KINDS[kind],
                funder=funder.capitalize(),
                source_id=source_id,
                cause=titles.get(source_id, "") if source_id else "",
                amount=amount,
                price=None if only_tells else price,
            )
        )
    return tuple(rungs)


def _add_up(steps: Iterable[Mapping[str, Any]]) -> Iterable[tuple[_Key, Money]]:
    amounts: dict[_Key, Money] = {}
    for step in steps:
        source_id = int(step["source_id"]) if step["source_id"] else None
        key = (step["layer"], step["kind"], step["funder"] or "", source_id)
        amounts[key] = amounts[key] + step["amount"] if key in amounts else step["amount"]
    return amounts.items()
