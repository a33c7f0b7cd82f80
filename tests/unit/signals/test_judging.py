"""Where a copy stands after a look, and what may follow what."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.domain.trading import Cause
from signals.domain.direction import Direction
from signals.domain.judging import (
    EntryState,
    Evidence,
    Execution,
    Totals,
    judge,
    reckoned,
    total,
)
from signals.domain.lifecycle import (
    FINAL,
    TRANSITIONS,
    CopyStatus,
    IllegalTransition,
    check_transition,
)
from signals.domain.reasons import Reason

S = CopyStatus


def evidence(entry, entered="0", exited="0", **changes):
    fields = {
        "entry": entry,
        "totals": Totals(D(entered), None, D(exited), None, D(0)),
        "is_booked": True,
        "exit_cause": None,
        "exit_is_ours": False,
        "exit_is_target": False,
        "close_reason": Reason.NONE,
        "wants_entry": True,
        "lapse": Reason.NONE,
        "cancelled_by_hand": False,
    }
    return Evidence(**(fields | changes))


@pytest.mark.parametrize(
    ("status", "seen", "expected"),
    [
        (S.PENDING, evidence(EntryState.UNRESOLVED), (S.UNKNOWN, Reason.NONE)),
        (S.UNKNOWN, evidence(EntryState.NONE), (S.PENDING, Reason.NONE)),
        (S.UNKNOWN, evidence(EntryState.OPEN), (S.PLACED, Reason.NONE)),
        (S.PLACED, evidence(EntryState.OPEN, "1"), (S.FILLED, Reason.NONE)),
        (S.PLACED, evidence(EntryState.CANCELLED), (S.EXPIRED, Reason.NOT_FILLED)),
        (
            S.PLACED,
            evidence(EntryState.CANCELLED, wants_entry=False),
            (S.EXPIRED, Reason.ENTRY_CANCELLED),
        ),
        (S.PLACED, evidence(EntryState.REJECTED), (S.REJECTED, Reason.REJECTED_BY_EXCHANGE)),
        (S.FILLED, evidence(EntryState.DONE, "1", "0.5"), (S.FILLED, Reason.NONE)),
        (
            S.FILLED,
            evidence(EntryState.DONE, "1", "1", exit_cause=Cause.STOP),
            (S.CLOSED, Reason.STOP),
        ),
        (
            S.FILLED,
            evidence(EntryState.DONE, "1", "1", exit_cause=Cause.USER, exit_is_target=True),
            (S.CLOSED, Reason.TARGET),
        ),
        (
            S.FILLED,
            evidence(EntryState.DONE, "1", "1", exit_cause=Cause.USER, exit_is_ours=True),
            (S.CLOSED, Reason.CLOSED_BY_AUTHOR),
        ),
        (
            S.FILLED,
            evidence(EntryState.DONE, "1", "1", exit_cause=Cause.CLOSED_BY_HAND),
            (S.CLOSED, Reason.CLOSED_BY_HAND),
        ),
        (
            S.FILLED,
            evidence(EntryState.DONE, "1", "1", exit_cause=Cause.LIQUIDATION),
            (S.CLOSED, Reason.LIQUIDATED),
        ),
        (S.FILLED, evidence(EntryState.OPEN, "1", "1"), (S.FILLED, Reason.NONE)),
        (S.FILLED, evidence(EntryState.DONE, "1", "1", is_booked=False), (S.FILLED, Reason.NONE)),
    ],
)
def test_evidence_decides(status, seen, expected):
    assert judge(status, seen) == expected


def test_a_final_state_is_never_left():
    for final in FINAL:
        for other in S:
            if other is not final:
                with pytest.raises(IllegalTransition):
                    check_transition(final, other)


def test_every_state_but_the_first_can_be_reached():
    assert {after for following in TRANSITIONS.values() for after in following} == set(S)


def test_sums_keep_funding_out_of_quantities():
    fills = [
        Execution(True, Cause.USER, D(2), D(100), D("0.1")),
        Execution(True, Cause.USER, D(1), D(103), D("0.1")),
        Execution(True, Cause.FUNDING, D(3), D(100), D("0.5")),
        Execution(False, Cause.STOP, D(3), D(90), D("0.2")),
    ]
    found = total(fills)
    assert (found.entered, found.entry_average, found.held) == (3, 101, 0)
    assert found.fees == D("0.9")


def test_a_fee_in_coins_is_never_got_and_goes_with_what_is_sold():
    fills = [
        Execution(True, Cause.USER, D(10), D(100), D(1), fee_coins=D("0.01")),
        Execution(False, Cause.TARGET, D(5), D(110), D("0.55")),
        Execution(False, Cause.TARGET, D("4.98"), D(110), D("1.1"), fee_coins=D("0.01")),
    ]
    found = total(fills)
    assert (found.entered, found.exited, found.held) == (D("9.99"), D("9.99"), 0)
    assert (found.entry_average, found.exit_average) == (100, 110)
    # Paid 1000, got 550 - 0.55 and 547.8; the last fee was paid in coins.
    result = reckoned(found, Direction.LONG, funding=D(0))
    assert result == D(550) - D("0.55") + D("4.98") * 110 - 1000


@pytest.mark.parametrize(
    ("exited", "changes", "reason"),
    [
        ("0.9", {"exit_is_target": True}, Reason.TARGET),
        ("0", {"lapse": Reason.RANGE_LEFT}, Reason.RANGE_LEFT),
        ("0", {}, Reason.NOT_FILLED),
    ],
)
def test_dust_keeps_no_copy_open(exited, changes, reason):
    seen = evidence(EntryState.DONE, "1", exited, is_dust=True, **changes)
    assert judge(S.FILLED, seen) == (S.CLOSED, reason)
    assert judge(S.FILLED, replace(seen, exit_rests=True)) == (S.FILLED, Reason.NONE)


@pytest.mark.parametrize("reason", [Reason.NONE, Reason.AMENDMENT_REFUSED, Reason.QUARANTINED])
def test_why_an_entry_was_withdrawn_says_nothing_of_a_later_close(reason):
    seen = evidence(EntryState.DONE, "1", "1", exit_is_ours=True, close_reason=reason)
    assert judge(S.FILLED, seen) == (S.CLOSED, Reason.CLOSED_BY_AUTHOR)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"close_reason": Reason.OPTED_OUT, "lapse": Reason.RANGE_LEFT}, Reason.OPTED_OUT),
        ({"lapse": Reason.RANGE_LEFT, "wants_entry": False}, Reason.RANGE_LEFT),
        ({"cancelled_by_hand": True, "wants_entry": False}, Reason.ENTRY_CANCELLED),
        ({"cancelled_by_hand": True}, Reason.ENTRY_CANCELLED_BY_HAND),
    ],
)
def test_an_entry_that_never_filled_says_why(changes, reason):
    seen = evidence(EntryState.CANCELLED, **changes)
    assert judge(S.PLACED, seen) == (S.EXPIRED, reason)


@pytest.mark.parametrize(
    ("status", "state", "after"),
    [
        (S.PENDING, EntryState.NONE, S.PENDING),
        (S.PLACED, EntryState.NONE, S.PLACED),
        (S.PENDING, EntryState.DONE, S.PLACED),  # filled, and its fills do not show yet
    ],
)
def test_what_is_not_known_yet_moves_nothing_to_an_end(status, state, after):
    assert judge(status, evidence(state)) == (after, Reason.NONE)


def test_a_later_step_without_an_answer_does_not_hide_what_is_open():
    assert judge(S.FILLED, evidence(EntryState.UNRESOLVED, "1")) == (S.FILLED, Reason.NONE)


def test_a_close_of_ours_says_why_it_was_asked_for():
    seen = evidence(
        EntryState.DONE, "1", "1", exit_is_ours=True, close_reason=Reason.CLOSED_BY_TRADER
    )
    assert judge(S.FILLED, seen) == (S.CLOSED, Reason.CLOSED_BY_TRADER)


@given(
    status=st.sampled_from(sorted(S)),
    state=st.sampled_from(EntryState),
    entered=st.integers(0, 3),
    exited=st.integers(0, 3),
    booked=st.booleans(),
    cause=st.none() | st.sampled_from(Cause),
    wanted=st.booleans(),
)
def test_an_end_always_has_a_reason_and_nothing_else_does(
    status, state, entered, exited, booked, cause, wanted
):
    seen = evidence(state, entered, exited, is_booked=booked, exit_cause=cause, wants_entry=wanted)
    after, reason = judge(status, seen)
    if status not in FINAL:
        assert bool(reason) == (after in FINAL)


def test_staying_is_always_legal():
    for status in S:
        check_transition(status, status)
        for after in TRANSITIONS[status]:
            check_transition(status, after)


def test_a_copy_is_not_over_while_an_exit_of_ours_rests():
    """What the trader has left on the symbol would be taken by it, and nobody would look again."""
    seen = evidence(EntryState.DONE, "1", "1", exit_rests=True)
    assert judge(S.FILLED, seen) == (S.FILLED, Reason.NONE)


def test_a_stop_order_of_ours_that_sold_is_the_stop():
    """By its leg: the exchange calls it an order like any other."""
    sold = evidence(EntryState.DONE, "1", "1", exit_cause=Cause.USER, exit_is_stop=True)
    assert judge(S.FILLED, sold) == (S.CLOSED, Reason.STOP)
