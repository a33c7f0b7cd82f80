"""Spans of time as exchanges are asked for them; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another, both included, in ms since 1970."""

    start: int
    end: int

    @classmethod
    def between(cls, since: datetime, until: datetime) -> Span:
        return cls(int(since.timestamp() * 1000), int(until.timestamp() * 1000))

    def last(self, longest: timedelta) -> Span:
        """What of it an exchange keeps that forgets after so long, reckoned from its end."""
        kept = self.end - int(longest.total_seconds() * 1000) + 1
        return Span(max(self.start, kept), self.end)

    def is_within(self, longest: timedelta) -> bool:
        return self.end - self.start <= longest.total_seconds() * 1000

    def parts(self, longest: timedelta) -> Iterator[Span]:
        """The same, in parts that an exchange takes; no moment stands in two of them."""
        step, start = int(longest.total_seconds() * 1000), self.start
        while start <= self.end:
            yield Span(start, min(start + step - 1, self.end))
            start += step
