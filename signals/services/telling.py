"""The facts that a trader is told of one copy; each has a key, so that it is told once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from accounts.activity import Fact
from accounts.choices import ActivityKind
from hexagonal.lib.numbers import plain
from signals.choices import OrderStatus
from signals.domain.lifecycle import CopyStatus
from signals.domain.reasons import Reason
from signals.models import Copy, Signal
from signals.services.ledger import CopyLedger

CODE_OF_END = {
    CopyStatus.SKIPPED: "skipped",
    CopyStatus.REJECTED: "failed",
    CopyStatus.EXPIRED: "expired",
}
CODE_OF_EXIT = {
    Reason.TARGET: "target_hit",
    Reason.STOP: "stop_hit",
    Reason.TRAILING_STOP: "stop_hit",
    Reason.LEFT_TO_TRADER: "left",
    Reason.LEFT_UNWITHDRAWN: "left",
}


def signal_params(signal: Signal) -> dict[str, str]:
    targets = ", ".join(plain(target.price) for target in signal.targets.all())
    return {
        "symbol": signal.symbol,
        "side": signal.side,
        "leverage": plain(signal.leverage),
        "entry_low": plain(signal.entry_low),
        "entry_high": plain(signal.entry_high),
        "stop": plain(signal.stop),
        "targets": targets,
        "note": signal.note,
        "signal": str(signal.public_id),
    }


def facts_of(ledger: CopyLedger) -> Iterator[Fact]:
    """Everything that is true of the copy now; what was told before is left out by its key."""
    copy, signal = ledger.copy, ledger.copy.signal
    yield _fact(copy, "published", f"published:{signal.pk}:{copy.user_id}", signal_params(signal))
    if signal.revision > 1 and copy.status not in {CopyStatus.SKIPPED, CopyStatus.REJECTED}:
        yield from _amendment(copy, signal)
    if copy.entered_quantity > 0:
        yield _entered(copy, signal)
    yield from _targets_hit(ledger)
    if copy.ended_at is not None:
        yield _ended(copy, signal)
    if copy.close_reason == Reason.STOP_MISSING:
        params = _common(copy, signal) | {"reason": Reason.STOP_MISSING.value}
        yield _fact(copy, "alarm", f"alarm:{copy.pk}", params)


def _fact(copy: Copy, code: str, key: str, params: dict[str, str]) -> Fact:
    kind = ActivityKind.ADD if code in {"published", "amended"} else ActivityKind.TRADE
    return Fact(kind, code, copy.user_id, params, is_public=code == "entered", key=key)


def _amendment(copy: Copy, signal: Signal) -> Iterator[Fact]:
    # The revisions were read with the chunk: no query for each copy.
    numbers = [r.number for r in signal.revisions.all() if r.action == "amend"]
    if numbers and copy.ended_at is None:
        key = f"amended:{signal.pk}:{max(numbers)}:{copy.user_id}"
        yield _fact(copy, "amended", key, signal_params(signal))


def _common(copy: Copy, signal: Signal) -> dict[str, str]:
    return {"symbol": copy.symbol, "side": signal.side, "connection": copy.connection.name}


def _entered(copy: Copy, signal: Signal) -> Fact:
    params = _common(copy, signal) | {
        "name": copy.user.nickname,
        "leverage": plain(copy.leverage or signal.leverage),
        "quantity": plain(copy.entered_quantity),
        "price": plain(copy.entry_average or Decimal(0)),
        "margin": plain(copy.margin or Decimal(0)),
        "stop": plain(signal.stop),
    }
    return _fact(copy, "entered", f"entered:{copy.pk}", params)


def _targets_hit(ledger: CopyLedger) -> Iterator[Fact]:
    """Each of several targets is told as it fills; a single one is told by the copy's end."""
    copy = ledger.copy
    for order in ledger.orders:
        if order.leg.startswith("target-") and order.status == OrderStatus.FILLED:
            pnl = sum(
                (r.pnl for r in ledger.results if r.order_exchange_id == order.exchange_id),
                Decimal(0),
            )
            params = _common(copy, copy.signal) | {
                "quantity": plain(order.filled),
                "price": plain(order.average or Decimal(0)),
                "pnl": plain(pnl),
            }
            yield _fact(copy, "target_hit", f"{order.leg}:{copy.pk}", params)


def _ended(copy: Copy, signal: Signal) -> Fact:
    status, params = CopyStatus(copy.status), _common(copy, signal) | {"name": copy.user.nickname}
    params |= {"reason": copy.reason} | copy.reason_params
    code = CODE_OF_END.get(status, "closed")
    if status is CopyStatus.CLOSED:
        code = CODE_OF_EXIT.get(Reason(copy.reason), "closed")
        if len(signal.targets.all()) > 1 and code == "target_hit":
            code = "closed"
        params |= {"quantity": plain(copy.entered_quantity - copy.exited_quantity)}
    if status is CopyStatus.CLOSED and code != "left":
        params |= {
            "quantity": plain(copy.exited_quantity),
            "price": plain(copy.exit_average or Decimal(0)),
            "pnl": plain(copy.net),
            "fees": plain(copy.fees),
        }
    if copy.reason == Reason.SEED_LIMIT:
        return seed_fact(copy.connection_id, copy.user_id, params, copy.ended_at)
    return _fact(copy, code, f"ended:{copy.pk}", params)


def seed_fact(link: int, user: int, params: dict[str, str], at: datetime | None) -> Fact:
    """Once a day is enough: the account stays outside its limits for many signals."""
    kind, key = ActivityKind.SEED_LIMIT, f"seed:{link}:{at:%Y%m%d}"
    params |= {"reason": Reason.SEED_LIMIT.value}
    return Fact(kind, "seed_limit", user, params, is_public=True, key=key)


def own_stop_fact(copy: Copy) -> Fact:
    """The trader moved the stop in the exchange's app: it counts from now on."""
    level = plain(copy.own_stop or Decimal(0))
    params = _common(copy, copy.signal) | {"stop": level}
    return _fact(copy, "own_stop", f"own-stop:{copy.pk}:{level}", params)


def put_back_fact(copy: Copy, stop: Decimal, now: datetime) -> Fact:
    params = _common(copy, copy.signal) | {"stop": plain(stop)}
    return _fact(copy, "stop_put_back", f"put-back:{copy.pk}:{now:%Y%m%d%H%M}", params)
