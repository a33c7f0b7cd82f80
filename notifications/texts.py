"""The notices' words, in the reader's language; every value that goes in is escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from accounts.wording import text_of
from exchanges.venues import VENUES
from notifications.domain.routing import RELINKED

Params = dict[str, str]


def render(code: str, params: Params, language: str, late_since: datetime | None = None) -> str:
    """Write a notice as Telegram's HTML; a late one says since when it is true."""
    safe: Params = {name: escape(str(value)) for name, value in params.items()}
    with override(language):
        if "reason" in params:
            safe["reason"] = escape(_reason(code, params))
        if "side" in params:
            safe["side"] = _("Long") if params["side"] == "long" else _("Short")
        if "symbol" in params:
            safe["symbol"] = escape(_slashed(params["symbol"]))
        text = TEXTS[code](safe)
    if late_since is not None:
        text += f"\n🕒 {late_since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return text


def _reason(code: str, params: Params) -> str:
    """What is said of a connection names its exchange; notices of old were all of Bybit."""
    reason = params["reason"]
    known = "bybit" if code.startswith("api_") else ""
    venue = VENUES.get(params.get("exchange", known))
    return venue.says(reason) if venue else text_of(reason)


def _slashed(symbol: str) -> str:
    return f"#{symbol.removesuffix('USDT')}/USDT" if symbol.endswith("USDT") else f"#{symbol}"


def _head(mark: str, title: str, params: Params) -> str:
    leverage = f" {params['leverage']}x" if params.get("leverage") else ""
    subject = f"{params.get('symbol', '')} · {params.get('side', '')}{leverage}"
    return f"{mark} <b>{title}</b>\n{subject}"


def _lines(head: str, *rows: tuple[str, str]) -> str:
    return "\n".join([head, *(f"{label}: {value}" for label, value in rows if value)])


def _signal(mark: str, title: str, params: Params) -> str:
    return _lines(
        _head(mark, title, params),
        (_("Entry (EP)"), f"{params['entry_low']} ~ {params['entry_high']}"),
        (_("Target (TP)"), params["targets"]),
        (_("Stop (SL)"), params["stop"]),
        (_("Note"), params.get("note", "")),
    )


def _published(params: Params) -> str:
    return _signal("📣", _("New signal"), params)


def _amended(params: Params) -> str:
    return _signal("✏️", _("Signal changed"), params)


def _entered(params: Params) -> str:
    return _lines(
        _head("✅", _("Entered"), params),
        (_("Quantity"), params["quantity"]),
        (_("Average price"), params["price"]),
        (_("Margin"), f"{params['margin']} USDT"),
        (_("Stop (SL)"), params["stop"]),
        (_("Connection"), params["connection"]),
    )


def _ended(mark: str, title: str) -> Callable[[Params], str]:
    def text(params: Params) -> str:
        return _lines(
            _head(mark, _(title), params),
            (_("Quantity"), params["quantity"]),
            (_("Average price"), params["price"]),
            (_("Result"), f"{params['pnl']} USDT"),
            (_("Fees"), f"{params['fees']} USDT" if "fees" in params else ""),
            (_("Reason"), params.get("reason", "")),
            (_("Connection"), params["connection"]),
        )

    return text


def _not_traded(mark: str, title: str) -> Callable[[Params], str]:
    def text(params: Params) -> str:
        return _lines(
            _head(mark, _(title), params),
            (_("Reason"), params["reason"]),
            *_figures(params),
            (_("Connection"), params["connection"]),
        )

    return text


def _seed_limit(params: Params) -> str:
    """Of a signal that was not copied for it, or of the account alone."""
    mark, title = "🚧", _("SEED LIMIT: not traded")
    head = _head(mark, title, params) if "symbol" in params else f"{mark} <b>{title}</b>"
    return _lines(
        head,
        (_("Reason"), params["reason"]),
        *_figures(params),
        (_("Connection"), params["connection"]),
    )


def _figures(params: Params) -> Iterator[tuple[str, str]]:
    """What the reason is about, in figures: only those that it has."""
    needed, usable = params.get("needed"), params.get("usable")
    yield _("Free / needed"), f"{usable} / {needed} USDT" if needed and usable else ""
    yield _("Equity"), f"{params['equity']} USDT" if params.get("equity") else ""
    yield _("Margin"), f"{params['margin']} USDT" if params.get("margin") else ""
    yield _("Smallest margin"), f"{params['minimum']} USDT" if params.get("minimum") else ""
    yield _("Quantity"), params.get("quantity", "")
    yield _("At most"), params.get("maximum", "")
    yield _("Distance"), f"{params['percent']} %" if params.get("percent") else ""
    yield _("Price"), params.get("price", "")


def _account(mark: str, title: str) -> Callable[[Params], str]:
    def text(params: Params) -> str:
        return _lines(
            f"{mark} <b>{_(title)}</b>",
            (_("Connection"), params.get("connection", "")),
            (_("Expires on"), params.get("at", "")),
            (_("Days left"), params.get("days", "")),
            (_("Reason"), params.get("reason", "")),
            (_("Our addresses"), params.get("addresses", "")),
            (_("Sign-up link"), params.get("url", "")),
            (_("Guide"), params.get("guide", "")),
        )

    return text


def _noted(params: Params) -> str:
    return _lines(_head("💬", _("Note from the author"), params), (_("Note"), params["text"]))


def _stop(mark: str, title: str) -> Callable[[Params], str]:
    def text(params: Params) -> str:
        return _lines(
            _head(mark, _(title), params),
            (_("Stop (SL)"), params["stop"]),
            (_("Connection"), params["connection"]),
        )

    return text


def _schedule_missed(params: Params) -> str:
    title = _("The signal was not published")
    head = f"⏰ <b>{title}</b>\n{params['symbol']}"
    return _lines(head, (_("Reason"), params["reason"]))


def _delisting(params: Params) -> str:
    title = _("The exchange delists a symbol")
    return _lines(
        f"📤 <b>{title}</b>\n{params['symbol']}",
        (_("Delisted on"), params.get("at", "")),
        (
            _("New signals"),
            _("None are taken on it. What is still open then is settled by the exchange."),
        ),
    )


def _ops_alarm(params: Params) -> str:
    head = f"🚨 <b>{params['reason']}</b>"
    return "\n".join(line for line in (head, params["subject"], params["detail"]) if line)


def _relinked(params: Params) -> str:
    text = _(
        "The notices of %(name)s go to another Telegram chat from now on. If that was not you, "
        "unlink it on the site and change your password."
    )
    return f"🔁 {text % {'name': params['name']}}"


TEXTS: dict[str, Callable[[Params], str]] = {
    "published": _published,
    "amended": _amended,
    "entered": _entered,
    "target_hit": _ended("🎯", gettext_noop("Target reached")),
    "stop_hit": _ended("🛑", gettext_noop("Stop hit")),
    "closed": _ended("🏁", gettext_noop("Position closed")),
    "skipped": _not_traded("⏭", gettext_noop("Not traded")),
    "failed": _not_traded("⚠️", gettext_noop("Order refused")),
    "expired": _not_traded("⌛", gettext_noop("Not entered")),
    "left": _not_traded("🤝", gettext_noop("The position is yours from now on")),
    "noted": _noted,
    "own_stop": _stop("✋", gettext_noop("Your own stop counts from now on")),
    "stop_put_back": _stop("🛡", gettext_noop("The stop was missing and stands again")),
    "seed_limit": _seed_limit,
    "halted": _account("⏸", gettext_noop("New entries are paused by your loss limit")),
    "released": _account("▶️", gettext_noop("New entries go on")),
    "panic": _account("🧯", gettext_noop("Everything is being closed, and copying is paused")),
    "schedule_missed": _schedule_missed,
    "delisting": _delisting,
    "ops_alarm": _ops_alarm,
    "alarm": _not_traded("🚨", gettext_noop("Attention: check your position")),
    "api_refused": _account("⛔", gettext_noop("API key refused")),
    "api_key_kept": _account(
        "⛔", gettext_noop("New API key refused; the former one stays in use")
    ),
    "api_attention": _account("⚠️", gettext_noop("Your exchange connection needs attention")),
    "api_restored": _account("✅", gettext_noop("Your exchange connection works again")),
    "api_expiring": _account("⏳", gettext_noop("Your API key is about to expire")),
    "api_expiry_sooner": _account("🔑", gettext_noop("Your API key will expire sooner")),
    "api_transfer_right": _account("⚠️", gettext_noop("Your API key may transfer assets now")),
    "api_held": _account("⏸", gettext_noop("New entries are held back")),
    "api_released": _account("▶️", gettext_noop("New entries are no longer held back")),
    "api_disconnected": _account("🔌", gettext_noop("Exchange disconnected")),
    RELINKED: _relinked,
    "suspended": _account("⛔", gettext_noop("Your account was suspended by the admin")),
    "reinstated": _account("✅", gettext_noop("Your account is active again")),
}
