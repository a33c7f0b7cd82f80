"""The text of every reason and problem code, in the reader's language."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from signals.domain.linting import Problem
from signals.domain.reasons import Reason

REASONS: dict[str, str | Promise] = {
    Reason.ACCOUNT_SUSPENDED: _("The account is suspended."),
    Reason.TELEGRAM_MISSING: _("Telegram is not linked."),
    Reason.CONNECTION_NOT_READY: _("The exchange connection needs attention."),
    Reason.QUARANTINED: _("HEXAGONAL holds back new entries on this account for now."),
    Reason.SIZING_MISSING: _("Copying is switched off for this connection."),
    Reason.SYMBOL_BUSY: _("Another copied trade on this symbol is still running."),
    Reason.OWN_POSITION: _("The account has a position or order of its own on this symbol."),
    Reason.SYMBOL_UNKNOWN: _("The exchange does not list this symbol here."),
    Reason.SYMBOL_NOT_TRADABLE: _("The symbol cannot be traded at the moment."),
    Reason.SYMBOL_LEAVES: _("The exchange is about to delist this symbol; nothing new is entered."),
    Reason.BALANCE_UNKNOWN: _("The balance could not be read."),
    Reason.BALANCE_TOO_SMALL: _("The free balance is smaller than the margin of this trade."),
    Reason.SIZE_TOO_SMALL: _("The size is below the exchange's minimum order."),
    Reason.SIZE_TOO_LARGE: _("The size is above the exchange's maximum order."),
    Reason.LEVERAGE_TOO_HIGH: _("The leverage is higher than the exchange allows here."),
    Reason.STOP_PASSED: _("The price has already passed the stop."),
    Reason.PRICE_OUTSIDE: _("The price is not inside the entry range."),
    Reason.SEED_LIMIT: _("SEED LIMIT: the balance is outside the limits that you set."),
    Reason.SYMBOL_NOT_WANTED: _("Your settings leave this symbol out."),
    Reason.SIDE_NOT_WANTED: _("Your settings leave this side out."),
    Reason.AUTHOR_NOT_FOLLOWED: _("You do not follow this author."),
    Reason.TOO_MANY_COPIES: _("As many trades are open as your settings allow."),
    Reason.EXPOSURE_FULL: _("It would exceed the total exposure that you allow."),
    Reason.PRICE_AWAY: _("The price had run further from the entry than you allow."),
    Reason.DAILY_LOSS: _("Your daily loss limit is reached; new entries are paused."),
    Reason.WEEKLY_LOSS: _("Your weekly loss limit is reached; new entries are paused."),
    Reason.LOSS_STREAK: _("Too many losses in a row; new entries are paused."),
    Reason.DRAWDOWN: _("Your draw-down limit is reached; new entries are paused."),
    Reason.GATE_REFUSED: _(
        "Our own safety check stopped this order. Nothing was sent; we are looking into it."
    ),
    Reason.SHORT_UNSUPPORTED: _("This account trades spot: it cannot sell short."),
    Reason.STOP_UNSUPPORTED: _("This exchange keeps no stop for us, so nothing is entered."),
    Reason.ENTRY_UNSUPPORTED: _("This exchange does not offer this kind of entry."),
    Reason.EXIT_UNSUPPORTED: _("This exchange keeps no trailing stop."),
    Reason.HEDGE_UNSUPPORTED: _(
        "The account is in hedge mode, in which we do not trade on this exchange. Set its position "
        "mode to one-way there."
    ),
    Reason.KEY_INVALID: _("The exchange says that the API key is wrong."),
    Reason.KEY_EXPIRED: _("The API key has expired."),
    Reason.PERMISSION_MISSING: _("The API key may not trade contracts."),
    Reason.ADDRESS_NOT_ALLOWED: _("The API key does not allow our addresses."),
    Reason.MARGIN_INSUFFICIENT: _("The exchange says that the margin is not enough."),
    Reason.ORDER_INVALID: _("The exchange refused the order's figures."),
    Reason.STOP_REFUSED: _("The exchange refused the stop or the target."),
    Reason.REJECTED_BY_EXCHANGE: _("The exchange refused the order."),
    Reason.POSITION_MODE: _("The account's position mode does not fit."),
    Reason.MARGIN_MODE: _(
        "The contract is set to isolated margin at the exchange: set it to cross margin there."
    ),
    Reason.TOO_LATE: _("The order could not be placed in time, so it was not sent."),
    Reason.NOT_FILLED: _("The order found no counterpart and was not filled."),
    Reason.ENTRY_CANCELLED: _("The author withdrew the entry before it was filled."),
    Reason.ENTRY_EXPIRED: _("The time for the entry ran out."),
    Reason.TARGET_FIRST: _("The first target was reached before the entry."),
    Reason.RANGE_LEFT: _("The price ran away from the entry range."),
    Reason.OPTED_OUT: _("You left this signal out."),
    Reason.AMENDMENT_REFUSED: _("The exchange refused to change the entry, so it was withdrawn."),
    Reason.ENTRY_CANCELLED_BY_HAND: _("The entry was cancelled at the exchange."),
    Reason.TARGET: _("The target was reached."),
    Reason.STOP: _("The stop was hit."),
    Reason.TRAILING_STOP: _("The trailing stop was hit."),
    Reason.CLOSED_BY_AUTHOR: _("Closed by the author."),
    Reason.CLOSED_BY_TRADER: _("Closed by the trader."),
    Reason.CLOSED_BY_HAND: _("Closed by hand at the exchange."),
    Reason.HANDED_OVER: _(
        "You added to the position at the exchange: it is yours from now on, its stop stays."
    ),
    Reason.COINS_LOCKED: _(
        "Other orders at the exchange lock the coins of this trade: they are yours from now on, "
        "and what was ours is withdrawn, a stop included."
    ),
    Reason.LEFT_TO_TRADER: _(
        "You took it over: what was not filled was withdrawn, and a position is yours from now on, "
        "with the stop that stands at the exchange."
    ),
    Reason.LEFT_UNWITHDRAWN: _(
        "You took it over, but your API key did not let us withdraw our orders: entries and "
        "targets may still rest at the exchange. Withdraw them there, and look whether your "
        "position has a stop."
    ),
    Reason.STOP_MISSING: _("Closed at once, because the exchange refused the stop."),
    Reason.LIQUIDATED: _("The exchange liquidated the position."),
    Reason.DELEVERAGED: _("The exchange reduced the position (auto-deleveraging)."),
    Reason.DELISTED: _("The exchange settled the symbol."),
}

REFUSALS: dict[str, str | Promise] = {
    "signal_not_draft": _("This signal was published before."),
    "signal_not_open": _("This signal is not in progress."),
    "signal_changed": _(
        "The signal has changed since this page was opened. Look again before you repeat it."
    ),
    "signal_fixed_fields": _("Symbol, side, leverage and kind of entry stay as published."),
    "targets_reached": _("Targets that were reached keep their prices."),
    "signal_not_scheduled": _("This signal is not scheduled."),
    "schedule_past": _("The time of publication must lie in the future."),
    "schedule_warnings": _("Warnings had come up that nobody has accepted."),
    "schedule_errors": _("It was not valid any more."),
    "schedule_late": _("Its time had passed by too much."),
    "percent_wrong": _("The percentage must be between 0 and 100."),
    "price_unknown": _("No price of this symbol is known yet. Try again in a moment."),
    "note_empty": _("The note is empty."),
}

PROBLEMS: dict[str, str | Promise] = {
    Problem.SYMBOL_UNKNOWN: _("The exchange does not list this symbol."),
    Problem.SYMBOL_NEAR: _("The exchange does not list %(typed)s. Did you mean %(near)s?"),
    Problem.SYMBOL_NOT_TRADABLE: _("This symbol cannot be traded at the moment."),
    Problem.SYMBOL_DELISTED: _("The exchange has delisted this symbol."),
    Problem.DELISTING: _(
        "The exchange delists this symbol on %(at)s UTC: no new signals are taken on it."
    ),
    Problem.LEVERAGE_OUT_OF_RANGE: _("The leverage must be between %(low)s and %(high)s."),
    Problem.LEVERAGE_OFF_STEP: _("The leverage must be a multiple of %(step)s."),
    Problem.PRICE_NOT_POSITIVE: _("A price must be greater than zero."),
    Problem.PRICE_OFF_TICK: _("%(price)s is not a multiple of the tick %(tick)s."),
    Problem.STOP_INSIDE_RANGE: _("The stop lies inside the entry range."),
    Problem.STOP_WRONG_SIDE: _("The stop is on the wrong side of the entry range."),
    Problem.TARGET_WRONG_SIDE: _("The target %(price)s is on the wrong side of the entry range."),
    Problem.TARGET_TWICE: _("Two targets have the same price."),
    Problem.TARGETS_MISSING: _("At least one target is needed."),
    Problem.TARGETS_TOO_MANY: _("At most %(most)s targets are possible."),
    Problem.SHARE_NOT_POSITIVE: _("A target's share must be greater than zero."),
    Problem.SHARES_NOT_WHOLE: _("The shares must sum to 100 %%, they sum to %(total)s %%."),
    Problem.STEPS_OUT_OF_RANGE: _("A ladder has 2 to %(most)s steps."),
    Problem.WEIGHTS_WRONG: _("Give %(steps)s weights greater than zero, one for each step."),
    Problem.TRIGGER_MISSING: _("Give the price that the entry waits for."),
    Problem.STOP_AFTER_WRONG: _(
        "The stop can move after target 1 to %(most)s; the last target leaves nothing to protect."
    ),
    Problem.TRAIL_WRONG: _("Give either a distance or a percentage below 100, above zero."),
    Problem.TRAIL_TWICE: _("Either the last target trails or the stop does, not both."),
    Problem.EXPIRY_WRONG: _("An expiry must be greater than zero."),
    Problem.STOP_TOO_NEAR: _("The stop is nearer than fees and spread (%(costs)s)."),
    Problem.STOP_BEYOND_LIQUIDATION: _(
        "With isolated margin the position is liquidated before the stop: at this leverage after "
        "about %(percent)s %%."
    ),
    Problem.REWARD_BELOW_RISK: _(
        "The targets bring less than the stop costs, fees included: %(ratio)s to 1."
    ),
    Problem.SIGNAL_TWICE: _("A signal on this symbol and side is in progress already."),
    Problem.TARGET_PASSED: _(
        "The price has passed the target %(price)s already: unfilled entries expire at once."
    ),
    Problem.LIMITS_TOO_SLOW: _(
        "The exchange's limits make the entries take %(seconds)s s, but after %(most)s s an entry "
        "expires: the last accounts would not be entered."
    ),
    Problem.PRICE_FAR: _("The price, %(price)s, is %(percent)s %% away from the entry range."),
}
