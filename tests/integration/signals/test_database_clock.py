"""The clock that leases are measured by is set while an order is on its way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from hexagonal.lib.clock import database_now
from signals.models import Alarm, Order
from signals.services import working
from signals.services.stepping import ClockWatch
from tests.fixtures.people import link_account
from tests.integration.signals.steps import only_copy, settle
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)

CLOCKS = """
CREATE SCHEMA skewed;
CREATE TABLE skewed.step (seconds float);
INSERT INTO skewed.step VALUES (0);
CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS
  'SELECT pg_catalog.clock_timestamp() + make_interval(secs => (SELECT seconds FROM skewed.step))';
CREATE FUNCTION skewed.now() RETURNS timestamptz VOLATILE LANGUAGE sql AS
  'SELECT pg_catalog.now() + make_interval(secs => (SELECT seconds FROM skewed.step))';
SET search_path = skewed, public, pg_catalog;
"""


def step(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE skewed.step SET seconds = %s", [seconds])


@pytest.fixture
def skewed(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(CLOCKS)
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET search_path; DROP SCHEMA skewed CASCADE")


@pytest.mark.parametrize("seconds", [50, 3600])
@pytest.mark.parametrize("trouble", ["accept_then_reset", "drop_before"])
def test_a_step_forward_doubles_nothing(skewed, market, author, alice, seconds, trouble):
    """Its fence is over at once, as far as we can tell; the same id is all that is ever sent."""
    link = link_account(alice, market)
    publish(author)
    market.fault(trouble, path="/v5/order/create", times=1)
    working.work()
    assert only_copy().status == "unknown"

    step(seconds)
    settle(market)
    sent = market.ledger(link.exchange_uid)["orders"]
    assert len({order["orderLinkId"] for order in sent}) == len(sent) <= 1
    assert only_copy().status == ("placed" if sent else "expired")
    assert not Order.objects.filter(status__in=["submitting", "unknown"]).exists()


@pytest.mark.parametrize(("seconds", "rings"), [(0.5, False), (90, True), (-90, True)])
def test_a_step_rings(skewed, author, seconds, rings):
    watch = ClockWatch()
    watch.look()
    before = database_now()
    step(seconds)
    assert abs((database_now() - before).total_seconds() - seconds) < 1
    watch.look()
    watch.look()
    told = list(Alarm.objects.filter(code="clock_stepped").values_list("count", "detail"))
    assert [count for count, _ in told] == [1] * rings
    for _, detail in told:
        assert abs(float(detail.split()[1]) - seconds) < 1
