"""Every fault by name, with its row of the fault matrix."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import redis
from celery import current_app
from django.conf import settings
from django.core.management import get_commands
from django.db import connection
from django.utils import timezone

from chaos import traps
from chaos.amending import tighten_stop, withdraw_entries
from chaos.notices import all_sent, forget_waiting, introduce
from chaos.stage import Stage, when_it_answers
from chaos.trade import Shape
from chaos.world import World
from exchanges import vault
from exchanges.domain.trading import Credentials
from exchanges.gateway import seal_context
from exchanges.models import Connection, EgressBan
from signals.domain.lifecycle import FINAL
from signals.domain.reasons import Reason
from signals.models import Copy, CopySettings, Order
from signals.services import copying

Strike = Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`may_end`: reasons for which a copy may end without a position."""

    name: str
    row: str
    strike: Strike
    may_end: frozenset[str] = frozenset()
    shape: Shape | None = None
    patience: float = 90.0
    needs: str = ""  # a management command
    is_short: bool = False
    is_death: bool = False  # of a worker, and of nothing else


FAULTS: dict[str, Fault] = {}


def fault(
    row: str,
    *,
    may_end: tuple[Reason, ...] = (),
    shape: Shape | None = None,
    patience: float = 90.0,
    needs: str = "",
    is_short: bool = False,
    is_death: bool = False,
) -> Callable[[Strike], Strike]:
    def register(strike: Strike) -> Strike:
        name = strike.__name__
        ends = frozenset(reason.value for reason in may_end)
        FAULTS[name] = Fault(name, row, strike, ends, shape, patience, needs, is_short, is_death)
        return strike

    return register


def can_run(fault: Fault) -> bool:
    return not fault.needs or fault.needs in get_commands()


def _death(stage: Stage) -> str:
    """A pool's child alone, or the worker with all of it."""
    return stage.dice.choice(["kill", "kill_group"])


# --- the web -------------------------------------------------------------------------------------


@fault("1")
def web_killed_before_commit(stage: Stage) -> None:
    """Nothing exists; the author sends the form again."""
    signal_ = stage.trade.store(key="once")
    _publish_by_web(stage, "before_commit")
    signal_.refresh_from_db()
    stage.expect(signal_.revision == 0, "it was published")
    stage.trade.signal = None
    stage.trade.store(key="once")
    stage.publish()


@fault("2", is_short=True)
def web_killed_before_doorbell(stage: Stage) -> None:
    stage.trade.store()
    _publish_by_web(stage, "doorbell")
    stage.trade.stored.refresh_from_db()
    stage.expect(stage.trade.stored.revision == 1, "it was not published")


def _publish_by_web(stage: Stage, point: str) -> None:
    """In a process with a trap of its own: others ring and commit as well."""
    number, trap = str(stage.trade.stored.pk), stage.world.directory / "trap-of-the-web"
    traps.set_trap(trap, point, nth=1, action="kill")
    code = stage.world.run("-m", "chaos.traps", "chaos.web", number, **{traps.FILE: str(trap)})
    stage.expect(code == -signal.SIGKILL, f"the web ended with {code}")


# --- doorbells -----------------------------------------------------------------------------------


@fault("3", is_short=True)
def task_delivered_tenfold(stage: Stage) -> None:
    stage.publish()
    for _ in range(10 * stage.chunks):
        current_app.send_task("signals.work")


@fault("4")
def doorbell_lost(stage: Stage) -> None:
    """The broker takes nothing at the moment of publishing, and is well again after it."""
    stage.world.to_broker.down()
    stage.publish()
    stage.world.to_broker.up()


@fault("4")
def broker_killed(stage: Stage) -> None:
    stage.publish()
    stage.wait_for_orders()
    stage.world.broker.stop(with_signal=signal.SIGKILL)
    stage.for_a_while(2, 6)
    stage.world.broker.start()


@fault("4")
def broker_restarted(stage: Stage) -> None:
    stage.publish()
    stage.wait_for_orders()
    stage.world.broker.restart()


@fault("4, 30", is_short=True)
def broker_emptied(stage: Stage) -> None:
    """Everything in Redis is gone: doorbells, budgets, caches."""
    stage.publish()
    stage.wait_for_orders()
    _forget_all(stage.world)


def _forget_all(world: World) -> None:
    host, port = world.to_memory.target
    link = redis.Redis(host, port)
    link.flushall()
    link.close()


@fault("4")
def broker_partitioned(stage: Stage) -> None:
    stage.publish()
    stage.wait_for_orders()
    stage.world.to_broker.set(stalls=True)
    stage.for_a_while(18, 22)
    stage.world.to_broker.clear()


@fault("4")
def broker_connections_cut(stage: Stage) -> None:
    stage.publish()
    for _ in range(5):
        stage.world.to_broker.cut()
        stage.for_a_while(0.3, 0.7)


# --- workers -------------------------------------------------------------------------------------


@fault("5", is_death=True)
def worker_killed_before_send(stage: Stage) -> None:
    stage.publish_and_strike("before_send", _death(stage), most=stage.accounts)


@fault("6", is_short=True, is_death=True)
def worker_killed_after_send(stage: Stage) -> None:
    """The exchange has accepted, the answer is on its way."""
    stage.publish_and_strike("after_send", _death(stage), most=stage.accounts)


@fault("6", is_death=True)
def worker_killed_after_answer(stage: Stage) -> None:
    stage.publish_and_strike("after_answer", _death(stage), most=stage.accounts)


@fault("6, 7", is_death=True)
def worker_killed_in_write(stage: Stage) -> None:
    stage.publish_and_strike("in_write", _death(stage), most=stage.chunks)


@fault("7", is_death=True)
def worker_killed_before_commit(stage: Stage) -> None:
    stage.publish_and_strike("before_commit", _death(stage), most=stage.chunks)


@fault("7", is_death=True)
def worker_killed_after_commit(stage: Stage) -> None:
    """All is on record, and the doorbell is not acknowledged: it rings again."""
    stage.publish_and_strike("after_commit", _death(stage), most=stage.chunks)


@fault("7, 44")
def workers_deployed(stage: Stage) -> None:
    """TERM, one worker after the other, in the middle of the fan-out."""
    stage.publish()
    stage.wait_for_orders(0.1)
    for name in ("worker-1", "worker-2"):
        stage.world.hold(name)
        stage.world.release(name)


@fault("3, 8")
def two_workers_on_one_chunk(stage: Stage) -> None:
    """One stands still until its lease has just run out, and goes on beside its successor."""
    frozen = stage.publish_and_strike("before_send", "freeze", most=stage.accounts)
    stage.outlast_lease(0, 1.5)
    stage.resume(frozen)


@fault("8")
def zombie_before_sign(stage: Stage) -> None:
    """It stands still for 30 s with its lease looked at and its order not yet signed."""
    frozen = stage.publish_and_strike("before_sign", "freeze", most=stage.accounts)
    stage.for_a_while(30, 31)
    stage.resume(frozen)


@fault("8", may_end=(Reason.ENTRY_CANCELLED,), shape=Shape.MARKET)
def zombie_after_withdrawal(stage: Stage) -> None:
    """As before, and meanwhile the author withdraws the entries: nobody looks for them any more."""
    frozen = stage.publish_and_strike("before_sign", "freeze", most=stage.accounts)
    withdraw_entries(stage.trade)
    stage.outlast_lease(4, 6)
    stage.resume(frozen)
    stage.for_a_while(3, 4)


@fault("8")
def zombie_before_write(stage: Stage) -> None:
    frozen = stage.publish_and_strike("in_write", "freeze", most=stage.chunks)
    stage.for_a_while(30, 31)
    stage.resume(frozen)


@fault("8")
def worker_frozen(stage: Stage) -> None:
    """SIGSTOP of a whole worker for 30 s."""
    stage.publish()
    stage.wait_for_orders(0.1)
    stage.world.send("worker-1", signal.SIGSTOP)
    stage.for_a_while(30, 31)
    stage.world.send("worker-1", signal.SIGCONT)


@fault("35", may_end=(Reason.TOO_LATE,))
def poison_row(stage: Stage) -> None:
    """One account's settings make the planner fail; the others do not notice."""
    poisoned = stage.dice.choice(list(CopySettings.objects.all()))
    CopySettings.objects.filter(pk=poisoned.pk).update(allowed_symbols=5)
    stage.publish()
    stage.world.wait(lambda: _has_ended(stage, poisoned.connection_id), 80)
    ended = Copy.objects.filter(signal=stage.trade.stored, entered_quantity=0).exclude(reason="")
    names = [copy.user.nickname for copy in ended if copy.connection_id != poisoned.connection_id]
    stage.complaints += [f"{name} suffered with it" for name in names]
    CopySettings.objects.filter(pk=poisoned.pk).update(allowed_symbols=[])


def _has_ended(stage: Stage, link: int) -> bool:
    mine = Copy.objects.filter(signal=stage.trade.stored, connection=link)
    return mine.filter(ended_at__isnull=False).exists()


@fault("39, disk full")
def log_disk_full(stage: Stage) -> None:
    """Nothing can be written to the log any more, and there is something to log."""
    for name in ("worker-1", "worker-2"):
        stage.world.hold(name)
        stage.world.processes[name].is_mute = True
        stage.world.release(name)
    stage.fault_orders("accept_then_reset", probability=0.2)
    stage.publish()
    stage.for_a_while(6, 8)
    for name in ("worker-1", "worker-2"):
        stage.world.hold(name)
        stage.world.processes[name].is_mute = False
        stage.world.release(name)


# --- PostgreSQL ----------------------------------------------------------------------------------


@fault("27", is_short=True)
def postgres_restarted(stage: Stage) -> None:
    """Immediate: no shutdown, recovery from the log."""
    stage.publish()
    stage.wait_for_orders()
    stage.world.database.restart(with_signal=signal.SIGQUIT)


@fault("28", may_end=(Reason.TOO_LATE,))
def postgres_away(stage: Stage) -> None:
    stage.publish()
    stage.wait_for_orders()
    stage.world.database.stop()
    gone_at = timezone.now()
    # Chunks that were claimed before may go on sending until their budget is over, but only what
    # they had put on record: each of those orders leaves once.
    stage.world.pause(_last_request_seconds())
    sent = stage.orders_arrived()
    stage.for_a_while(13, 15)
    late = stage.orders_arrived() - sent
    if late:
        stage.complaints.append(f"{late} orders were sent long after the database had gone")
    stage.world.database.start()
    recorded = _on_record(stage, gone_at)
    if sent > recorded:
        stage.complaints.append(f"{sent} orders were sent, {recorded} of them were on record")


def _last_request_seconds() -> float:
    """From a claim until no request of its chunk leaves or is on its way any more."""
    http = settings.HTTP_CONNECT_TIMEOUT + settings.HTTP_READ_TIMEOUT
    return float(settings.SEND_BUDGET_SECONDS + http)


def _on_record(stage: Stage, until: datetime) -> int:
    connection.close()  # it was open to the server that has gone
    own = Order.objects.filter(copy__signal=stage.trade.stored, created_at__lt=until)
    return own.exclude(link_id="").count()


@fault("29", may_end=(Reason.TOO_LATE,))
def postgres_read_only(stage: Stage) -> None:
    """As with a full disk: everything can be read, and nothing be put on record."""
    stage.publish()
    stage.wait_for_orders()
    _take_no_writes(is_full=True)
    stage.for_a_while(2, 3)  # what is on record as being sent may still go
    before = stage.world.exchange.orders_seen()
    stage.for_a_while(14, 16)
    late = stage.world.exchange.orders_seen() - before
    if late:
        stage.complaints.append(f"{late} orders were sent that could not be recorded")
    _take_no_writes(is_full=False)


def _take_no_writes(*, is_full: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SYSTEM SET default_transaction_read_only = {is_full}")
        cursor.execute("SELECT pg_reload_conf()")


@fault("27")
def postgres_connections_cut(stage: Stage) -> None:
    stage.publish()
    for _ in range(4):
        stage.for_a_while(0.2, 0.8)
        stage.world.to_database.cut()


@fault("28")
def postgres_partitioned(stage: Stage) -> None:
    stage.publish()
    stage.wait_for_orders()
    stage.world.to_database.set(stalls=True)
    stage.for_a_while(8, 10)
    stage.world.to_database.clear()


# --- the exchange --------------------------------------------------------------------------------


@fault("9", is_short=True)
def reset_after_accept(stage: Stage) -> None:
    stage.fault_orders("accept_then_reset", probability=0.3)
    stage.publish()
    stage.for_a_while(5, 7)


@fault("9")
def answers_reset(stage: Stage) -> None:
    """Not of orders alone: looking them up fails as well."""
    stage.world.to_exchange.set(resets=True, share=0.3)
    stage.publish()
    stage.for_a_while(6, 8)


@fault("10")
def accepted_then_timed_out(stage: Stage) -> None:
    stage.fault_orders("accept_then_timeout", ms=4000, probability=0.2)
    stage.publish()
    stage.for_a_while(6, 8)


@fault("11")
def http_502(stage: Stage) -> None:
    body = "<html><h1>502 Bad Gateway</h1></html>"
    stage.fault_orders("http", status=502, body=body, probability=0.3)
    stage.publish()
    stage.for_a_while(5, 7)


@fault("11")
def html_after_accept(stage: Stage) -> None:
    stage.fault_orders("not_json", probability=0.3)
    stage.publish()
    stage.for_a_while(5, 7)


@fault("11")
def server_time_out_10000(stage: Stage) -> None:
    _server_error(stage, 10000, "Server Timeout")


@fault("11")
def server_error_10016(stage: Stage) -> None:
    _server_error(stage, 10016, "Internal System Error.")


def _server_error(stage: Stage, code: int, message: str) -> None:
    """Some were carried out all the same."""
    for executed in (True, False):
        stage.fault_orders(
            "retcode", code=code, message=message, executed=executed, probability=0.2
        )
    stage.publish()
    stage.for_a_while(5, 7)


@fault("9, 11")
def half_written_reply(stage: Stage) -> None:
    stage.world.to_exchange.set(keeps=stage.dice.randint(20, 200), share=0.2)
    stage.publish()
    stage.for_a_while(5, 7)


@fault("36")
def slow_loris(stage: Stage) -> None:
    stage.world.to_exchange.set(rate=20, share=0.1)
    stage.publish()
    stage.for_a_while(8, 10)


@fault("12")
def visible_late(stage: Stage) -> None:
    """Answers are lost, and the orders are seen by nobody for two seconds."""
    stage.fault_orders("show_after", ms=2000)
    stage.world.to_exchange.set(resets=True, share=0.3)
    stage.publish()
    stage.for_a_while(8, 10)


@fault("13")
def rate_limited_10006(stage: Stage) -> None:
    stage.fault_orders("retcode", code=10006, message="Too many visits!", probability=0.5)
    stage.publish()
    stage.for_a_while(4, 6)


@fault("14", may_end=(Reason.TOO_LATE,), patience=150)
def address_banned(stage: Stage) -> None:
    """One address is banned; the others go on. Its ten minutes are cut short in the end."""
    later = stage.dice.randint(0, stage.accounts // 2)
    stage.fault_orders("http", status=403, times=1, after=later)
    stage.publish()
    stage.wait_for_orders(0.5)
    stage.world.wait(lambda: _none_pending(stage), 80)
    for name in list(stage.world.processes):
        stage.world.kill(name)
    EgressBan.objects.all().delete()
    _forget_all(stage.world)


def _none_pending(stage: Stage) -> bool:
    copies = Copy.objects.filter(signal=stage.trade.stored)
    return when_it_answers(lambda: not copies.filter(status="pending").exists()) or False


@fault("15", may_end=(Reason.KEY_INVALID, Reason.CONNECTION_NOT_READY), patience=120)
def keys_revoked(stage: Stage) -> None:
    """Some traders delete their keys while their orders are under way, and give new ones later."""
    links = stage.dice.sample(list(Connection.objects.all()), max(stage.accounts // 10, 1))
    stage.publish()
    stage.wait_for_orders()
    for link in links:
        stage.world.exchange.post(f"keys/{stage.keys[link.exchange_uid]}", revoked=True)
    stage.for_a_while(6, 8)
    for link in links:
        _give_new_key(stage, link)


@fault("37", may_end=(Reason.TOO_LATE,), patience=120)
def vault_unreachable(stage: Stage) -> None:
    """Processes start without the private key's file: they open nothing, and send nothing."""
    key = stage.world.directory / "vault.key"
    away = key.rename(key.with_suffix(".away"))
    for name in list(stage.world.processes):
        stage.world.kill(name)
    before = stage.world.exchange.orders_seen()
    stage.publish()
    stage.for_a_while(12, 15)
    sent = stage.world.exchange.orders_seen() - before
    stage.expect(not sent, f"{sent} orders were signed")
    away.rename(key)


# Whose entry has not left by then enters nothing: the account is paused.
@fault("45", may_end=(Reason.CLOSED_BY_TRADER, Reason.SIZING_MISSING))
def traders_panic(stage: Stage) -> None:
    """Some traders close everything while their orders go out and answers are being lost."""
    stage.fault_orders("accept_then_reset", probability=0.3)
    stage.publish()
    stage.wait_for_orders()
    links = stage.dice.sample(list(Connection.objects.all()), max(stage.accounts // 5, 1))
    closing = sum(copying.panic(link.user, now=timezone.now()) for link in links)
    stage.expect(closing, "nobody had a trade to close")
    left = Copy.objects.filter(signal=stage.trade.stored, connection__in=links)
    left = left.exclude(status__in=[status.value for status in FINAL])
    if stage.world.wait(lambda: not left.exists(), 60) is None:
        stage.complaints.append("a trade that was to be closed is still open")
    for link in links:  # for the next trade: this one they have left
        copying.resume(link)


def _give_new_key(stage: Stage, link: Connection) -> None:
    key = stage.world.exchange.post("accounts", uid=link.exchange_uid)
    stage.keys[link.exchange_uid] = key["api_key"]
    credentials = Credentials(key["api_key"], key["api_secret"])
    sealed = vault.seal(credentials, context=seal_context(link))
    Connection.objects.filter(pk=link.pk).update(status="connected", reason="", sealed=sealed)


@fault("16", may_end=(Reason.MARGIN_INSUFFICIENT,))
def margin_refused(stage: Stage) -> None:
    stage.fault_orders("retcode", code=110007, message="ab not enough", probability=0.2)
    stage.publish()
    stage.for_a_while(3, 5)


@fault("18", shape=Shape.MARKET)
def stop_refused(stage: Stage) -> None:
    """A moved stop is not taken, for some: they are closed rather than left without."""
    stage.publish()
    stage.world.wait(lambda: not _unfilled(stage), 60)
    stage.world.exchange.fault(
        "retcode",
        path="/v5/position/trading-stop",
        code=10001,
        message="StopLoss:1 set for position should be on the other side of base_price:1",
        probability=0.3,
    )
    tighten_stop(stage.trade)
    stage.for_a_while(5, 7)


@fault("21", shape=Shape.MARKET)
def stop_taken_away(stage: Stage) -> None:
    """Some traders delete the stop in the exchange's app; it is put back."""
    stage.publish()
    stage.world.wait(lambda: not _unfilled(stage), 60)
    links = stage.dice.sample(list(Connection.objects.all()), max(stage.accounts // 10, 1))
    for link in links:
        stage.world.exchange.post(
            f"accounts/{link.exchange_uid}/stop", symbol=stage.trade.symbol, stopLoss="0"
        )
    stage.for_a_while(8, 10)


def _unfilled(stage: Stage) -> bool:
    copies = Copy.objects.filter(signal=stage.trade.stored)
    return copies.filter(status__in=["pending", "unknown", "placed"]).exists()


@fault("36")
def exchange_down(stage: Stage) -> None:
    stage.publish()
    stage.wait_for_orders()
    stage.world.to_exchange.down()
    stage.for_a_while(8, 10)
    stage.world.to_exchange.up()


@fault("25")
def exchange_half_open(stage: Stage) -> None:
    stage.publish()
    stage.wait_for_orders()
    stage.world.to_exchange.set(stalls=True)
    stage.for_a_while(8, 10)
    stage.world.to_exchange.clear()


@fault("10")
def latency_and_jitter(stage: Stage) -> None:
    stage.world.to_exchange.set(latency=0.08, jitter=0.6)
    stage.publish()
    stage.for_a_while(8, 10)


@fault("31")
def clock_fast(stage: Stage) -> None:
    """Ours leads the exchange's by two seconds, for a while."""
    _clock_off(stage, -2000)


@fault("31")
def clock_slow(stage: Stage) -> None:
    _clock_off(stage, 6000)


def _clock_off(stage: Stage, milliseconds: int) -> None:
    stage.world.exchange.post("clock", offset_ms=milliseconds)
    stage.publish()
    stage.for_a_while(9, 11)
    stage.world.exchange.post("clock", offset_ms=0)


# --- the small processes -------------------------------------------------------------------------


@fault("33")
def beat_down(stage: Stage) -> None:
    """A worker dies with a chunk while there is no beat to find it."""
    stage.world.hold("beat")
    stage.publish_and_strike("after_send", "kill_group", most=stage.accounts)
    stage.for_a_while(14, 16)
    stage.world.release("beat")


@fault("33")
def two_beats(stage: Stage) -> None:
    stage.world.start_beat("beat-2")
    stage.publish_and_strike("after_send", "kill_group", most=stage.accounts)
    stage.outlast_lease(0, 2)
    stage.world.remove("beat-2")


@fault("2, 33", needs="run_sweeper")
def sweeper_down(stage: Stage) -> None:
    """A worker dies with a chunk while nobody sweeps."""
    stage.world.hold("sweeper", with_signal=signal.SIGKILL)
    stage.publish_and_strike("after_send", "kill_group", most=stage.accounts)
    stage.for_a_while(14, 16)
    stage.world.release("sweeper")


@fault("33", needs="run_sweeper")
def two_sweepers(stage: Stage) -> None:
    stage.world.start_command("sweeper-2", "run_sweeper")
    stage.publish_and_strike("after_send", "kill_group", most=stage.accounts)
    stage.outlast_lease(0, 2)
    stage.world.kill("sweeper")
    stage.for_a_while(3, 4)
    stage.world.remove("sweeper-2")


@fault("25, 26", needs="run_stream", shape=Shape.LIMIT)
def sockets_dropped(stage: Stage) -> None:
    """Entries fill while every socket is cut again and again."""
    stage.publish()
    stage.wait_for_orders(1.0)
    for _ in range(5):
        stage.world.to_exchange.cut()
        stage.for_a_while(0.3, 1.0)


@fault("25", needs="run_stream", patience=120)
def sockets_silent(stage: Stage) -> None:
    """Half-open: they stand, and tell nothing, not even a pong."""
    _trouble_sockets(stage, "silence")
    stage.publish()
    _expect_sockets(stage)
    stage.for_a_while(18, 22)


@fault("25, 26", needs="run_stream", patience=120)
def events_lost(stage: Stage) -> None:
    """Fills and orders are told to nobody, once each: polling finds them."""
    _trouble_sockets(stage, "swallow", times=stage.accounts)
    stage.publish()
    _expect_sockets(stage)
    stage.for_a_while(4, 6)


@fault("26", needs="run_stream")
def events_doubled_and_reordered(stage: Stage) -> None:
    for kind in ("duplicate", "reorder", "filled_twice"):
        _trouble_sockets(stage, kind, times=stage.accounts)
    stage.publish()
    _expect_sockets(stage)
    stage.for_a_while(4, 6)


def _trouble_sockets(stage: Stage, kind: str, **spec: object) -> None:
    stage.world.exchange.post("streams/troubles", kind=kind, **spec)


def _expect_sockets(stage: Stage) -> None:
    def are_open() -> bool:
        return any(row["uid"] for row in stage.world.exchange.get("streams")["sockets"])

    stage.expect(stage.world.wait(are_open, 15) is not None, "there is no private socket")


@fault("33", needs="run_stream")
def stream_killed(stage: Stage) -> None:
    """Its sockets go with it; the next one takes them over and reads what it missed."""
    stage.publish()
    stage.wait_for_orders()
    stage.world.kill("stream")
    stage.for_a_while(2, 4)


@fault("40")
def telegram_down(stage: Stage) -> None:
    """Trading does not notice; the notices wait and arrive."""
    forget_waiting()
    introduce(stage.world.telegram, stage.accounts)
    stage.world.to_telegram.down()
    stage.world.start_command("bot", "run_bot")
    stage.publish()
    stage.for_a_while(8, 10)
    stage.world.to_telegram.up()
    took = stage.world.wait(all_sent, 150, every=0.5)
    stage.expect(took is not None, "the notices did not arrive")
    stage.world.remove("bot")


def short_set() -> list[str]:
    return [fault.name for fault in FAULTS.values() if fault.is_short]
