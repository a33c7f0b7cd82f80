"""A month of real prices: 60 signals of all kinds on 12 accounts, and every account to the digit.

The prices are those of Bitcoin in January 2022 (15-minute candles), for other symbols scaled and
shifted in time. Authors change their minds, traders interfere, and at the end each account's
orders, fills, fees, positions and closed PnL must equal the sandbox's own ledger.
"""

from __future__ import annotations

import csv
import gzip
import random
from decimal import Decimal as D
from pathlib import Path

import pytest
from django.utils import timezone

from exchanges import services as exchanges
from exchanges.domain.precision import to_tick
from exchanges.models import Instrument
from hexagonal.reconcile import differences
from signals.choices import SignalStatus, Sizing
from signals.domain.chain import faults
from signals.domain.direction import Direction
from signals.domain.draft import (
    Draft,
    Entry,
    EntryKind,
    Expiry,
    StopKind,
    StopRule,
    TargetDraft,
    Trail,
    Weighting,
)
from signals.domain.linting import WARNINGS
from signals.domain.reasons import Reason
from signals.models import LIVE_STATUSES, Copy, Order, Signal
from signals.selectors import chain_of, draft_of
from signals.services import nominal, publishing, working
from signals.services.copying import close_copy, set_rules
from tests.fixtures.people import link_account, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
CANDLES = Path(__file__).parents[2] / "data" / "btc-2022-01-15m.csv.gz"
SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT"]
SIGNALS = 12  # of each symbol
ACCOUNTS = 12
ROUND = 48  # candles of a round: half a day
EARLY, LATE = slice(None, 12), slice(12, None)  # prices before and after people interfere
EVERY = [problem.value for problem in WARNINGS]


def candles():
    with gzip.open(CANDLES, "rt") as file:
        return [
            [D(row[name]) for name in ("open", "high", "low", "close")]
            for row in csv.DictReader(file)
        ]


class Month:
    """The prices of each symbol, candle by candle."""

    def __init__(self, market):
        self.market = market
        self.candles = candles()
        self.places = {row.symbol: row for row in Instrument.objects.filter(symbol__in=SYMBOLS)}
        self.scale = {
            symbol: place.last / self.candles[0][0] for symbol, place in self.places.items()
        }

    @property
    def rounds(self):
        return len(self.candles) // ROUND

    def path(self, symbol, number):
        """A round's prices: open, the nearer extreme, the other, close of each candle."""
        shift = SYMBOLS.index(symbol) * 400
        tick, scale = self.places[symbol].tick, self.scale[symbol]
        prices = []
        for place in range(number * ROUND, (number + 1) * ROUND):
            first, high, low, last = self.candles[(place + shift) % len(self.candles)]
            extremes = [low, high] if first - low < high - first else [high, low]
            prices += [to_tick(price * scale, tick) for price in (first, *extremes, last)]
        return [str(price) for price in prices]

    def move(self, number, part):
        for symbol in SYMBOLS:
            prices = self.path(symbol, number)[part]
            self.market.post("path", symbol=symbol, prices=prices)
        now = timezone.now()
        exchanges.refresh_prices("bybit", "sandbox", now=now)
        nominal.follow_prices(now=now)


def draw(dice, place):
    """A signal of any kind near the present price."""
    direction, tick, price = dice.choice(list(Direction)), place.tick, place.last
    sign = direction.sign

    def level(percent):
        return to_tick(price * (1 + sign * D(str(percent)) / 100), tick)

    near = level(dice.choice([-0.4, -0.1, 0.2]))
    far = to_tick(near * (1 - sign * D("0.006")), tick)
    count = dice.randint(1, 4)
    shares = {1: [100], 2: [50, 50], 3: [30, 30, 40], 4: [10, 20, 30, 40]}[count]
    distance = dice.choice([1.0, 1.8])
    targets = tuple(
        TargetDraft(to_tick(near * (1 + sign * D(str(distance * n)) / 100), tick), D(share))
        for n, share in enumerate(shares, start=1)
    )
    trails = dice.random() < 0.25
    return Draft(
        symbol=place.symbol,
        direction=direction,
        leverage=D(dice.choice([3, 5, 10])),
        entry_low=min(near, far),
        entry_high=max(near, far),
        stop=to_tick(far * (1 - sign * D(str(dice.choice([0.8, 1.5]))) / 100), tick),
        targets=targets,
        entry=draw_entry(dice, level),
        stop_rule=draw_rule(dice, count, trails=trails),
        runner=Trail(percent=D(1)) if not trails and dice.random() < 0.3 else None,
        expiry=Expiry(
            at_first_target=dice.random() < 0.7,
            beyond_percent=dice.choice([None, D("1.5")]),
        ),
    )


def draw_entry(dice, level):
    kind = dice.choice(list(EntryKind))
    if kind is EntryKind.LADDER:
        return Entry(
            kind,
            steps=dice.randint(2, 5),
            weighting=dice.choice([Weighting.EQUAL, Weighting.LINEAR]),
        )
    if kind is EntryKind.TRIGGER:
        return Entry(kind, trigger=level(dice.choice([-0.2, 0.1])))
    return Entry(kind)


def draw_rule(dice, count, *, trails):
    if trails:
        return StopRule(StopKind.TRAILING, trail=Trail(percent=D("1.2")))
    if count == 1:
        return StopRule()
    kind = dice.choice([StopKind.FIXED, StopKind.BREAK_EVEN, StopKind.FOLLOW])
    return StopRule(kind, after=dice.randint(1, count - 1))


RULES = [
    {"sizing": Sizing.FIXED_MARGIN, "amount": D(60)},
    {"sizing": Sizing.FIXED_NOTIONAL, "amount": D(700)},
    {"sizing": Sizing.EQUITY_PERCENT, "amount": D(5)},
    {"sizing": Sizing.RISK_PERCENT, "amount": D(1)},
    {"sizing": Sizing.FIXED_MARGIN, "amount": D(30), "max_leverage": D(4)},
    {"sizing": Sizing.FIXED_NOTIONAL, "amount": D(900), "max_notional": D(333)},
    {"sizing": Sizing.EQUITY_PERCENT, "amount": D(3), "only_side": "long"},
    {"sizing": Sizing.RISK_PERCENT, "amount": D("0.5"), "max_exposure": D(1500)},
    {"sizing": Sizing.FIXED_MARGIN, "amount": D(40), "max_copies": 2},
    {"sizing": Sizing.FIXED_MARGIN, "amount": D(50), "loss_streak": 4},
    {"sizing": Sizing.FIXED_MARGIN, "amount": D(25), "denied_symbols": ["XRPUSDT"]},
    {"sizing": Sizing.EQUITY_PERCENT, "amount": D(2), "multiplier": D("1.5")},
]


@pytest.fixture
def links(market):
    for symbol, price in zip(SYMBOLS[1:], ("3700", "170", "0.83", "0.17"), strict=True):
        market.price(symbol, price)
    exchanges.refresh_prices("bybit", "sandbox", now=timezone.now())
    found = []
    for number, rules in enumerate(RULES):
        user = make_user(f"trader{number}")
        link = link_account(user, market, balance="20000", hedge=number % 3 == 0)
        set_rules(link, fields=rules)
        found.append(link)
    return found


def settle(passes=3):
    """Let the engine look at every live copy until nothing more is to be done."""
    for _ in range(passes):
        Copy.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
        while working.work():
            pass


def interfere(dice, author):
    """Authors change their minds, and traders their trades."""
    now = timezone.now()
    for signal in Signal.objects.filter(status=SignalStatus.OPEN).order_by("pk"):
        act = dice.random()
        draft = draft_of(signal)
        if act < 0.08:
            publishing.reduce(signal, percent=D(50), actor=author, now=now)
        elif act < 0.12 and signal.wants_entry:
            publishing.cancel_entries(signal, actor=author, now=now)
        elif act < 0.22:
            tick = Instrument.objects.get(symbol=draft.symbol).tick
            wider = to_tick(draft.stop * (1 - draft.direction.sign * D("0.003")), tick)
            changed = Draft(
                **{name: getattr(draft, name) for name in draft.__slots__} | {"stop": wider}
            )
            publishing.amend(signal, changed, actor=author, now=now)
    for copy in Copy.objects.filter(status__in=LIVE_STATUSES).order_by("pk"):
        if dice.random() < 0.02:
            close_copy(copy, reason=Reason.CLOSED_BY_TRADER, now=now)


def test_every_account_equals_the_exchanges_ledger(market, author, links):
    dice, month = random.Random(20220101), Month(market)
    published = dict.fromkeys(SYMBOLS, 0)
    for number in range(month.rounds):
        for symbol in SYMBOLS:
            due = published[symbol] * month.rounds < number * SIGNALS
            if due or number == 0:
                publish_next(author, month, symbol, dice)
                published[symbol] += 1
        settle(2)
        month.move(number, EARLY)
        settle(1)
        interfere(dice, author)
        settle(1)
        month.move(number, LATE)
        settle(2)
    assert sum(published.values()) == SIGNALS * len(SYMBOLS) == 60
    finish(author)
    for link in links:
        assert differences(link, market.ledger(link.exchange_uid)) == []
    ends = set(Copy.objects.values_list("status", "reason"))
    assert {("closed", "target"), ("closed", "stop"), ("closed", "trailing_stop")} <= ends
    assert len(ends) >= 10
    legs = set(Order.objects.values_list("leg", flat=True))
    assert {"entry-5", "target-4", "trailing", "close"} <= legs
    assert any(leg.startswith("reduce-") for leg in legs)
    assert all(faults(chain_of(signal)) == [] for signal in Signal.objects.all())


def publish_next(author, month, symbol, dice):
    """One signal a symbol at a time: the one before it is closed first."""
    now = timezone.now()
    for signal in Signal.objects.filter(status=SignalStatus.OPEN, symbol=symbol):
        publishing.close(signal, actor=author, now=now)
    settle(3)
    place = Instrument.objects.get(symbol=symbol)
    signal = publishing.create_signal(author, draw(dice, place), now=now)
    publishing.publish(signal, actor=author, now=timezone.now(), accepted=EVERY)


def finish(author):
    for signal in Signal.objects.filter(status=SignalStatus.OPEN):
        publishing.close(signal, actor=author, now=timezone.now())
    settle(6)
    assert not Copy.objects.filter(status__in=LIVE_STATUSES).exists()
