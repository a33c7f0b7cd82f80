"""What an account may still put in, other copies on their way taken into account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.db.models import QuerySet

from exchanges.models import Connection
from signals.domain.direction import Direction
from signals.domain.following import Rules, SizingMode
from signals.domain.sizing import Money
from signals.models import LIVE_STATUSES, Copy, CopySettings

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Binding:
    """What a live copy binds, in USDT; `unseen` is margin that the cached balance cannot show."""

    unseen: Decimal
    notional: Decimal


Bindings = dict[int, dict[int, Binding]]  # connection -> copy


def bindings_of(links: Collection[int] | QuerySet[Connection]) -> Bindings:
    """What the live copies of these connections bind; one that is not sized yet binds nothing."""
    rows = Copy.objects.filter(
        connection__in=links, status__in=LIVE_STATUSES, margin__isnull=False
    ).values_list(
        *("connection_id", "pk", "margin", "leverage", "acknowledged_at"),
        "connection__balance_at",
    )
    found: Bindings = defaultdict(dict)
    for link, copy, *figures in rows:
        found[link][copy] = _binding(*figures)
    return found


def binding_of(copy: Copy, link: Connection) -> Binding:
    return _binding(copy.margin, copy.leverage, copy.acknowledged_at, link.balance_at)


def _binding(
    margin: Decimal | None,
    leverage: Decimal | None,
    taken: datetime | None,
    seen: datetime | None,
) -> Binding:
    is_unseen = taken is None or seen is None or taken >= seen
    margin = margin or ZERO
    return Binding(margin if is_unseen else ZERO, margin * (leverage or 1))


def others(link: Connection, copy: Copy, bindings: Bindings) -> list[Binding]:
    """What the connection's other copies bind."""
    return [binding for pk, binding in bindings.get(link.pk, {}).items() if pk != copy.pk]


class Balance(Protocol):
    """An account as it was last read, in USDT; None: never."""

    @property
    def equity(self) -> Decimal | None: ...

    @property
    def available(self) -> Decimal | None: ...


def money_for(link: Balance, bound: Collection[Binding]) -> Money | None:
    """None when the balance was never read."""
    if link.equity is None or link.available is None:
        return None
    return Money(
        equity=link.equity,
        available=link.available,
        in_flight=sum((binding.unseen for binding in bound), ZERO),
        exposure=sum((binding.notional for binding in bound), ZERO),
    )


def chosen_authors(links: Collection[int] | QuerySet[Connection]) -> dict[int, set[int]]:
    """Whom each of these connections follows, where it does not follow everybody."""
    chosen: dict[int, set[int]] = defaultdict(set)
    rows = CopySettings.authors.through.objects.filter(copysettings__connection__in=links)
    for link, author in rows.values_list("copysettings__connection", "user"):
        chosen[link].add(author)
    return chosen


def rules_of(link: Connection, authors: Iterable[int]) -> Rules | None:
    """A connection's settings as the domain's value; None when there are none."""
    stored: CopySettings | None = getattr(link, "copy_settings", None)
    return rules_from(stored, authors) if stored is not None else None


def rules_from(stored: CopySettings, authors: Iterable[int]) -> Rules:
    """Settings as the domain's value; `authors` are the ones that are followed, none: all."""
    return Rules(
        mode=SizingMode(stored.sizing),
        amount=stored.amount,
        multiplier=stored.multiplier,
        max_leverage=stored.max_leverage,
        max_notional=stored.max_notional,
        max_exposure=stored.max_exposure,
        max_copies=stored.max_copies,
        min_equity=stored.min_equity,
        max_equity=stored.max_equity,
        allowed_symbols=frozenset(stored.allowed_symbols),
        denied_symbols=frozenset(stored.denied_symbols),
        only_side=Direction(stored.only_side) if stored.only_side else None,
        authors=frozenset(authors),
        max_slippage_percent=stored.max_slippage_percent,
        reserve_percent=Decimal(settings.BALANCE_RESERVE_PERCENT),
    )
