"""Fulfilment: parcels, from the seller's table to the buyer's door, and the order's last step.

Owns packages, what is in them, and what carriers say of them.
Promises that tracking ends in one state however it comes, that goods leave the stock once, and that what never arrives
is paid back once.
Refuses to know how the order came about, how it was paid, and how a carrier is spoken to.

Each file is one act: `ship_order`, `record_tracking`, `withdraw_uncollected`, `lose_package`, `complete_order`. Beside
them, `rows` locks and moves packages, and `tracking` is the arithmetic of what carriers say.
"""
