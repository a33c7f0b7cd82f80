"""Reads of when things happened: how long each stage of a signal's copies took, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from redis.exceptions import RedisError

from exchanges.models import Connection
from signals.domain.fairness import mean_rank_correlation
from signals.domain.legs import STOP
from signals.models import Copy, ExchangeCall, Signal

MILLISECOND = timedelta(milliseconds=1)
# Each span once more than the last, so that an hour and a tenth of a second fit into one picture.
BOUNDS = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000)  # milliseconds
FAIRNESS_SIGNALS = 50
FAIRNESS_ACCOUNTS = 50  # a sample; which ones, their random public ids decide
FAIRNESS_KEY, FAIRNESS_SECONDS = "signals:fairness", 600  # half a second of work

# A copy begins when it is made: with its signal, or when its trader joins later. The first fill is
# by the exchange's clock, everything else by the database's.
SPANS = """
SELECT span.name, count(*),
       percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY span.took), max(span.took)
FROM signals_copy copy CROSS JOIN LATERAL (VALUES
    ('publish_claim', copy.claimed_at - copy.created_at),
    ('claim_send', copy.sent_at - copy.claimed_at),
    ('send_acknowledge', copy.acknowledged_at - copy.sent_at),
    ('publish_acknowledge', copy.acknowledged_at - copy.created_at),
    ('publish_fill', copy.filled_at - copy.created_at),
    ('fill_stop', (
        SELECT min(stop.acknowledged_at) FROM signals_order stop
        WHERE stop.copy_id = copy.id AND stop.leg = %s AND stop.link_id <> ''
    ) - copy.filled_at)
) span(name, took)
WHERE copy.signal_id = %s AND copy.sent_at IS NOT NULL AND span.took IS NOT NULL
GROUP BY span.name
"""
COUNTS = """
SELECT width_bucket(extract(epoch FROM acknowledged_at - created_at) * 1000, %s), count(*)
FROM signals_copy WHERE signal_id = %s AND acknowledged_at IS NOT NULL GROUP BY 1
"""
ENDS = """
SELECT count(sent_at), count(acknowledged_at), count(*) FILTER (WHERE status = 'expired'),
       count(*) FILTER (WHERE acknowledged_at > created_at + make_interval(secs => %s))
FROM signals_copy WHERE signal_id = %s
"""
NAMES = (
    *("publish_claim", "claim_send", "send_acknowledge"),
    *("publish_acknowledge", "publish_fill"),
)
# Without a stop of its own on the way: only where that is an order which follows the fill.
STOP_GAP = "fill_stop"


@dataclass(frozen=True, slots=True)
class Span:
    """How long one stage took, over a signal's copies; milliseconds."""

    name: str
    count: int
    p50: int | None = None
    p90: int | None = None
    p99: int | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """Copies that were acknowledged within `least` and `most` milliseconds of publication."""

    least: int
    most: int | None  # None: no end
    count: int
    share: int  # percent of the highest bar


@dataclass(frozen=True, slots=True)
class Latency:
    spans: list[Span]
    bars: list[Bar]
    sent: int
    acknowledged: int
    expired: int  # never sent, because their time was over
    late: int  # acknowledged after the signal's time to live


def latency_of(signal: Signal) -> Latency:
    with connection.cursor() as cursor:
        cursor.execute(SPANS, [STOP, signal.pk])
        found = {name: (count, *middle, longest) for name, count, middle, longest in cursor}
        cursor.execute(COUNTS, [list(BOUNDS), signal.pk])
        counts = dict(cursor.fetchall())
        cursor.execute(ENDS, [settings.SIGNAL_TTL_SECONDS, signal.pk])
        sent, acknowledged, expired, late = cursor.fetchone()
    names = (*NAMES, STOP_GAP) if STOP_GAP in found else NAMES
    spans = [_span(name, found.get(name)) for name in names]
    return Latency(spans, _bars(counts), sent, acknowledged, expired, late)


def _span(name: str, found: tuple[int, *tuple[timedelta, ...]] | None) -> Span:
    if found is None:
        return Span(name, 0)
    count, *moments = found
    return Span(name, count, *(round(took / MILLISECOND) for took in moments))


def _bars(counts: dict[int, int]) -> list[Bar]:
    """From the first bar that is not empty to the last."""
    if not counts:
        return []
    edges, highest = (0, *BOUNDS, None), max(counts.values())
    return [
        Bar(edges[number] or 0, edges[number + 1], count, round(100 * count / highest))
        for number in range(min(counts), max(counts) + 1)
        for count in [counts.get(number, 0)]
    ]


@dataclass(frozen=True, slots=True)
class Fairness:
    """How alike the order among accounts was from signal to signal; near 0 is fair."""

    correlation: float | None
    signals: int
    accounts: int


def fairness() -> Fairness:
    """Of the signals that were published last, over a fixed sample of accounts."""
    published = Signal.objects.filter(published_at__isnull=False).order_by("-published_at")
    newest = list(published.values_list("pk", flat=True)[:FAIRNESS_SIGNALS])
    sample = Connection.objects.order_by("public_id").values_list("pk", flat=True)
    arrivals: dict[int, dict[int, datetime]] = {}
    accounts = list(sample[:FAIRNESS_ACCOUNTS])
    rows = Copy.objects.filter(signal__in=newest, connection__in=accounts)
    for signal, link, at in rows.values_list("signal_id", "connection_id", "acknowledged_at"):
        if at is not None:
            arrivals.setdefault(signal, {})[link] = at
    seen = {link for signal in arrivals.values() for link in signal}
    return Fairness(mean_rank_correlation(list(arrivals.values())), len(arrivals), len(seen))


def fairness_lately() -> Fairness:
    """As it was some minutes ago; computed anew while the cache is away."""
    try:
        return cast(Fairness, cache.get_or_set(FAIRNESS_KEY, fairness, FAIRNESS_SECONDS))
    except (RedisError, OSError):
        return fairness()


@dataclass(frozen=True, slots=True)
class Stage:
    """A moment in a copy's life, and how long after its beginning it came."""

    name: str
    at: datetime
    milliseconds: int


def stages_of(copy: Copy) -> list[Stage]:
    """The stages that the copy has come to, in the order in which they are passed."""
    moments = {
        "published": copy.created_at,
        "claimed": copy.claimed_at,
        "sent": copy.sent_at,
        "acknowledged": copy.acknowledged_at,
        "filled": copy.filled_at,
    }
    return [
        Stage(name, at, round((at - copy.created_at) / MILLISECOND))
        for name, at in moments.items()
        if at is not None
    ]


def calls_of(copy: Copy) -> list[ExchangeCall]:
    """What was sent for a copy and what came back, in order."""
    return list(copy.calls.select_related("order").order_by("pk"))
