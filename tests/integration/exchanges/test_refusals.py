"""The table of refusals: how a key is set up at the exchange, and what its owner is told.

Each row goes over real sockets: the sandbox answers as the reference says that Bybit does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from django.utils import timezone
from django.utils.translation import override

from accounts.models import ActivityEvent
from exchanges import services
from exchanges.choices import ConnectionReason
from exchanges.domain.trading import Credentials
from exchanges.models import Connection
from exchanges.venues import VENUES
from notifications.texts import render
from signals.models import Alarm
from signals.services.alarms import watch
from tests.fixtures.people import link_account, long_btc
from tests.integration.signals.test_copy_life import publish

pytestmark = pytest.mark.django_db(transaction=True)
TRADE = ["Order", "Position"]
WITHDRAW = {"ContractTrade": TRADE, "Wallet": ["Withdraw"]}
AFFILIATE = {"Affiliate": ["Affiliate"]}


@dataclass(frozen=True)
class Row:
    """One refusal: the key at the exchange, our settings, and the code that is shown."""

    name: str
    code: str
    key: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    api_key: str = ""  # typed in place of the right one
    secret: str = ""


TABLE = [
    Row(
        "withdrawal",
        "can_withdraw",
        {"permissions": WITHDRAW},
    ),
    Row(
        "withdrawal, though it is read-only",
        "can_withdraw",
        {"read_only": True, "permissions": WITHDRAW},
    ),
    Row(
        "account transfer, where it is refused",
        "can_transfer",
        {"permissions": {"ContractTrade": TRADE, "Wallet": ["AccountTransfer"]}},
        {"REFUSE_TRANSFER_RIGHT": True},
    ),
    Row(
        "sub-account transfer, where it is refused",
        "can_transfer",
        {"permissions": {"ContractTrade": TRADE, "Wallet": ["SubMemberTransfer"]}},
        {"REFUSE_TRANSFER_RIGHT": True},
    ),
    Row("read-only", "read_only", {"read_only": True}),
    Row(
        "orders without positions",
        "permission_missing",
        {"permissions": {"ContractTrade": ["Order"]}},
    ),
    Row(
        "positions without orders",
        "permission_missing",
        {"permissions": {"ContractTrade": ["Position"]}},
    ),
    Row("spot alone", "permission_missing", {"permissions": {"Spot": ["SpotTrade"]}}),
    Row("expired", "key_expired", {"deadline_day": 0}),
    Row("another address", "ip_not_allowed", {"ips": ["10.1.2.3"]}),
    Row("not a unified account", "not_unified", {"uta": 0}),
    Row("deleted", "invalid_key", {"revoked": True}),
    Row("of another environment, so unknown here", "invalid_key", api_key="made-at-the-testnet"),
    Row("the wrong secret", "wrong_secret", secret="x" * 36),
    Row("not opened by our link", "not_affiliated", settings={"AFFILIATE_REQUIRED": True}),
]


def connect(user, key, *, api_key="", secret=""):
    credentials = Credentials(api_key or key["api_key"], secret or key["api_secret"])
    link = services.connect(user, environment="sandbox", name="main", credentials=credentials)
    services.verify(link.pk, now=timezone.now())
    link.refresh_from_db()
    return link


@pytest.fixture
def operator(market, settings, tmp_path):
    """The platform's own affiliate account, whose key lies in a file of the workers."""
    key = market.account(permissions=AFFILIATE)
    path = tmp_path / "affiliate.key"
    path.touch(mode=0o600)
    path.write_text(f"{key['api_key']}\n{key['api_secret']}\n")
    settings.AFFILIATE_KEY_FILE = path
    return key


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_a_key_is_refused_with_its_cause_and_destroyed(market, alice, operator, settings, row):
    settings.EGRESS = {"203.0.113.10": ""}  # shown under another name than it leaves by
    for name, value in row.settings.items():
        setattr(settings, name, value)
    link = connect(alice, market.account(**row.key), api_key=row.api_key, secret=row.secret)
    assert (link.status, link.reason, link.sealed) == ("refused", row.code, None)
    assert link.exchange_uid == ""
    event = ActivityEvent.objects.get(user=alice)
    assert (event.code, event.params["reason"]) == ("api_refused", row.code)
    notice = render(event.code, event.params, "en")
    assert ("203.0.113.10" in notice) is (row.code in {"ip_not_allowed", "key_expired"})
    assert ("bybit.com/register" in notice) is (row.code == "not_affiliated")


@pytest.mark.parametrize("other", ["alice", "bob"])
def test_an_account_that_is_linked_already_is_refused_whoever_asks(market, alice, bob, other):
    first = link_account(alice, market)
    user = {"alice": alice, "bob": bob}[other]
    again = connect(user, market.account(uid=first.exchange_uid))
    assert (again.status, again.reason) == ("refused", "duplicate_account")
    assert Connection.objects.filter(status="connected").count() == 1


def test_a_key_of_another_account_does_not_take_over_open_trades(market, author, alice):
    link = link_account(alice, market)
    publish(author, long_btc())
    Connection.objects.update(status="attention", reason="key_expired")
    other, before = market.account(), bytes(link.sealed)
    services.replace_key(link, credentials=Credentials(other["api_key"], other["api_secret"]))
    services.verify(link.pk, now=timezone.now())
    link.refresh_from_db()
    assert (link.status, link.reason, bytes(link.sealed)) == ("attention", "key_expired", before)
    assert link.checks["account"] == "other_account"


def test_a_transfer_right_is_warned_of_where_it_is_not_refused(market, alice):
    rights = {"ContractTrade": TRADE, "Wallet": ["AccountTransfer"]}
    link = connect(alice, market.account(permissions=rights))
    assert (link.status, link.has_transfer_right) == ("connected", True)


def test_every_refusal_says_cause_and_remedy_in_both_languages():
    for reason in set(ConnectionReason) - {ConnectionReason.NONE}:
        with override("en"):
            english = VENUES["bybit"].says(reason)
        with override("ko"):
            korean = VENUES["bybit"].says(reason)
        assert english.count(".") >= 1
        assert english != korean, reason
        assert any("가" <= sign <= "힣" for sign in korean), reason


# --- accounts that were opened by our link -------------------------------------------------------


def test_a_client_of_ours_is_connected(market, alice, operator, settings):
    settings.AFFILIATE_REQUIRED = True
    link = connect(alice, market.account(affiliate_id=int(operator["uid"])))
    assert (link.status, link.reason) == ("connected", "")


def test_a_sub_account_belongs_to_whom_its_owner_belongs(market, alice, operator, settings):
    settings.AFFILIATE_REQUIRED = True
    owner = market.account(affiliate_id=int(operator["uid"]))
    link = connect(alice, market.account(is_master=False, parent_uid=owner["uid"]))
    assert (link.status, link.reason) == ("connected", "")


@pytest.mark.parametrize("is_required", [True, False])
def test_the_dialog_says_whether_our_link_is_demanded(client, alice, settings, is_required):
    settings.AFFILIATE_REQUIRED = is_required
    client.force_login(alice)
    page = client.get("/connections/connect/", headers={"accept-language": "en"})
    assert ("Only accounts that were opened" in page.content.decode()) is is_required


def test_nobody_is_asked_about_where_it_is_not_demanded(market, alice, operator):
    assert connect(alice, market.account()).status == "connected"
    assert "/v5/user/aff-customer-info" not in market.paths()


@pytest.mark.parametrize("fault", ["dead", "unreadable", "open to others", "none"])
def test_trouble_with_our_own_key_blames_no_trader(
    market, alice, operator, settings, fault, caplog
):
    settings.AFFILIATE_REQUIRED = True
    path = settings.AFFILIATE_KEY_FILE
    if fault == "dead":
        market.post(f"keys/{operator['api_key']}", revoked=True)
    elif fault == "unreadable":
        path.write_text("half")
    elif fault == "open to others":
        path.chmod(0o644)
    else:
        settings.AFFILIATE_KEY_FILE = None
    link = connect(alice, market.account(affiliate_id=int(operator["uid"])))
    assert (link.status, link.reason) == ("verifying", "unavailable")
    assert link.sealed is not None
    assert "affiliate" in caplog.text.lower()
    assert operator["api_secret"] not in caplog.text
    alarm = Alarm.objects.get()
    assert (alarm.code, alarm.cleared_at) == ("affiliate_key", None)
    assert ("10003" in alarm.detail) is (fault == "dead")
    watch()
    assert Alarm.objects.get().cleared_at is None  # seen where it is met, not by a look


@pytest.mark.parametrize("fault", ["busy", None])
def test_an_exchange_that_is_busy_is_no_trouble_with_our_key(
    market, alice, operator, settings, fault
):
    settings.AFFILIATE_REQUIRED = True
    if fault:
        market.fault("http", path="/v5/user/aff-customer-info", status=503)
    link = connect(alice, market.account(affiliate_id=int(operator["uid"])))
    assert link.status == ("verifying" if fault else "connected")
    assert not Alarm.objects.exists()


def test_the_brokers_id_goes_with_every_request(market, alice, settings):
    settings.EXCHANGE_REFERRAL_ID = "broker-1"
    assert connect(alice, market.account()).status == "connected"
    assert market.get("requests")["brokers"] == {"broker-1": 6}
