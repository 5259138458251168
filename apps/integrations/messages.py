"""How buyers, sellers and operators are told, from events, through a port.

# Note [Messages]
A message leaves the process, so it cannot commit with anything: it is sent first, and then the inbox remembers that it
was. A process that dies between the two sends it again: at least once, and rarely twice.
"""

from dataclasses import dataclass
from smtplib import SMTPConnectError, SMTPServerDisconnected
from typing import Protocol

import structlog
from django.core.mail import EmailMessage

from apps.integrations.letters import LETTER_KINDS, write_letters
from tradecore import db, inbox
from tradecore.breakers import Circuit
from tradecore.extensions import ExtensionPoint
from tradecore.outbox import DeliveredEvent

log = structlog.get_logger()

CONSUMER = "messages"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that one person is told. `reference` is the same when it is sent again."""

    to: str
    subject: str
    body: str
    reference: str


class MessagePort(Protocol):
    """A way to tell people things. Raises whatever goes wrong: the event is delivered again later."""

    def send(self, message: Message) -> None: ...


class ConsolePort:
    """At home: messages stand in the log, word for word."""

    def send(self, message: Message) -> None:
        log.info("message", to=message.to, subject=message.subject, body=message.body, reference=message.reference)


class NoPort:
    """Elsewhere, without a mail server: nobody is told, and the log says so.

    It says neither to whom nor what: logs are kept and read by others, and a letter may hold the way into an account.
    """

    def send(self, message: Message) -> None:
        log.warning("message_not_sent", subject=message.subject, reference=message.reference, what_to_set="EMAIL_URL")


class EmailPort:
    """Through Django's mail settings. A mail server that does not answer is left alone for a while."""

    def __init__(self) -> None:
        self._circuit = Circuit("mail", failures=3, rest_s=30.0)

    def send(self, message: Message) -> None:
        email = EmailMessage(
            subject=message.subject,
            body=message.body,
            to=[message.to],
            headers={"Message-ID": f"<{message.reference}@tradecore>"},
        )
        # What is wrong with one recipient is no failure of the server.
        with self._circuit.calling(OSError, SMTPServerDisconnected, SMTPConnectError):
            email.send()


PORT: ExtensionPoint[MessagePort] = ExtensionPoint("messages", leads_outside=True)

#: The kinds of events that anybody is told of.
MESSAGE_KINDS = LETTER_KINDS


def send_messages(event: DeliveredEvent) -> None:
    """Tell whoever has to know of an event. Where nobody has, there is nothing to remember. See Note [Messages]."""
    db.assert_no_transaction()
    letters = write_letters(event)
    if not letters or inbox.is_handled(consumer=CONSUMER, event_id=event.id):
        return
    for number, letter in enumerate(letters):
        PORT.get("default").send(
            Message(to=letter.to, subject=letter.subject, body=letter.body, reference=f"{event.id}.{number}")
        )
    _remember(event)


@db.use_case
def _remember(event: DeliveredEvent) -> None:
    inbox.first_time(consumer=CONSUMER, event_id=event.id, now=event.occurred_at)
