"""When the next message may go out: Telegram's limits, counted on our side.

Limits: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
Every moment is in seconds of one monotonic clock, which the caller reads.
"""

from __future__ import annotations

from collections import deque

PER_SECOND = 25  # over all chats; Telegram allows about 30
CHAT_PAUSE = 1.05  # seconds between two notices to one chat; Telegram allows one a second
MOST_ANSWERS = 5  # to one chat in `ANSWER_SPAN` seconds: a short burst is tolerated
ANSWER_SPAN = 10.0
MOST_CHATS = 10_000  # remembered before those that are free again are forgotten


class Pace:
    """What notices and the bot's answers share: one bot has one allowance."""

    def __init__(self) -> None:
        self._free_at = 0.0
        self._held_until = 0.0
        self._chats: dict[int, float] = {}

    def hold(self, seconds: float, now: float) -> None:
        """Send nothing at all for a while; a shorter hold never ends a longer one."""
        self._held_until = max(self._held_until, now + seconds)

    def held_for(self, now: float) -> float:
        return max(0.0, self._held_until - now)

    def wait(self, now: float) -> float:
        """Seconds until the next message to anybody."""
        return max(0.0, max(self._free_at, self._held_until) - now)

    def is_free(self, chat_id: int, now: float) -> bool:
        return now >= self._chats.get(chat_id, 0.0)

    def take(self, chat_id: int, now: float) -> None:
        """Count a message that goes out now."""
        self._free_at = max(self._free_at, now) + 1 / PER_SECOND
        if len(self._chats) >= MOST_CHATS:
            self._chats = {chat: moment for chat, moment in self._chats.items() if moment > now}
        self._chats[chat_id] = now + CHAT_PAUSE


class Allowance:
    """How often one chat is answered, so that one person cannot use up everybody's limits."""

    def __init__(self) -> None:
        self._answers: dict[int, deque[float]] = {}

    def allows(self, chat_id: int, now: float) -> bool:
        """Count an answer, unless the chat has had its share."""
        if len(self._answers) >= MOST_CHATS:
            since = now - ANSWER_SPAN
            self._answers = {c: t for c, t in self._answers.items() if t and t[-1] > since}
        times = self._answers.setdefault(chat_id, deque())
        while times and times[0] <= now - ANSWER_SPAN:
            times.popleft()
        if len(times) >= MOST_ANSWERS:
            return False
        times.append(now)
        return True
