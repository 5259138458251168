"""Promotions: what may be taken off a price, for whom, how often, and how much of it is left.

Owns promotions, their scopes and codes, the holds on their uses and budgets, and what each buyer has used.
Promises that no cap is ever exceeded, whoever races whom: total uses, uses per buyer and budget are taken by the
statement that checks them; and that a hold resolves once, as stock does.
Refuses to know what a discount is reckoned on: it hands rules to pricing, and is told what was used.
"""
