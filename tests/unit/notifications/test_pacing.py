"""The pace that notices and answers share."""

from __future__ import annotations

from notifications.domain.pacing import ANSWER_SPAN, CHAT_PAUSE, MOST_ANSWERS, Allowance, Pace


def test_a_second_holds_no_more_messages_than_allowed():
    pace, now, sent = Pace(), 100.0, []
    while now < 102:
        now += pace.wait(now)
        pace.take(len(sent), now)
        sent.append(now)
    assert max(sum(start <= t < start + 0.999 for t in sent) for start in sent) <= 25


def test_one_chat_waits_while_another_does_not():
    pace = Pace()
    pace.take(1, 100.0)
    assert not pace.is_free(1, 100.0 + CHAT_PAUSE - 0.01)
    assert pace.is_free(1, 100.0 + CHAT_PAUSE)
    assert pace.is_free(2, 100.0)


def test_a_shorter_hold_does_not_end_a_longer_one():
    pace = Pace()
    pace.hold(30, 100.0)
    pace.hold(1, 100.0)
    assert pace.held_for(129.0) == 1.0
    assert pace.wait(129.0) == 1.0
    assert pace.held_for(131.0) == 0.0


def test_who_talks_too_fast_is_not_answered_and_others_are():
    allowance = Allowance()
    assert [allowance.allows(1, 100.0) for _ in range(MOST_ANSWERS + 1)] == [
        *[True] * MOST_ANSWERS,
        False,
    ]
    assert allowance.allows(2, 100.0)
    assert allowance.allows(1, 100.0 + ANSWER_SPAN)
