"""What is never true by itself: money on an account of amounts that nobody can explain."""

from apps.reconciliation.contracts import Invariant

INVARIANTS = (
    Invariant(
        name="I37",
        title="Nothing stands in suspense: whatever came in or went out is explained",
        sql="""
            SELECT s.about_ref, s.currency, SUM(ABS(s.amount_minor)),
                   CASE WHEN SUM(s.amount_minor) < 0 THEN 'nobody can explain what came in for it'
                        ELSE 'nobody can explain what is missing of it' END, NULL
            FROM (
                SELECT e.about_ref, e.account, e.currency, SUM(e.amount_minor) AS amount_minor
                FROM (
                    SELECT DISTINCT about_ref FROM ledger_entry
                    WHERE SUBSTR(account, 1, 9) = 'SUSPENSE.' AND {recent:posting_id}
                ) touched JOIN ledger_entry e ON e.about_ref = touched.about_ref
                WHERE SUBSTR(e.account, 1, 9) = 'SUSPENSE.' AND e.is_pending = 0
                GROUP BY e.about_ref, e.account, e.currency HAVING SUM(e.amount_minor) <> 0
            ) s
            GROUP BY s.about_ref, s.currency
        """,
        reads={"ledger_entry": ("posting_id", "account", "currency", "amount_minor", "is_pending", "about_ref")},
    ),
)
