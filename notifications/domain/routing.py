"""Which facts Telegram tells, how urgently, and when to try again."""

from __future__ import annotations

from datetime import timedelta

# The trader may switch these off.
TRADE = frozenset(
    {
        *("published", "amended", "entered", "target_hit", "stop_hit", "closed"),
        *("skipped", "failed", "expired"),
    }
)
# Nobody may.
ALWAYS = frozenset(
    {"alarm", "api_refused", "api_attention", "api_disconnected", "suspended", "reinstated"}
)
URGENT = frozenset({"alarm", "stop_hit", "failed", "api_attention"})

MOST_ATTEMPTS = 12
LONGEST_WAIT = timedelta(minutes=10)


def is_told(code: str, *, trade_notices: bool) -> bool:
    return code in ALWAYS or (trade_notices and code in TRADE)


def wait_after(attempts: int) -> timedelta:
    """1, 2, 4 … seconds, at most ten minutes."""
    return min(timedelta(seconds=2 ** min(attempts, 10)), LONGEST_WAIT)
