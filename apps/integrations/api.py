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
from apps.integrations.replay.files import FileMalformed
from apps.integrations.replay.rehearsing import StagedOrder, stage_recorded_orders

__all__ = [
    "COUNTED",
    "MESSAGE_KINDS",
    "PORT",
    "ConsolePort",
    "EmailPort",
    "FileMalformed",
    "Message",
    "MessagePort",
    "NoPort",
    "StagedOrder",
    "count_money",
    "send_messages",
    "stage_recorded_orders",
]
