"""What is always true of what outsiders say: provider, bank and we tell of the same money. See Note [Files].

A day counts once the day before it and the day after it were fetched as well: what is done around midnight may stand in
either, and what was done before the first file was fetched stands in none.
"""

from apps.reconciliation.contracts import Contains, Invariant
from apps.reconciliation.invariants.words import spell

_FILE = ("source", "name", "first_id", "next_id")
_LINE = ("id", "source", "name", "kind", "subject_ref", "currency", "amount_minor", "fee_minor", "state")

#: Of a provider: the first and the last moment between which everything must stand in its files, as ids.
_COUNTS_FROM = "(SELECT MIN(f.next_id) FROM reconciliation_file f WHERE f.source = 'provider' AND f.name = {})"
_COUNTS_UNTIL = "(SELECT MAX(f.first_id) FROM reconciliation_file f WHERE f.source = 'provider' AND f.name = {})"


def _of_state(name: str, title: str, what: str, *, state: str) -> Invariant:
    """No line stands there."""
    return Invariant(
        name=name,
        title=title,
        sql=f"""
            SELECT l.id, l.currency, ABS(l.amount_minor), '{what}', NULL
            FROM reconciliation_file_line l WHERE l.state = '{state}'
        """,  # noqa: S608 - words of our own
        reads={"reconciliation_file_line": ("id", "currency", "amount_minor", "state")},
        is_for_recent=False,
    )


def _missing(of: str, tables: str, condition: str, *, provider: str, kind: str) -> str:
    """The part of a question for what stands in no file of its provider, though its day counts."""
    return f"""
            SELECT {of}.id, i.currency, {of}.amount_minor, 'the provider has not settled it', NULL
            FROM {tables}
            LEFT JOIN reconciliation_file_line l ON l.source = 'provider' AND l.name = {provider}
                AND l.kind = '{kind}' AND l.subject_ref = {of}.id
            WHERE {condition} AND l.id IS NULL
                AND {of}.id >= {_COUNTS_FROM.format(provider)} AND {of}.id < {_COUNTS_UNTIL.format(provider)}
    """  # noqa: S608 - names of our own


_OF_TENDER = "JOIN payments_tender t ON t.id = c.tender_id JOIN payments_intent i ON i.id = t.intent_id"

INVARIANTS = (
    _of_state(
        "I30",
        "What provider and bank tell of, we know of",
        "we know of nothing like it",
        state="MISSING_HERE",
    ),
    Invariant(
        name="I30b",
        title="What was captured, sent back or charged back, its provider has settled",
        sql=" UNION ALL ".join(
            [
                _missing("c", f"payments_capture c {_OF_TENDER}", "1 = 1", provider="t.provider", kind="charge"),
                _missing(
                    "c",
                    f"payments_call c {_OF_TENDER}",
                    "c.operation = 'refund' AND c.status = 'SUCCEEDED'",
                    provider="t.provider",
                    kind="refund",
                ),
                _missing(
                    "d",
                    "payments_dispute d JOIN payments_intent i ON i.id = d.intent_id",
                    "1 = 1",
                    provider="d.provider",
                    kind="chargeback",
                ),
            ]
        ),
        reads={
            "payments_capture": ("id", "tender_id", "amount_minor"),
            "payments_call": ("id", "tender_id", "operation", "status", "amount_minor"),
            "payments_dispute": ("id", "intent_id", "provider", "amount_minor"),
            "payments_tender": ("id", "intent_id", "provider"),
            "payments_intent": ("id", "currency"),
            "reconciliation_file": _FILE,
            "reconciliation_file_line": _LINE,
        },
        is_for_recent=False,
    ),
    _of_state(
        "I30c",
        "Provider and bank tell of the amounts that we know of",
        "it says another amount, account or outcome than we do",
        state="DIFFERS",
    ),
    _of_state("I30d", "Provider and bank tell of everything once", "it was told before", state="DUPLICATE"),
    Invariant(
        name="I30e",
        title="What a provider transfers is what its lines come to",
        sql="""
            SELECT t.id, t.currency, ABS(t.amount_minor - COALESCE(SUM(l.amount_minor - l.fee_minor), 0)),
                   'its lines come to another transfer', NULL
            FROM reconciliation_file_line t
            LEFT JOIN reconciliation_file_line l ON l.source = t.source AND l.name = t.name
                AND l.settlement_ref = t.settlement_ref AND l.kind <> 'total'
            WHERE t.kind = 'total'
            GROUP BY t.id, t.currency, t.amount_minor
            HAVING t.amount_minor <> COALESCE(SUM(l.amount_minor - l.fee_minor), 0)
        """,
        reads={"reconciliation_file_line": (*_LINE, "settlement_ref")},
        is_for_recent=False,
    ),
    Invariant(
        name="I30f",
        title="What a provider transfers, our bank has booked when it is due",
        sql="""
            SELECT t.id, t.currency, ABS(t.amount_minor), 'the bank has not booked the transfer', NULL
            FROM reconciliation_file_line t
            WHERE t.kind = 'total' AND t.state NOT IN ('AGREES', 'EXPLAINED') AND t.amount_minor <> 0 AND t.due_on < (
                SELECT MAX(f.`on`) FROM reconciliation_file f WHERE f.source = 'bank'
            )
        """,
        reads={
            "reconciliation_file_line": (*_LINE, "due_on"),
            "reconciliation_file": ("source", "on"),
        },
        is_for_recent=False,
    ),
    Invariant(
        name="I30g",
        title="What a bank has sent or got back, its statement tells",
        sql="""
            SELECT p.id, p.pays_currency, p.pays_minor, 'the statement of the bank does not tell of it', p.shop_id
            FROM settlement_payout p JOIN settlement_payout_account a ON a.id = p.account_id
            LEFT JOIN reconciliation_file_line s ON s.source = 'bank' AND s.name = a.bank AND s.kind = 'payout'
                AND s.subject_ref = p.id
            LEFT JOIN reconciliation_file_line r ON r.source = 'bank' AND r.name = a.bank AND r.kind = 'return'
                AND r.subject_ref = p.id
            WHERE (
                p.status IN ('CONFIRMED', 'RETURNED') AND s.id IS NULL
                AND p.execute_on >= (
                    SELECT MIN(f.`on`) FROM reconciliation_file f WHERE f.source = 'bank' AND f.name = a.bank
                )
                AND p.execute_on < (
                    SELECT MAX(f.`on`) FROM reconciliation_file f WHERE f.source = 'bank' AND f.name = a.bank
                )
            ) OR (
                p.status = 'RETURNED' AND r.id IS NULL
                AND p.ended_at >= (
                    SELECT MIN(f.`on`) FROM reconciliation_file f WHERE f.source = 'bank' AND f.name = a.bank
                )
                AND p.ended_at < (
                    SELECT MAX(f.`on`) FROM reconciliation_file f WHERE f.source = 'bank' AND f.name = a.bank
                )
            )
        """,
        reads={
            "settlement_payout": (
                "id",
                "account_id",
                "shop_id",
                "status",
                "pays_currency",
                "pays_minor",
                "execute_on",
                "ended_at",
            ),
            "settlement_payout_account": ("id", "bank"),
            "reconciliation_file_line": _LINE,
            "reconciliation_file": ("source", "name", "on"),
        },
        contains=Contains.SHOP,
        is_for_recent=False,
    ),
    Invariant(
        name="I27c",
        title="A provider owes nothing of a capture once it has settled what became of it",
        sql=spell(
            """
            SELECT c.id, MIN(e.currency), ABS(SUM(e.amount_minor)), 'a part of it is still with the provider', NULL
            FROM payments_capture c JOIN ledger_entry e ON e.about_ref = c.id
            JOIN ledger_posting p ON p.id = e.posting_id
            WHERE SUBSTR(e.account, 1, 13) = 'PSP_CLEARING.' AND e.is_pending = 0 AND c.id >= <since>
            GROUP BY c.id, c.provider
            HAVING SUM(e.amount_minor) <> 0 AND MAX(
                CASE WHEN p.kind IN ('capture', 'refund', 'dispute_opened', 'dispute_won') THEN e.posting_id END
            ) < <until>
            """,
            since=_COUNTS_FROM.format("c.provider"),
            until=_COUNTS_UNTIL.format("c.provider"),
        ),
        reads={
            "payments_capture": ("id", "provider"),
            "ledger_posting": ("id", "kind"),
            "ledger_entry": ("posting_id", "account", "currency", "amount_minor", "is_pending", "about_ref"),
            "reconciliation_file": _FILE,
        },
        is_for_recent=False,
    ),
)

#: Those that only a file can tell of.
NAMES = tuple(invariant.name for invariant in INVARIANTS)
