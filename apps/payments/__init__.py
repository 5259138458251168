"""Payments: what was asked of whom, what the provider said, what was captured and what went back.

Owns intents, tenders, provider calls, captures, refunds, disputes and every answer that a provider ever gave.
Promises that a provider's answer changes nothing by itself: it is stored, verified, and applied by the flow.
Refuses to know what is paid for: it sees a `payable_ref`, and `order_ref`s that share it.
"""
