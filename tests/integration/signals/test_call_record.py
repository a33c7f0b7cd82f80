"""Every order request is on record with its answer, and nothing that authenticates it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import InternalError, connection, transaction
from django.utils import timezone

from exchanges import vault
from exchanges.domain.trading import Credentials, KeyKind
from exchanges.gateway import seal_context
from signals.models import Copy, ExchangeCall
from signals.services import calls, publishing, working
from tests.fixtures.people import link_account, long_btc
from tests.fixtures.processes import eventually
from tests.fixtures.rsa_keys import new_pair
from tests.integration.exchanges.test_bybit_adapter import a_server_that_says
from tests.integration.signals.steps import WRITES, settle, targets, writes
from tests.integration.signals.test_copy_life import publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)
CREATE = "/v5/order/create"
ROUNDING = timedelta(microseconds=2)


def whole_table() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(call::text, ' ') FROM signals_exchangecall call")
        return cursor.fetchone()[0]


def test_an_entry_and_its_answer_stand_on_record(market, author, alice):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    working.work()
    copy = Copy.objects.get()
    call = ExchangeCall.objects.get()
    order = copy.orders.get()
    assert (call.copy, call.order, call.action, call.path) == (copy, order, "place", CREATE)
    assert (call.status, call.code, call.error) == (200, 0, "")
    assert json.loads(call.request)["orderLinkId"] == order.link_id
    assert json.loads(call.answer)["result"]["orderId"] == order.exchange_id
    assert call.headers["X-Bapi-Limit"]
    assert copy.claimed_at < call.sent_at < call.answered_at
    for row in (copy, order):
        assert abs(row.sent_at - call.sent_at) <= ROUNDING
        assert abs(row.acknowledged_at - call.answered_at) <= ROUNDING


def test_every_request_that_changes_something_is_on_record(market, author, alice):
    link_account(alice, market, amount="100", leverage={"BTCUSDT": "3"})
    market.price("BTCUSDT", 45950)
    signal = publish(author, long_btc(targets=targets((47000, 50), (48000, 50))))
    settle(market)
    amended = long_btc(stop=45400, targets=targets((47100, 50), (48000, 50)))
    publishing.amend(signal, amended, actor=author, now=timezone.now())
    settle(market)
    publishing.close(signal, actor=author, now=timezone.now())
    eventually(lambda: settle(market) or not Copy.objects.filter(ended_at=None).exists())
    sent = writes(market)
    assert set(sent) == WRITES
    kept = {path: ExchangeCall.objects.filter(path=path).count() for path in WRITES}
    assert kept == sent
    of_orders = ExchangeCall.objects.filter(action__in=["place", "amend", "cancel"])
    assert not of_orders.filter(order=None).exists()
    assert not ExchangeCall.objects.filter(action="levels").exclude(order=None).exists()


def test_a_lost_answer_is_on_record_as_lost(market, author, alice, settings):
    settings.HTTP_READ_TIMEOUT, settings.RECV_WINDOW_MS, settings.SETTLE_SECONDS = 1, 1000, 0
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    market.fault("accept_then_reset", path=CREATE, times=1)
    publish(author)
    working.work()
    call = ExchangeCall.objects.get()
    assert (call.status, call.code, call.answer) == (None, None, "")
    assert call.error
    work_now()
    assert ExchangeCall.objects.count() == 1  # looking it up sends nothing


def test_a_refusal_is_on_record_with_its_code(market, author, alice):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    market.fault("retcode", path=CREATE, times=1, code=110007, message="ab not enough")
    publish(author)
    working.work()
    call = ExchangeCall.objects.get()
    assert (call.status, call.code) == (200, 110007)
    assert "ab not enough" in call.answer


def use_key(link, credentials: Credentials) -> None:
    link.api_key_id = credentials.api_key
    link.public_key = "its public half" if credentials.kind is KeyKind.RSA else ""
    link.sealed = vault.seal(credentials, context=seal_context(link))
    link.save()


def secret_of(kind: str) -> str:
    return "CANARYSECRET" * 3 if kind == "hmac" else new_pair()[0]


@contextmanager
def orders_answered_by(answer, settings, monkeypatch):
    """Prices are the sandbox's; whatever is asked after them gets this answer."""
    read = working.read_tickers

    with a_server_that_says(answer) as url:

        def read_and_turn(*given):
            found = read(*given)
            settings.BYBIT_SANDBOX_URL = url
            return found

        with monkeypatch.context() as patch:
            patch.setattr(working, "read_tickers", read_and_turn)
            yield


@pytest.mark.parametrize("kind", ["hmac", "rsa"])
def test_nothing_that_authenticates_is_on_record(
    market, author, alice, settings, monkeypatch, kind
):
    """Bybit's answer to a wrong signature repeats what was signed: the key is in it."""
    link = link_account(alice, market, leverage={"BTCUSDT": "10"})
    credentials = Credentials("CANARYKEY0123456789", secret_of(kind), KeyKind(kind))
    use_key(link, credentials)
    signatures = []

    def repeat(request):
        signatures.append(request.headers["X-BAPI-SIGN"])
        said = f"origin_string[1{request.headers['X-BAPI-API-KEY']}5000] {signatures[-1]}\x00"
        headers = {"X-Echo": request.headers["X-BAPI-API-KEY"], "Traceid": "abc"}
        return 200, headers, json.dumps({"retCode": 10004, "retMsg": said}).encode()

    publish(author)
    with orders_answered_by(repeat, settings, monkeypatch):
        working.work()
    call = ExchangeCall.objects.get()
    assert call.code == 10004
    assert "origin_string[1***5000] ***" in call.answer
    assert call.headers == {"Traceid": "abc"}
    table = whole_table()
    secrets = [credentials.api_key, *credentials.api_secret.splitlines(), *signatures]
    assert len(secrets) > 2
    assert not [secret for secret in secrets if secret in table]


def test_a_long_answer_is_cut(market, author, alice, settings, monkeypatch):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    page = b"\x00<html>" + b"x" * 9_000
    with orders_answered_by(lambda _: (502, {}, page), settings, monkeypatch):
        working.work()
    call = ExchangeCall.objects.get()
    assert (call.status, call.code, len(call.answer)) == (502, None, 2_048)


def test_what_was_sent_stays_on_record_when_the_copy_was_taken_over(
    market, author, alice, monkeypatch
):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    finish = working._finish

    def too_late(tasks, lease):
        Copy.objects.update(lease_token="00000000-0000-0000-0000-000000000001")
        finish(tasks, lease)

    monkeypatch.setattr(working, "_finish", too_late)
    working.work()
    assert Copy.objects.get().status == "pending"
    assert ExchangeCall.objects.count() == 1


def test_the_record_is_never_changed(market, author, alice):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    working.work()
    with pytest.raises(InternalError, match="append-only"), transaction.atomic():
        ExchangeCall.objects.update(answer="")


def test_old_calls_are_let_go_of_in_batches(market, author, alice, settings, monkeypatch):
    link_account(alice, market, leverage={"BTCUSDT": "10"})
    publish(author)
    working.work()
    first, now = ExchangeCall.objects.get(), timezone.now()
    settings.CALL_RECORD_DAYS = 30
    monkeypatch.setattr(calls, "BATCH", 2)
    for days in (31, 31, 31, 29):
        first.pk, first.sent_at = None, now - timedelta(days=days)
        first.save()
    ExchangeCall.objects.order_by("pk").first().delete()
    assert [calls.forget_old(now=now) for _ in range(3)] == [2, 1, 0]
    assert ExchangeCall.objects.count() == 1
