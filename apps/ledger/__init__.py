"""Ledger: every money event as a balanced posting, written once, and proof that nobody has touched it since.

Owns the chart of accounts, postings with their entries, folded balances, the chain of seals and the daily manifests.
Promises that every posting is balanced three times over, that one (kind, reference) is posted at most once, that a
pending posting is resolved at most once, and that no row of it is ever changed: a correction is a new posting.
Refuses to know why money moved: a flow posts in the transaction of its fact, and names what the amount is about.
"""
