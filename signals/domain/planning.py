"""The planner: from what is wanted and what is seen to what is to be done, for one copy.

`plan` is pure and level-triggered: publishing, amending, cancelling, closing and repairing are
the same call, and once its actions have taken effect it returns nothing. It shapes every plan to
what Bybit holds: at most one conditional order of ours waits on a symbol (an entry with a trigger),
stop, target and trailing stop belong to the position, and further targets are plain limits. What
another exchange can do less (`Account.can`) is done another way, or the signal is skipped. Of
what a spot account holds, stop and sales take turns (`taking_turns.py`).
"""

from __future__ import annotations

from signals.domain.actions import Action, Cancel, HandOver
from signals.domain.entering import enter, keep_entry
from signals.domain.holding import keep_position, restore_stop
from signals.domain.leaving import (
    close,
    is_handed_over,
    let_go,
    only_stop_stands,
    withdraw_all,
    withdraw_entries,
    withdraw_exits,
)
from signals.domain.legs import is_entry_leg
from signals.domain.situation import Account, Desired, LegOrder, Observed
from signals.domain.taking_turns import is_gone, keep_coins, put_stop_back


def plan(desired: Desired, account: Account, observed: Observed) -> list[Action]:
    """Decide what to do next for one copy; while an order's fate is unknown, only a stop is set.

    Of a spot account's entries those that nobody wants are withdrawn even then: what they bought
    would be without a stop for as long as that takes.
    """
    if any(leg.is_unresolved for leg in observed.legs.values()):
        if account.can.holds_coins:
            return [*withdraw_entries(desired, observed), *put_stop_back(desired, observed)]
        return restore_stop(desired, account, observed)
    entries = [leg for leg in observed.legs.values() if is_entry_leg(leg.leg)]
    if not any(leg.was_sent for leg in entries):
        return enter(desired, account, observed)
    if account.can.holds_coins:
        return _trade_coins(entries, desired, account, observed)
    stays = desired.wants_position or desired.is_left
    if stays and is_handed_over(observed):
        return let_go(observed)
    if desired.is_left and observed.held > 0:
        # It is left with its stop: a bare position gets one first, or is closed like any other.
        return restore_stop(desired, account, observed) or let_go(observed)
    actions: list[Action] = []
    for entry in entries:
        actions += keep_entry(entry, desired, account, observed)
    if observed.held > 0:
        keep = desired.wants_position
        actions += keep_position(desired, account, observed) if keep else close(observed)
    elif observed.entered > 0:
        actions += withdraw_exits(observed)
    return actions


def _trade_coins(
    entries: list[LegOrder], desired: Desired, account: Account, observed: Observed
) -> list[Action]:
    """The same for a spot account, where more of the coin may be held than this copy's own."""
    if desired.is_given_up or is_gone(observed):
        return withdraw_all(observed) or [HandOver()]
    kept = [a for entry in entries for a in keep_entry(entry, desired, account, observed)]
    # What is withdrawn buys nothing more, whatever is refused after it; a change may be refused.
    withdrawn = [action for action in kept if isinstance(action, Cancel)]
    changed = [action for action in kept if not isinstance(action, Cancel)]
    actions = [*withdrawn, *keep_coins(desired, account.can, observed), *changed]
    is_done = desired.is_left and observed.held > 0 and only_stop_stands(observed)
    return actions or ([HandOver()] if is_done else [])
