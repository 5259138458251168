"""Seller desk: what the people of a shop, and their systems, talk to.

Owns routes under `/seller/v1` and nothing else: no table, no rule. All of a shop's lie below
`/seller/v1/shops/{shop_id}`.
Promises that nobody sees or moves anything of a shop that they do not work for, and that a recipient's name and address
are shown only while something is to be shipped to them, and on the invoices that the law has a shop keep.
Refuses to decide anything else.
"""
