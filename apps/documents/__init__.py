"""Documents: what a buyer and a seller keep on paper: receipts, invoices and credit notes.

Owns the documents, each with its frozen content, and the series that they are numbered in.
Promises that a document is issued once and never changed, that the numbers of a series have no gap and no double, and
that what is invoiced for an order, less its credit notes, is what its buyer has paid and not got back.
Refuses to know who ships, who refunds and why; what an order comes to is read from its frozen prices.

Each act is a file: `issue_receipts`, `bill_order`. Beside them `bill` is the arithmetic of what a document is about,
`content` what it says, `numbering` how it gets its number, and `page` how it looks on paper.
"""
