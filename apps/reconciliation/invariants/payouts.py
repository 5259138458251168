"""What is always true of payouts: each left its seller once, by two people, and none is on its way for ever."""

from apps.reconciliation.contracts import Contains, Invariant
from apps.reconciliation.invariants.words import spell

#: Payouts that were proposed, or that moved an account, lately: found first, and joined.
_TOUCHED = """(
                SELECT id FROM settlement_payout WHERE {recent:id}
                UNION SELECT reference FROM settlement_line
                    WHERE {recent:id} AND kind IN ('payout', 'payout_returned')
            ) touched JOIN settlement_payout p ON p.id = touched.id"""

_PAYOUT = ("id", "shop_id", "currency", "amount_minor", "status")
_LINE = ("id", "shop_id", "kind", "reference", "currency", "amount_minor")
_POSTING = ("id", "kind", "reference")
_ENTRY = ("id", "posting_id", "account", "owner_ref", "currency", "amount_minor")


def _moves_once(name: str, title: str, what: str, *, kind: str, statuses: str, sign: str) -> Invariant:
    """Payouts of these statuses, and no others, have one line and one posting of that kind, with their amount."""
    return Invariant(
        name=name,
        title=title,
        sql=spell(
            """
            SELECT p.id, p.currency, p.amount_minor, '<what>', p.shop_id
            FROM <touched>
            LEFT JOIN settlement_line l ON l.reference = p.id AND l.kind = '<kind>'
            LEFT JOIN ledger_posting g ON g.kind = '<kind>' AND g.reference = p.id
            LEFT JOIN ledger_entry e ON e.posting_id = g.id AND e.account = 'SELLER_AVAILABLE'
                AND e.owner_ref = p.shop_id AND e.currency = p.currency AND e.amount_minor = <sign>p.amount_minor
            WHERE (
                p.status IN <statuses> AND (
                    e.id IS NULL OR l.id IS NULL OR l.shop_id <> p.shop_id OR l.currency <> p.currency
                    OR l.amount_minor <> -(<sign>p.amount_minor)
                )
            ) OR (p.status NOT IN <statuses> AND (g.id IS NOT NULL OR l.id IS NOT NULL))
            """,
            touched=_TOUCHED,
            what=what,
            kind=kind,
            statuses=statuses,
            sign=sign,
        ),
        reads={
            "settlement_payout": _PAYOUT,
            "settlement_line": _LINE,
            "ledger_posting": _POSTING,
            "ledger_entry": _ENTRY,
        },
        contains=Contains.SHOP,
    )


INVARIANTS = (
    _moves_once(
        "I24",
        "A payout that was approved has left its seller's account once, with its amount",
        "account or books do not have it as it was approved",
        kind="payout",
        statuses="('APPROVED', 'SENT', 'CONFIRMED', 'REJECTED', 'RETURNED')",
        sign="",
    ),
    Invariant(
        name="I24b",
        title="A payout run is approved by somebody who did not propose it",
        sql="""
            SELECT r.id, r.currency, r.total_minor, 'nobody else has approved it', NULL
            FROM settlement_payout_run r LEFT JOIN kernel_approval a ON a.id = r.approval_id
            WHERE r.status = 'APPROVED' AND ({recent:r.id} OR {recently:r.decided_at}) AND (
                r.decided_by = '' OR r.decided_by = r.proposed_by OR a.id IS NULL OR a.status <> 'APPROVED'
                OR a.decided_by <> r.decided_by OR a.requested_by <> r.proposed_by
            )
        """,
        reads={
            "settlement_payout_run": (
                "id",
                "currency",
                "total_minor",
                "status",
                "approval_id",
                "proposed_by",
                "decided_by",
                "decided_at",
            ),
            "kernel_approval": ("id", "status", "requested_by", "decided_by"),
        },
    ),
    Invariant(
        name="I24c",
        title="A shop has one payout at a time whose outcome is open",
        sql="""
            SELECT MAX(p.id), MIN(p.currency), SUM(p.amount_minor), 'another payout of the shop is open', p.shop_id
            FROM settlement_payout p
            WHERE p.status IN ('PROPOSED', 'APPROVED', 'SENT')
                AND p.shop_id IN (SELECT shop_id FROM settlement_payout WHERE {recent:id})
            GROUP BY p.shop_id HAVING COUNT(p.id) > 1
        """,
        reads={"settlement_payout": _PAYOUT},
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I24d",
        title="Nothing is on its way to the bank for a payout that has an end",
        sql=spell(
            """
            SELECT p.id, MIN(e.currency), ABS(SUM(e.amount_minor)), 'the payout is over, and the books disagree',
                   p.shop_id
            FROM <touched> JOIN ledger_entry e ON e.about_ref = p.id AND e.account = 'PAYOUT_CLEARING'
            WHERE p.status IN ('CONFIRMED', 'REJECTED', 'RETURNED')
            GROUP BY p.id, p.shop_id HAVING SUM(e.amount_minor) <> 0
            """,
            touched=_TOUCHED,
        ),
        reads={
            "settlement_payout": _PAYOUT,
            "settlement_line": _LINE,
            "ledger_entry": ("account", "about_ref", "currency", "amount_minor"),
        },
        contains=Contains.SHOP,
    ),
    _moves_once(
        "I24e",
        "A payout that the bank did not make, or got back, is its seller's again, once, with its amount",
        "account or books do not have it back as it left",
        kind="payout_returned",
        statuses="('REJECTED', 'RETURNED')",
        sign="-",
    ),
    Invariant(
        name="I25d",
        title="The bank is told of a payout, or asked about it, when it is time to",
        sql="""
            SELECT p.id, p.currency, p.amount_minor, 'nobody tells the bank, or asks it', NULL
            FROM settlement_payout p
            WHERE p.ask_at < %(late)s AND (p.status = 'SENT' OR (
                p.status = 'APPROVED' AND NOT EXISTS (
                    SELECT 1 FROM kernel_freeze f
                    WHERE f.kind = 'all_payouts' OR (f.kind = 'shop_payouts' AND f.subject = p.shop_id)
                )
            ))
        """,
        reads={"settlement_payout": (*_PAYOUT, "ask_at"), "kernel_freeze": ("kind", "subject")},
    ),
    Invariant(
        name="I25e",
        title="No bank contradicts itself without anybody looking",
        sql="""
            SELECT p.id, p.currency, p.amount_minor, 'what the bank says contradicts what it was told', p.shop_id
            FROM settlement_payout p WHERE p.contradiction <> '' AND ({recent:p.id} OR p.ask_at IS NOT NULL)
        """,
        reads={"settlement_payout": (*_PAYOUT, "ask_at", "contradiction")},
        contains=Contains.SHOP,
    ),
    Invariant(
        name="I25f",
        title="A payout has an outcome three days after it was proposed, or is not sent",
        sql="""
            SELECT p.id, p.currency, p.amount_minor, 'its outcome has been unknown for days', NULL
            FROM settlement_payout p WHERE p.status = 'SENT' AND p.id < %(stale_id)s
        """,
        reads={"settlement_payout": _PAYOUT},
        is_for_recent=False,
    ),
)
