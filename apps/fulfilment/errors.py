"""What fulfilment refuses. What it asks of orders is refused by orders."""

from dataclasses import dataclass

from tradecore.errors import Kind, Refusal


@dataclass
class ShipmentInvalid(Refusal):
    """A field of the shipment holds what it may not; `reason` says what is wrong with it."""

    code = "fulfilment.shipment_invalid"
    kind = Kind.RULE
    title = "A field of the shipment holds what it may not."

    field: str
    reason: str


@dataclass
class TrackingInvalid(Refusal):
    """A field of the tracking event holds what it may not; `reason` says what is wrong with it."""

    code = "fulfilment.tracking_invalid"
    kind = Kind.RULE
    title = "A field of the tracking event holds what it may not."

    field: str
    reason: str
