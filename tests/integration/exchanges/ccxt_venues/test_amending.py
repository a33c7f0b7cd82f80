"""Where an exchange changes a resting order by our id, and where none may be changed."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.adapters.ccxt.venue import Feature
from exchanges.domain.errors import (
    InsufficientMargin,
    NotFound,
    OutcomeUnknown,
    Unavailable,
    Unsupported,
)
from tests.integration.exchanges.ccxt_venues.answers import LINK, VOICES
from tests.integration.exchanges.ccxt_venues.faults import FAULTS
from tests.integration.exchanges.ccxt_venues.orders import DEARER, SIZE
from tests.integration.exchanges.ccxt_venues.profiles import GOLDEN, KINDS, missing, venue_of
from tests.integration.exchanges.ccxt_venues.waiting import WAITING

AMENDING = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if VOICES[kind].amend], indirect=True
)


def written(server):
    return [heard for heard in server.heard if heard.verb != "GET"]


@AMENDING
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("amend_price", DEARER),
        ("amend_quantity", replace(DEARER, price=None, quantity=SIZE * 2)),
    ],
)
def test_a_resting_order_is_amended_by_our_id(kind, server, account, name, change):
    """What stays is said as well, and the quantity is the whole order's."""
    account.amend(change)
    assert [[heard.verb, heard.path, heard.said] for heard in written(server)] == GOLDEN[kind][name]
    assert VOICES[kind].link in server.heard[-1].path + json.dumps(server.heard[-1].said)


@AMENDING
def test_a_sale_is_amended_as_one(kind, server, account):
    verb, path, body = VOICES[kind].find
    said = json.dumps(body)
    sold = [('"buy"', '"sell"'), ('"BUY"', '"SELL"'), (": 500", ": -500"), (": 300", ": -300")]
    for bought, sale in sold:
        said = said.replace(bought, sale)
    server.answer(verb, path, said)
    account.amend(DEARER)
    expected = GOLDEN[kind]["amend_price"][-1][2]
    for name, sale in (("side", "SELL"), ("size", -500)):
        if name in expected:
            assert server.heard[-1].said[name] == sale


@AMENDING
def test_what_stands_already_is_not_asked_for_again(kind, server, account):
    account.amend(replace(DEARER, price=Decimal("59000.5"), quantity=SIZE))
    assert written(server) == []


@AMENDING
def test_an_order_that_is_gone_is_not_amended(kind, server, account):
    missing(kind, server)
    with pytest.raises(NotFound):
        account.amend(DEARER)
    assert written(server) == []


@AMENDING
def test_an_order_that_goes_meanwhile_is_not_found(kind, server, account):
    status, body = VOICES[kind].missing
    server.answer(*VOICES[kind].amend[:2], body, status)
    with pytest.raises(NotFound):
        account.amend(DEARER)
    assert len(written(server)) == 1


@AMENDING
def test_a_stop_that_waits_is_never_amended(kind, server, account):
    if Feature.TRIGGER not in venue_of(kind).features:
        pytest.skip("none is placed here")
    missing(kind, server)
    path, body = WAITING[kind]
    server.answer("GET", path, body)
    with pytest.raises(Unsupported):
        account.amend(DEARER)
    assert written(server) == []


@AMENDING
def test_no_order_is_amended_to_what_is_filled_of_it(kind, server, account):
    """Exchanges would withdraw it: whoever asks has not seen the fill yet."""
    for quantity in (Decimal("0.01"), Decimal("0.02")):
        with pytest.raises(Unavailable):
            account.amend(replace(DEARER, quantity=quantity))
    assert written(server) == []


@AMENDING
def test_levels_of_an_order_are_not_amended(kind, server, account):
    for level in ({"stop": Decimal(58000)}, {"target": Decimal(63000)}):
        with pytest.raises(Unsupported):
            account.amend(replace(DEARER, **level))
    assert server.heard == []


@AMENDING
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_never_an_amendment(kind, server, account, fault):
    verb, path, _ = VOICES[kind].amend
    FAULTS[fault](server, verb, path)
    with pytest.raises(OutcomeUnknown):
        account.amend(DEARER)
    assert len(written(server)) == 1


@AMENDING
def test_an_amendment_of_another_order_is_not_ours(kind, server, account):
    verb, path, body = VOICES[kind].amend
    server.answer(verb, path, json.dumps(body).replace(LINK, "somebodyelses"))
    with pytest.raises(OutcomeUnknown):
        account.amend(DEARER)


@AMENDING
def test_an_amendment_that_is_refused_is_refused(kind, server, account):
    status, body = VOICES[kind].broke
    server.answer(*VOICES[kind].amend[:2], body, status)
    with pytest.raises(InsufficientMargin):
        account.amend(DEARER)


@pytest.mark.parametrize("kind", ["binance_usdm"], indirect=True)
def test_that_nothing_has_to_be_amended_is_success(kind, server, account):
    said = {"code": -5027, "msg": "No need to modify the order."}
    server.answer(*VOICES[kind].amend[:2], said, 400)
    account.amend(DEARER)
    assert len(written(server)) == 1
