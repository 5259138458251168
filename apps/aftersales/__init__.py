"""After-sales: what goes back once it was shipped, for whose fault, and who has to act until when.

Owns cases, their lines, their history and their evidence, and the reasons for which one may be opened.
Promises that a case always says who acts next, until when, and what happens otherwise; that units stand in one open
case at most; and that money, books, budgets and stock follow a decision in its own transaction.
Refuses to know how the order came about, how parcels are tracked, and what the seller is settled.

Each file is one act: `open_case`, `edit_case`, `review_case`, `offer`, `ship_back`, `inspect_return`, `replace_goods`,
`escalate`, `arbitrate`, `close_case`, `pay_back`, `refund_orders`, `refused_parcels`, `dispute`, `run_clock`. Beside
them, `duties` says who acts next, `reasons` reads the reasons, `eligibility` is what may be asked for, and `rows` locks
and moves cases.
"""
