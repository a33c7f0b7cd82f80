"""Is anybody always first? How alike the order among accounts is from signal to signal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import combinations
from statistics import StatisticsError, correlation, fmean

Arrivals = Mapping[int, datetime]  # account -> when it came in
FEWEST = 3  # accounts that two signals must share: two are always in the same or the other order


def rank_correlation(first: Arrivals, second: Arrivals) -> float | None:
    """Spearman's, of the accounts in both: 1 the same order, -1 the reverse, 0 unrelated."""
    both = sorted(first.keys() & second.keys())
    if len(both) < FEWEST:
        return None
    try:
        one, other = ([signal[key] for key in both] for signal in (first, second))
        return correlation(_ranks(one), _ranks(other))
    except StatisticsError:  # all at the same moment
        return None


def mean_rank_correlation(signals: Sequence[Arrivals]) -> float | None:
    """The mean rank correlation of all pairs of signals: near 0, nobody is favoured."""
    pairs = (rank_correlation(first, second) for first, second in combinations(signals, 2))
    found = [value for value in pairs if value is not None]
    return fmean(found) if found else None


def _ranks(values: Sequence[datetime]) -> list[float]:
    """The rank of each value; equals share the mean of theirs."""
    ordered, counts = sorted(values), Counter(values)
    first = {value: rank for rank, value in reversed(list(enumerate(ordered)))}
    return [first[value] + (counts[value] - 1) / 2 for value in values]
