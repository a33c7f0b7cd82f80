"""A broker that is away loses a doorbell and a second, never more."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from celery import current_app

from hexagonal.lib import jobs


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    before = current_app.conf.broker_url
    yield
    use(before)


def use(url: str) -> None:
    current_app.conf.broker_url = url
    current_app.conf.broker_write_url = url
    jobs._producers.cache_clear()
    jobs._silent_until = 0.0


def seconds_for(rings: int) -> float:
    started = time.monotonic()
    taken = [jobs.enqueue("signals.nothing", expires=1) for _ in range(rings)]
    assert not any(taken)
    return time.monotonic() - started


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_dead_port_costs_nothing(scheme):
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    use(f"{scheme}://127.0.0.1:{port}//")

    assert seconds_for(25) < 0.5


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_says_nothing_costs_a_second(scheme):
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        use(f"{scheme}://127.0.0.1:{mute.getsockname()[1]}//")

        assert 0.9 < seconds_for(25) < 1.6


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_black_hole_costs_a_second(scheme):
    with ExitStack() as stack:
        hole = stack.enter_context(closing(socket.socket()))
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for _ in range(3):  # a full queue: whoever comes next gets no answer at all
            caller = stack.enter_context(closing(socket.socket()))
            caller.setblocking(False)
            caller.connect_ex(hole.getsockname())
        time.sleep(0.1)
        use(f"{scheme}://127.0.0.1:{hole.getsockname()[1]}//")

        assert 0.9 < seconds_for(25) < 1.6


def test_it_rings_again_when_the_broker_is_back():
    assert jobs.enqueue("signals.nothing", expires=1)
