"""The public door of ledger."""

from apps.ledger import journals, seller_journals
from apps.ledger.chart import CHART, Account, AccountClass, Side
from apps.ledger.contracts import (
    BalanceView,
    Entry,
    EntryView,
    Manifest,
    Outcome,
    Posting,
    PostingView,
    Sheet,
    StatementLine,
    TrialBalanceLine,
)
from apps.ledger.errors import AccountUnknown, AlreadyReversed, NotReversible, PostingUnbalanced
from apps.ledger.keys import known_public_keys, own_signer
from apps.ledger.sealing import Signer, is_key
from apps.ledger.selectors import (
    find_posting,
    get_balance,
    list_balances,
    list_entries,
    list_manifests,
    list_postings,
    list_statement,
    trial_balance,
)
from apps.ledger.services.correct import (
    ADJUSTMENT,
    REVERSAL,
    carry_out_adjustment,
    carry_out_reversal,
    request_adjustment,
    request_reversal,
)
from apps.ledger.services.post import post, post_pending, resolve, reverse
from apps.ledger.services.seal import close_days, seal_postings
from apps.ledger.trace import trace_order
from apps.ledger.verify import find_faults

__all__ = [
    "ADJUSTMENT",
    "CHART",
    "REVERSAL",
    "Account",
    "AccountClass",
    "AccountUnknown",
    "AlreadyReversed",
    "BalanceView",
    "Entry",
    "EntryView",
    "Manifest",
    "NotReversible",
    "Outcome",
    "Posting",
    "PostingUnbalanced",
    "PostingView",
    "Sheet",
    "Side",
    "Signer",
    "StatementLine",
    "TrialBalanceLine",
    "carry_out_adjustment",
    "carry_out_reversal",
    "close_days",
    "find_faults",
    "find_posting",
    "get_balance",
    "is_key",
    "journals",
    "known_public_keys",
    "list_balances",
    "list_entries",
    "list_manifests",
    "list_postings",
    "list_statement",
    "own_signer",
    "post",
    "post_pending",
    "request_adjustment",
    "request_reversal",
    "resolve",
    "reverse",
    "seal_postings",
    "seller_journals",
    "trace_order",
    "trial_balance",
]
