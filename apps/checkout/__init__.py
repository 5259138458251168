"""Checkout: the story of a purchase, told in one place.

Owns no table: it reads the masters, asks pricing, and tells orders, payments, promotions and inventory what is true
now. Promises that what must be true together commits together, and that no provider is called while a lock is held.
Refuses to know how a request came in, and who carries the parcel.

Each file is one act: `quote`, `place_purchase`, `collect_payment`, `confirm_payment`, `expire_purchase`,
`cancel_lines`, `request_cancellation`, `end_remorse`.
"""
