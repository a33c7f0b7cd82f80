"""How figures, symbols and reasons are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal

from django import template
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.wording import text_of
from exchanges.models import Connection
from hexagonal.lib.numbers import plain
from signals import selectors
from signals.models import Copy, SignalRevision

register = template.Library()
SECOND = 1000  # milliseconds


@register.filter
def figure(value: Decimal | None) -> str:
    """A number as it is: no rounding, no trailing zeros."""
    return "–" if value is None else plain(value)


@register.filter
def average(value: Decimal | None) -> str:
    """An average price to eight digits: more of them say nothing."""
    return "–" if value is None else plain(value.normalize(Context(prec=8)))


@register.filter
def usdt(value: Decimal | None) -> str:
    """USDT to the cent, for reading; the exact figure stands in the title."""
    return "–" if value is None else f"{value:,.2f}"


@register.filter
def percent(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:+.2f} %"


@register.filter
def pair(symbol: str) -> str:
    """BTCUSDT as #BTC/USDT."""
    return f"#{symbol.removesuffix('USDT')}/USDT" if symbol.endswith("USDT") else f"#{symbol}"


@register.filter
def reason(code: str) -> str:
    return text_of(code) if code else ""


# What a revision did.
ACTIONS: dict[str, str | Promise] = {
    "publish": _("Published"),
    "amend": _("Changed"),
    "cancel_entries": _("Entries cancelled"),
    "reduce": _("A part closed"),
    "close": _("All closed"),
    "note": _("Note"),
    "lapse": _("Entries expired"),
}


@register.filter
def action(revision: SignalRevision) -> str:
    """What a revision did, with its percentage or its reason."""
    said = str(ACTIONS.get(revision.action, revision.action))
    percent, why = revision.content.get("percent"), revision.content.get("reason")
    if percent:
        return f"{said} ({percent} %)"
    return f"{said}: {text_of(why)}" if why else said


@register.filter
def utc_moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


# What the figures of a reason are called.
FIGURES: dict[str, str | Promise] = {
    "equity": _("Equity"),
    "needed": _("Needed"),
    "usable": _("Free"),
    "margin": _("Margin"),
    "minimum": _("Smallest margin"),
    "quantity": _("Quantity"),
    "maximum": _("At most"),
    "percent": _("Distance"),
    "price": _("Price"),
}


@register.filter
def figures(params: Mapping[str, Decimal | str]) -> str:
    """The figures of a reason: `Needed 51.2 · Free 20`."""
    shown = [
        f"{FIGURES.get(name, name)} {plain(Decimal(value))}{' %' if name == 'percent' else ''}"
        for name, value in params.items()
    ]
    return " · ".join(shown)


# What lies between two moments of a copy, and what the moments are called.
SPANS: dict[str, str | Promise] = {
    "publish_claim": _("Published to taken up"),
    "claim_send": _("Taken up to sent"),
    "send_acknowledge": _("Sent to acknowledged"),
    "publish_acknowledge": _("Published to acknowledged"),
    "publish_fill": _("Published to first fill"),
    "fill_stop": _("First fill to the stop"),
}
STAGES: dict[str, str | Promise] = {
    "published": _("Published"),
    "claimed": _("Taken up"),
    "sent": _("Sent"),
    "acknowledged": _("Acknowledged"),
    "filled": _("First fill"),
}


@register.filter
def span(name: str) -> str:
    return str(SPANS[name])


@register.filter
def stage(name: str) -> str:
    return str(STAGES[name])


@register.filter
def duration(milliseconds: int | None) -> str:
    """83 ms, 1.24 s, 75 s."""
    if milliseconds is None:
        return "–"
    if abs(milliseconds) < SECOND:
        return f"{milliseconds} ms"
    seconds = milliseconds / SECOND
    return f"{seconds:.0f} s" if abs(seconds) >= 10 else f"{seconds:.2f} s"  # noqa: PLR2004


@register.filter
def to_the_millisecond(moment: datetime) -> str:
    """In the reader's zone."""
    local = timezone.localtime(moment)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03}"


@register.filter
def trading_fees(copy: Copy) -> Decimal:
    """What the trades cost, without the funding that stands beside it."""
    return copy.fees - copy.funding


@register.filter
def is_out_of_seed(link: Connection) -> bool:
    return selectors.is_out_of_seed(link)
