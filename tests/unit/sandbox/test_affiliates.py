"""Who may ask about clients, and who is one."""

from __future__ import annotations

import pytest

from sandbox.bybit.affiliates import customer_info
from sandbox.bybit.engine import ApiError
from sandbox.bybit.keys import TRADING, Key

ONLY = {"Affiliate": ["Affiliate"]}
OPERATOR = Key("op", "500", permissions=ONLY)
KEYS = {
    "op": OPERATOR,
    "client": Key("client", "7", affiliate_id=500),
    "other": Key("other", "8", affiliate_id=501),
    "sub": Key("sub", "9", affiliate_id=500, is_master=False, parent_uid="7"),
}


def test_a_client_is_shown_by_its_master_uid():
    answer = customer_info(KEYS, OPERATOR, {"uid": "7"})
    assert (answer["uid"], answer["tradeVol30Day"], answer["KycLevel"]) == ("7", "0", 1)


@pytest.mark.parametrize("uid", ["8", "9", "10"])
def test_nothing_is_shown_of_anybody_else(uid):
    assert customer_info(KEYS, OPERATOR, {"uid": uid}) == {}


@pytest.mark.parametrize(
    "key",
    [
        Key("op", "500"),
        Key("op", "500", permissions=TRADING | ONLY),
        Key("op", "500", permissions=ONLY, is_master=False),
    ],
)
def test_a_key_with_other_rights_or_of_a_sub_account_may_not_ask(key):
    with pytest.raises(ApiError) as refused:
        customer_info(KEYS, key, {"uid": "7"})
    assert refused.value.code == 10005


@pytest.mark.parametrize("params", [{}, {"uid": ""}, {"uid": "x"}])
def test_a_uid_is_needed(params):
    with pytest.raises(ApiError) as refused:
        customer_info(KEYS, OPERATOR, params)
    assert refused.value.code == 10001
