"""What the trader does in the exchange's app, and what it means for the copy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class OwnStop:
    """A stop that the trader set, in quote units, and the signal's level that it took over from."""

    level: Decimal
    over: Decimal


def own_stop(
    known: OwnStop | None,
    *,
    seen: Decimal | None,
    asked: Collection[Decimal],
    level: Decimal,
) -> OwnStop | None:
    """The trader's own stop while it counts: until the signal's own `level` moves.

    `seen` is the position's stop at the exchange and `asked` every level that we ever asked for. A
    stop that is gone (`seen` None) is put back at the trader's own level.
    """
    is_known = known is not None and seen in {None, known.level}
    if seen is not None and seen not in asked and not is_known:
        return OwnStop(seen, level)
    if known is not None and is_known and known.over == level:
        return known
    return None
