"""Storefront: what a buyer's application talks to.

Owns routes under `/store/v1` and nothing else: no table, no rule.
Promises one call per act below: a view reads the request, calls, and renders.
Refuses to decide anything.
"""
