"""Orders: what was bought, on which terms, and what became of every unit of it.

Owns purchases, orders, their lines with counters, frozen prices and terms, transitions and holds.
Promises that an order's status follows from its facts, and that nothing else writes it.
Refuses to know how it was paid, where the stock lies, and who carries the parcel.
"""
