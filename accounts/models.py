"""Who: users, what happened to them, and how many people look at the pages."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.choices import AccountStatus, ActivityKind


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, nickname: str, password: str, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), nickname=nickname, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, nickname: str, password: str, **fields: Any) -> User:
        return self.create_user(
            email, nickname, password, is_staff=True, is_superuser=True, **fields
        )

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in by e-mail and is seen by others under a nickname."""

    # The nickname stands in the pairing key `인증:<name>:<uuid>`: no colon, no white space.
    nickname_rule = RegexValidator(r"^[\w.-]+$", _("Use letters, digits, dots, dashes only."))

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    nickname = models.CharField(_("name"), max_length=30, unique=True, validators=[nickname_rule])
    status = models.CharField(
        max_length=12, choices=AccountStatus.choices, default=AccountStatus.ACTIVE
    )
    language = models.CharField(max_length=5, blank=True)  # blank: as the browser asks
    time_zone = models.CharField(max_length=50, blank=True)  # blank: by the language
    has_telegram = models.BooleanField(default=False)  # kept by notifications, in its transactions
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["nickname"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.UniqueConstraint(Lower("nickname"), name="user_nickname_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=AccountStatus.values), name="user_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.nickname


class ActivityEvent(models.Model):
    """A fact that somebody should see, written in the transaction of the fact.

    `code` names the text in `accounts.activity`'s catalogue, `params` fills it; no prose is stored.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Told once; null where a fact may happen again.
    key = models.CharField(max_length=120, unique=True, null=True, editable=False)  # noqa: DJ001
    kind = models.CharField(max_length=12, choices=ActivityKind.choices)
    code = models.CharField(max_length=40)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="activity"
    )  # whom it is about, and who is told
    params = models.JSONField(default=dict)
    is_public = models.BooleanField(default=False)  # shown in everybody's member activity log
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["-at"], condition=models.Q(is_public=True), name="activity_log"),
            models.Index(fields=["user", "-at"], name="activity_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class VisitorDay(models.Model):
    """One visitor on one day: a salted digest of address and agent, never the address."""

    day = models.DateField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "digest"], name="visitor_once_a_day")]


class PageViews(models.Model):
    """How many pages were shown on a day."""

    day = models.DateField(unique=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "page views"
