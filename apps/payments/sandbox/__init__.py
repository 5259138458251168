"""The sandbox: a payment provider that moves no money, in this process or as a process of its own.

Owns its book: what it was asked under our references, what it answered, and what that makes of the money.
Promises what a real provider does: one effect per reference, refunds within what was captured, voids that may overtake
their charge, signed webhooks; and, when told to by a token or by its behaviour, what real providers do on bad days.
Refuses to know what is paid for, and every table of ours: it is an outsider that happens to ship with the product.
"""

from apps.payments.sandbox.factory import make_sandbox_provider

__all__ = ["make_sandbox_provider"]
