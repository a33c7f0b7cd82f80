"""Streams and workers lock the same connections in the same order."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from exchanges import services
from exchanges.domain.pushes import BalancePush
from exchanges.domain.trading import Balance
from exchanges.models import Connection
from tests.fixtures.people import link_account

pytestmark = pytest.mark.django_db(transaction=True)


def test_balances_that_are_told_wait_for_a_worker_and_it_never_for_them(market, alice, bob):
    links = [link_account(person, market).pk for person in (alice, bob)]
    Connection.objects.update(balance_at=None)
    first, second = Connection.objects.filter(pk__in=links).order_by("pk")
    Connection.objects.filter(pk=first.pk).update(name="moved")  # it now stands behind the other
    failed = []

    def tell():
        now = timezone.now()
        push = BalancePush(Balance(Decimal(7), Decimal(7), first.margin_mode), now)
        try:
            services.store_pushed_balances({second.pk: push, first.pk: push}, now=now)
        except Exception as error:  # noqa: BLE001 - whatever it is
            failed.append(error)
        finally:
            connection.close()

    stream = threading.Thread(target=tell)
    with transaction.atomic():
        Connection.objects.select_for_update(no_key=True).get(pk=first.pk)
        stream.start()
        time.sleep(0.5)
        Connection.objects.select_for_update(no_key=True).get(pk=second.pk)
    stream.join()
    assert not failed
