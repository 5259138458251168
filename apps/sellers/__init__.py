"""Sellers: the shops, what state each is in, and what each charges for delivery.

Owns shops, the plan that each pays fees by (a code), and their delivery rates per option (a code).
Promises that a handle names one shop for ever, that a shop changes state by the table of `states.py` only, and that
every change is in the audit.
Refuses to know who works for a shop, what it sells and what its fees are.
"""
