"""What waits to be written: newest states only, whatever the order, and never more than fits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from exchanges.domain.pushes import PositionPush, Pushed
from exchanges.domain.trading import Cause, FillFacts, OrderFacts, OrderState, OrderType, Side
from signals.services.intake import Intake

D = Decimal
START = datetime(2026, 1, 1, tzinfo=UTC)
OPEN, FILLED = OrderState.OPEN, OrderState.FILLED


def order(state=OPEN, filled="0", *, at=0, order_id="o", symbol="BTCUSDT"):
    return OrderFacts(
        order_id=order_id,
        link_id="hx1",
        parent_link_id="",
        symbol=symbol,
        side=Side.BUY,
        type=OrderType.LIMIT,
        state=state,
        cause=Cause.USER,
        position_index=0,
        quantity=D(1),
        filled=D(filled),
        average=None,
        price=D(46000),
        trigger_price=None,
        stop=None,
        target=None,
        reduce_only=False,
        is_cancelled_by_request=False,
        created_at=START,
        updated_at=START + timedelta(milliseconds=at),
    )


def fill(fill_id="e", symbol="BTCUSDT"):
    return FillFacts(
        *(fill_id, "o", "hx1", symbol, Side.BUY, Cause.USER, D(1), D(1), D(0), "USDT", D(0)),
        is_maker=False,
        at=START,
    )


def one(intake):
    (heard,) = intake.take(10).values()
    return heard


def test_of_an_order_the_newest_state_stays_in_whatever_order_it_comes():
    states = [order(at=0), order(filled="0.5", at=5), order(FILLED, "1", at=9)]
    for sequence in (states, states[::-1], [states[2], states[0], states[1], states[2]]):
        intake = Intake()
        for facts in sequence:
            intake.add(1, Pushed(orders=(facts,)))
        assert list(one(intake).orders.values()) == [states[2]]
        assert len(intake) == 0


def test_an_ended_order_does_not_live_again_within_a_millisecond():
    intake = Intake()
    intake.add(1, Pushed(orders=(order(OrderState.CANCELLED, at=5),)))
    intake.add(1, Pushed(orders=(order(at=5),)))
    assert one(intake).orders["o"].state is OrderState.CANCELLED


def test_fills_come_once_and_positions_by_their_time():
    intake = Intake()
    later = PositionPush("BTCUSDT", 0, None, START + timedelta(seconds=1))
    earlier = PositionPush("BTCUSDT", 0, None, START)
    for _ in range(2):
        intake.add(1, Pushed(fills=(fill(), fill("f"))))
    intake.add(1, Pushed(positions=(later,)))
    intake.add(1, Pushed(positions=(earlier,)))
    heard = one(intake)
    assert set(heard.fills) == {"e", "f"}
    assert heard.positions == {0: later}


def test_what_is_put_back_does_not_hide_what_came_meanwhile():
    intake = Intake()
    intake.add(1, Pushed(orders=(order(at=1),)))
    (place, held), *_ = intake.take(10).items()
    intake.add(1, Pushed(orders=(order(FILLED, "1", at=2),)))
    intake.put(place, held)
    assert one(intake).orders["o"].state is FILLED


def test_when_it_is_full_the_oldest_are_asked_for_instead():
    intake = Intake(most=4)
    for link in (1, 2, 3):
        intake.add(link, Pushed(fills=(fill("a"), fill("b"))))
    assert intake.take_lost() == {1}
    assert not intake.take_lost()
    assert {link for link, _ in intake.take(10)} == {2, 3}


def test_a_batch_takes_those_that_have_waited_longest():
    intake = Intake()
    for link in range(5):
        intake.add(link, Pushed(fills=(fill(),)))
    assert [link for link, _ in intake.take(3)] == [0, 1, 2]
    assert [link for link, _ in intake.take(3)] == [3, 4]
