"""How long a socket may be silent, and how changes are put into messages."""

from __future__ import annotations

import pytest

from sandbox.bybit.streams.hub import gather
from sandbox.bybit.streams.server import alive_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 600), ("30s", 30), ("1m", 60), ("600s", 600), ("5s", 30), ("20m", 600), ("soon", 600)],
)
def test_a_socket_lives_as_long_as_it_asked_for_within_bounds(text, seconds):
    assert alive_seconds(text) == seconds


def order(name, status):
    return "order", {"orderId": name, "orderStatus": status}


def test_fills_of_a_moment_come_together_and_states_of_an_order_apart():
    fill = [("execution", {"execId": str(number)}) for number in range(2)]
    told = [order("a", "New"), fill[0], order("a", "Filled"), order("b", "Untriggered"), fill[1]]
    told += [order("b", "Triggered"), order("b", "New")]
    assert [(topic, len(rows)) for topic, rows in gather(told)] == [
        ("order", 1),
        ("execution", 2),
        ("order", 2),
        ("order", 1),
        ("order", 1),
    ]
