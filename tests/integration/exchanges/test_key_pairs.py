"""Linking without a secret: the pair is made in a worker, only the API key id comes back."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection as database
from django.utils import timezone
from redis import Redis

from accounts.models import ActivityEvent
from exchanges import gateway, key_pairs, services, vault, watching
from exchanges.domain.errors import CredentialsRejected, SignatureRefused, Unavailable
from exchanges.domain.lanes import Lane
from exchanges.domain.masking import masked
from exchanges.domain.trading import Credentials, NewOrder, OrderType, Side
from exchanges.domain.warrants import Warrant
from exchanges.metering import meter_of
from exchanges.models import Connection, KeyPair
from exchanges.tasks import generate_key_pair, watch_accounts
from exchanges.vault import VaultClosed
from signals.models import Copy
from signals.services import working
from signals.services.copying import set_rules
from tests.fixtures.people import link_account, long_btc
from tests.fixtures.rsa_keys import new_pair
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)


def begin(user):
    """A new link whose pair a worker has made."""
    link = key_pairs.connect(user, environment="sandbox", name="main")
    generate_key_pair(link.key_pair.pk)
    return fresh(link)


def fresh(link):
    return Connection.objects.select_related("key_pair").get(pk=link.pk)


def register(market, link, uid=None, **rights):
    """Paste the public key that the page shows at the exchange; returns UID and id."""
    uid = uid or market.account(balance="1000")["uid"]
    return market.post(f"accounts/{uid}/keys", public_key=link.key_pair.public_key, **rights)


def enter(link, api_key_id):
    key_pairs.enter_id(link, api_key_id=api_key_id)
    services.verify(link.pk, now=timezone.now())
    return fresh(link)


def has_pair(link):
    return KeyPair.objects.filter(connection=link).exists()


def account_of(link):
    return gateway.exchange_of(link, meter_of(link, Lane.ENTRY), WARRANT)


ORDER = NewOrder(
    link_id="hx1",
    symbol="BTCUSDT",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=Decimal("0.01"),
    position_index=0,
    price=Decimal(45000),
    stop=Decimal(44000),
)
WARRANT = Warrant(
    orders=frozenset({ORDER.link_id}),
    symbol=ORDER.symbol,
    side=ORDER.side,
    lowest=Decimal(45000),
    highest=Decimal(45000),
    leverage=Decimal(10),
)


def test_a_link_waits_for_its_pair_and_then_for_its_id(market, alice):
    link = key_pairs.connect(alice, environment="sandbox", name="main")
    assert (link.status, link.sealed, link.key_pair.public_key) == ("awaiting", None, "")
    assert key_pairs.waiting_pairs() == [link.key_pair.pk]
    generate_key_pair(link.key_pair.pk)
    link = fresh(link)
    assert link.key_pair.public_key.startswith("-----BEGIN PUBLIC KEY-----")
    assert b"PRIVATE" not in bytes(link.key_pair.sealed)
    assert (link.status, key_pairs.waiting_pairs()) == ("awaiting", [])


def test_the_id_of_the_registered_key_connects(market, alice):
    link = begin(alice)
    key = register(market, link)
    link = enter(link, key["api_key"])
    assert (link.status, link.reason, link.exchange_uid) == ("connected", "", key["uid"])
    assert (link.equity, link.key_hint) == (1000, masked(key["api_key"]))
    assert not has_pair(link)
    assert ActivityEvent.objects.get(code="api_connected").user == alice
    placed = account_of(link).place(ORDER)
    assert account_of(link).find_order("BTCUSDT", "hx1").order_id == placed.order_id


def test_a_signal_is_copied_with_it(market, author, alice):
    link = begin(alice)
    key = register(market, link)
    link = enter(link, key["api_key"])
    services.store_leverage(link, "BTCUSDT", Decimal(10), now=timezone.now())
    set_rules(link, fields={"sizing": "fixed_margin", "amount": Decimal(50)})
    publish(author, long_btc())
    working.work()
    assert Copy.objects.get().status == "placed"
    assert len(market.ledger(key["uid"])["orders"]) == 1


def test_its_private_socket_logs_in_and_a_wrong_key_is_refused(market, alice):
    link = begin(alice)
    link = enter(link, register(market, link)["api_key"])

    class Opened(Exception):
        pass

    class Listener:
        def opened(self):
            raise Opened

    with pytest.raises(Opened):
        asyncio.run(gateway.account_stream_of(link).run(Listener()))
    Connection.objects.update(api_key_id=market.account()["api_key"])
    with pytest.raises(CredentialsRejected):
        asyncio.run(gateway.account_stream_of(fresh(link)).run(Listener()))


def test_a_task_that_runs_again_changes_nothing_that_was_shown(market, alice):
    link = begin(alice)
    shown, sealed = link.key_pair.public_key, bytes(link.key_pair.sealed)
    generate_key_pair(link.key_pair.pk)
    link = fresh(link)
    assert (link.key_pair.public_key, bytes(link.key_pair.sealed)) == (shown, sealed)
    key_pairs.renew(link)
    generate_key_pair(link.key_pair.pk)
    assert fresh(link).key_pair.public_key == shown


def test_of_two_tasks_at_once_one_pair_comes(market, alice):
    """Whole: the public half that is shown belongs to the private one that is sealed."""
    for _ in range(3):
        link = key_pairs.connect(alice, environment="sandbox", name="main")
        at_once = Barrier(2)

        def run(pair=link.key_pair.pk, at_once=at_once):
            at_once.wait()
            key_pairs.generate(pair)
            database.close()

        threads = [Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        link = fresh(link)
        assert enter(link, register(market, link)["api_key"]).status == "connected"


def test_a_task_for_a_pair_that_is_gone_does_nothing(market, alice):
    link = key_pairs.connect(alice, environment="sandbox", name="main")
    pair = link.key_pair.pk
    services.disconnect(link, now=timezone.now())
    generate_key_pair(pair)
    assert not KeyPair.objects.exists()


def test_a_lost_message_is_rung_again_by_the_periodic_task(market, alice, settings):
    link = key_pairs.connect(alice, environment="sandbox", name="main")
    with Redis.from_url(settings.CELERY_BROKER_URL) as broker:
        broker.delete("control")
        watch_accounts()
        (message,) = map(json.loads, broker.lrange("control", 0, -1))
        broker.delete("control")
    task = message["headers"]
    assert (task["task"], task["argsrepr"]) == (
        "exchanges.generate_key_pair",
        f"({link.key_pair.pk},)",
    )


def test_a_process_without_the_private_vault_key_opens_none(market, alice, settings):
    link = begin(alice)
    link = enter(link, register(market, link)["api_key"])
    settings.VAULT_PRIVATE_KEY_FILE = None
    with pytest.raises(Unavailable):
        account_of(link)


def test_a_worker_without_the_public_vault_key_makes_nothing(market, alice, settings):
    link = key_pairs.connect(alice, environment="sandbox", name="main")
    settings.VAULT_PUBLIC_KEY_FILE = None
    with pytest.raises(VaultClosed):
        generate_key_pair(link.key_pair.pk)
    assert key_pairs.waiting_pairs() == [link.key_pair.pk]


# --- what is entered wrong, and what is refused ---------------------------------------------------


def test_an_id_before_the_pair_is_there_is_refused(market, alice):
    link = key_pairs.connect(alice, environment="sandbox", name="main")
    with pytest.raises(services.LinkRefused, match="no_key_pair"):
        key_pairs.enter_id(link, api_key_id="abc")


@pytest.mark.parametrize(
    ("whose", "reason"),
    [
        ("nobody's", "key_id_unknown"),
        ("another pair's", "other_public_key"),
        ("an HMAC key's", "other_public_key"),
    ],
)
def test_a_wrong_id_leaves_the_pair_for_the_right_one(market, alice, whose, reason):
    link = begin(alice)
    shown = link.key_pair.public_key
    other = market.account()
    if whose == "nobody's":
        wrong = "nobody"
    elif whose == "another pair's":
        wrong = market.post(f"accounts/{other['uid']}/keys", public_key=new_pair()[1])["api_key"]
    else:
        wrong = other["api_key"]
    link = enter(link, wrong)
    assert (link.status, link.reason, link.sealed) == ("awaiting", reason, None)
    assert link.checks == {"key": reason}
    assert ActivityEvent.objects.get(code="api_refused").params["reason"] == reason
    assert (link.key_pair.public_key, link.api_key_id) == (shown, "")
    assert enter(link, register(market, link)["api_key"]).status == "connected"


@pytest.mark.parametrize(
    ("rights", "reason"),
    [
        ({"permissions": {"Wallet": ["Withdraw"]}}, "can_withdraw"),
        ({"read_only": True}, "read_only"),
        ({"ips": ["10.1.2.3"]}, "ip_not_allowed"),
        ({"expired": True}, "key_expired"),
    ],
)
def test_a_refused_key_is_destroyed_with_its_pair(market, alice, rights, reason):
    link = begin(alice)
    link = enter(link, register(market, link, **rights)["api_key"])
    assert (link.status, link.reason, link.sealed) == ("refused", reason, None)
    assert (link.public_key, link.api_key_id, has_pair(link)) == ("", "", False)


def test_one_exchange_account_is_linked_once_whatever_the_key(market, alice, bob):
    known = link_account(alice, market)
    link = begin(bob)
    link = enter(link, register(market, link, uid=known.exchange_uid)["api_key"])
    assert (link.status, link.reason) == ("refused", "duplicate_account")


def test_the_verdict_on_one_id_is_not_that_on_the_next(market, alice):
    """The box is the same for both: a verdict that comes late must not destroy it."""
    link = begin(alice)
    right = register(market, link)["api_key"]
    key_pairs.enter_id(link, api_key_id="nobody")
    tried = Connection.objects.select_related("user").get(pk=link.pk)
    key_pairs.enter_id(link, api_key_id=right)
    services._refuse(tried, services.ConnectionReason.INVALID_KEY, {}, timezone.now())
    link = fresh(link)
    assert (link.status, link.api_key_id) == ("verifying", right)
    services.verify(link.pk, now=timezone.now())
    assert fresh(link).status == "connected"


# --- thieves with the database -------------------------------------------------------------------


def test_a_public_key_that_was_exchanged_in_the_database_is_found_out(market, alice, caplog):
    """The trader has registered the thief's key: told to delete it, and nothing is connected."""
    link = begin(alice)
    KeyPair.objects.update(public_key=new_pair()[1])
    link = fresh(link)
    link = enter(link, register(market, link)["api_key"])
    assert (link.status, link.reason, has_pair(link)) == ("refused", "pair_broken", False)
    assert any(record.levelname == "CRITICAL" for record in caplog.records)


def test_a_pair_moved_to_another_row_does_not_open(market, alice, bob):
    mine, theirs = begin(alice), begin(bob)
    key = register(market, theirs)
    stolen = KeyPair.objects.get(connection=theirs)
    KeyPair.objects.filter(connection=mine).update(
        public_key=stolen.public_key, sealed=stolen.sealed
    )
    assert enter(mine, key["api_key"]).reason == "pair_broken"


def test_a_secret_planted_beside_a_public_key_opens_nowhere(market, alice):
    """Whoever can write rows and has the public key of the vault, as the web has, makes no pair."""
    link = begin(alice)
    thief = market.account()
    foreign = new_pair()[1]
    secret = Credentials(thief["api_key"], thief["api_secret"])
    box = vault.seal(secret, context=gateway.pair_context(link, foreign))
    KeyPair.objects.update(public_key=foreign, sealed=box)
    link = fresh(link)
    entered = enter(link, register(market, link)["api_key"])
    assert (entered.status, entered.reason) == ("refused", "pair_broken")


def test_an_id_moved_to_another_row_signs_nothing(market, alice, bob):
    links = []
    for user in (alice, bob):
        link = begin(user)
        links.append(enter(link, register(market, link)["api_key"]))
    Connection.objects.filter(pk=links[0].pk).update(api_key_id=links[1].api_key_id)
    with pytest.raises(SignatureRefused):
        account_of(fresh(links[0])).place(ORDER)


# --- later ----------------------------------------------------------------------------------------


def test_a_new_pair_replaces_a_key_once_its_id_is_there(market, alice):
    link = link_account(alice, market)
    key_pairs.renew(link)
    generate_key_pair(fresh(link).key_pair.pk)
    link = fresh(link)
    assert link.status == "connected"
    account_of(link).balance()
    new = register(market, link, uid=link.exchange_uid)
    link = enter(link, new["api_key"])
    assert (link.status, link.api_key_id, has_pair(link)) == ("connected", new["api_key"], False)
    first = link.public_key
    key_pairs.renew(link)
    generate_key_pair(fresh(link).key_pair.pk)
    link = fresh(link)
    assert link.key_pair.public_key != first
    newest = register(market, link, uid=link.exchange_uid)
    assert enter(link, newest["api_key"]).status == "connected"


def test_a_wrong_id_for_a_known_link_keeps_its_key_and_the_pair(market, alice):
    link = link_account(alice, market)
    before = (bytes(link.sealed), link.key_hint)
    key_pairs.renew(link)
    generate_key_pair(fresh(link).key_pair.pk)
    link = enter(fresh(link), "nobody")
    assert (link.status, link.reason, has_pair(link)) == ("connected", "", True)
    assert (bytes(link.sealed), link.key_hint, link.public_key) == (*before, "")
    assert account_of(link).balance().equity == 1000
    right = register(market, link, uid=link.exchange_uid)
    link = enter(link, right["api_key"])
    assert (link.status, link.api_key_id, has_pair(link)) == ("connected", right["api_key"], False)


def test_a_public_key_that_is_exchanged_later_is_told_as_such(market, alice):
    link = begin(alice)
    link = enter(link, register(market, link)["api_key"])
    other = market.account()["api_key"]  # what signs it there is no key of ours
    Connection.objects.update(api_key_id=other, key_checked_at=None)
    watching.watch(fresh(link), now=timezone.now())
    link = fresh(link)
    assert (link.status, link.reason) == ("attention", "other_public_key")


def test_a_working_key_is_not_replaced_under_open_trades(market, author, alice):
    link = link_account(alice, market)
    key_pairs.renew(link)
    generate_key_pair(fresh(link).key_pair.pk)
    publish(author, long_btc())
    before = bytes(link.sealed)
    for change in (key_pairs.renew, lambda link: key_pairs.enter_id(link, api_key_id="x")):
        with pytest.raises(services.LinkRefused, match="link_in_use"):
            change(link)
    link = fresh(link)
    assert (link.status, bytes(link.sealed), link.api_key_id) == ("connected", before, "")


def test_a_secret_may_be_entered_instead(market, alice):
    link = begin(alice)
    key = market.account()
    credentials = Credentials(key["api_key"], key["api_secret"])
    services.replace_key(link, credentials=credentials)
    services.verify(link.pk, now=timezone.now())
    link = fresh(link)
    assert (link.status, link.public_key, has_pair(link)) == ("connected", "", False)


def test_an_rsa_key_is_replaced_by_a_secret(market, alice):
    link = begin(alice)
    link = enter(link, register(market, link)["api_key"])
    key = market.account(uid=link.exchange_uid)
    credentials = Credentials(key["api_key"], key["api_secret"])
    services.replace_key(link, credentials=credentials)
    services.verify(link.pk, now=timezone.now())
    link = fresh(link)
    assert (link.status, link.public_key, link.api_key_id) == ("connected", "", "")


@pytest.mark.parametrize("stage", ["asked", "made", "connected"])
def test_disconnecting_destroys_the_pair_at_every_stage(market, alice, stage):
    link = key_pairs.connect(alice, environment="sandbox", name="main")
    if stage != "asked":
        generate_key_pair(link.key_pair.pk)
    if stage == "connected":
        link = fresh(link)
        link = enter(link, register(market, link)["api_key"])
    services.disconnect(link, now=timezone.now())
    link = fresh(link)
    assert (link.status, link.sealed, link.public_key) == ("revoked", None, "")
    assert (link.api_key_id, KeyPair.objects.exists()) == ("", False)
    with pytest.raises(services.LinkRefused, match="link_gone"):
        key_pairs.enter_id(link, api_key_id="x")


def test_who_waits_for_an_id_gets_no_copy(market, author, alice, bob):
    begin(alice)
    link_account(bob, market)
    publish(author, long_btc())
    assert [copy.user for copy in Copy.objects.all()] == [bob]
