"""Contracts as the exchange has them: hundreds of them, those that leave, and rules that change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests
from django.utils import timezone

from exchanges import instruments, tasks
from exchanges.adapters.bybit.market import BybitMarket
from exchanges.domain.errors import Unavailable
from exchanges.instruments import MOST_LOOK_UPS, doubt, refresh_instruments
from exchanges.models import Instrument
from exchanges.ports import Wire
from exchanges.selectors import find_symbol
from hexagonal.lib.clock import database_now
from tests.fixtures.processes import eventually
from tests.integration.exchanges.test_bybit_adapter import a_server_that_says, result

pytestmark = pytest.mark.django_db(transaction=True)
INFO = "/v5/market/instruments-info"
MINUTE = timedelta(minutes=1)


def refresh():
    return refresh_instruments("bybit", "sandbox", now=database_now())


def asked(market):
    return market.paths().get(INFO, 0)


def listing(market, count):
    names = [f"COIN{number:04}USDT" for number in range(count)]
    market.post("instruments", contracts=[{"symbol": name, "price": "2.5"} for name in names])
    return names


def statuses(*symbols):
    rows = Instrument.objects.filter(symbol__in=symbols) if symbols else Instrument.objects.all()
    return set(rows.values_list("status", flat=True))


def a_list_of_one(market):
    """The next list holds one contract, as if all others had slipped from its pages."""
    query = {"category": "linear", "symbol": "ETHUSDT"}
    body = requests.get(f"{market.url}{INFO}", params=query, timeout=10).text
    market.fault("http", path=INFO, status=200, body=body, times=1)


# --- the whole list ------------------------------------------------------------------------------


def test_more_contracts_than_a_page_holds_are_read_and_found(market):
    before, there = asked(market), Instrument.objects.count()
    names = listing(market, 1100)
    assert refresh() == Instrument.objects.count() == there + 1100
    assert asked(market) == before + 2
    for typed in (names[0], "#coin0750/usdt", "COIN1099-USDT-SWAP"):
        assert find_symbol("sandbox", typed).symbol in names
    market.post(f"instruments/{names[-1]}", status="Closed")
    refresh()
    assert asked(market) == before + 2 + 3
    assert statuses(names[-1]) == {"Closed"}
    assert statuses(*names[:-1]) == {"Trading"}


def test_pages_that_lead_in_a_circle_end(market):
    def again(_):
        return result(list=[{}], nextPageCursor="again")

    with a_server_that_says(again) as url, pytest.raises(Unavailable, match="circle"):
        BybitMarket(Wire("sandbox", url, 1, 1, 5000)).instruments()


def test_what_slipped_from_the_list_and_still_trades_is_not_closed(market):
    a_list_of_one(market)
    assert refresh() == 1
    assert statuses() == {"Trading"}


def test_so_many_are_looked_up_in_an_hour_and_the_others_keep_their_state(market):
    listing(market, 100)
    refresh()
    before = asked(market)
    a_list_of_one(market)
    refresh()
    assert asked(market) == before + 2 + MOST_LOOK_UPS
    assert statuses() == {"Trading"}


@pytest.mark.parametrize("status", ["Delivering", "Closed", "PreLaunch"])
def test_what_trades_no_more_keeps_its_row_with_status_and_time(market, status):
    market.post("instruments/BAKEUSDT", status=status, delivery_time=1_900_000_000_000)
    refresh()
    row = Instrument.objects.get(symbol="BAKEUSDT")
    assert (row.status, row.delivery_at) == (status, datetime(2030, 3, 17, 17, 46, 40, tzinfo=UTC))
    market.post("instruments/BAKEUSDT", status="Trading", delivery_time=0)
    refresh()
    row.refresh_from_db()
    assert (row.status, row.delivery_at) == ("Trading", None)


def test_what_the_exchange_does_not_know_any_more_is_closed_by_list_and_name(market):
    market.post("instruments/BAKEUSDT", status="Closed")
    market.fault("retcode", path=INFO, code=10001, message="Not supported symbols", after=1)
    refresh()
    assert statuses("BAKEUSDT") == {"Closed"}
    assert Instrument.objects.filter(status="Trading").count() == Instrument.objects.count() - 1


def test_a_look_up_that_fails_closes_nothing(market):
    market.post("instruments/BAKEUSDT", status="Closed")
    market.post("instruments/ETHUSDT", step="0.05")
    market.fault("http", path=INFO, status=500, after=1)
    with pytest.raises(Unavailable):
        refresh()
    assert statuses("BAKEUSDT") == {"Trading"}
    assert str(Instrument.objects.get(symbol="ETHUSDT").step.normalize()) == "0.05"


# --- one contract that is doubted ----------------------------------------------------------------


def bitcoin():
    return Instrument.objects.get(symbol="BTCUSDT")


def test_whoever_doubts_a_contract_it_is_read_once_in_a_minute(market):
    now, before = database_now(), asked(market)
    market.post("instruments/BTCUSDT", step="0.002")
    for after in (0, 1, 59):
        doubt("bybit", "sandbox", "BTCUSDT", now=now + timedelta(seconds=after))
    assert bitcoin().doubted_at == now
    for _ in range(2):
        tasks.refresh_instrument(bitcoin().pk)
    assert asked(market) == before + 1
    assert bitcoin().step == bitcoin().min_quantity * 2
    assert Instrument.objects.filter(doubted_at__isnull=False).count() == 1
    doubt("bybit", "sandbox", "BTCUSDT", now=now + 2 * MINUTE)
    assert bitcoin().doubted_at == now + 2 * MINUTE


def test_a_doubt_that_led_to_no_reading_is_taken_up_once(market):
    now = database_now()
    doubt("bybit", "sandbox", "BTCUSDT", now=now)
    market.fault("http", path=INFO, status=500, times=1)
    tasks.refresh_instrument(bitcoin().pk)
    assert bitcoin().refreshed_at < now
    assert instruments.take_forgotten(now=now + timedelta(seconds=59)) == []
    assert instruments.take_forgotten(now=now + 2 * MINUTE) == [bitcoin().pk]
    assert instruments.take_forgotten(now=now + 2 * MINUTE) == []
    instruments.refresh_doubted(bitcoin().pk, now=now + 2 * MINUTE + timedelta(seconds=1))
    assert instruments.take_forgotten(now=now + timedelta(hours=1)) == []


def test_a_name_that_is_refused_closes_nothing_by_itself(market):
    doubt("bybit", "sandbox", "BTCUSDT", now=database_now())
    market.fault("retcode", path=INFO, code=10001, message="Not supported symbols", times=1)
    tasks.refresh_instrument(bitcoin().pk)
    assert bitcoin().status == "Trading"


def test_a_worker_reads_what_is_doubted(market, processes):
    processes.worker()
    market.post("instruments/BTCUSDT", min_notional="20")
    doubt("bybit", "sandbox", "BTCUSDT", now=timezone.now())
    eventually(lambda: bitcoin().min_notional == 20, 30)
