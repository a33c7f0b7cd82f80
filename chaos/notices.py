"""The waiting notices, and whom they go to."""

from __future__ import annotations

from chaos.people import FIRST_CHAT
from chaos.world import Control
from notifications.models import OutboxMessage, OutboxStatus
from notifications.outbox import waiting


def forget_waiting() -> None:
    """What earlier trades left: there was no bot to send it."""
    waiting().update(status=OutboxStatus.SENT)


def introduce(telegram: Control, count: int) -> None:
    for number in range(count):
        telegram.post("users", id=FIRST_CHAT + number, first_name=f"t{number}")
        telegram.post("send", user_id=FIRST_CHAT + number, text="/start")


def all_sent() -> bool:
    return not waiting().exists() and not OutboxMessage.objects.filter(status="failed").exists()
