"""Pairing a Telegram chat with a user, and letting it go."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import IntegrityError, transaction

from accounts.activity import Fact, record
from accounts.choices import AccountStatus, ActivityKind
from accounts.models import User
from hexagonal.lib.clock import database_now
from hexagonal.lib.counting import count, counted
from notifications import outbox
from notifications.domain import pairing
from notifications.models import PairingKey, TelegramLink

MOST_KEYS = 10  # in `WINDOW`, for one user
MOST_TRIES = 5  # wrong keys in `WINDOW`, from one Telegram user
WINDOW = timedelta(minutes=10)


class PairingOutcome(StrEnum):
    """How a pasted key fared; the bot has a text for each."""

    PAIRED = "paired"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    CHAT_TAKEN = "chat_taken"
    SUSPENDED = "suspended"
    TOO_MANY_TRIES = "too_many_tries"


class TooManyKeys(Exception):
    pass


def issue_pairing_key(user: User) -> str:
    """Make the key that is shown once; the one before it is void from now on."""
    token = pairing.new_token()
    with transaction.atomic():
        # Two presses at once take turns: one live key a user, and no more of them than allowed.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        now = database_now()
        if user.pairing_keys.filter(created_at__gt=now - WINDOW).count() >= MOST_KEYS:
            raise TooManyKeys
        user.pairing_keys.filter(used_at=None, expires_at__gt=now).update(expires_at=now)
        PairingKey.objects.create(
            user=user,
            digest=pairing.digest(token),
            created_at=now,
            expires_at=now + pairing.LIFETIME,
        )
    return pairing.written(user.nickname, token)


def pair(text: str, *, chat_id: int, display_name: str) -> PairingOutcome:
    """Link the chat that sent a valid key to the key's user; of two at once, one wins."""
    tries = f"notifications:tries:{chat_id}"
    if counted(tries) >= MOST_TRIES:
        return PairingOutcome.TOO_MANY_TRIES
    outcome = _pair(text, chat_id, display_name)
    if outcome is not PairingOutcome.PAIRED:
        count(tries, seconds=WINDOW.total_seconds())
    return outcome


def _pair(text: str, chat_id: int, display_name: str) -> PairingOutcome:
    token = pairing.found_in(text)
    if token is None:
        return PairingOutcome.UNKNOWN
    keys = PairingKey.objects.filter(digest=pairing.digest(token))
    key = keys.select_related("user").first()
    if key is None:
        return PairingOutcome.UNKNOWN
    if key.user.status != AccountStatus.ACTIVE or not key.user.is_active:
        return PairingOutcome.SUSPENDED
    if TelegramLink.objects.filter(chat_id=chat_id).exclude(user=key.user).exists():
        return PairingOutcome.CHAT_TAKEN
    now = database_now()
    try:
        with transaction.atomic():
            if not keys.filter(used_at=None, expires_at__gt=now).update(used_at=now):
                used = keys.filter(used_at__isnull=False).exists()
                return PairingOutcome.USED if used else PairingOutcome.EXPIRED
            _link(key, chat_id, display_name, now)
    except IntegrityError:  # the chat was taken at the same moment; the key stays unused
        return PairingOutcome.CHAT_TAKEN
    return PairingOutcome.PAIRED


def _link(key: PairingKey, chat_id: int, display_name: str, now: datetime) -> None:
    user = key.user
    old = TelegramLink.objects.select_for_update(no_key=True).filter(user=user).first()
    if old is not None and old.chat_id != chat_id:
        outbox.hand_over(user, old, chat_id, key=str(key.pk), now=now)
    TelegramLink.objects.update_or_create(
        user=user,
        defaults={
            "chat_id": chat_id,
            "display_name": display_name[:130],
            "is_blocked": False,
            "linked_at": now,
        },
    )
    User.objects.filter(pk=user.pk).update(has_telegram=True)
    record(
        Fact(
            ActivityKind.TELEGRAM,
            "telegram_linked",
            user.pk,
            {"name": user.nickname},
            is_public=True,
        ),
        now=now,
    )


def unlink(user: User, *, now: datetime) -> None:
    with transaction.atomic():
        if TelegramLink.objects.filter(user=user).delete()[0]:
            User.objects.filter(pk=user.pk).update(has_telegram=False)
            outbox.drop(outbox.waiting().filter(user=user), "unlinked")
            fact = Fact(
                ActivityKind.TELEGRAM, "telegram_unlinked", user.pk, {"name": user.nickname}
            )
            record(fact, now=now)


def set_trade_notices(user: User, *, are_on: bool) -> None:
    TelegramLink.objects.filter(user=user).update(trade_notices=are_on)


def note_gone(chat_id: int) -> None:
    """The bot was blocked or the chat deleted: no entry without somebody to tell."""
    with transaction.atomic():
        links = TelegramLink.objects.filter(chat_id=chat_id)
        User.objects.filter(telegram_link__in=links).update(has_telegram=False)
        links.update(is_blocked=True)
        outbox.drop(outbox.waiting().filter(chat_id=chat_id), "gone")


def note_moved(chat_id: int, new_chat_id: int) -> None:
    """Follow a chat to its new id, with all that waits; one that is somebody else's is gone."""
    if TelegramLink.objects.filter(chat_id=new_chat_id).exists():
        note_gone(chat_id)
        return
    with transaction.atomic():
        TelegramLink.objects.filter(chat_id=chat_id).update(chat_id=new_chat_id)
        outbox.waiting().filter(chat_id=chat_id).update(chat_id=new_chat_id)
