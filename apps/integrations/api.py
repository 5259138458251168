"""The public door of integrations: what the composition root plugs in."""

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
    "MESSAGE_KINDS",
    "PORT",
    "ConsolePort",
    "EmailPort",
    "Message",
    "MessagePort",
    "NoPort",
    "send_messages",
]
