"""Link ids: deterministic, one for each order, and of the form that Bybit takes."""

from __future__ import annotations

import re
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from signals.domain.link_ids import is_ours, link_id

LEGS = st.sampled_from(["entry", "close", *(f"target-{n}" for n in range(1, 11))])
ORDERS = st.tuples(st.uuids(), LEGS, st.integers(0, 50))


@given(ORDERS)
def test_an_id_fits_bybit_and_is_marked_as_ours(order):
    made = link_id(b"key", *order)
    assert re.fullmatch(r"hx[0-9a-hjkmnp-tv-z]{24}", made)
    assert made == link_id(b"key", *order)
    assert is_ours(made)


@given(st.sets(ORDERS, min_size=2, max_size=30))
def test_different_orders_have_different_ids(orders):
    assert len({link_id(b"key", *order) for order in orders}) == len(orders)


def test_another_key_gives_another_id():
    order = (UUID(int=1), "entry", 0)
    assert link_id(b"a", *order) != link_id(b"b", *order)


def test_a_strangers_id_is_not_ours():
    assert not is_ours("hx-my-own-order")
    assert not is_ours("")
