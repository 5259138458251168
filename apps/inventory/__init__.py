"""Inventory: how many pieces of a SKU lie in which warehouse, and to whom they are promised.

Owns warehouses, the counters of each stock, the holds on it, and the journal of every change of a counter.
Promises that nothing is sold twice: what is held was available a moment before, in the same statement; that a hold
resolves once; that never more comes back than was taken; and that the journal explains every counter to the piece.
Refuses to know what a SKU is, who wants it and why: it sees a `sku_id`, an `owner_ref` and a `line_ref`.
"""
