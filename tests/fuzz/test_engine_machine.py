"""A machine that drives signals, an account and a model exchange through random events.

After every step it checks the invariants of the design; `FUZZ_EXAMPLES` asks for more than CI does.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from exchanges.domain.errors import StopRefused
from exchanges.domain.trading import Cause, OrderState
from signals.choices import OrderStatus
from signals.domain.actions import Place, SetLevels
from signals.domain.direction import Direction
from signals.domain.draft import EntryKind
from signals.domain.holding import reached_target
from signals.domain.ladder import step_count
from signals.domain.legs import CLOSE, TARGET, is_entry_leg, target_leg
from signals.domain.lifecycle import CopyStatus
from signals.domain.linting import errors
from signals.domain.nominal import Progress, advance, lapse
from signals.domain.reasons import Reason
from signals.domain.situation import MOST_GENERATIONS
from signals.domain.stops import stop_level
from tests.fuzz.drafts import BTC, COARSE, GRID, drafts, prices
from tests.fuzz.loop import Follower, connection, symbol_state
from tests.fuzz.model_exchange import Fault, ModelExchange

START = datetime(2026, 11, 21, tzinfo=UTC)
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
STEPS = 50
PHASES = [Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate]
CI_EXAMPLES = 400  # of `STEPS` steps, for each of the two directions
MOST_ROUNDS = 25  # until a copy that is left alone has nothing to do
MOST_CONDITIONAL = 10
AMOUNTS = {"fixed_margin": [D(10), D(50), D(130)], "equity_percent": [D(1), D(5), D(20)]}
QUANTITIES = st.integers(1, 12).map(lambda n: n * BTC.step)
DEPTHS = st.sampled_from([None, None, D("0.001"), D("0.003")])
TOTALS = {"steps": 0}
ABOVE = st.integers(-4, 12)  # where a signal finds the price, on the grid from the near edge
ENTERS = st.sampled_from(["near", "far", "far", "far", "", *Fault])
MOSTLY = st.sampled_from([True, True, True, False])
RARELY = st.sampled_from([False, False, True])
FAULTS = list(Fault)
THEN = st.sampled_from(["nothing", "round", "round", "settle", *FAULTS])
AUTHOR = st.sampled_from(["amend"] * 4 + ["reduce"] * 3 + ["cancel_entries", "close"])
TRADER = st.sampled_from(
    ["closes"] * 2
    + ["adds", "rests", "cancels", "cancels", "opts out"]
    + ["moves the stop"] * 2
    + ["takes the stop off", "sets a target"]
)


class EngineMachine(RuleBasedStateMachine):
    direction: Direction

    def __init__(self):
        super().__init__()
        self.instrument = BTC
        self.exchange = ModelExchange(self.direction, BTC, D(46000), START)
        self.state = symbol_state()
        self.follower: Follower | None = None
        self.progress = Progress()
        self.theirs: dict[str, tuple] = {}  # the user's own orders, as they must stay
        self.added = False  # the trader to the position of the present copy
        self.allowed = D(0)  # margin that the rules allow the present copy

    # --- the author ------------------------------------------------------------------------------

    @initialize(data=st.data(), instrument=st.sampled_from([BTC, COARSE]), at=ABOVE, enters=ENTERS)
    def begin(self, data, instrument, at, enters):
        self.instrument = self.exchange.instrument = instrument
        self._publish(data, at, enters)

    @precondition(lambda self: self.follower.is_over)
    @rule(data=st.data(), at=ABOVE, enters=ENTERS, alone=MOSTLY)
    def publish(self, data, at, enters, alone):
        if alone:
            self._clear()
        self._publish(data, at, enters)

    def _clear(self):
        """The trader ends all business of their own."""
        if self.exchange.quantity:
            self.exchange.user_close(self.exchange.quantity)
        for order_id in self.theirs:
            self.exchange.user_cancels(self.exchange.orders[order_id])
        self.theirs.clear()

    def _publish(self, data, at, enters):
        self._count()
        self.exchange.wait(61)  # a new signal finds what is over in the past
        self.exchange.move(D(46000) + at * GRID * self.direction.sign)
        draft = data.draw(drafts(self.direction))
        if draft.entry.kind is EntryKind.TRIGGER:
            rises = self.exchange.last < draft.entry.trigger
            draft = replace(draft, entry=replace(draft.entry, trigger_rises=rises))
        assert errors(draft, self.instrument) == []
        sizing = data.draw(st.sampled_from(sorted(AMOUNTS)))
        amount = data.draw(st.sampled_from(AMOUNTS[sizing]))
        link = connection(sizing=sizing, amount=amount)
        own = self.exchange.quantity or any(o.is_live for o in self.exchange.orders.values())
        link.own_symbols = ["BTCUSDT"] if own else []
        self.follower = Follower(draft, link, self.state, self.exchange, self.instrument)
        self.progress, self.added = Progress(), bool(own)
        if enters:
            self._enter(draft, enters)

    def _enter(self, draft, way):
        """The usual beginning: sent, and met by the price."""
        if draft.entry.trigger is not None:
            self._round()
            self.exchange.move(draft.entry.trigger)
        if draft.entry.kind is EntryKind.MARKET:
            self.exchange.move(draft.near_edge)
        if way in FAULTS:
            self._fail(way, after=1)  # the first request sets the leverage
        self._round()
        self.exchange.move(draft.near_edge if way == "near" else draft.far_edge, None)
        self._round()
        self._lapse()

    def _count(self):
        TOTALS["steps"] += 1

    @property
    def live(self):
        return self.follower is not None and not self.follower.is_over

    @precondition(lambda self: self.live)
    @rule(data=st.data(), act=AUTHOR, then=THEN)
    def author_acts(self, data, act, then):
        self._count()
        follower = self.follower
        if act == "amend":
            follower.amend(data.draw(drafts(self.direction, follower.draft.entry)))
        elif act == "reduce":
            follower.revise("reduce", percent=str(data.draw(st.integers(1, 99))))
        else:
            follower.signal.wants_entry = False
            follower.signal.wants_position = act != "close"
            follower.revise(act)
        self._go_on(then)

    # --- the market ------------------------------------------------------------------------------

    @rule(data=st.data(), depth=DEPTHS, then=THEN)
    def move(self, data, depth, then):
        self._count()
        self._move(data.draw(prices(self.direction)), depth)
        self._go_on(then)

    @rule(data=st.data(), depth=DEPTHS, then=THEN)
    def meet_a_level(self, data, depth, then):
        """The price goes exactly where the signal says something."""
        self._count()
        draft = self.follower.draft
        levels = [draft.near_edge, draft.far_edge, *(t.price for t in draft.targets)]
        if draft.entry.trigger is not None:
            levels.append(draft.entry.trigger)
        self._move(data.draw(st.sampled_from(levels)), depth)
        self._go_on(then)

    def _move(self, price, depth):
        self.exchange.move(price, depth)
        self._lapse()

    def _lapse(self):
        """The signal's own terms, as the nominal result's service looks at them."""
        signal, draft = self.follower.signal, self.follower.draft
        if not self.live or not signal.wants_entry:
            return
        price = self.exchange.last
        self.progress = advance(
            draft, self.progress, price, tick=self.instrument.tick, may_enter=True
        )
        unfilled = self.follower.status is not CopyStatus.FILLED
        if self.progress.steps == step_count(draft) and not unfilled:
            return
        reason = lapse(draft, self.progress, price)
        if reason:
            signal.wants_entry, signal.lapse_reason = False, reason.value
            self.follower.revise("lapse")

    @precondition(lambda self: self.exchange.quantity)
    @rule(cause=st.sampled_from([Cause.ADL, Cause.LIQUIDATION]), quantity=QUANTITIES, rare=RARELY)
    def forced(self, cause, quantity, rare):
        self._count()
        whole = self.exchange.quantity
        if rare:
            self.exchange.forced(cause, whole if cause is Cause.LIQUIDATION else quantity)

    @rule(seconds=st.sampled_from([1, 5, 11, 40, 700]))
    def wait(self, seconds):
        self._count()
        self.exchange.wait(seconds)

    @rule(equity=st.sampled_from([D(100), D(300), D(1000), D(4000)]))
    def equity_changes(self, equity):
        self._count()
        self.follower.link.equity = self.follower.link.available = equity

    # --- the trader, in the exchange's app -------------------------------------------------------

    @precondition(lambda self: self.live)
    @rule(data=st.data(), act=TRADER, then=THEN)
    def trader_acts(self, data, act, then):
        self._count()
        exchange, sign = self.exchange, self.direction.sign
        quantity = data.draw(QUANTITIES)
        if act == "opts out":
            self.follower.close(Reason.CLOSED_BY_TRADER)
        elif act == "cancels" and self.ours_live():
            exchange.user_cancels(data.draw(st.sampled_from(self.ours_live())))
        elif act == "rests":
            self.added = True  # once it fills
            away = data.draw(st.integers(40, 60))
            order = exchange.user_rests(quantity, D(46000) - away * GRID * sign)
            self.theirs[order.id] = (order.quantity, order.price, order.stop)
        elif exchange.quantity and act == "closes":
            exchange.user_close(quantity)
        elif exchange.quantity and act == "adds":
            self.added = True
            exchange.user_add(quantity)
        elif exchange.quantity and act == "moves the stop":
            exchange.user_stop(exchange.last - data.draw(st.integers(1, 20)) * 37 * sign)
        elif exchange.quantity and act == "takes the stop off":
            exchange.user_stop(None)
        elif exchange.quantity and act == "sets a target":
            exchange.target = exchange.last + data.draw(st.integers(1, 20)) * 41 * sign
        self._go_on(then)

    # --- ops -------------------------------------------------------------------------------------

    @precondition(lambda self: self.live)
    @rule(then=THEN)
    def ops_hold_the_key_or_let_it_go(self, then):
        self._count()
        self.follower.quarantined ^= {1}
        self.follower.ring()
        self._go_on(then)

    def _go_on(self, then):
        if self.live and then == "round":
            self._round()
        elif self.live and then == "settle":
            self._settle()
        elif self.live and then in FAULTS:
            self._fail(then, after=0)

    # --- the loop, and what goes wrong in it -----------------------------------------------------

    @precondition(lambda self: self.live)
    @rule()
    def run(self):
        self._count()
        self._round()

    @precondition(lambda self: self.live)
    @rule(fault=st.sampled_from(Fault), after=st.integers(0, 4))
    def run_with_a_fault(self, fault, after):
        self._count()
        self._fail(fault, after)

    def _fail(self, fault, after):
        self.exchange.fault, self.exchange.fault_after = fault, after
        self._round(is_clean=False)
        self.exchange.fault = None

    @precondition(lambda self: self.live)
    @rule()
    def run_without_a_view(self):
        self._count()
        self.exchange.read_fault = True
        self._round(is_clean=False)
        self.exchange.read_fault = False

    @precondition(lambda self: self.live)
    @rule(data=st.data(), depth=DEPTHS)
    def run_while_the_price_moves(self, data, depth):
        self._count()
        price = data.draw(prices(self.direction))
        self.exchange.between = lambda: self.exchange.move(price, depth)
        self._round(is_clean=False)
        self.exchange.between = None
        self._lapse()

    @precondition(lambda self: self.live)
    @rule(data=st.data(), depth=DEPTHS)
    def run_before_the_fills_show(self, data, depth):
        """Executions may show later than the position and the orders that they made."""
        self._count()
        exchange = self.exchange
        exchange.wait(max((self.follower.copy.due_at - exchange.now).total_seconds(), 0))
        exchange.shown, exchange.is_lagging = len(exchange.fills), True
        exchange.move(data.draw(prices(self.direction)), depth)
        self._round(is_clean=False)
        exchange.shown, exchange.is_lagging = len(exchange.fills), False
        self._lapse()

    def _round(self, *, is_clean=True):
        follower = self.follower
        if follower.copy.margin is None:
            self._allow()
        entered = self._entries_sent()
        follower.round()
        assert not follower.quarantined or self._entries_sent() == entered, self._story()
        if is_clean and not follower.failed:
            self._check_protected()

    def _allow(self):
        """The margin that the trader's settings allow, until the first plan fixes it."""
        link = self.follower.link
        stored = link.copy_settings
        share = link.equity / 100 if stored.sizing == "equity_percent" else D(1)
        self.allowed = stored.amount * share

    @precondition(lambda self: self.live)
    @rule()
    def settle(self):
        self._count()
        self._settle()

    def _settle(self):
        """Left alone, the copy comes to rest, and then stands as the signal says."""
        self.exchange.depth = None
        for _ in range(MOST_ROUNDS):
            self.follower.copy.looked_at = None  # a full look comes each half minute
            self._round()
            if self.follower.is_over or self.follower.quiet:
                break
        else:
            raise AssertionError(f"it never rests: {self._story()}")
        if not self.follower.is_over:
            self._check_at_rest()

    def _story(self):
        """What a failure is understood by."""
        task, exchange = self.follower.task, self.exchange
        rows = [
            (row.leg, row.generation, row.status, str(row.filled), str(row.quantity))
            for row in self.follower.ledger.orders
        ]
        orders = [
            (str(o.side), o.state.value, str(o.filled), str(o.quantity), str(o.price))
            for o in exchange.orders.values()
        ]
        return "\n".join(map(str, [*task.actions, exchange.quantity, *rows, *orders]))

    # --- what must be true -----------------------------------------------------------------------

    def ours(self):
        return [order for order in self.exchange.orders.values() if order.is_ours]

    def ours_live(self):
        return [order for order in self.ours() if order.is_live]

    def _entries_sent(self):
        """How many orders of ours that add to a position the exchange has taken."""
        return sum(not order.reduce_only for order in self.ours())

    def legs(self):
        """The present copy's rows by link id."""
        return {order.link_id: order for order in self.follower.ledger.orders if order.link_id}

    def _check_protected(self):
        """After a round without a fault no open position of ours is without its stop."""
        follower = self.follower
        if follower.is_over or not self.exchange.quantity or follower.ledger.copy.has_stop:
            return
        if follower.copy.entered_quantity <= follower.copy.exited_quantity:
            return
        actions = follower.task.actions
        leaves = any(isinstance(a, Place) and a.leg == CLOSE for a in actions)
        refused = any(isinstance(error, StopRefused) for error in follower.errors)
        handing_over = follower.exchange.quantity > (
            follower.copy.entered_quantity - follower.copy.exited_quantity
        )
        assert self.exchange.stop is not None or leaves or refused or handing_over

    def _check_at_rest(self):
        follower, exchange = self.follower, self.exchange
        copy, draft = follower.copy, follower.draft
        held = copy.entered_quantity - copy.exited_quantity
        assert held >= 0
        if not held:
            return
        assert exchange.quantity >= held
        assert copy.wants_position, "what is to be closed never rests"
        assert exchange.stop is not None
        if exchange.quantity > held:
            return  # the trader added to it: it is about to be handed over
        assert exchange.stop in {copy.own_stop, self._wanted_stop()}, self._story()
        legs = self.legs()
        targets = [o for o in self.ours_live() if legs[o.link].leg.startswith(TARGET)]
        resting = sum((order.leaves for order in targets), D(0))
        if draft.attached_target is not None:
            assert not targets
            assert exchange.target is not None
        elif draft.runner is not None:
            assert resting <= held
            assert exchange.trailing is not None
        elif targets or not self._all_given_up(draft):
            assert resting == held, self._story()
        if draft.attached_target is None and draft.limit_targets:
            assert {order.price for order in targets} <= {t.price for t in draft.limit_targets}
        if not any(row.filled for row in self._targets()):
            given_up = {row.leg for row in self._targets() if self._is_given_up(row)}
            self._check_spread(draft, held, {legs[o.link].leg for o in targets} | given_up)
        assert not follower.task.actions
        rests = [o for o in self.ours_live() if is_entry_leg(legs[o.link].leg)]
        if not follower.signal.wants_entry or not copy.wants_entry:
            assert not rests

    def _targets(self):
        return [row for row in self.legs().values() if row.leg.startswith(TARGET)]

    def _is_given_up(self, row):
        """What was refused, or withdrawn on request, is not tried again.

        Nor is what the exchange took off as often as `MOST_GENERATIONS`.
        """
        ledger = self.follower.ledger
        withdrawn = row.exchange_id in ledger.cancelled_by_request
        often = row.generation + 1 >= MOST_GENERATIONS and row.status == OrderStatus.CANCELLED
        return row.status == OrderStatus.REJECTED or withdrawn or often

    def _all_given_up(self, draft):
        """No target is left to take.

        A known gap where we withdrew them ourselves: that cannot be told from the trader's own act.

        The others take the share of one that was given up, so that it excuses nothing else.
        """
        newest = {row.leg: row for row in sorted(self._targets(), key=lambda r: r.generation)}
        legs = [target_leg(n) for n in range(1, len(draft.limit_targets) + 1)]
        rows = [newest.get(leg) for leg in legs]
        return all(
            row is not None and (self._is_given_up(row) or row.status == OrderStatus.FILLED)
            for row in rows
        ) and any(row is not None and self._is_given_up(row) for row in rows)

    def _check_spread(self, draft, held, resting):
        """Nobody took a target yet: every one with a share worth an order has its order."""
        if draft.attached_target is not None:
            return
        least = 3 * self.instrument.min_quantity
        for number, target in enumerate(draft.limit_targets, start=1):
            if held * target.share / 100 >= least:
                assert target_leg(number) in resting, self._story()

    def _wanted_stop(self):
        ledger = self.follower.ledger
        return stop_level(
            self.follower.draft,
            entry_average=ledger.copy.entry_average,
            reached=reached_target(ledger.legs()),
            tick=self.instrument.tick,
        )

    @invariant()
    def no_entry_is_doubled(self):
        if self.follower is None:
            return
        legs = self.legs()
        entries = [legs[order.link].leg for order in self.ours() if order.link in legs]
        entries = [leg for leg in entries if is_entry_leg(leg)]
        assert len(entries) == len(set(entries))

    @invariant()
    def everything_accepted_is_on_record(self):
        if self.follower is not None:
            started = self.follower.copy.created_at
            mine = [order for order in self.ours() if order.created_at > started]
            assert {order.link for order in mine} <= set(self.legs())

    @invariant()
    def money_is_never_exceeded(self):
        if self.follower is None or self.follower.copy.margin is None:
            return
        copy, legs = self.follower.copy, self.legs()
        assert copy.margin <= self.allowed
        spent = D(0)
        for order in self.ours():
            if order.link in legs and is_entry_leg(legs[order.link].leg):
                price = order.bound if order.price is None else order.price
                spent += order.value + (order.leaves * price if order.is_live else D(0))
        assert spent <= copy.margin * copy.leverage

    @invariant()
    def nothing_of_the_users_is_touched(self):
        for order_id, before in self.theirs.items():
            order = self.exchange.orders[order_id]
            assert (order.quantity, order.price, order.stop) == before
            assert order.state is not OrderState.CANCELLED

    @invariant()
    def closes_never_take_more_than_the_copys_own(self):
        if self.follower is None:
            return
        legs, bought, sold = self.legs(), D(0), D(0)
        for order in self.ours():
            if order.link in legs:
                if is_entry_leg(legs[order.link].leg):
                    bought += order.filled
                else:
                    sold += order.filled
        assert sold <= bought

    @invariant()
    def the_end_has_a_reason_and_leaves_nothing_behind(self):
        if self.follower is None or not self.follower.is_over:
            return
        copy = self.follower.copy
        assert copy.reason
        if copy.reason == Reason.HANDED_OVER:
            assert self.added, "nobody added to the position"
        assert not self.ours_live()

    @invariant()
    def nothing_is_sent_while_a_fate_is_unknown(self):
        """What may have reached the exchange is looked up first; only a stop does not wait."""
        if self.follower is None or self.follower.task is None:
            return
        sent = [a for a in self.follower.task.actions if not isinstance(a, SetLevels)]
        assert not (self.follower.unresolved and sent), self._story()

    @invariant()
    def few_conditional_orders_wait(self):
        waiting = [o for o in self.ours() if o.state is OrderState.UNTRIGGERED]
        exits = (self.exchange.stop, self.exchange.target, self.exchange.trailing)
        kept = sum(1 for level in exits if level is not None)
        assert len(waiting) + kept <= MOST_CONDITIONAL


class LongMachine(EngineMachine):
    direction = Direction.LONG


class ShortMachine(EngineMachine):
    direction = Direction.SHORT


@pytest.mark.timeout(0)
@pytest.mark.parametrize("machine", [LongMachine, ShortMachine])
def test_the_engine_keeps_its_invariants(machine):
    before = TOTALS["steps"]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES or CI_EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not EXAMPLES,
            database=None,
            print_blob=True,
            report_multiple_bugs=False,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )
    done = TOTALS["steps"] - before
    print(f"{machine.__name__}: {done} steps")
    assert done >= 10_000
