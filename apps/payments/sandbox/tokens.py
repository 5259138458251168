"""The method tokens and what each makes the sandbox do. `manage.py sandbox_provider --help` prints this table.

A token decides how its charge or authorisation is treated; captures, voids and refunds of the same tender are treated
as a good provider would, unless the token's meaning says otherwise. A charge is both steps in one, and what is said of
captures goes for it too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from apps.payments.provider import Operation

CARD: Final = "card"
VOUCHER: Final = "voucher"
BANK_SLIP: Final = "bank_slip"
METHODS: Final = frozenset({CARD, VOUCHER, BANK_SLIP})

INSTALMENTS_MAX: Final = 24

REDIRECT: Final = "redirect"
BANK_TRANSFER: Final = "bank_transfer"


class Reaction(Enum):
    """What the provider does first with a call that its rules allow."""

    ACCEPT = auto()
    REFUSE = auto()
    ASK_BUYER = auto()
    WAIT = auto()
    NOT_KNOW = auto()


class Lie(Enum):
    """In what a statement may differ from the truth."""

    AMOUNT = auto()
    CURRENCY = auto()
    ACCOUNT = auto()


@dataclass(frozen=True, slots=True)
class Treatment:
    """How one kind of call is treated.

    `code` says why it is refused, at first or in the end; `action` is the kind of the buyer's next action. A call that
    is not heard never arrives; of one that is not answered only the answer to the first sending is lost.
    """

    reaction: Reaction = Reaction.ACCEPT
    code: str = "declined"
    action: str = ""
    is_heard: bool = True
    is_answered: bool = True


PLAIN: Final = Treatment()
_UNANSWERED: Final = Treatment(is_answered=False)


@dataclass(frozen=True, slots=True)
class Token:
    """One method token. `pay` treats the charge or authorisation; `lie` stands in every statement about it."""

    name: str
    meaning: str
    methods: frozenset[str] = METHODS
    pay: Treatment = PLAIN
    capture: Treatment = PLAIN
    void: Treatment = PLAIN
    refund: Treatment = PLAIN
    lie: Lie | None = None

    def treatment_of(self, operation: Operation) -> Treatment:
        match operation:
            case Operation.CAPTURE:
                return self.capture
            case Operation.CHARGE if self.pay == PLAIN:
                return self.capture
            case Operation.VOID:
                return self.void
            case Operation.REFUND:
                return self.refund
            case Operation.CONTEST | Operation.ACCEPT:
                return PLAIN
        return self.pay


def _refusal(name: str, code: str) -> Token:
    return Token(name, f"Declined: {code}.", pay=Treatment(Reaction.REFUSE, code=code))


_ALL: Final = (
    Token("tok_ok", "Captured, or authorised, at once."),
    Token("tok_voucher", "The same, for vouchers only.", methods=frozenset({VOUCHER})),
    _refusal("tok_declined", "do_not_honor"),
    _refusal("tok_declined_insufficient_funds", "insufficient_funds"),
    _refusal("tok_declined_expired_card", "expired_card"),
    _refusal("tok_declined_stolen_card", "stolen_card"),
    _refusal("tok_declined_fraud", "suspected_fraud"),
    Token(
        "tok_3ds",
        "The buyer is redirected for 3-D Secure; completing decides.",
        methods=frozenset({CARD}),
        pay=Treatment(Reaction.ASK_BUYER, code="authentication_failed", action=REDIRECT),
    ),
    Token(
        "tok_slip",
        "The buyer gets a slip to pay at a bank; completing pays it, or lets it lapse.",
        methods=frozenset({BANK_SLIP}),
        pay=Treatment(Reaction.ASK_BUYER, code="slip_not_paid", action=BANK_TRANSFER),
    ),
    Token("tok_pending", "Pending; completing decides.", pay=Treatment(Reaction.WAIT)),
    Token(
        "tok_unknown",
        "The provider says that it does not know the outcome itself, also when asked; completing decides.",
        pay=Treatment(Reaction.NOT_KNOW),
    ),
    Token(
        "tok_late_capture",
        "Pending, cannot be voided, and captured whenever it is completed: late money.",
        pay=Treatment(Reaction.WAIT),
        void=Treatment(Reaction.REFUSE, code="not_voidable"),
    ),
    Token("tok_timeout", "The money is taken, but the answer is lost; asking tells.", pay=_UNANSWERED),
    Token(
        "tok_timeout_lost",
        "The call never arrives, however often it is sent, and no answer comes.",
        pay=Treatment(is_heard=False),
    ),
    Token("tok_wrong_amount", "Taken, but every statement names another amount.", lie=Lie.AMOUNT),
    Token("tok_wrong_currency", "Taken, but every statement names another currency.", lie=Lie.CURRENCY),
    Token("tok_wrong_account", "Taken, but every statement speaks for another account.", lie=Lie.ACCOUNT),
    Token(
        "tok_capture_declined",
        "Authorised; its capture is declined, and so is a charge.",
        capture=Treatment(Reaction.REFUSE, code="authorisation_expired"),
    ),
    Token("tok_capture_timeout", "Authorised; captured or charged, but that answer is lost.", capture=_UNANSWERED),
    Token("tok_refund_failed", "Taken; its refunds fail.", refund=Treatment(Reaction.REFUSE, code="refund_rejected")),
    Token(
        "tok_refund_pending",
        "Taken; its refunds are pending until completed.",
        refund=Treatment(Reaction.WAIT, code="refund_rejected"),
    ),
    Token("tok_refund_timeout", "Taken; refunded, but that answer is lost.", refund=_UNANSWERED),
)

TOKENS: Final[Mapping[str, Token]] = {token.name: token for token in _ALL}


def treatment_of(operation: Operation, method_token: str) -> Treatment:
    """How a call with that token is treated; an unknown token has no treatment of its own."""
    token = TOKENS.get(method_token)
    return PLAIN if token is None else token.treatment_of(operation)
