"""The nominal result follows public prices."""

from __future__ import annotations

from decimal import Decimal as D

from signals.domain.draft import TargetDraft
from signals.domain.nominal import Progress, advance, finish
from tests.fixtures.people import long_btc

TWO = (TargetDraft(D(47000), D(50)), TargetDraft(D(48000), D(50)))


def follow(signal, *prices):
    progress = Progress()
    for price in prices:
        progress = advance(signal, progress, D(price), tick=D("0.1"), may_enter=True)
    return progress


def test_it_enters_at_the_edge_and_wins_at_the_target():
    found = follow(long_btc(), 46300, 45800, 46500, 47100)
    assert (found.entered, found.outcome, found.exit_price) == (46000, "target", 47000)
    assert found.result_percent == D("21.7391")


def test_it_loses_at_the_stop_with_what_the_first_target_took():
    found = follow(long_btc(targets=TWO), 45950, 47000, 45400)
    assert (found.targets_hit, found.outcome) == (1, "stop")
    assert found.result_percent == D("6.5288")


def test_a_price_that_never_came_is_no_entry():
    found = follow(long_btc(), 46300, 47500)
    assert found == Progress()
    ended = finish(long_btc(), found, "cancelled", D(46000))
    assert (ended.outcome, ended.result_percent) == ("cancelled", None)
