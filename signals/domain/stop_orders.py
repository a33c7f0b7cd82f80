"""The stop as an order of its own, where the exchange keeps none for the position.

It follows the first fill, and covers what is held: a stop that is to move, or to grow, is placed
anew before the former one is withdrawn, so that the position is never without one in between. Both
only reduce; that they stand together for a moment sells nothing twice.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.domain.trading import InstrumentFacts, OrderType
from signals.domain.actions import Action, Cancel, Place
from signals.domain.direction import Direction
from signals.domain.draft import Draft
from signals.domain.legs import STOP
from signals.domain.situation import Levels, Observed, next_generation


def keep_stop_order(
    signal: Draft, level: Decimal, observed: Observed, position: Levels, rules: InstrumentFacts
) -> list[Action]:
    """Let one reducing order wait at `level` (quote units) for all that is held."""
    order = observed.legs.get(STOP)
    held = min(observed.held, position.quantity, rules.max_market_quantity)
    stands = order is not None and order.is_open
    if order is not None and stands and order.trigger == level and order.quantity >= held:
        return [Cancel(STOP, link_id) for link_id in order.replaced]
    return [
        Place(
            STOP,
            next_generation(order),
            OrderType.MARKET,
            held,
            price=None,
            stop=None,
            target=None,
            reduce_only=True,
            trigger=level,
            trigger_rises=signal.direction is Direction.SHORT,
        )
    ]
