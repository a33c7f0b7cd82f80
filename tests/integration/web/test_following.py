"""A follower's rules, brakes and own trades."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from signals.models import Copy, CopySettings
from signals.services import copying, publishing, working
from tests.fixtures.people import link_account, long_btc

pytestmark = pytest.mark.django_db(transaction=True)
RULES = {"sizing": "fixed_margin", "amount": "50", "multiplier": "1", "is_enabled": "on"}
OF_LINK = ["pause", "resume", "release"]
OF_COPY = ["close_copy", "opt_out"]


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


@pytest.fixture
def link(client, market, alice):
    client.force_login(alice)
    return link_account(alice, market)


@pytest.fixture
def copy(link, author) -> Copy:
    made = publishing.create_signal(author, long_btc(), now=timezone.now())
    publishing.publish(made, actor=author, now=timezone.now())
    return Copy.objects.get()


def rules_of(link) -> CopySettings:
    return CopySettings.objects.get(connection=link)


def use(user, language: str) -> None:
    User.objects.filter(pk=user.pk).update(language=language)


# --- rules ---------------------------------------------------------------------------------------


def test_every_rule_is_stored_and_shown_again(client, link, author):
    path = reverse("signals:sizing", args=[link.public_id])
    form = RULES | {
        "max_leverage": "5",
        "max_notional": "500",
        "max_exposure": "1500",
        "max_copies": "3",
        "min_equity": "100",
        "max_equity": "20000",
        "allowed_symbols": "btcusdt, #ETH/USDT",
        "only_side": "long",
        "authors": [str(author.pk)],
        "max_slippage_percent": "0.5",
        "daily_loss": "50",
        "weekly_loss": "150",
        "loss_streak": "4",
        "drawdown_percent": "20",
        "joins_open": "on",
    }
    assert client.post(path, form)["Location"] == reverse("settings")
    rules = rules_of(link)
    assert (rules.max_leverage, rules.max_copies, rules.daily_loss) == (5, 3, 50)
    assert rules.allowed_symbols == ["BTCUSDT", "ETHUSDT"]
    assert list(rules.authors.all()) == [author]
    assert rules.joins_open
    page = client.get(path).content.decode()
    assert 'value="0.5"' in page
    assert "BTCUSDT, ETHUSDT" in page
    assert page.count('<details class="more" open>') == 5


def test_the_usual_comes_first_and_limits_are_closed(client, link):
    page = client.get(reverse("signals:sizing", args=[link.public_id])).content.decode()
    assert page.index('name="amount"') < page.index('<details class="more"')
    assert page.count('<details class="more" >') == 5


@pytest.mark.parametrize(
    ("language", "rule"),
    [
        ("en", "Nobody enters outside the range of a signal."),
        ("ko", "시그널의 진입 구간을 벗어나서 진입하는 일은 없습니다."),
        ("en", "only as long as their entry has not been reached"),
        ("ko", "아직 진입가에 도달하지 않은 경우에만 참여합니다"),
    ],
)
def test_the_rule_for_late_joiners_is_said_beforehand(client, link, alice, language, rule):
    use(alice, language)
    assert rule in text_of(client.get(reverse("signals:sizing", args=[link.public_id])))


def test_a_coin_left_out_by_its_short_name_is_really_left_out(client, link, alice):
    rules = RULES | {"denied_symbols": "PEPE, #BTC/USDT ETH-USDT-SWAP"}
    path = reverse("signals:sizing", args=[link.public_id])
    assert client.post(path, rules).status_code == 302
    assert rules_of(link).denied_symbols == ["1000PEPEUSDT", "BTCUSDT", "ETHUSDT"]
    both = rules | {"allowed_symbols": "1000PEPEUSDT"}
    assert client.post(path, both).status_code == 422


def test_a_name_that_nobody_lists_is_refused_unless_it_stood_there(client, link, alice):
    use(alice, "en")
    path = reverse("signals:sizing", args=[link.public_id])
    refused = client.post(path, RULES | {"denied_symbols": "PEEPE"})
    assert refused.status_code == 422
    assert "Did you mean 1000PEPEUSDT" in text_of(refused)
    CopySettings.objects.filter(connection=link).update(denied_symbols=["OLDUSDT"])
    assert client.post(path, RULES | {"denied_symbols": "OLDUSDT, BTC"}).status_code == 302
    assert rules_of(link).denied_symbols == ["BTCUSDT", "OLDUSDT"]


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "0"},
        {"amount": "150", "sizing": "equity_percent"},
        {"max_leverage": "-1"},
        {"min_equity": "500", "max_equity": "100"},
        {"allowed_symbols": "BTCUSDT", "denied_symbols": "BTCUSDT"},
        {"denied_symbols": "?"},
        {"drawdown_percent": "101"},
        {"loss_streak": "0"},
    ],
)
@pytest.mark.parametrize(("language", "hangul"), [("ko", True), ("en", False)])
def test_bad_rules_are_refused_where_they_stand(client, link, alice, changes, language, hangul):
    use(alice, language)
    answer = client.post(reverse("signals:sizing", args=[link.public_id]), RULES | changes)
    assert answer.status_code == 422
    page = answer.content.decode()
    errors = re.findall(r'class="error"[^>]*>([^<]+)', page)
    assert errors
    assert all(bool(re.search(r"[가-힣]", error)) is hangul for error in errors)
    closed = re.findall(r'<details class="more" >.*?</details>', page, flags=re.DOTALL)
    assert not any('class="error"' in part for part in closed)
    assert rules_of(link).amount == 50


# --- pause, brakes, seed -------------------------------------------------------------------------


def test_copying_is_paused_and_resumed_from_the_row(client, link):
    for name, is_on in (("pause", False), ("pause", False), ("resume", True), ("resume", True)):
        answer = client.post(reverse(f"signals:{name}", args=[link.public_id]))
        assert answer["Location"] == reverse("settings")
        assert rules_of(link).is_enabled is is_on
        page = client.get(reverse("settings")).content.decode()
        other = "resume" if name == "pause" else "pause"
        assert reverse(f"signals:{other}", args=[link.public_id]) in page
        assert reverse(f"signals:{name}", args=[link.public_id]) not in page


def test_who_never_chose_a_size_chooses_it_before_copying(client, link):
    CopySettings.objects.all().delete()
    assert "pause/" not in client.get(reverse("settings")).content.decode()
    client.post(reverse("signals:pause", args=[link.public_id]))
    answer = client.post(reverse("signals:resume", args=[link.public_id]))
    assert answer["Location"] == reverse("signals:sizing", args=[link.public_id])
    assert not CopySettings.objects.exists()


@pytest.mark.parametrize(
    ("language", "said", "button"),
    [
        ("en", "Your daily loss limit is reached", "Go on"),
        ("ko", "일일 손실 한도에 도달하여", "다시 시작하기"),
    ],
)
def test_a_brake_is_shown_with_its_reason_and_released(client, link, alice, language, said, button):
    use(alice, language)
    now = timezone.now()
    copying.set_rules(link, fields={"halted_reason": "daily_loss", "halted_at": now})
    pages = [reverse("settings"), reverse("signals:sizing", args=[link.public_id])]
    for path in pages:
        page = text_of(client.get(path))
        assert said in page
        assert button in page
    path = reverse("signals:release", args=[link.public_id])
    for _ in range(2):
        assert client.post(path).status_code == 302
    rules = rules_of(link)
    assert (rules.halted_reason, rules.halted_at) == ("", None)
    assert rules.counts_from >= now
    for path in pages:
        assert said not in text_of(client.get(path))


@pytest.mark.parametrize(
    ("limits", "is_shown"),
    [
        ({"min_equity": Decimal(5000)}, True),
        ({"max_equity": Decimal(500)}, True),
        ({"min_equity": Decimal(500), "max_equity": Decimal(5000)}, False),
        ({}, False),
    ],
)
def test_seed_limit_is_shown_when_the_equity_is_outside(client, link, limits, is_shown):
    copying.set_rules(link, fields=limits)
    for name, arguments in (
        ("settings", []),
        ("signals:sizing", [link.public_id]),
        ("exchanges:row", [link.public_id]),
    ):
        page = text_of(client.get(reverse(name, args=arguments)))
        assert ("SEED LIMIT" in page) is is_shown


@pytest.mark.parametrize("name", OF_LINK)
def test_a_strangers_connection_is_not_found(client, link, mallory, name):
    path = reverse(f"signals:{name}", args=[link.public_id])
    assert client.get(path).status_code == 405
    client.force_login(mallory)
    assert client.post(path).status_code == 404
    assert rules_of(link).is_enabled


# --- trades --------------------------------------------------------------------------------------


def test_what_is_not_entered_is_left_out(client, market, copy):
    working.work()
    page = client.get(reverse("signals:mine")).content.decode()
    path = reverse("signals:opt_out", args=[copy.public_id])
    assert path in page
    assert reverse("signals:close_copy", args=[copy.public_id]) not in page
    for _ in range(2):
        assert client.post(path).status_code == 302
    assert "Being closed" in text_of(client.get(reverse("signals:mine")))
    for _ in range(2):  # withdraw it, then see that it is gone
        Copy.objects.filter(ended_at=None).update(due_at=timezone.now())
        working.work()
    copy.refresh_from_db()
    assert (copy.status, copy.reason) == ("expired", "opted_out")
    assert "You left this signal out." in text_of(client.get(reverse("signals:mine")))


def test_what_is_entered_is_closed_and_shows_its_figures(client, copy):
    Copy.objects.update(status="filled", entered_quantity=Decimal("0.01"), leverage=Decimal(5))
    page = client.get(reverse("signals:mine")).content.decode()
    assert reverse("signals:close_copy", args=[copy.public_id]) in page
    assert reverse("signals:opt_out", args=[copy.public_id]) not in page
    Copy.objects.update(
        status="closed",
        ended_at=timezone.now(),
        reason="trailing_stop",
        fees=Decimal("0.75"),
        funding=Decimal("0.25"),
        pnl=Decimal("10.5"),
        entry_average=Decimal("45966.666666666667"),
    )
    page = text_of(client.get(reverse("signals:mine")))
    # fees without funding; pnl less funding
    assert "0.01 5x 45966.667 – 0.50 0.25 10.25" in page
    assert "The trailing stop was hit." in page


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "1 trade is being closed"), ("ko", "거래 1건을 종료하고 있습니다")],
)
def test_panic_closes_everything_and_pauses(client, link, copy, alice, language, said):
    use(alice, language)
    path = reverse("signals:panic")
    assert path in client.get(reverse("signals:mine")).content.decode()
    assert said in text_of(client.post(path, follow=True))
    copy.refresh_from_db()
    assert not copy.wants_position
    assert not rules_of(link).is_enabled
    assert client.post(path).status_code == 302  # once more closes nothing new


def test_panic_touches_nobody_else(client, link, copy, mallory):
    client.force_login(mallory)
    assert client.get(reverse("signals:panic")).status_code == 405
    client.post(reverse("signals:panic"))
    copy.refresh_from_db()
    assert copy.wants_position
    assert rules_of(link).is_enabled


@pytest.mark.parametrize("name", OF_COPY)
def test_a_strangers_trade_is_not_found(client, copy, mallory, name):
    path = reverse(f"signals:{name}", args=[copy.public_id])
    client.force_login(mallory)
    assert client.post(path).status_code == 404
    copy.refresh_from_db()
    assert copy.wants_position


def test_every_step_needs_its_token(alice, link, copy):
    careless = Client(enforce_csrf_checks=True)
    careless.force_login(alice)
    paths = [reverse("signals:panic")]
    paths += [reverse(f"signals:{name}", args=[link.public_id]) for name in OF_LINK]
    paths += [reverse(f"signals:{name}", args=[copy.public_id]) for name in OF_COPY]
    assert [careless.post(path).status_code for path in paths] == [403] * len(paths)
