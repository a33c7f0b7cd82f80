"""A price's way between two looks: its turning points, so that no wick between them is lost."""

from __future__ import annotations

from decimal import Decimal


def extend(path: list[Decimal], price: Decimal) -> None:
    """Add a price to a path in place; what lies on a straight way up or down is left out."""
    if path and price == path[-1]:
        return
    if len(path) > 1 and (path[-1] > path[-2]) == (price > path[-1]):
        path[-1] = price
    else:
        path.append(price)
