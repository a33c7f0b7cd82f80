"""A stop that the trader set counts until the signal's own moves."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from signals.domain.handover import OwnStop, own_stop

OURS, NEXT, THEIRS, OTHER = D(100), D(105), D(103), D(104)
KNOWN = OwnStop(THEIRS, OURS)


@pytest.mark.parametrize(
    ("known", "seen", "level", "found"),
    [
        (None, OURS, OURS, None),
        (None, None, OURS, None),  # taken off: ours is put back
        (None, THEIRS, OURS, KNOWN),
        (KNOWN, THEIRS, OURS, KNOWN),
        (KNOWN, None, OURS, KNOWN),  # taken off: theirs is put back
        (KNOWN, OTHER, OURS, OwnStop(OTHER, OURS)),
        (KNOWN, OURS, OURS, None),  # set back to what we had asked for
        (KNOWN, THEIRS, NEXT, None),  # the signal's stop has moved: it counts again
        (KNOWN, None, NEXT, None),
        (KNOWN, OTHER, NEXT, OwnStop(OTHER, NEXT)),
    ],
)
def test_whose_stop_counts(known, seen, level, found):
    assert own_stop(known, seen=seen, asked={OURS}, level=level) == found


def test_a_level_that_we_gave_back_to_the_trader_stays_theirs():
    """Putting their stop back is a request of ours, and makes it none of ours."""
    assert own_stop(KNOWN, seen=THEIRS, asked={OURS, THEIRS}, level=OURS) == KNOWN
