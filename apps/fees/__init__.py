"""Fees: what the platform charges sellers for a sale, as plans with versions.

Owns fee plans, their versions, their rules and their terms of settlement. A shop's tier is the plan that it is sold
under.
Promises that a version never changes once it is written, that one is in force at any moment from the first on, and that
two people put it there.
Refuses to know what a fee comes to and who is charged: checkout freezes the rules on the order line, pricing has the
arithmetic, and settlement charges.
"""
