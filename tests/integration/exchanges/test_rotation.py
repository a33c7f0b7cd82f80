"""Stored keys are sealed anew while trading goes on; each box stays in its own row."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import ActivityEvent
from exchanges import key_pairs, rotation, services, vault, watching
from exchanges.choices import ConnectionStatus
from exchanges.domain.trading import Credentials
from exchanges.gateway import seal_context
from exchanges.models import Connection, KeyPair
from signals.models import Copy
from signals.services.invariants import violations
from tests.fixtures.people import link_account, make_user
from tests.fixtures.processes import ROOT, eventually
from tests.integration.signals.test_copy_life import publish, work_now

pytestmark = pytest.mark.django_db(transaction=True)


def rotate(seconds=5.0, now=None):
    return rotation.reseal(rotation.newest_key(), seconds=seconds, now=now or timezone.now())


def is_opened(link):
    """Whether the account of a link answers to what is stored of its key."""
    link.refresh_from_db()
    before = link.balance_at
    watching.watch(link, now=timezone.now())
    link.refresh_from_db()
    return link.status == ConnectionStatus.CONNECTED and link.balance_at > before


def events():
    return ActivityEvent.objects.count()


def test_every_box_is_sealed_for_the_newest_key_and_nobody_is_told(market, alice, bob, next_key):
    links = [link_account(user, market) for user in (alice, bob)]
    old, told = rotation.newest_key(), events()
    new = next_key().stem
    assert rotation.boxes_by_key() == {old: 2}
    assert rotate() == 2
    assert rotation.boxes_by_key() == {new: 2}
    assert rotation.count_left() == 0
    assert rotate() == 0
    assert all(is_opened(link) for link in links)
    assert events() == told


def test_both_keys_open_while_it_goes_on(market, alice, bob, next_key):
    old = link_account(alice, market)
    next_key()
    new = link_account(bob, market)
    assert len(rotation.boxes_by_key()) == 2
    assert is_opened(old)
    assert is_opened(new)


def test_a_key_that_was_replaced_meanwhile_is_not_overwritten(market, alice, next_key):
    link = link_account(alice, market)
    key = market.account(uid=link.exchange_uid)
    seen = Connection.objects.get(pk=link.pk)
    next_key()
    services.replace_key(link, credentials=Credentials(key["api_key"], key["api_secret"]))
    replaced = bytes(Connection.objects.get().sealed)
    assert rotation._reseal(seen, timezone.now()) == 0
    assert bytes(Connection.objects.get().sealed) == replaced


def test_a_key_that_is_being_verified_keeps_its_box_until_that_is_over(market, alice, next_key):
    link, now = link_account(alice, market), timezone.now()
    Connection.objects.update(status=ConnectionStatus.VERIFYING, checked_at=now)
    next_key()
    assert rotate(now=now) == 0
    assert rotation._reseal(Connection.objects.get(), now) == 0  # begun after it was looked for
    assert rotation.count_left() == 1
    later = now + services.VERIFY_CLAIM + timedelta(seconds=1)
    assert rotate(now=later) == 1
    services.verify(link.pk, now=later)
    assert Connection.objects.get().status == ConnectionStatus.CONNECTED


def test_a_missing_key_harms_no_link_and_raises_an_alarm(market, alice, bob, next_key, caplog):
    lost = link_account(alice, market)
    old = rotation.newest_key()
    new = next_key()
    found = link_account(bob, market)
    file = new.with_name(f"{old}.key")
    away = file.rename(file.with_suffix(".away"))
    told, box = events(), bytes(Connection.objects.get(pk=lost.pk).sealed)
    vault._private_key.cache_clear()  # as after a restart

    watching.watch(lost, now=timezone.now())
    assert rotate() == 0
    assert old in caplog.text
    lost.refresh_from_db()
    assert (lost.status, lost.reason, bytes(lost.sealed)) == ("connected", "", box)
    assert events() == told
    assert is_opened(found)
    (violation,) = violations()
    assert (violation.code, violation.level) == ("vault_key_missing", "critical")
    assert old in violation.subject

    away.rename(file)
    assert violations() == []
    assert is_opened(lost)
    assert rotate() == 1


def test_a_broken_box_pauses_its_own_link_and_the_others_go_on(market, alice, bob, next_key):
    broken, whole = link_account(alice, market), link_account(bob, market)
    box = bytearray(Connection.objects.get(pk=broken.pk).sealed)
    box[-1] ^= 1
    Connection.objects.filter(pk=broken.pk).update(sealed=bytes(box))
    next_key()
    assert rotate() == 1
    broken.refresh_from_db()
    assert (broken.status, broken.reason) == ("attention", "vault")
    assert is_opened(whole)


@pytest.mark.parametrize("way", ["looked at", "sealed anew", "traded"])
def test_boxes_that_change_places_open_nowhere(market, author, alice, bob, next_key, way):
    links = [link_account(user, market) for user in (alice, bob)]
    one, other = (bytes(link.sealed) for link in links)
    Connection.objects.filter(pk=links[0].pk).update(sealed=other)
    Connection.objects.filter(pk=links[1].pk).update(sealed=one)
    if way == "looked at":
        for link in Connection.objects.all():
            watching.watch(link, now=timezone.now())
    elif way == "sealed anew":
        next_key()
        assert rotate() == 0
    else:
        publish(author)
        work_now()
        assert [copy.status for copy in Copy.objects.all()] == ["rejected"] * 2
        assert not any(market.ledger(link.exchange_uid)["orders"] for link in links)
    assert set(Connection.objects.values_list("status", "reason")) == {("attention", "vault")}


def test_a_worker_with_another_public_key_seals_nothing_back(market, alice, next_key, caplog):
    link_account(alice, market)
    next_key()
    assert rotation.reseal("01020304", seconds=1, now=timezone.now()) == 0
    assert "01020304" in caplog.text
    assert rotation.count_left() == 1


# --- the command ---------------------------------------------------------------------------------


def test_the_check_says_when_an_old_key_may_go(market, alice, next_key, capsys):
    link_account(alice, market)
    old = rotation.newest_key()
    new = next_key().stem
    with pytest.raises(SystemExit) as ended:
        call_command("rotate_vault", "--check")
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert f"key {old}: 1 boxes. Its private file is needed." in said
    assert f"key {new}: 0 boxes. The newest" in said
    rotate()
    call_command("rotate_vault", "--check")
    said = capsys.readouterr().out
    assert f"key {old}: 0 boxes. Nothing here needs it" in said


def test_without_a_public_key_nothing_is_begun(settings, db):
    settings.VAULT_PUBLIC_KEY_FILE = None
    with pytest.raises(CommandError, match="VAULT_PUBLIC_KEY_FILE"):
        call_command("rotate_vault")


MANY = 600


def test_workers_seal_anew_under_trades_and_go_on_after_a_kill(
    market, author, alice, next_key, processes
):
    """The command has the web's environment; one worker is killed, the next one finds the rest."""
    link = link_account(alice, market)
    fill_up(make_user("crowd"), MANY)
    new = next_key().stem
    processes.use_vault()
    first = processes.worker("first")
    command = processes.start("command", "manage.py", "rotate_vault")
    eventually(lambda: rotation.count_left() < MANY, 60)
    first.kill()
    left = rotation.count_left()
    assert left > 0
    processes.worker("second")
    signal = publish(author)
    eventually(lambda: signal.copies.filter(status__in=["placed", "filled"]).exists(), 60)
    assert command.wait(90) == 0, processes.log("command")
    assert rotation.boxes_by_key() == {new: MANY + 1}
    assert is_opened(link)
    for row in Connection.objects.exclude(pk=link.pk):
        found = vault.unseal(bytes(row.sealed), context=seal_context(row))
        assert found == credentials_of(row)
    assert len(market.ledger(link.exchange_uid)["orders"]) == 1


def credentials_of(row):
    return Credentials(f"key-{row.name}", f"secret-{row.name}")


def fill_up(user, count):
    """Links that stay as they are: what is stored of them is opened, but never used."""
    rows = [Connection(user=user, environment="sandbox", name=str(n)) for n in range(count)]
    for row in rows:
        row.status = ConnectionStatus.ATTENTION
        row.sealed = vault.seal(credentials_of(row), context=seal_context(row))
    Connection.objects.bulk_create(rows)


# --- the split of duties -------------------------------------------------------------------------

OPEN = """
from exchanges.gateway import exchange_of
from exchanges.domain.errors import ExchangeError
from exchanges.models import Connection
from exchanges.ports import NoMeter
from django.utils import timezone
from exchanges import rotation
try:
    print("balance", exchange_of(Connection.objects.get(), NoMeter()).balance().equity)
except ExchangeError as error:
    print("closed", type(error).__name__)
print("sealed", rotation.reseal(rotation.newest_key(), seconds=1, now=timezone.now()))
"""


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("web", ["closed Unavailable", "sealed 0"]),
        ("worker", ["balance 1000", "sealed 1"]),
    ],
)
def test_a_process_with_the_webs_settings_opens_no_key(
    market, alice, next_key, processes, who, said
):
    """A real process, told everything that the web is told, and all that stands in the database."""
    link_account(alice, market)
    next_key()
    processes.use_vault()
    key = {"VAULT_PRIVATE_KEY_FILE": processes.private_key} if who == "worker" else {}
    run = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", OPEN],
        cwd=ROOT,
        env=processes.environment | key,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout.splitlines() == said, run.stderr
    assert processes.private_key not in "".join(processes.environment.values())


def enter_id(market, link):
    uid = market.account()["uid"]
    public_key = KeyPair.objects.get(connection=link).public_key
    key = market.post(f"accounts/{uid}/keys", public_key=public_key)
    key_pairs.enter_id(link, api_key_id=key["api_key"])
    services.verify(link.pk, now=timezone.now())


def test_key_pairs_are_sealed_anew_before_and_after_their_id_comes(market, alice, bob, next_key):
    """The mark in a pair's box is of the key that opens it: it is made anew with the box."""
    waiting = key_pairs.connect(alice, environment="sandbox", name="waiting")
    linked = key_pairs.connect(bob, environment="sandbox", name="linked")
    for pair in key_pairs.waiting_pairs():
        key_pairs.generate(pair)
    enter_id(market, linked)
    new = next_key().stem
    assert rotation.count_left() == 2
    later = timezone.now() + services.VERIFY_CLAIM + timedelta(seconds=1)
    assert rotate(now=later) == 2
    assert rotation.boxes_by_key() == {new: 2}
    assert is_opened(linked)
    enter_id(market, waiting)
    assert is_opened(waiting)
