"""The public door of integrations: what the composition root plugs in."""

from apps.integrations.counting import COUNTED, count_money
from apps.integrations.messages import (
    MESSAGE_KINDS,
    PORT,
    ConsolePort,
    EmailPort,
    Message,
    MessagePort,
    NoPort,
    send_messages,
)

__all__ = [
    "COUNTED",
    "MESSAGE_KINDS",
    "PORT",
    "ConsolePort",
    "EmailPort",
    "Message",
    "MessagePort",
    "NoPort",
    "count_money",
    "send_messages",
]
