"""Make a signal's copies: for everybody when it is published, for those who join it later."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import connection, transaction

from exchanges.domain.lanes import Lane
from signals.choices import SignalStatus
from signals.models import LIVE_STATUSES, CopySettings, Signal
from signals.services.revising import ring

log = logging.getLogger(__name__)

# What a trader has put right since a signal passed them by.
MENDABLE = ["telegram_missing", "connection_not_ready", "sizing_missing"]

# One statement, however many connections there are. A skipped copy is due as well: the worker
# that finds it tells its trader why. What depends on prices, sizes or limits is judged there too.
# Busy accounts are joined, not looked up one by one: with the table's statistics out of date, each
# look-up read through the rows that the statement had just written (10 s instead of 0.3 s).
JUDGED = """
    SELECT link.id, link.user_id,
           link.exchange || '/' || link.environment || '/' || link.egress AS budget,
           coalesce(rules.joins_open, FALSE) AS joins_open,
           CASE
               WHEN person.status <> 'active' OR NOT person.is_active THEN 'account_suspended'
               WHEN NOT person.has_telegram THEN 'telegram_missing'
               WHEN link.status <> 'connected' THEN 'connection_not_ready'
               WHEN NOT coalesce(rules.is_enabled, FALSE) THEN 'sizing_missing'
               WHEN busy.connection_id IS NOT NULL THEN 'symbol_busy'
               ELSE ''
           END AS reason
    FROM exchanges_connection link
    JOIN accounts_user person ON person.id = link.user_id
    LEFT JOIN signals_copysettings rules ON rules.connection_id = link.id
    LEFT JOIN (
        SELECT connection_id FROM signals_copy WHERE symbol = %(symbol)s AND status = ANY(%(live)s)
    ) busy ON busy.connection_id = link.id
    WHERE link.status = ANY(%(linked)s)
"""
INSERT = """
INSERT INTO signals_copy (
    public_id, signal_id, connection_id, user_id, symbol, status, reason, reason_params,
    wants_entry, wants_position, close_reason, applied_revision, entered_quantity, exited_quantity,
    fees, funding, pnl, has_stop, stops_asked, targets_asked, lane, budget, shuffle, due_at,
    attempts, created_at, ended_at
)
SELECT gen_random_uuid(), %(signal)s, judged.id, judged.user_id, %(symbol)s,
       CASE WHEN judged.reason = '' THEN 'pending' ELSE 'skipped' END,
       judged.reason, '{}', TRUE, TRUE, '', 0, 0, 0, 0, 0, 0, FALSE, '[]', '[]',
       CASE WHEN judged.reason = '' THEN %(entry)s ELSE %(record)s END, judged.budget,
       floor(random() * 2000000000)::int, %(now)s, 0, %(now)s,
       CASE WHEN judged.reason = '' THEN NULL ELSE %(now)s::timestamptz END
"""
PUBLISH = f"{INSERT} FROM ({JUDGED}) judged"
# A copy that was skipped for something that is mended now makes room; it never sent anything.
MAKE_ROOM = f"""
DELETE FROM signals_copy WHERE signal_id = %(signal)s AND status = 'skipped'
   AND reason = ANY(%(mendable)s) AND due_at IS NULL AND lease_token IS NULL
   AND connection_id IN (
       SELECT judged.id FROM ({JUDGED}) judged WHERE judged.joins_open AND judged.reason = ''
   )
"""  # noqa: S608 - constants only
JOIN = f"""
{INSERT} FROM ({JUDGED}) judged
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


def enrol_all(signal: Signal, *, now: datetime) -> int:
    """A copy for every connection, pending or skipped with its reason; returns how many."""
    return _execute([PUBLISH], signal, now)


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
        fresh = Signal.objects.select_for_update(skip_locked=True).filter(pk=pk)
        still = fresh.filter(wants_entry=True, entered_price__isnull=True).first()
        if still is None or still.status != SignalStatus.OPEN:
            return 0
        made = _execute([MAKE_ROOM, JOIN], still, now)
        ring(made)
        return made


def rebind() -> int:
    """Let live copies draw on the limits of the address that their connection has now."""
    with connection.cursor() as cursor:
        cursor.execute(REBIND)
        return int(cursor.rowcount)


def _execute(statements: list[str], signal: Signal, now: datetime) -> int:
    with connection.cursor() as cursor:
        # Two signals on one symbol at once: the second waits, then sees the first one's copies.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"copies:{signal.symbol}"])
        for statement in statements:
            cursor.execute(
                statement,
                {
                    "signal": signal.pk,
                    "entry": Lane.ENTRY,
                    "record": Lane.RECORD,
                    "symbol": signal.symbol,
                    "now": now,
                    "live": LIVE_STATUSES,
                    "linked": ["verifying", "connected", "attention"],
                    "mendable": MENDABLE,
                },
            )
        return int(cursor.rowcount)
