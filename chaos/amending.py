"""An author's changes, in the middle of a trade."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from chaos.trade import Trade, on_tick
from signals.services import publishing


def tighten_stop(trade: Trade) -> None:
    """Move the stop half of the way to the entry."""
    draft = trade.draft
    middle = (draft.entry_low + draft.entry_high) / 2
    stop = on_tick((draft.stop + middle) / 2, trade.symbol)
    trade.draft = replace(draft, stop=stop)
    publishing.amend(trade.stored, trade.draft, actor=trade.author, now=timezone.now())


def withdraw_entries(trade: Trade) -> None:
    publishing.cancel_entries(trade.stored, actor=trade.author, now=timezone.now())
