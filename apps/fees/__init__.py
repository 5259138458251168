"""Fees: what the platform charges sellers for a sale, as plans with versions.

Owns fee plans, their versions and their rules.
Promises that a version never changes once it is written, and that one is in force at any moment from the first on.
Refuses to know what a fee comes to and who is charged: checkout freezes the rules on the order line, pricing has the
arithmetic, and settlement charges.
"""
