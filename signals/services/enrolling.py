"""Make a signal's copies: for everybody when it is published, for those who join it later.

Everybody falls into parts, by chance anew for each signal. Publishing makes the first part's copies
itself; each other part is a row (`Enrolment`) that goes in the transaction which makes its copies.
"""

from __future__ import annotations

import logging
import math
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Max

from exchanges.domain.lanes import Lane
from exchanges.selectors import QUARANTINED
from signals.choices import SignalStatus
from signals.models import LIVE_STATUSES, CopySettings, Enrolment, Signal
from signals.services.linked import LINKED, linked
from signals.services.revising import lock_copies_of, ring

log = logging.getLogger(__name__)

# What a trader has put right since a signal passed them by.
MENDABLE = ["telegram_missing", "connection_not_ready", "sizing_missing"]

# One statement, however many connections there are. A skipped copy is due as well: the worker
# that finds it tells its trader why. What depends on prices, sizes or limits is judged there too.
# Busy accounts are hashed once, whatever the table's statistics say: joined or looked up by plans
# made for an empty table, each row read through all that had just been written.
JUDGED = f"""
    SELECT link.id, link.user_id,
           link.exchange || '/' || link.environment || '/' || link.egress AS budget,
           coalesce(rules.joins_open, FALSE) AS joins_open,
           CASE
               WHEN person.status <> 'active' OR NOT person.is_active THEN 'account_suspended'
               WHEN NOT person.has_telegram THEN 'telegram_missing'
               WHEN link.status <> 'connected' THEN 'connection_not_ready'
               WHEN {QUARANTINED.format(link="link")} THEN 'quarantined'
               WHEN NOT coalesce(rules.is_enabled, FALSE) THEN 'sizing_missing'
               WHEN link.id IN (SELECT connection_id FROM signals_copy
                             WHERE symbol = %(symbol)s AND status = ANY(%(live)s))
                   THEN 'symbol_busy'
               ELSE ''
           END AS reason
    FROM exchanges_connection link
    JOIN accounts_user person ON person.id = link.user_id
    LEFT JOIN signals_copysettings rules ON rules.connection_id = link.id
    WHERE link.status = ANY(%(linked)s)
"""  # noqa: S608 - constants only
FENCE = "OFFSET 0"  # judged once: PostgreSQL would ask again for each use of the reason
INSERT = """
INSERT INTO signals_copy (
    public_id, signal_id, connection_id, user_id, symbol, status, reason, reason_params,
    wants_entry, wants_position, close_reason, applied_revision, entered_quantity, exited_quantity,
    fees, funding, pnl, has_stop, stops_asked, targets_asked, lane, budget, shuffle, due_at,
    attempts, refusals, created_at, ended_at
)
SELECT gen_random_uuid(), %(signal)s, judged.id, judged.user_id, %(symbol)s,
       CASE WHEN judged.reason = '' THEN 'pending' ELSE 'skipped' END,
       judged.reason, '{}', TRUE, TRUE, '', 0, 0, 0, 0, 0, 0, FALSE, '[]', '[]',
       CASE WHEN judged.reason = '' THEN %(entry)s ELSE %(record)s END, judged.budget,
       floor(random() * 2000000000)::int, %(now)s, 0, 0, %(now)s,
       CASE WHEN judged.reason = '' THEN NULL ELSE %(now)s::timestamptz END
"""
# What was linked after the publication has no part in it; keys say so without a clock.
DRAWN = "(hashint8extended(link.id, %(signal)s) & 2147483647)"
OF_PART = f"AND link.id <= %(newest)s AND {DRAWN} %% %(parts)s = %(part)s"
# Nobody gets two copies, whoever was faster.
ENROL = f"""
{INSERT} FROM ({JUDGED} {OF_PART} {FENCE}) judged
ON CONFLICT (signal_id, connection_id) DO NOTHING
"""
# Who will have a copy that is not skipped once the parts that wait are carried out.
AWAITED = f"""
SELECT DISTINCT judged.user_id FROM (
    {JUDGED} AND EXISTS (
        SELECT FROM signals_enrolment waiting WHERE waiting.signal_id = %(signal)s
           AND link.id <= waiting.newest AND {DRAWN} %% waiting.parts = waiting.part
    ) {FENCE}
) judged WHERE judged.reason = ''
"""  # noqa: S608 - constants only
# A copy that was skipped for something that is mended now makes room; it never sent anything.
MAKE_ROOM = f"""
DELETE FROM signals_copy WHERE signal_id = %(signal)s AND status = 'skipped'
   AND reason = ANY(%(mendable)s) AND due_at IS NULL AND lease_token IS NULL
   AND connection_id IN (
       SELECT judged.id FROM ({JUDGED}) judged WHERE judged.joins_open AND judged.reason = ''
   )
"""  # noqa: S608 - constants only
JOIN = f"""
{INSERT} FROM ({JUDGED} {FENCE}) judged
WHERE judged.joins_open AND judged.reason = ''
  AND NOT EXISTS (
      SELECT 1 FROM signals_copy own
      WHERE own.signal_id = %(signal)s AND own.connection_id = judged.id
  )
"""  # noqa: S608 - constants only


REBIND = """
UPDATE signals_copy copy SET budget = link.budget
FROM (SELECT id, exchange || '/' || environment || '/' || egress AS budget
      FROM exchanges_connection) link
WHERE link.id = copy.connection_id AND copy.due_at IS NOT NULL AND copy.budget <> link.budget
"""


def enrol_all(signal: Signal) -> int:
    """Begin with a copy for every connection, and leave all parts but one to the workers.

    Returns how many connections there are. Of two signals on one symbol the first one's copies are
    made first: while parts of it wait, the second one only joins the queue.
    """
    lock_copies_of(signal.symbol)
    everybody = linked().aggregate(n=Count("pk"), newest=Max("pk"))
    parts = max(math.ceil(everybody["n"] / settings.ENROL_PART), 1)
    newest = everybody["newest"] or 0
    waiting = [Enrolment(signal=signal, part=n, parts=parts, newest=newest) for n in range(parts)]
    if not Enrolment.objects.filter(signal__symbol=signal.symbol).exists():
        _carry_out(waiting.pop(0))
    Enrolment.objects.bulk_create(waiting)
    return int(everybody["n"])


def enrol_next() -> bool:
    """Carry out a part that waits; False when there is none that nobody is at work on."""
    waiting = Enrolment.objects.order_by("pk").values_list("signal__symbol", flat=True)
    for symbol in dict.fromkeys(waiting):
        try:
            if _enrol_next(symbol):
                return True
        except Exception:
            # One symbol's bad data must not hold up the others, nor what is to be sent.
            log.exception("nobody could be enrolled in what waits for %s", symbol)
    return False


def _enrol_next(symbol: str) -> bool:
    """Carry out the oldest part of a symbol, unless somebody else is making copies of it."""
    with transaction.atomic(durable=True):
        if not _try_lock(symbol):
            return False
        waiting = Enrolment.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        waiting = waiting.filter(signal__symbol=symbol).select_related("signal")
        part = waiting.order_by("pk").first()
        if part is None:
            return False
        ring(_carry_out(part))
        part.delete()
        return True


def _carry_out(part: Enrolment) -> int:
    """Make the copies of a part; their time to live began with the publication."""
    values = {"now": part.signal.published_at, "newest": part.newest}
    values |= {"part": part.part, "parts": part.parts}
    return _execute(ENROL, part.signal, **values)


def awaited(signal: Signal) -> set[int]:
    """The users who follow a signal by a part that still waits."""
    with connection.cursor() as cursor:
        _run(cursor, AWAITED, signal)
        return {user for (user,) in cursor.fetchall()}


def enrol_late(*, now: datetime) -> int:
    """Let those who want to join open signals join the ones that nobody could have entered yet."""
    joined = 0
    if not CopySettings.objects.filter(joins_open=True, is_enabled=True).exists():
        return joined  # the usual case costs one small query
    waiting = Signal.objects.filter(
        status=SignalStatus.OPEN, wants_entry=True, entered_price__isnull=True
    )
    for pk in waiting.order_by("pk").values_list("pk", flat=True):
        try:
            joined += _join(pk, now)
        except Exception:
            # One signal's bad data must not keep people out of the others.
            log.exception("nobody could join signal number %s", pk)
    return joined


def _join(pk: int, now: datetime) -> int:
    with transaction.atomic():
        fresh = Signal.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=pk)
        still = fresh.filter(wants_entry=True, entered_price__isnull=True).first()
        if still is None or still.status != SignalStatus.OPEN:
            return 0
        if still.enrolments.exists():  # those who wait did not miss it
            return 0
        lock_copies_of(still.symbol)
        _execute(MAKE_ROOM, still, now=now)
        made = _execute(JOIN, still, now=now)
        ring(made)
        return made


def rebind() -> int:
    """Let live copies draw on the limits of the address that their connection has now."""
    with connection.cursor() as cursor:
        cursor.execute(REBIND)
        return int(cursor.rowcount)


def _try_lock(symbol: str) -> bool:
    """As `lock_copies_of`, without waiting: a worker has orders to send meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [f"copies:{symbol}"])
        return bool(cursor.fetchone()[0])


def _execute(statement: str, signal: Signal, **values: Any) -> int:
    with connection.cursor() as cursor:
        _run(cursor, statement, signal, **values)
        return int(cursor.rowcount)


def _run(cursor: Any, statement: str, signal: Signal, **values: Any) -> None:
    shared = {
        "signal": signal.pk,
        "entry": Lane.ENTRY,
        "record": Lane.RECORD,
        "symbol": signal.symbol,
        "live": LIVE_STATUSES,
        "linked": LINKED,
        "mendable": MENDABLE,
    }
    cursor.execute(statement, shared | values)
