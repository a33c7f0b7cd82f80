"""Nothing is signed but what trading needs, and nothing goes to another host."""

from __future__ import annotations

import pytest
from pybit.unified_trading import HTTP

from exchanges.adapters.bybit.endpoints import HOSTS, READS, WRITES, endpoints_of
from exchanges.adapters.bybit.transport import Transport
from exchanges.domain.errors import GateRefused, Unavailable
from exchanges.domain.trading import Credentials
from exchanges.ports import Wire

KEY = Credentials("key-1234", "secret-1234")
NOWHERE = Wire("sandbox", "http://127.0.0.1:1", 1, 1, 5000)  # what leaves fails otherwise
NEVER = [
    "withdraw",
    "create_internal_transfer",
    "create_universal_transfer",
    "create_sub_uid",
    "create_sub_api_key",
    "modify_master_api_key",
    "modify_sub_api_key",
    "delete_master_api_key",
    "set_deposit_account",
    "place_batch_order",
    "cancel_all_orders",
    "switch_position_mode",
]


@pytest.mark.parametrize("method", NEVER)
def test_what_trading_does_not_need_is_not_even_signed(method, caplog):
    transport = Transport(NOWHERE, KEY)
    with pytest.raises(GateRefused):
        transport.write(method, coin="USDT", amount="1", category="linear")
    assert "nobody needs" in caplog.text
    assert "secret-1234" not in caplog.text


def test_a_path_that_is_not_on_the_list_is_not_asked():
    with pytest.raises(GateRefused):
        Transport(NOWHERE, KEY).read_path("/v5/asset/withdraw/query-record")


def test_what_is_on_the_list_leaves():
    with pytest.raises(Unavailable):
        Transport(NOWHERE, KEY).write("place_order", category="linear")


def test_another_host_is_not_asked():
    transport = Transport(NOWHERE, KEY)
    transport._http.endpoint = "http://127.0.0.1:2"
    with pytest.raises(GateRefused):
        transport.write("place_order", category="linear")


@pytest.mark.parametrize("environment", list(HOSTS))
def test_the_hosts_are_those_that_the_client_goes_to(environment):
    http = HTTP(testnet=environment == "testnet", demo=environment == "demo")
    assert http.endpoint == HOSTS[environment]
    wanted = {("GET", http.endpoint + path) for path in READS}
    wanted |= {("POST", http.endpoint + path) for path in WRITES}
    assert endpoints_of(environment, None) == wanted


@pytest.mark.parametrize(("environment", "url"), [("nowhere", None), ("sandbox", "")])
def test_an_environment_without_a_host_is_asked_nothing(environment, url):
    with pytest.raises(GateRefused):
        Transport(Wire(environment, url, 1, 1, 5000), KEY).read("get_account_info")


def test_no_endpoint_moves_money_or_makes_keys():
    for word in ("asset", "transfer", "withdraw", "sub", "api-key", "update-api", "delete"):
        assert not [path for path in READS + WRITES if word in path]
