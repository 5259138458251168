"""Pricing: what a basket costs, step by step, who pays for each discount, and what goes back of it.

Owns the ladder L0-L7, the choice among promotions, the arithmetic of refunds and of fees. It has no tables, no clock
and no database: contracts go in, contracts come out, and equal input gives equal output. Promises that every identity
of a price holds to the last minor unit, for what is sold, returned and kept alike; that a line never becomes
negative; that the order in which rules arrive changes nothing; that work grows with the lines. Refuses to know where
rules and rates come from, who the buyer is, and what happens after a price has been named.
"""
