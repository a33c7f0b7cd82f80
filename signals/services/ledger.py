"""One copy in memory while a chunk works on it: its rows, what was seen, what becomes of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from accounts.activity import Fact
from exchanges.domain.trading import (
    Cause,
    ClosedPnlFacts,
    FillFacts,
    OrderFacts,
    OrderState,
    PositionFacts,
)
from exchanges.domain.venues import Capabilities
from exchanges.registry import venue_of
from signals.choices import OrderStatus
from signals.domain.direction import Direction
from signals.domain.handover import OwnStop, own_stop
from signals.domain.judging import (
    EntryState,
    Evidence,
    Execution,
    is_booked,
    judge,
    reckoned,
    total,
)
from signals.domain.leaving import QUIET
from signals.domain.legs import CLOSE, REDUCTION, STOP, TARGET, is_entry_leg
from signals.domain.lifecycle import FINAL, CopyStatus, check_transition
from signals.domain.link_ids import is_ours
from signals.domain.reasons import Reason
from signals.domain.situation import LegOrder, Levels
from signals.domain.terms import text
from signals.models import ClosedPnl, Copy, ExchangeCall, Fill, Order
from signals.services.observing import UNRESOLVED, Observation

GROWING = {EntryState.OPEN, EntryState.UNRESOLVED}
STATUS_OF_STATE = {
    OrderState.OPEN: OrderStatus.OPEN,
    OrderState.UNTRIGGERED: OrderStatus.OPEN,
    OrderState.FILLED: OrderStatus.FILLED,
    OrderState.CANCELLED: OrderStatus.CANCELLED,
    OrderState.REJECTED: OrderStatus.REJECTED,
}
LEG_OF_CAUSE = {
    Cause.STOP: "stop",
    Cause.TRAILING: "trailing",
    Cause.TARGET: "target",
    Cause.LIQUIDATION: "liquidation",
    Cause.ADL: "adl",
    Cause.DELISTING: "settlement",
}
HAND = "hand"
ZERO = Decimal(0)
QUOTE = "USDT"
ABSENCES = 3  # looks, a second apart, before an order counts as never accepted


@dataclass(slots=True)
class CopyLedger:
    copy: Copy
    orders: list[Order]
    fills: list[Fill] = field(default_factory=list)
    results: list[ClosedPnl] = field(default_factory=list)
    position: PositionFacts | None = None
    position_known: bool = False
    facts: list[Fact] = field(default_factory=list)
    calls: list[ExchangeCall] = field(default_factory=list)
    lapse: Reason = Reason.NONE  # of unfilled entries, by the signal's own terms
    cancelled_by_request: set[str] = field(default_factory=set)  # exchange ids
    cancelled_by_force: set[str] = field(default_factory=set)  # exchange ids
    strangers: set[str] = field(default_factory=set)  # link ids of ours, of some other copy or none
    withdrawn: set[str] = field(default_factory=set)  # link ids, in this very step
    dust: Decimal = Decimal(0)  # what is less cannot be sold; zero where positions are closed

    @property
    def direction(self) -> Direction:
        return Direction(self.copy.signal.side)

    @property
    def can(self) -> Capabilities:
        """What the exchange of this copy can do."""
        return venue_of(self.copy.connection.exchange).capabilities

    def by_exchange_id(self) -> dict[str, Order]:
        return {order.exchange_id: order for order in self.orders if order.exchange_id}

    def by_link_id(self) -> dict[str, Order]:
        return {order.link_id: order for order in self.orders if order.link_id}

    def join_fills(self) -> None:
        """Let the fills know their orders without asking the database."""
        orders = {order.pk: order for order in self.orders}
        for fill in self.fills:
            if fill.order_id is not None:
                fill.order = orders[fill.order_id]

    def newest(self, leg: str) -> Order | None:
        """The leg's order of the highest generation."""
        own = [order for order in self.orders if order.leg == leg and order.link_id]
        return max(own, key=lambda order: order.generation, default=None)

    def unresolved(self) -> list[Order]:
        return [order for order in self.orders if order.status in UNRESOLVED]

    def resting(self) -> list[Order]:
        """Our orders that stand at the exchange, or may."""
        standing = UNRESOLVED | {OrderStatus.OPEN}
        return [order for order in self.orders if order.link_id and order.status in standing]

    def entries(self) -> list[Order]:
        """The newest order of each of the entry's steps."""
        legs = {order.leg for order in self.orders if order.link_id and is_entry_leg(order.leg)}
        newest = (self.newest(leg) for leg in sorted(legs))
        return [order for order in newest if order is not None]

    # --- taking in what the exchange said ----------------------------------------------------

    def absorb(self, seen: Observation, now: datetime) -> None:
        """Bring the rows in memory to what was seen; doing it twice changes nothing."""
        for order in self.orders:
            if order.link_id in seen.lookups:
                self._resolve(order, seen.lookups[order.link_id], now)
            elif order.link_id in seen.unshown:
                self._miss(order, OrderStatus.CANCELLED)
        closers = {fill.order_id for fill in seen.fills if fill.closed_quantity > 0}
        for facts in seen.orders:
            self._absorb_order(facts, facts.order_id in closers, now)
        # Whether funding is this copy's own is told by what it held at that time.
        for fill in sorted(seen.fills, key=lambda fill: fill.cause is Cause.FUNDING):
            self._absorb_fill(fill)
        settled = {fill.order_id for fill in seen.fills if self._is_own_settlement(fill)}
        for result in seen.results:
            self._absorb_result(result, settled)
        if seen.positions is not None and self.copy.position_index is not None:
            self._absorb_positions(seen.positions)
        if self.can.holds_coins and seen.is_full:
            self._absorb_sales_by_hand(seen, now)
        if seen.is_full:
            self.copy.looked_at = now

    def _resolve(self, order: Order, facts: OrderFacts | None, now: datetime) -> None:
        """An order of unknown fate was looked up after the fence: absent means never accepted.

        Once is not enough: an exchange may show an order some seconds after it has taken it.
        """
        if facts is None:
            self._miss(order, OrderStatus.NOT_SENT)
            return
        self._note_end(facts)
        self._update(order, facts, now)

    def _miss(self, order: Order, end: OrderStatus) -> None:
        """Count a look in which nothing shows an order; after some of them that was its end.

        What has rested may be forgotten by its exchange, hours after it ended without a fill.
        """
        order.absences += 1
        if order.absences >= ABSENCES:
            order.status, order.absences = end, 0

    def _note_end(self, facts: OrderFacts) -> None:
        """Remember who ended an order."""
        if facts.is_cancelled_by_request:
            self.cancelled_by_request.add(facts.order_id)
        elif facts.state is OrderState.CANCELLED:
            self.cancelled_by_force.add(facts.order_id)

    def _absorb_order(self, facts: OrderFacts, has_closed: bool, now: datetime) -> None:  # noqa: FBT001
        self._note_end(facts)
        order = self.by_exchange_id().get(facts.order_id)
        if order is None and facts.link_id:
            order = next((o for o in self.orders if o.link_id == facts.link_id), None)
        if order is not None:
            self._update(order, facts, now)
        elif self._is_exit_of_this(facts, has_closed):
            self.orders.append(self._adopt(facts))
        elif is_ours(facts.link_id):
            self.strangers.add(facts.link_id)

    def _update(self, order: Order, facts: OrderFacts, now: datetime) -> None:
        """Take an order's state over, unless a later one is on record: pushes come in any order."""
        if _is_overtaken(order, facts):
            return
        order.exchange_id, order.updated_at = facts.order_id, facts.updated_at
        order.status = STATUS_OF_STATE[facts.state]
        order.filled, order.average = facts.filled, facts.average
        order.quantity, order.price = facts.quantity, facts.price
        order.stop, order.target = facts.stop, facts.target
        order.trigger_price = facts.trigger_price
        order.cause = facts.cause.value
        order.acknowledged_at = order.acknowledged_at or now
        order.conclusive_at, order.absences = None, 0
        if is_entry_leg(order.leg):  # its answer may have been lost: it counts all the same
            self.copy.acknowledged_at = self.copy.acknowledged_at or order.acknowledged_at

    def _is_exit_of_this(self, facts: OrderFacts, has_closed: bool) -> bool:  # noqa: FBT001
        """Whether an order that we did not send takes this copy's position off.

        Stops and targets of the position are its children, or were set on the position itself. A
        plain order of the trader's counts only once it has closed something of this side.
        """
        if is_ours(facts.link_id) or facts.side is not self.direction.exit_side:
            return False
        if self.can.holds_coins:  # see `_absorb_sales_by_hand`
            return False
        if facts.position_index != self.copy.position_index:
            return False
        if facts.parent_link_id:
            return any(order.link_id == facts.parent_link_id for order in self.orders)
        sent = [order.created_at for order in self.entries()]
        if not sent or facts.created_at < min(sent):
            return False
        closing = facts.reduce_only or facts.cause is not Cause.USER or has_closed
        return closing and (facts.cause in LEG_OF_CAUSE or facts.filled > 0)

    def _absorb_sales_by_hand(self, seen: Observation, now: datetime) -> None:
        """Count the trader's own sales once the account holds less than what is this copy's.

        Until then they were of coins of their own. The last of them count first.
        """
        there = self.position.quantity if self.position is not None else ZERO
        missing = total(self._executions()).held - self.unseen_exits() - there
        last, known = self.last_fill_at(), self.by_exchange_id()
        if missing <= self.dust or last is None or now - last < QUIET:
            return
        since = min((order.created_at for order in self.entries()), default=now)
        for facts in sorted(seen.orders, key=lambda facts: facts.updated_at, reverse=True):
            is_sale = facts.side is self.direction.exit_side and facts.filled > 0
            is_known = facts.order_id in known or is_ours(facts.link_id)
            if is_sale and not is_known and facts.created_at >= since and missing > 0:
                self.orders.append(self._adopt(facts))
                missing -= facts.filled
        for fill in seen.fills:
            self._absorb_fill(fill)

    def _adopt(self, facts: OrderFacts) -> Order:
        return Order(
            copy=self.copy,
            connection_id=self.copy.connection_id,
            leg=LEG_OF_CAUSE.get(facts.cause, HAND),
            exchange_id=facts.order_id,
            symbol=facts.symbol,
            side=facts.side.value,
            type=facts.type.value,
            quantity=facts.quantity,
            price=facts.price,
            stop=facts.stop,
            target=facts.target,
            trigger_price=facts.trigger_price,
            reduce_only=facts.reduce_only,
            position_index=facts.position_index,
            status=STATUS_OF_STATE[facts.state],
            filled=facts.filled,
            average=facts.average,
            cause=facts.cause.value,
            created_at=facts.created_at,
            updated_at=facts.updated_at,
        )

    def _absorb_fill(self, facts: FillFacts) -> None:
        if any(fill.fill_id == facts.fill_id for fill in self.fills):
            return
        order = self.by_exchange_id().get(facts.order_id)
        is_own = self._is_own_funding(facts) or self._is_own_settlement(facts)
        if order is None and not is_own:
            return
        self.fills.append(
            Fill(
                copy=self.copy,
                connection_id=self.copy.connection_id,
                order=order,
                fill_id=facts.fill_id,
                side=facts.side.value,
                cause=facts.cause.value,
                quantity=facts.quantity,
                price=facts.price,
                fee=facts.fee,
                fee_currency=facts.fee_currency,
                closed_quantity=facts.closed_quantity,
                is_maker=facts.is_maker,
                at=facts.at,
            )
        )

    def _is_own_funding(self, facts: FillFacts) -> bool:
        return facts.cause is Cause.FUNDING and self._held_at(facts.at) > 0

    def _is_own_settlement(self, facts: FillFacts) -> bool:
        """A delisting closes the position by a fill whose order stands in no list."""
        is_exit = facts.side is self.direction.exit_side and facts.closed_quantity > 0
        return facts.cause is Cause.DELISTING and is_exit and self._held_at(facts.at) > 0

    def _held_at(self, moment: datetime) -> Decimal:
        """What the copy held, just before anything that it sold at that very moment."""
        held = Decimal(0)
        for fill in self.fills:
            if fill.cause == Cause.FUNDING.value:
                continue
            if fill.side == self.direction.entry_side.value:
                held += fill.quantity if fill.at <= moment else 0
            else:
                held -= fill.quantity if fill.at < moment else 0
        return held

    def _absorb_result(self, facts: ClosedPnlFacts, settled: set[str]) -> None:
        known = {result.order_exchange_id: result for result in self.results}
        if facts.order_id not in self.by_exchange_id() and facts.order_id not in settled:
            return
        result = known.get(facts.order_id)
        if result is None:
            result = ClosedPnl(
                copy=self.copy,
                connection_id=self.copy.connection_id,
                order_exchange_id=facts.order_id,
            )
            self.results.append(result)
        # A closing order that fills in steps grows its one row.
        result.quantity, result.pnl = facts.quantity, facts.pnl
        result.average_entry, result.average_exit = facts.average_entry, facts.average_exit
        result.open_fee, result.close_fee = facts.open_fee, facts.close_fee
        result.at = facts.at

    def _absorb_positions(self, positions: list[PositionFacts]) -> None:
        own = [
            position
            for position in positions
            if position.position_index == self.copy.position_index
            and position.side is self.direction.entry_side
        ]
        self.position = own[0] if own else None
        self.position_known = True

    # --- what it adds up to ------------------------------------------------------------------

    def settle(self, now: datetime) -> None:
        """Add the fills up and move the copy to the state that follows."""
        self.add_up(now)
        status, reason = self.verdict(now)
        self.move(status, reason, now)

    def add_up(self, now: datetime) -> None:
        """Bring the copy's sums to what its rows say."""
        copy = self.copy
        totals = total(self._executions())
        copy.entered_quantity, copy.entry_average = totals.entered, totals.entry_average
        copy.exited_quantity, copy.exit_average = totals.exited, totals.exit_average
        copy.fees = totals.fees
        funding = (f.fee for f in self.fills if f.cause == Cause.FUNDING.value)
        copy.funding = sum(funding, Decimal(0))
        copy.pnl = sum((result.pnl for result in self.results), Decimal(0))
        if not self.can.tells_results:
            copy.pnl = reckoned(totals, self.direction, funding=copy.funding)
        self._note_protection(now)
        entries = [fill.at for fill in self.fills if self._is_entry(fill)]
        copy.filled_at = min(entries, default=copy.filled_at)

    def _note_protection(self, now: datetime) -> None:
        """Whether a stop was seen, and since when none was while the copy holds something."""
        copy = self.copy
        if self.position_known:
            has_level = self.position is not None and self.position.stop is not None
            copy.has_stop = has_level or self.has_stop_order(now)
        self._note_bare(now)

    def _note_bare(self, now: datetime) -> None:
        copy, held = self.copy, self._to_cover(now)
        is_bare = held > 0 and held >= self.dust and not copy.has_stop
        copy.unprotected_since = (copy.unprotected_since or now) if is_bare else None

    def _to_cover(self, now: datetime) -> Decimal:
        """What is to have a stop: of coins no more than are there, unless bought just before."""
        held, bought = self.copy.entered_quantity - self.copy.exited_quantity, self.last_bought_at()
        is_young = bought is None or now - bought < QUIET
        if not (self.can.holds_coins and self.position_known) or is_young:
            return held
        return min(held, self.position.quantity if self.position is not None else ZERO)

    def has_stop_order(self, now: datetime) -> bool:
        """Whether a stop of ours rests at the exchange for all that is held, but for dust."""
        held = self._to_cover(now)
        stops = [
            order
            for order in self.orders
            if order.leg == STOP and order.link_id and order.status == OrderStatus.OPEN
        ]
        return any(
            order.quantity >= held or held - order.quantity < self.dust
            for order in stops
            if order.link_id not in self.withdrawn
        )

    def note_withdrawn(self, link_id: str, now: datetime) -> None:
        """Count a stop as gone that is about to make way, whoever dies on the way."""
        self.withdrawn.add(link_id)
        self._count_stops(now)

    def note_standing(self, link_id: str, now: datetime) -> None:
        """It has surely not been withdrawn after all."""
        self.withdrawn.discard(link_id)
        self._count_stops(now)

    def _count_stops(self, now: datetime) -> None:
        self.copy.has_stop = self.has_stop_order(now)
        self._note_bare(now)

    @property
    def held(self) -> Decimal:
        """What is still to be sold; dust is, as long as something may be bought beside it."""
        return ZERO if self._is_dust() else self.copy.entered_quantity - self._gone()

    def _gone(self) -> Decimal:
        return min(self.copy.exited_quantity + self.unseen_exits(), self.copy.entered_quantity)

    def _is_dust(self) -> bool:
        """Whether too little is left to be sold, and nothing of ours is bought or sold any more."""
        copy = self.copy
        is_bought = copy.exited_quantity == 0 and self.entry_state() in GROWING
        exits = any(not is_entry_leg(order.leg) for order in self.resting())
        return copy.entered_quantity - self._gone() < self.dust and not is_bought and not exits

    def verdict(self, now: datetime) -> tuple[CopyStatus, Reason]:
        """Where the copy stands by all that is known."""
        return judge(CopyStatus(self.copy.status), self._evidence(now))

    def move(
        self,
        status: CopyStatus,
        reason: Reason,
        now: datetime,
        params: dict[str, str] | None = None,
    ) -> None:
        """Put the copy into a state that may follow its present one."""
        before = CopyStatus(self.copy.status)
        check_transition(before, status)
        self.copy.status = status.value
        if status in FINAL and before not in FINAL:
            self.copy.reason = reason.value
            self.copy.reason_params = params or {}
            self.copy.ended_at = now

    def _is_entry(self, fill: Fill) -> bool:
        is_trade = fill.cause != Cause.FUNDING.value
        return is_trade and fill.side == self.direction.entry_side.value

    def _executions(self) -> list[Execution]:
        """A fee in a coin whose price nobody has told is on record, and in no sum of USDT.

        One in the traded coin is worth what that was traded at.
        """
        entry_side, coin = self.direction.entry_side.value, self.copy.symbol.removesuffix(QUOTE)
        has_coins = self.can.holds_coins
        return [
            Execution(
                is_entry=fill.side == entry_side,
                cause=Cause(fill.cause),
                quantity=fill.quantity,
                price=fill.price,
                fee=fill.fee * {QUOTE: Decimal(1), coin: fill.price}.get(fill.fee_currency, ZERO),
                fee_coins=fill.fee if has_coins and fill.fee_currency == coin else ZERO,
            )
            for fill in self.fills
        ]

    def _evidence(self, now: datetime) -> Evidence:
        copy = self.copy
        last = self._last_exit()
        order = last.order if last is not None else None
        by_hand = any(e.exchange_id in self.cancelled_by_request for e in self.entries())
        booked = sum((result.quantity for result in self.results), Decimal(0))
        totals = total(self._executions())
        return Evidence(
            entry=self.entry_state(),
            totals=totals,
            is_booked=is_booked(totals, booked, self.can),
            exit_cause=Cause(last.cause) if last is not None else None,
            exit_is_ours=order is not None and order.leg.startswith((CLOSE, REDUCTION)),
            exit_is_target=order is not None and order.leg.startswith(TARGET),
            exit_is_stop=order is not None and order.leg == STOP and bool(order.link_id),
            close_reason=Reason(copy.close_reason),
            wants_entry=copy.signal.wants_entry and copy.wants_entry,
            lapse=self.lapse,
            cancelled_by_hand=by_hand,
            exit_rests=self._exit_rests(),
            is_dust=self._is_dust(),
        )

    def _exit_rests(self) -> bool:
        """Whether an exit of ours may still stand, or any was read before it filled."""
        sold = self._filled_by_order()
        return any(not is_entry_leg(order.leg) for order in self.resting()) or any(
            order.filled < sold[order.exchange_id] for order in self._exits()
        )

    def unseen_exits(self) -> Decimal:
        """What exits have filled by their orders' word, while the fills do not show yet."""
        sold = self._filled_by_order()
        unseen = (
            max(order.filled - sold[order.exchange_id], Decimal(0)) for order in self._exits()
        )
        return sum(unseen, Decimal(0))

    def _exits(self) -> list[Order]:
        return [order for order in self.orders if not is_entry_leg(order.leg)]

    def _filled_by_order(self) -> defaultdict[str, Decimal]:
        """What the fills add up to, by their order's exchange id."""
        filled: defaultdict[str, Decimal] = defaultdict(Decimal)
        for fill in self.fills:
            if fill.order is not None:
                filled[fill.order.exchange_id] += fill.quantity
        return filled

    def _last_exit(self) -> Fill | None:
        exits = [
            fill
            for fill in self.fills
            if fill.side == self.direction.exit_side.value and fill.cause != Cause.FUNDING.value
        ]
        return max(exits, key=lambda fill: (fill.at, fill.fill_id), default=None)

    def entry_state(self) -> EntryState:
        """Of all the entry's steps together: what is least over counts."""
        entries = [order for order in self.entries() if order.status != OrderStatus.NOT_SENT]
        states = {OrderStatus(order.status) for order in entries}
        if not states:
            return EntryState.NONE
        if states & UNRESOLVED:
            return EntryState.UNRESOLVED
        if OrderStatus.OPEN in states:
            return EntryState.OPEN
        if OrderStatus.FILLED in states or any(order.filled > 0 for order in entries):
            return EntryState.DONE
        rejected = states == {OrderStatus.REJECTED}
        return EntryState.REJECTED if rejected else EntryState.CANCELLED

    # --- what the planner sees ---------------------------------------------------------------

    def legs(self) -> dict[str, LegOrder]:
        generations: dict[str, list[Order]] = {}
        for order in self.orders:
            if order.link_id:
                generations.setdefault(order.leg, []).append(order)
        forced = self.cancelled_by_force
        return {leg: _leg_order(orders, forced) for leg, orders in generations.items()}

    def levels(self) -> Levels | None:
        if self.position is None:
            return None
        position = self.position
        return Levels(position.quantity, position.stop, position.target, position.trailing)

    def last_fill_at(self) -> datetime | None:
        return max((fill.at for fill in self.fills), default=None)

    def last_bought_at(self) -> datetime | None:
        return max((fill.at for fill in self.fills if self._is_entry(fill)), default=None)

    # --- levels that we asked for, and the trader's own ---------------------------------------

    def note_asked(self, *, stop: Decimal | None, target: Decimal | None) -> None:
        """Remember a level before it is sent: what is at the exchange is then ours or theirs."""
        copy = self.copy
        if stop is not None and text(stop) not in copy.stops_asked:
            copy.stops_asked = [*copy.stops_asked, text(stop)]
        if target and text(target) not in copy.targets_asked:
            copy.targets_asked = [*copy.targets_asked, text(target)]

    def note_own_stop(self, level: Decimal) -> bool:
        """Take the trader's own stop over, or drop it; True if a new one was found.

        `level` is the signal's own stop by now.
        """
        copy = self.copy
        if self.position is None or copy.exited_quantity >= copy.entered_quantity:
            return False
        known = (
            OwnStop(copy.own_stop, copy.own_stop_over)
            if copy.own_stop is not None and copy.own_stop_over is not None
            else None
        )
        asked = {Decimal(asked) for asked in copy.stops_asked}
        found = own_stop(known, seen=self.position.stop, asked=asked, level=level)
        copy.own_stop = found.level if found is not None else None
        copy.own_stop_over = found.over if found is not None else None
        return found is not None and (known is None or found.level != known.level)


def _is_overtaken(order: Order, facts: OrderFacts) -> bool:
    """Whether facts are older than the record: an order never fills less, and never lives again."""
    if order.exchange_id != facts.order_id or order.status in UNRESOLVED:
        return False  # the first that is heard of it
    is_over = order.status in {STATUS_OF_STATE[state] for state in OrderState if state.is_final}
    if is_over and not facts.state.is_final:
        return True
    known = order.updated_at
    return facts.filled < order.filled or (known is not None and facts.updated_at < known)


def _leg_order(generations: list[Order], forced: set[str]) -> LegOrder:
    *earlier, order = sorted(generations, key=lambda order: order.generation)
    return LegOrder(
        leg=order.leg,
        link_id=order.link_id,
        generation=order.generation,
        is_open=order.status == OrderStatus.OPEN,
        is_unresolved=order.status in UNRESOLVED,
        was_sent=order.status != OrderStatus.NOT_SENT,
        was_refused=order.status == OrderStatus.REJECTED,
        was_forced_out=order.exchange_id in forced,
        filled_before=sum((before.filled for before in earlier), Decimal(0)),
        was_reached=any(before.status == OrderStatus.FILLED for before in earlier),
        quantity=order.quantity,
        filled=order.filled,
        price=order.price,
        stop=order.stop,
        target=order.target,
        trigger=order.trigger_price,
        replaced=tuple(before.link_id for before in earlier if before.status == OrderStatus.OPEN),
    )
