"""The kernel: the words that mean one thing in every app.

Owns money, ids, time, transactions, locks, states, refusals, events, timers, idempotency, audit and freezes.
Promises that none of them knows what is sold here.
Refuses to know any app: nothing below `tradecore` is imported from `apps` or `config`.
"""
