"""What the bot answers, in the active language, as Telegram's HTML."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.html import escape
from django.utils.translation import gettext as _

from accounts.eligibility import missing
from accounts.models import User
from accounts.wording import text_of
from exchanges.models import Connection
from exchanges.selectors import connections_of, has_connection, is_held_back
from hexagonal.lib.numbers import plain
from notifications.services import PairingOutcome
from signals.domain.reasons import Reason
from signals.models import LIVE_STATUSES, CopySettings
from signals.selectors import copies_of, is_out_of_seed
from signals.services.copying import pause, resume

MOST_ROWS = 20


def welcome_text() -> str:
    return _(
        "Welcome to HEXAGONAL. Create a key on the site under API settings and paste it here to "
        "link this chat. /status and /positions show how things stand."
    )


def not_linked_text() -> str:
    return _("This chat is not linked. Create a key on the site and paste it here.")


def pairing_text(outcome: PairingOutcome) -> str:
    return {
        PairingOutcome.PAIRED: _("✅ Verified. This chat is linked to your account."),
        PairingOutcome.UNKNOWN: _("This key is not valid. Copy it from the site once more."),
        PairingOutcome.EXPIRED: _("This key has expired. Create a new one; it lives 5 minutes."),
        PairingOutcome.USED: _("This key has been used already. Create a new one."),
        PairingOutcome.CHAT_TAKEN: _("This chat is linked to another account."),
        PairingOutcome.SUSPENDED: _("This account is suspended."),
        PairingOutcome.TOO_MANY_TRIES: _("Too many wrong keys. Try again in 10 minutes."),
    }[outcome]


def status_text(user: User) -> str:
    gaps = missing(user, has_connection=has_connection(user), is_held_back=is_held_back(user))
    state = _("Automatic trading is on.") if not gaps else _("Automatic trading is not possible:")
    rows = [f"<b>{escape(user.nickname)}</b>", state, *(f"· {escape(gap)}" for gap in gaps)]
    for link in connections_of(user).select_related("copy_settings"):
        rows.append(f"{escape(link.name)}: {escape(link.get_status_display())}")
        rows += [f"· {escape(hold)}" for hold in _holds(link)]
    return "\n".join(rows)


def _holds(link: Connection) -> Iterator[str]:
    """Why a connection enters nothing new, although it is linked."""
    rules: CopySettings | None = getattr(link, "copy_settings", None)
    if getattr(link, "is_quarantined", False):
        yield text_of(Reason.QUARANTINED)
    if rules is None or not rules.is_enabled:
        yield text_of(Reason.SIZING_MISSING)
    if rules is not None and rules.halted_reason:
        yield text_of(rules.halted_reason)
    if is_out_of_seed(link):
        yield text_of(Reason.SEED_LIMIT)


def positions_text(user: User) -> str:
    live = copies_of(user).filter(status__in=LIVE_STATUSES)[:MOST_ROWS]
    rows = [
        f"#{escape(copy.symbol)} {copy.signal.get_side_display()} "
        f"{plain(copy.signal.leverage)}x · {escape(copy.get_status_display())} · "
        f"{plain(copy.entered_quantity or copy.quantity or copy.entered_quantity)}"
        for copy in live
    ]
    return "\n".join(rows) or _("You have no trades in progress.")


def pause_text(user: User) -> str:
    """Pause every connection; what is open goes on."""
    for link in connections_of(user):
        pause(link)
    return _("⏸ Paused. New signals are not copied; open trades go on. /resume to go on.")


def resume_text(user: User) -> str:
    """Let every connection copy again; a loss limit holds its own until it is released."""
    for link in connections_of(user):
        resume(link)
    rows = [
        _(
            "▶️ New signals are copied again. Those published meanwhile are left out, unless you "
            "chose to join open signals."
        )
    ]
    for link in connections_of(user).select_related("copy_settings"):
        rows += [f"⚠️ {escape(link.name)}: {escape(hold)}" for hold in _holds(link)]
    return "\n".join(rows)


def failed_text() -> str:
    return _("Something went wrong on our side. Nothing was changed half-way.")


def switched_text() -> str:
    return _("The language is English now.")
