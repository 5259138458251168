"""What the demo's people sign in with. Known to everybody, so good for a demo on one machine only.

The tour reads these too, so nothing of an app is imported here.
"""

PASSWORD = "market-day-42"  # noqa: S105 - no secret, as said above

ADMIN = "admin@demo.example"
OPERATOR = "operator@demo.example"

#: In the demo market, whose clocks run for seconds: a buyer with an address, and the owners of the two shops.
BUYER = "buyer@demo.example"
LARKSPUR = "larkspur@demo.example"
HOLT = "holt@demo.example"
