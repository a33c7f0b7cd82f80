"""Which facts Telegram tells, how urgently, and when to try again."""

from __future__ import annotations

from datetime import timedelta

# The trader may switch these off.
TRADE = frozenset(
    {
        *("published", "amended", "entered", "target_hit", "stop_hit", "closed", "left"),
        *("skipped", "failed", "expired", "noted", "seed_limit", "own_stop"),
    }
)
# Nobody may.
ALWAYS = frozenset(
    {
        *("alarm", "ops_alarm", "stop_put_back", "halted", "released", "panic", "schedule_missed"),
        "delisting",
        *("api_refused", "api_key_kept", "api_attention", "api_restored", "api_disconnected"),
        *("api_expiring", "api_expiry_sooner", "api_transfer_right", "api_held", "api_released"),
        *("suspended", "reinstated"),
    }
)
# Not of a fact about trading but of the link itself: the chat that has lost it is told.
RELINKED = "relinked"
URGENT = frozenset(
    {
        "alarm",
        "ops_alarm",
        "stop_hit",
        "failed",
        "closed",
        "api_attention",
        "api_expiry_sooner",
        "stop_put_back",
        "panic",
        RELINKED,
    }
)

LONGEST_WAIT = timedelta(seconds=60)  # an alarm must not sleep long after Telegram is back
KEPT = timedelta(hours=24)  # a notice that could not be sent for so long helps nobody
LATE = timedelta(minutes=2)  # from here on a notice says when it was true


def is_told(code: str, *, trade_notices: bool) -> bool:
    return code in ALWAYS or (trade_notices and code in TRADE)


def wait_after(attempts: int) -> timedelta:
    """2, 4, 8 … seconds after the first, second, third try, at most a minute."""
    return min(timedelta(seconds=2 ** min(attempts, 6)), LONGEST_WAIT)
