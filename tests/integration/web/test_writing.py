"""The author's form: all of a signal, warnings to tick, a time to publish, a text to paste."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from exchanges.instruments import refresh_instruments
from signals.domain.draft import EntryKind, StopKind, Trail, Weighting
from signals.models import Copy, Signal
from signals.selectors import draft_of
from signals.services import copying, publishing, working
from tests.fixtures.people import link_account, long_btc
from tests.integration.web.test_pages import FORM

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "/signals/new/"
PREVIEW = "/signals/preview/"
PASTE = "/signals/paste/"
POOR = FORM | {"target_price": "46100"}  # brings less than its stop costs
TEXT = "#BTC/USDT LONG\nLeverage: 10x\nEntry: 45900 - 46000\nTargets: 46500, 47000\nStop: 45500"


@pytest.fixture
def writer(client, market, author):
    client.force_login(author)
    client.market = market
    return client


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def errors_of(answer) -> list[str]:
    return re.findall(r'class="error"[^>]*>([^<]+)', answer.content.decode())


def use_korean(user: User) -> None:
    User.objects.filter(pk=user.pk).update(language="ko")


# --- more than the standard ----------------------------------------------------------------------


def test_everything_behind_more_is_stored(writer):
    form = FORM | {
        "target_price": ["47000", "46600"],
        "target_share": ["40", "60"],
        "entry_kind": "ladder",
        "steps": "3",
        "weighting": "custom",
        "weights": "1, 2, 3",
        "stop_kind": "break_even",
        "stop_after": "1",
        "has_runner": "on",
        "runner_percent": "1.5",
        "runner_activation": "47500",
        "expiry_minutes": "90",
        "beyond_percent": "3",
        "action": "draft",
    }
    assert writer.post(NEW, form).status_code == 302
    draft = draft_of(Signal.objects.get())
    assert (draft.entry.kind, draft.entry.steps) == (EntryKind.LADDER, 3)
    assert (draft.entry.weighting, draft.entry.weights) == (Weighting.CUSTOM, (1, 2, 3))
    assert (draft.stop_rule.kind, draft.stop_rule.after) == (StopKind.BREAK_EVEN, 1)
    assert (draft.runner.percent, draft.runner.activation) == (Decimal("1.5"), 47500)
    assert draft.expiry.after == timedelta(minutes=90)
    assert (draft.expiry.at_first_target, draft.expiry.beyond_percent) == (False, 3)
    assert [target.price for target in draft.targets] == [46600, 47000]


def test_what_the_chosen_kind_does_not_know_says_nothing(writer):
    form = FORM | {"entry_kind": "auto", "steps": "5", "trigger": "46500", "action": "draft"}
    writer.post(NEW, form)
    entry = draft_of(Signal.objects.get()).entry
    assert (entry.kind, entry.steps, entry.trigger) == (EntryKind.AUTO, 1, None)


def test_more_is_closed_until_something_in_it_matters(writer):
    def is_open(answer) -> bool:
        return '<details class="more" open>' in answer.content.decode()

    assert not is_open(writer.get(NEW))
    assert not is_open(writer.post(NEW, FORM | {"stop": ""}))
    assert is_open(writer.post(NEW, FORM | {"entry_kind": "ladder", "steps": "99"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"entry_kind": "ladder", "steps": "99"},
        {"entry_kind": "ladder", "steps": "3", "weighting": "custom", "weights": "1, x"},
        {"entry_kind": "trigger"},
        {"stop_kind": "trailing"},
        {"stop_kind": "follow", "stop_after": "1"},
        {"has_runner": "on", "runner_percent": "1", "runner_distance": "100"},
        {"publish_at": "yesterday"},
        {"publish_at": "2020-01-01T10:00"},
    ],
)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_bad_terms_are_refused_in_words(writer, author, changes, language):
    User.objects.filter(pk=author.pk).update(language=language)
    answer = writer.post(NEW, FORM | changes)
    assert answer.status_code == 422
    errors = errors_of(answer)
    assert errors
    assert all(bool(re.search(r"[가-힣]", error)) is (language == "ko") for error in errors)
    assert not Signal.objects.exists()


# --- warnings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "tick the warnings in the preview first"), ("ko", "경고를 확인하고 체크해 주세요")],
)
def test_an_unticked_warning_publishes_and_stores_nothing(writer, author, language, said):
    User.objects.filter(pk=author.pk).update(language=language)
    answer = writer.post(NEW, POOR | {"idempotency_key": "k"})
    assert answer.status_code == 422
    assert said in text_of(answer)
    page = answer.content.decode()
    assert 'value="draft_reward_below_risk"' in page
    assert 'form="signal-form"' in page
    assert not Signal.objects.exists()
    ticked = POOR | {"idempotency_key": "k", "accepted": ["draft_reward_below_risk"]}
    first, second = writer.post(NEW, ticked), writer.post(NEW, ticked)
    assert first["Location"] == second["Location"]
    assert Signal.objects.get().status == "open"


def test_a_tick_survives_the_refresh_of_the_preview(writer):
    def boxes(**more) -> list[str]:
        page = writer.post(PREVIEW, POOR | more).content.decode()
        return re.findall(r"<input[^>]*accepted[^>]*>", page)

    assert ["checked" in box for box in boxes()] == [False]
    assert ["checked" in box for box in boxes(accepted=["draft_reward_below_risk"])] == [True]


def test_a_draft_needs_no_tick_and_is_published_from_its_page_with_them(writer):
    writer.post(NEW, POOR | {"action": "draft"})
    signal = Signal.objects.get()
    assert signal.status == "draft"
    page = writer.get(reverse("signals:detail", args=[signal.public_id])).content.decode()
    assert 'form="publish-form"' in page
    path = reverse("signals:publish", args=[signal.public_id])
    refused = writer.post(path)
    assert refused.status_code == 422
    assert "tick the warnings first" in text_of(refused)
    assert Signal.objects.get().status == "draft"
    assert writer.post(path, {"accepted": "draft_reward_below_risk"}).status_code == 302
    assert writer.post(path).status_code == 302  # once more changes nothing
    signal.refresh_from_db()
    assert (signal.status, signal.revision) == ("open", 1)


# --- later ---------------------------------------------------------------------------------------


def test_a_signal_is_scheduled_in_utc_and_taken_back(writer, author):
    User.objects.filter(pk=author.pk).update(time_zone="Asia/Seoul")
    answer = writer.post(NEW, FORM | {"publish_at": "2099-01-02T03:04"})
    signal = Signal.objects.get()
    assert (signal.status, signal.revision) == ("scheduled", 0)
    assert signal.publish_at == datetime(2099, 1, 2, 3, 4, tzinfo=UTC)
    page = text_of(writer.get(answer["Location"]))
    assert "2099-01-02 12:04 (2099-01-02 03:04 UTC)" in page
    path = reverse("signals:unschedule", args=[signal.public_id])
    assert writer.post(path).status_code == 302
    signal.refresh_from_db()
    assert (signal.status, signal.publish_at) == ("draft", None)
    assert "not scheduled" in text_of(writer.post(path, follow=True))


def test_a_scheduled_signal_is_published_now(writer):
    writer.post(NEW, FORM | {"publish_at": "2099-01-02T03:04"})
    signal = Signal.objects.get()
    writer.post(reverse("signals:publish", args=[signal.public_id]))
    signal.refresh_from_db()
    assert (signal.status, signal.publish_at) == ("open", None)


# --- drafts and changes --------------------------------------------------------------------------


def test_a_draft_is_rewritten_in_everything_and_published(writer):
    writer.post(NEW, FORM | {"action": "draft"})
    signal = Signal.objects.get()
    path = reverse("signals:amend", args=[signal.public_id])
    assert 'value="publish"' in writer.get(path).content.decode()
    changed = {"side": "short", "entry_low": "46500", "entry_high": "46600", "stop": "47000"}
    changed |= {"target_price": "45000", "leverage": "5"}
    assert writer.post(path, FORM | changed | {"stop": "46550"}).status_code == 422
    assert writer.post(path, FORM | changed).status_code == 302
    signal.refresh_from_db()
    assert (signal.side, signal.leverage, signal.status) == ("short", 5, "open")


def test_a_change_that_changes_nothing_is_told_to_nobody(writer):
    writer.post(NEW, FORM)
    signal = Signal.objects.get()
    path = reverse("signals:amend", args=[signal.public_id])
    form = FORM | {"at_first_target": "", "stop": "45400"}
    for _ in range(2):
        assert writer.post(path, form).status_code == 302
    signal.refresh_from_db()
    assert (signal.stop, signal.revision) == (45400, 2)


def test_the_page_shows_again_all_that_a_script_wrote(writer, author):
    runner = Trail(distance=Decimal(200), activation=Decimal(47500))
    made = publishing.create_signal(author, long_btc(runner=runner), now=timezone.now())
    page = writer.get(f"/signals/{made.public_id}/amend/").content.decode()
    assert re.search(r'name="runner_activation"[^>]*value="47500"', page) or re.search(
        r'value="47500"[^>]*name="runner_activation"', page
    )


def test_what_was_published_as_a_ladder_stays_one(writer):
    writer.post(NEW, FORM | {"entry_kind": "ladder", "steps": "3"})
    signal = Signal.objects.get()
    path = reverse("signals:amend", args=[signal.public_id])
    assert "publish_at" not in writer.get(path).content.decode()
    assert writer.post(path, FORM | {"stop": "45400", "entry_kind": "market"}).status_code == 302
    signal.refresh_from_db()
    assert draft_of(signal).entry.steps == 3


def test_a_scheduled_or_completed_signal_is_not_changed(writer):
    writer.post(NEW, FORM | {"publish_at": "2099-01-02T03:04"})
    signal = Signal.objects.get()
    path = reverse("signals:amend", args=[signal.public_id])
    answer = writer.post(path, FORM | {"stop": "45400"}, follow=True)
    assert "not in progress" in text_of(answer)
    signal.refresh_from_db()
    assert signal.stop == 45500


# --- the preview ---------------------------------------------------------------------------------


def test_the_preview_shows_a_sample_and_everybody_with_their_reason(writer, alice, bob, author):
    link_account(alice, writer.market, amount="200")
    link_account(bob, writer.market, amount="2000")
    form = FORM | {
        "entry_kind": "ladder",
        "steps": "2",
        "target_price": ["46500", "47000"],
        "target_share": ["50", "50"],
    }
    page = text_of(writer.post(PREVIEW, form))
    assert "For example alice · main" in page
    # 200 USDT at 10x over 46,000 and 45,900: 0.021 and 0.022; half of 0.043 at each target
    for line in (
        "Entry (EP) 1 46000 0.021",
        "Entry (EP) 2 45900 0.022",
        "Target (TP) 1 46500 0.021",
        "Target (TP) 2 47000 0.022",
        "Stop (SL) 45500 0.043",
        "1 of 2 connections take part.",
        "Margin 200.00 USDT",
    ):
        assert line in page
    assert (
        "The free balance is smaller than the margin of this trade. Needed 2022 · Free 950" in page
    )
    assert "Requests to the exchange 2" in page  # they fit into a window: nothing holds them up
    assert "within" not in page
    use_korean(author)
    assert "예시 계정: alice · main" in text_of(writer.post(PREVIEW, form))


def test_the_preview_says_when_the_limits_take_too_long(writer, alice, settings):
    link_account(alice, writer.market)
    settings.SIGNAL_TTL_SECONDS = 0
    page = text_of(writer.post(PREVIEW, FORM))
    assert "the last accounts would not be entered" in page


def test_the_preview_says_how_long_the_limits_make_it_take(writer, alice, monkeypatch):
    for name in ("one", "two"):
        link_account(alice, writer.market, name=name)
    monkeypatch.setattr("signals.services.publishing.entry_room", lambda _budget: (1, Decimal(5)))
    assert "2, within 5 s" in text_of(writer.post(PREVIEW, FORM))


def test_the_ladder_of_the_preview_is_the_one_that_is_placed(writer, alice):
    link_account(alice, writer.market, amount="200")
    form = FORM | {"entry_kind": "ladder", "steps": "3", "weighting": "linear"}
    page = text_of(writer.post(PREVIEW, form))
    writer.post(NEW, form)
    working.work()
    orders = list(Copy.objects.get().orders.order_by("leg"))
    assert len(orders) == 3
    for number, order in enumerate(orders, start=1):
        line = f"Entry (EP) {number} {order.price.normalize():f} {order.quantity.normalize():f}"
        assert line in page


# --- pasting -------------------------------------------------------------------------------------


def test_a_pasted_text_fills_the_form_and_publishes_nothing(writer):
    answer = writer.post(PASTE, {"text": TEXT})
    page = answer.content.decode()
    assert answer.status_code == 200
    for value in ("BTCUSDT", "10", "45900", "46000", "45500", "46500", "47000", "50"):
        assert f'value="{value}"' in page
    assert 'action="/signals/new/"' in page
    assert "Check every figure" in page
    assert not Signal.objects.exists()


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "The text leaves open: Leverage"), ("ko", "글에서 확실하지 않은 항목: 레버리지")],
)
def test_what_a_text_leaves_open_is_named(writer, author, language, said):
    User.objects.filter(pk=author.pk).update(language=language)
    text = TEXT.replace("Leverage: 10x\n", "")
    assert said in text_of(writer.post(PASTE, {"text": text}))


def test_a_market_text_asks_for_the_range(writer):
    text = TEXT.replace("45900 - 46000", "market")
    assert "give the entry range yourself" in text_of(writer.post(PASTE, {"text": text}))


@pytest.mark.parametrize(
    "text", ["", "good morning everybody", "x" * 4001, f"{TEXT}\n\n{TEXT.replace('BTC', 'ETH')}"]
)
def test_a_text_without_a_signal_is_said_so_and_stays(writer, text):
    answer = writer.post(PASTE, {"text": text})
    assert answer.status_code == 422
    assert errors_of(answer)
    assert text in answer.content.decode()


@pytest.mark.parametrize("path", [NEW, PREVIEW, PASTE])
def test_writing_does_not_exist_for_others(client, alice, path):
    client.force_login(alice)
    assert client.post(path, FORM).status_code == 404


def test_a_paused_follower_is_seen_in_the_preview(writer, alice):
    copying.pause(link_account(alice, writer.market))
    assert "Copying is switched off" in text_of(writer.post(PREVIEW, FORM))


# --- the symbol ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        *("BTCUSDT", "BTC/USDT", "#BTC/USDT", "BTC-USDT-SWAP", "btcusdt.p", "$btc"),
        *("BYBIT:BTCUSDT.P", " btc usdt perp "),
    ],
)
def test_the_symbol_is_found_as_a_person_writes_it(writer, typed):
    assert ">BTCUSDT<" in writer.post(PREVIEW, FORM | {"symbol": typed}).content.decode()
    assert writer.post(NEW, FORM | {"symbol": typed}).status_code == 302
    assert Signal.objects.get().symbol == "BTCUSDT"


PEPE = FORM | {
    "symbol": "PEPE",
    "entry_low": "0.0117",
    "entry_high": "0.0118",
    "stop": "0.0115",
    "target_price": "0.0125",
}


@pytest.mark.parametrize(("language", "said"), [("en", "for 1000 PEPE"), ("ko", "PEPE 1000개")])
def test_a_coin_by_the_thousand_is_shown_with_what_its_prices_are_for(
    writer, author, language, said
):
    User.objects.filter(pk=author.pk).update(language=language)
    shown = text_of(writer.post(PREVIEW, PEPE))
    assert "1000PEPEUSDT" in shown
    assert said in shown
    assert writer.post(NEW, PEPE).status_code == 302
    assert Signal.objects.get().symbol == "1000PEPEUSDT"


def test_prices_of_a_single_coin_on_its_contract_by_the_thousand_are_not_published(writer):
    prices = {name: "0.000" + PEPE[name][2:] for name in ("entry_low", "entry_high", "stop")}
    single = PEPE | prices | {"target_price": "0.0000125"}
    answer = writer.post(NEW, single)
    assert answer.status_code == 422
    assert "away from the entry range" in text_of(answer)
    assert not Signal.objects.exists()


@pytest.mark.parametrize(
    ("language", "typed", "said"),
    [
        ("en", "BTCC", "Did you mean BTCUSDT"),
        ("ko", "BTCC", "혹시 BTCUSDT"),
        ("en", "BTCPERP", "Did you mean BTCUSDT"),
        ("en", "<i>BTC", "The exchange does not list this symbol"),
        ("ko", "비트코인", "심볼"),
    ],
)
def test_an_unknown_symbol_is_refused_with_what_comes_near(writer, author, language, typed, said):
    User.objects.filter(pk=author.pk).update(language=language)
    answer = writer.post(NEW, FORM | {"symbol": typed})
    assert answer.status_code == 422
    assert any(said in error for error in errors_of(answer))
    assert not Signal.objects.exists()


def announce(writer, **changes):
    writer.market.post("instruments/BTCUSDT", **changes)
    refresh_instruments("bybit", "sandbox", now=timezone.now())


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "delists this symbol on 2030-03-17 17:46 UTC"), ("ko", "2030-03-17 17:46 UTC에")],
)
def test_an_announced_delisting_takes_no_new_signal(writer, author, language, said):
    User.objects.filter(pk=author.pk).update(language=language)
    announce(writer, delivery_time=1_900_000_000_000)
    assert said in text_of(writer.post(PREVIEW, FORM))
    for action in ("publish", "draft"):
        refused = writer.post(NEW, FORM | {"action": action, "accepted": "draft_delisting"})
        assert refused.status_code == 422
        assert any(said in error for error in errors_of(refused))
    assert not Signal.objects.exists()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("Closed", "has delisted this symbol"),
        ("Delivering", "has delisted this symbol"),
        ("PreLaunch", "cannot be traded at the moment"),
    ],
)
def test_what_does_not_trade_is_said_by_its_status(writer, author, status, said):
    User.objects.filter(pk=author.pk).update(language="en")
    announce(writer, status=status)
    assert any(said in error for error in errors_of(writer.post(NEW, FORM)))
    assert not Signal.objects.exists()


def test_a_signal_in_progress_is_amended_although_its_contract_leaves(writer):
    writer.post(NEW, FORM)
    announce(writer, delivery_time=1_900_000_000_000, max_leverage="5")
    signal = Signal.objects.get()
    change = FORM | {"stop": "45600", "revision": "1"}
    assert writer.post(reverse("signals:amend", args=[signal.public_id]), change).status_code == 302
    signal.refresh_from_db()
    assert (signal.stop, signal.revision) == (45600, 2)


def test_a_signal_like_a_live_one_must_be_ticked(writer, author):
    publishing.publish(
        publishing.create_signal(author, long_btc(), now=timezone.now()),
        actor=author,
        now=timezone.now(),
    )
    assert writer.post(NEW, FORM).status_code == 422
    assert writer.post(NEW, FORM | {"accepted": "draft_signal_twice"}).status_code == 302
    assert Signal.objects.count() == 2
