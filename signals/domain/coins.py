"""What of a spot account's coins can be sold: a fee may be taken of them, and dust is left."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from exchanges.domain.precision import to_step_up
from exchanges.domain.trading import InstrumentFacts

COIN_FEE = Decimal("0.002")  # the most that a purchase's fee takes of what is bought


def least_sale(rules: InstrumentFacts, price: Decimal | None) -> Decimal:
    """The smallest quantity that is taken at `price` (None: whatever its worth), in whole steps.

    An exchange lets nobody off its least worth for reducing, where it knows of no positions.
    """
    worth = rules.min_notional / price if price else Decimal(0)
    return to_step_up(max(rules.min_quantity, rules.step, worth), rules.step)


def entry_rules(rules: InstrumentFacts, stop: Decimal) -> InstrumentFacts:
    """The rules of an entry whose coins can still be sold at their stop, the fee taken off."""
    sold = least_sale(rules, stop) + rules.step  # what the fee leaves of the last step stays
    least = to_step_up(sold / (1 - COIN_FEE), rules.step)
    return replace(rules, min_quantity=max(least, rules.min_quantity))
