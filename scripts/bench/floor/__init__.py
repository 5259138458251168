"""The least that a paid order costs: its SQL alone, and the same SQL behind HTTP.

What a purchase of the product costs beyond these is what the product does for it: pricing, idempotency, the books.
"""
