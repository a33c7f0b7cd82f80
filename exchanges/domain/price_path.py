"""A price's way between two looks, so that no wick between them is lost."""

from __future__ import annotations

from decimal import Decimal

MOST = 200  # from then on turning points only: a second brings ten, a database that is away more


def extend(path: list[Decimal], price: Decimal) -> None:
    """Add a price to a path in place.

    Every one counts: on one way down an entry may be reached first and the stop after it.
    """
    if path and price == path[-1]:
        return
    is_straight = len(path) > 1 and (path[-1] > path[-2]) == (price > path[-1])
    if is_straight and len(path) >= MOST:
        path[-1] = price
    else:
        path.append(price)
