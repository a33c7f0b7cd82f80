"""The REST API of the whole life of a signal, and of each follower's own rules."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.models import User
from signals.domain.chain import faults
from signals.models import Copy, CopySettings, Signal
from signals.services import publishing, working
from tests.fixtures.people import link_account
from tests.integration.web.test_api import BODY, api

pytestmark = pytest.mark.django_db(transaction=True)
FULL = BODY | {
    "targets": [{"price": "47000", "share": "40"}, {"price": "48000", "share": "60"}],
    "entry": {"kind": "ladder", "steps": 3, "weighting": "custom", "weights": ["1", "2", "3"]},
    "stop_rule": {"kind": "break_even", "after": 1},
    "runner": {"percent": "2"},
    "expiry": {"minutes": 60, "at_first_target": False, "beyond_percent": "3"},
}


def make(caller, body=BODY):
    made = caller.post("/api/v1/signals/", body, format="json")
    assert made.status_code == 201, made.json()
    return f"/api/v1/signals/{made.json()['id']}/"


def test_everything_that_a_signal_can_say_comes_back_as_it_was_sent(market, author):
    caller = api(author)
    shown = caller.get(make(caller, FULL)).json()
    assert shown["entry"]["weights"] == ["1", "2", "3"]
    assert (shown["entry"]["kind"], shown["entry"]["steps"]) == ("ladder", 3)
    assert shown["stop_rule"] == {"kind": "break_even", "after": 1, "trail": None}
    assert shown["runner"] == {"distance": None, "percent": "2", "activation": None}
    assert shown["expiry"] == {"minutes": 60, "at_first_target": False, "beyond_percent": "3"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"entry": {"kind": "trigger"}}, "trigger"),
        ({"entry": {"kind": "ladder", "steps": 1}}, "steps"),
        ({"stop_rule": {"kind": "break_even", "after": 2}}, "stop_after"),
        ({"stop_rule": {"kind": "trailing"}}, "trail"),
        ({"runner": {"percent": "2", "distance": "100"}}, "runner"),
    ],
)
def test_what_is_wrong_is_named_under_its_field(market, author, change, field):
    answer = api(author).post("/api/v1/signals/", FULL | change, format="json")
    assert answer.status_code == 400
    assert field in answer.json()
    assert not Signal.objects.exists()


def test_a_warning_must_be_accepted_by_its_code(market, author):
    caller = api(author)
    path = make(caller, BODY | {"targets": [{"price": "46200", "share": "100"}]})
    refused = caller.post(f"{path}publish/")
    assert refused.status_code == 409
    warning, passed = refused.json()["warnings"]
    assert passed["code"] == "draft_target_passed"
    assert warning["code"] == "draft_reward_below_risk"
    assert "0.27" in warning["message"]
    assert caller.get(path).json()["status"] == "draft"
    accepted = caller.post(
        f"{path}publish/", {"accepted": [warning["code"], passed["code"]]}, format="json"
    )
    assert accepted.json()["status"] == "open"


def test_a_dry_run_shows_orders_reasons_and_cost(market, author, alice, bob):
    link_account(alice, market)
    link_account(bob, market, amount="0.1")
    found = api(author).post("/api/v1/signals/preview/", FULL, format="json").json()
    sizes = {row["trader"]: row for row in found["connections"]}
    assert [order["price"] for order in sizes["alice"]["orders"]] == ["46000", "45950", "45900"]
    assert sizes["bob"]["reason"] == "size_too_small"
    assert sizes["bob"]["reason_text"]
    assert sizes["bob"]["reason_params"]["margin"] == "0.1"
    assert found["requests"] == 3
    assert float(found["fee_share_percent"]) > 0
    assert not Signal.objects.exists()


def test_the_life_of_a_signal_by_script(market, author, alice):
    link_account(alice, market)
    caller = api(author)
    path = make(caller)
    assert caller.put(path, BODY | {"stop": "45400"}, format="json").json()["stop"] == "45400"
    at = (timezone.now() + timedelta(hours=1)).isoformat()
    scheduled = caller.post(f"{path}schedule/", {"at": at}, format="json").json()
    assert scheduled["status"] == "scheduled"
    assert caller.post(f"{path}unschedule/").json()["status"] == "draft"
    assert caller.post(f"{path}publish/").json()["status"] == "open"
    market.price("BTCUSDT", 45950)
    working.work()
    assert caller.put(path, BODY, format="json").status_code == 409
    assert caller.post(f"{path}reduce/", {"percent": "50"}, format="json").status_code == 200
    assert caller.post(f"{path}reduce/", {"percent": "-1"}, format="json").status_code == 409
    assert (
        caller.post(f"{path}note/", {"text": "Watch the close."}, format="json").status_code == 200
    )
    assert caller.post(f"{path}cancel_entries/").status_code == 200
    assert caller.post(f"{path}close/").status_code == 200
    chain = caller.get(f"{path}chain/").json()
    assert [entry["action"] for entry in chain] == [
        *("publish", "reduce", "note", "cancel_entries", "close"),
    ]
    assert faults(chain) == []
    (copy,) = caller.get(f"{path}copies/").json()["results"]
    assert copy["symbol"] == "BTCUSDT"


def test_a_pasted_text_is_read_and_nothing_is_stored(market, author):
    text = "BTC/USDT LONG 10x\nEntry: 45900 - 46000\nTP: 47000, 48000\nSL: 45500"
    read = api(author).post("/api/v1/signals/parse/", {"text": text}, format="json").json()
    assert (read["symbol"], read["side"], read["leverage"]) == ("BTCUSDT", "long", "10")
    assert read["targets"] == ["47000", "48000"]
    assert read["unresolved"] == []
    assert not Signal.objects.exists()


def test_a_follower_sets_rules_by_the_same_checks_as_the_page(market, alice, author):
    link = link_account(alice, market)
    path = f"/api/v1/connections/{link.public_id}/copying/"
    caller = api(alice)
    rules = {
        "sizing": "risk_percent",
        "amount": "1.5",
        "max_leverage": "5",
        "allowed_symbols": ["btcusdt", "ETH/USDT"],
        "authors": [str(author.public_id)],
        "daily_loss": "30",
        "joins_open": True,
        "is_enabled": True,
    }
    answer = caller.put(path, rules, format="json")
    assert answer.status_code == 200, answer.json()
    shown = caller.get(path).json()
    assert (shown["amount"], shown["max_leverage"], shown["daily_loss"]) == ("1.5", "5", "30")
    assert shown["allowed_symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert shown["authors"] == [str(author.public_id)]
    assert (shown["max_notional"], shown["multiplier"], shown["joins_open"]) == (None, "1", True)
    bad = caller.put(
        path, rules | {"amount": "101", "min_equity": "5", "max_equity": "4"}, format="json"
    )
    assert bad.status_code == 400
    assert set(bad.json()) == {"amount", "max_equity"}
    CopySettings.objects.update(halted_reason="daily_loss", halted_at=timezone.now())
    assert caller.get(path).json()["halted_reason"] == "daily_loss"
    assert caller.delete(path).json()["halted_reason"] == ""


def test_one_rule_is_changed_and_the_others_stay(market, alice, author):
    link = link_account(alice, market)
    path = f"/api/v1/connections/{link.public_id}/copying/"
    caller = api(alice)
    before = {"sizing": "fixed_margin", "amount": "50", "authors": [str(author.public_id)]}
    caller.put(path, before | {"max_copies": 3}, format="json")
    paused = caller.patch(path, {"is_enabled": False}, format="json").json()
    assert (paused["is_enabled"], paused["amount"], paused["max_copies"]) == (False, "50", 3)
    assert paused["authors"] == [str(author.public_id)]
    assert caller.patch(path, {"amount": "0"}, format="json").status_code == 400
    assert caller.put(path, before, format="json").json()["is_enabled"] is False
    assert caller.patch(path, {"is_enabled": True}, format="json").json()["is_enabled"] is True
    assert caller.patch(path, {"authors": ["x"]}, format="json").status_code == 400
    CopySettings.objects.all().delete()
    assert caller.patch(path, {"is_enabled": True}, format="json").status_code == 409
    assert not CopySettings.objects.exists()


def test_seed_limit_and_a_brake_are_said_in_words(market, alice):
    link = link_account(alice, market)
    path = f"/api/v1/connections/{link.public_id}/copying/"
    caller = api(alice)
    assert caller.get(path).json()["is_seed_limit"] is False
    changed = caller.patch(path, {"min_equity": "5000"}, format="json").json()
    assert changed["is_seed_limit"] is True
    CopySettings.objects.update(halted_reason="daily_loss", halted_at=timezone.now())
    assert "daily loss limit" in caller.get(path).json()["halted_text"]


def test_members_read_what_is_published_and_nothing_else(market, author, alice):
    writer, member = api(author), api(alice)
    path = make(writer)
    assert member.get("/api/v1/signals/").json()["results"] == []
    assert member.get(path).status_code == 404
    assert member.get(f"{path}results/").status_code == 404
    assert member.get(f"{path}chain/").status_code == 404
    writer.post(f"{path}publish/")
    (shown,) = member.get("/api/v1/signals/").json()["results"]
    assert (shown["author_name"], shown["stop"]) == ("author", "45500")
    assert {"id": shown["author"], "name": "author"} in member.get(
        "/api/v1/signals/authors/"
    ).json()
    for step in ("publish", "close", "cancel_entries", "reduce", "note"):
        assert member.post(f"{path}{step}/", {}, format="json").status_code == 403
    assert member.patch(path, {"stop": "45400"}, format="json").status_code == 403
    assert member.get(f"{path}copies/").status_code == 403
    assert api().get(path).status_code == 401


def test_anyone_exports_and_verifies_the_log(market, author, alice):
    path = make(api(author))
    api(author).post(f"{path}publish/")
    assert faults(api(alice).get(f"{path}chain/").json()) == []
    assert api().get(f"{path}chain/").status_code == 404
    Signal.objects.update(status="closed")
    assert faults(api().get(f"{path}chain/").json()) == []


def test_the_real_result_stands_beside_the_nominal_one(market, author, alice):
    link_account(alice, market)
    path = make(api(author))
    api(author).post(f"{path}publish/")
    now = timezone.now()
    Copy.objects.update(status="closed", ended_at=now, margin=50, pnl=Decimal("10.5"), funding=1)
    Signal.objects.update(status="closed", result_percent=Decimal("21.73"), outcome="target")
    found = api(alice).get(f"{path}results/").json()
    assert found["nominal"]["result_percent"] == "21.73"
    assert found["real"]["median_percent"] == "19"
    assert (found["real"]["closed"], found["real"]["skipped"], found["real"]["net"]) == (
        *(1, 0, "9.5"),
    )
    figures = api(alice).get("/api/v1/signals/figures/").json()
    assert (figures["trades"], figures["win_rate"], figures["total_percent"]) == (
        *(1, "100", "21.73"),
    )


def test_the_author_sees_whose_copy_has_a_change(market, author, alice, bob):
    link_account(alice, market)
    link_account(bob, market, amount="2000")
    caller = api(author)
    path = make(caller)
    caller.post(f"{path}publish/")
    first, _second = caller.get(f"{path}copies/").json()["results"]
    assert (first["trader"], first["has_arrived"]) == ("alice", False)
    working.work()
    first, second = caller.get(f"{path}copies/").json()["results"]
    assert first["has_arrived"] is True
    assert (second["has_arrived"], second["reason"]) == (None, "balance_too_small")
    assert second["reason_params"] == {"needed": "2022", "usable": "950"}
    page = caller.get(f"{path}copies/?limit=1&offset=1").json()
    assert (page["count"], [copy["trader"] for copy in page["results"]]) == (2, ["bob"])


def test_what_is_sent_twice_is_done_once(market, author):
    caller = api(author)
    path = make(caller)
    caller.post(f"{path}publish/")
    for status in (200, 409):
        body = {"percent": "50", "revision": 1}
        assert caller.post(f"{path}reduce/", body, format="json").status_code == status
    for status in (200, 409):
        body = {"text": "Hold on.", "revision": 2}
        assert caller.post(f"{path}note/", body, format="json").status_code == status
    assert Signal.objects.get().revision == 3


def test_a_change_is_not_made_on_top_of_one_that_came_meanwhile(market, author, monkeypatch):
    caller = api(author)
    path = make(caller)
    caller.post(f"{path}publish/")
    amend = publishing.amend

    def slow(signal, draft, **fields):
        publishing.tell(signal, text="Meanwhile.", actor=author, now=timezone.now())
        return amend(signal, draft, **fields)

    monkeypatch.setattr(publishing, "amend", slow)
    assert caller.patch(path, {"stop": "45400"}, format="json").status_code == 409
    assert Signal.objects.get().stop == 45500


def test_rules_of_another_do_not_exist(market, alice, bob):
    link = link_account(alice, market)
    path = f"/api/v1/connections/{link.public_id}/copying/"
    assert api(bob).get(path).status_code == 404
    assert api(bob).put(path, {"sizing": "fixed_margin", "amount": "1"}).status_code == 404
    assert api().get(path).status_code == 401


def test_leaving_out_and_panic(market, author, alice, bob):
    link_account(alice, market)
    link_account(bob, market)
    path = make(api(author))
    api(author).post(f"{path}publish/")
    working.work()
    mine = Copy.objects.get(user=alice)
    assert api(bob).post(f"/api/v1/copies/{mine.public_id}/opt_out/").status_code == 404
    assert api(alice).post(f"/api/v1/copies/{mine.public_id}/opt_out/").status_code == 200
    assert api(bob).post("/api/v1/copies/panic/").json() == {"closing": 1}
    for _ in range(3):
        Copy.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
        working.work()
    mine.refresh_from_db()
    assert (mine.status, mine.reason) == ("expired", "opted_out")
    assert not CopySettings.objects.get(connection__user=bob).is_enabled
    assert CopySettings.objects.get(connection__user=alice).is_enabled


@pytest.mark.parametrize(
    ("chosen", "asked", "is_korean"),
    [("ko", "en", True), ("en", "ko", False), ("", "ko", True), ("", "en", False)],
)
def test_a_script_is_answered_in_its_owners_language(market, author, chosen, asked, is_korean):
    User.objects.filter(pk=author.pk).update(language=chosen)
    body = BODY | {"stop": "45950"}
    caller = api(author)
    answer = caller.post(
        "/api/v1/signals/", body, format="json", headers={"accept-language": asked}
    )
    assert answer.status_code == 400
    said = "손절" if is_korean else "The stop lies inside the entry range."
    assert said in answer.json()["stop"][0]


def test_who_has_the_permission_writes_signals(market, alice):
    assert api(alice).post("/api/v1/signals/", BODY, format="json").status_code == 403
    alice.user_permissions.add(Permission.objects.get(codename="publish_signal"))
    make(api(alice))


def test_a_schedule_asks_for_the_warnings_too(market, author):
    caller = api(author)
    path = make(caller, BODY | {"targets": [{"price": "46400", "share": "100"}]})
    at = (timezone.now() + timedelta(hours=1)).isoformat()
    refused = caller.post(f"{path}schedule/", {"at": at}, format="json")
    assert refused.status_code == 409
    accepted = [warning["code"] for warning in refused.json()["warnings"]]
    body = {"at": at, "accepted": accepted}
    assert caller.post(f"{path}schedule/", body, format="json").json()["status"] == "scheduled"
