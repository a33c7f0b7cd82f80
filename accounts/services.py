"""What happens to users, a function each."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.activity import Fact, record
from accounts.choices import AccountStatus, ActivityKind
from accounts.models import User


def register(*, email: str, nickname: str, password: str, language: str, now: datetime) -> User:
    """Create a member. Raises `IntegrityError` when e-mail or name were taken meanwhile."""
    with transaction.atomic():
        user = User.objects.create_user(email, nickname, password, language=language)
        _tell(user, ActivityKind.REGISTER, "registered", now)
    return user


def rename(user: User, nickname: str) -> None:
    """Change what others see; a pairing key that is open stays valid, its uuid decides.

    Raises `IntegrityError` when the name was taken meanwhile.
    """
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(nickname=nickname)
    user.nickname = nickname


def change_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])


def set_language(user: User, language: str) -> None:
    user.language = language
    user.save(update_fields=["language"])


def set_preferences(user: User, *, language: str, time_zone: str) -> None:
    user.language, user.time_zone = language, time_zone
    user.save(update_fields=["language", "time_zone"])


def suspend(user: User, *, now: datetime) -> bool:
    """Take part no more from now on; what is open keeps its stop and target at the exchange."""
    return _move(user, AccountStatus.ACTIVE, AccountStatus.SUSPENDED, "suspended", now)


def reinstate(user: User, *, now: datetime) -> bool:
    return _move(user, AccountStatus.SUSPENDED, AccountStatus.ACTIVE, "reinstated", now)


def _move(
    user: User, before: AccountStatus, after: AccountStatus, code: str, now: datetime
) -> bool:
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk, status=before).update(status=after)
        if changed:
            _tell(user, ActivityKind.BAN, code, now)
    return bool(changed)


def _tell(user: User, kind: ActivityKind, code: str, now: datetime) -> None:
    record(Fact(kind, code, user.pk, {"name": user.nickname}, is_public=True), now=now)
