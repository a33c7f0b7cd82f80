"""What a request is for; when the exchange's limits bind, what is named first goes first."""

from __future__ import annotations

from enum import IntEnum


class Lane(IntEnum):
    """`RECORD` needs nothing of the exchange, so no limit of its can hold it up.

    `WATCH` came later than `POLL`, and rows hold numbers.
    """

    PROTECT = 1  # stops, closing, and orders of unknown fate
    ENTRY = 2
    AMEND = 3  # targets and whatever else follows a fill
    RECORD = 4
    WATCH = 6  # entries that rest where a fill has no stop until it is seen
    POLL = 5
