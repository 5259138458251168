"""Settlement: what a seller gets for an order, when, and how it reaches their bank.

Owns seller accounts, the signed lines that move them, the statements that the lines add up to, and payouts.
Promises that an order settles once, that what goes back afterwards is unwound to the same cent whatever came first, and
that an account is what its lines and the ledger say it is.
Refuses to know why money went back: it reads the order as it stands, and brings its settlement up to that.

`reckoning` is the arithmetic, and knows no tables. Each other file is one act: `settle_order`, `release_reserve`,
`close_statements`, `payout_accounts`, `fx_rates`, `payout_runs`, `send_payouts`; `services` writes the lines, and
`bank` is what a bank is to us.
"""
