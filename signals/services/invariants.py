"""What must always be true, asked of the database; the sweeper looks every ten seconds.

Times are PostgreSQL's own. A copy that lives is due at some time: each query is bounded by the
index of those, or by that of recent ones, however much has been traded. What can befall many copies
at once is one violation, which counts them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from exchanges.clock import ALARM_MS
from exchanges.domain.lanes import Lane
from exchanges.rotation import missing_keys
from signals.choices import AlarmCode, AlarmLevel

MOST = 20  # violations of one kind that are told apart
SUBJECT, DETAIL = 100, 200  # characters that an alarm keeps


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is not as it must be; `subject` empty: the platform as a whole."""

    code: AlarmCode
    level: AlarmLevel
    subject: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A query that finds violations as rows of (subject, detail), the gravest first."""

    code: AlarmCode
    level: AlarmLevel
    sql: str


# A ladder's steps are legs of their own: each of them is accepted once. An entry is sent within a
# minute of its copy's making, so what is older was looked at often enough.
ENTERED_TWICE = """
SELECT 'copy ' || copy.public_id, 'leg ' || o.leg || ' accepted ' || count(*) || ' times'
FROM signals_order o JOIN signals_copy copy ON copy.id = o.copy_id
WHERE o.leg LIKE 'entry%%' AND o.exchange_id <> '' AND o.status <> 'rejected'
  AND copy.created_at > clock_timestamp() - interval '1 hour'
GROUP BY copy.id, o.leg HAVING count(*) > 1
UNION ALL
SELECT 'copy ' || public_id, 'entered ' || entered_quantity || ' of ' || quantity
FROM signals_copy
WHERE entered_quantity > quantity
  AND (due_at IS NOT NULL OR created_at > clock_timestamp() - interval '1 hour')
"""
BARE = """
SELECT 'copy ' || public_id,
       'for ' || extract(epoch FROM clock_timestamp() - unprotected_since)::int || ' s'
FROM signals_copy
WHERE unprotected_since < clock_timestamp() - make_interval(secs => {over})
  AND due_at IS NOT NULL
ORDER BY unprotected_since
"""
# What its trader has taken over behind a dead key ends without an answer, and they are told so.
UNKNOWN = """
SELECT 'copy ' || copy.public_id,
       'leg ' || o.leg || ' for ' || extract(epoch FROM clock_timestamp() - o.sent_at)::int || ' s'
FROM signals_order o JOIN signals_copy copy ON copy.id = o.copy_id
WHERE o.status IN ('submitting', 'unknown') AND copy.due_at IS NOT NULL
  AND o.sent_at < clock_timestamp() - make_interval(secs => {over})
ORDER BY o.sent_at
"""
STALLED = """
SELECT '', count(*) || ' copies'
FROM signals_copy
WHERE due_at IS NOT NULL AND status IN ('pending', 'unknown')
  AND created_at < clock_timestamp() - make_interval(secs => %(stalled)s)
HAVING count(*) > 0
"""
# Nothing outside keeps a part of a signal's copies waiting, and their time to live runs.
UNENROLLED = """
SELECT 'signal ' || whole.public_id, count(*) || ' parts for '
       || extract(epoch FROM clock_timestamp() - whole.published_at)::int || ' s'
FROM signals_enrolment part JOIN signals_signal whole ON whole.id = part.signal_id
WHERE whole.published_at < clock_timestamp() - interval '20 s'
GROUP BY whole.id
ORDER BY whole.published_at
"""
# Entries, targets and mere looking may have to wait for room under the exchange's limits.
UNTAKEN = """
SELECT '', count(*) || ' copies, the first for '
       || extract(epoch FROM clock_timestamp() - min(due_at))::int || ' s'
FROM signals_copy
WHERE due_at < clock_timestamp() - CASE WHEN lane <= %(protect)s THEN interval '30 s'
                                        WHEN lane <> %(poll)s THEN interval '90 s'
                                        ELSE interval '10 minutes' END
  AND (lease_until IS NULL OR lease_until < clock_timestamp() - interval '30 s')
HAVING count(*) > 0
"""
# Looks that begin and never end put their copies off, so that none of them is long due. A full one
# is made every five minutes at least. Without a time the next one has to be full: that is usual,
# unless attempts at it fail.
UNSEEN = """
SELECT '', count(*) || ' copies, the first for '
       || extract(epoch FROM clock_timestamp() - min(coalesce(looked_at, created_at)))::int || ' s'
FROM signals_copy copy
WHERE due_at IS NOT NULL AND status IN ('placed', 'filled')
  AND coalesce(looked_at, created_at) < clock_timestamp() - interval '15 minutes'
  AND (looked_at IS NOT NULL OR attempts >= 3)
  AND EXISTS (SELECT FROM exchanges_connection link
              WHERE link.id = copy.connection_id AND link.status = 'connected')
HAVING count(*) > 0
"""
ABANDONED = """
SELECT '', count(*) || ' copies'
FROM signals_copy
WHERE due_at IS NOT NULL AND lease_until < clock_timestamp() - interval '30 s'
HAVING count(*) > 0
"""
# Nobody has ever answered where no worker has ever run: that is found by what is not taken.
SILENT = """
SELECT '', 'for ' || extract(epoch FROM clock_timestamp() - at)::int || ' s'
FROM signals_heartbeat
WHERE name = 'worker' AND at < clock_timestamp() - interval '30 s'
"""
CLOCK = """
SELECT host || ' ' || exchange || ' ' || environment, ahead_ms || ' ms ahead'
FROM exchanges_hostclock
WHERE abs(ahead_ms) > %(clock)s AND at > clock_timestamp() - interval '3 minutes'
"""
BANNED = """
SELECT budget, 'until ' || to_char(until AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' UTC'
FROM exchanges_egressban
WHERE until > clock_timestamp()
ORDER BY until DESC
"""
# A worker is rung for each of them every few seconds.
UNMADE = """
SELECT '', count(*) || ' connections, the first for '
       || extract(epoch FROM clock_timestamp() - min(created_at))::int || ' s'
FROM exchanges_keypair
WHERE public_key = '' AND created_at < clock_timestamp() - interval '2 minutes'
HAVING count(*) > 0
"""
# Nobody is to forget that it is on.
HELD = """
SELECT left(concat_ws(' ', 'keys of', coalesce(person.nickname, 'everybody'),
                      nullif(held.exchange, ''), nullif(held.environment, '')), 100),
       left('by ' || held.by || ': ' || held.reason, 200)
FROM exchanges_quarantine held LEFT JOIN accounts_user person ON person.id = held.user_id
WHERE held.lifted_at IS NULL
ORDER BY held.since
"""
# What was on its way when it was put on is withdrawn; later ones nobody may have sent.
ENTERED_THOUGH_HELD = """
SELECT 'copy ' || copy.public_id,
       'leg ' || o.leg || ' sent ' || extract(epoch FROM o.sent_at - held.since)::int || ' s after'
FROM exchanges_quarantine held
JOIN exchanges_connection link
  ON held.exchange IN ('', link.exchange) AND held.environment IN ('', link.environment)
 AND coalesce(held.user_id, link.user_id) = link.user_id
JOIN signals_copy copy ON copy.connection_id = link.id
JOIN signals_order o ON o.copy_id = copy.id
WHERE held.lifted_at IS NULL AND o.leg LIKE 'entry%%' AND o.status <> 'not_sent'
  AND o.sent_at > held.since + interval '5 s'
  AND copy.created_at > clock_timestamp() - interval '1 hour'
ORDER BY o.sent_at
"""

WARNING, CRITICAL, EMERGENCY = AlarmLevel.WARNING, AlarmLevel.CRITICAL, AlarmLevel.EMERGENCY

# The louder check of a code stands before the quieter one: the first that finds a subject counts.
CHECKS = (
    Check(AlarmCode.ENTERED_TWICE, EMERGENCY, ENTERED_TWICE),
    Check(AlarmCode.POSITION_BARE, CRITICAL, BARE.format(over=30)),
    Check(AlarmCode.POSITION_BARE, WARNING, BARE.format(over=10)),
    # Bybit forgets what was cancelled after 24 hours: from then on nobody can say.
    Check(AlarmCode.OUTCOME_UNKNOWN, EMERGENCY, UNKNOWN.format(over=23 * 3600)),
    Check(AlarmCode.OUTCOME_UNKNOWN, CRITICAL, UNKNOWN.format(over=60)),
    Check(AlarmCode.COPY_STALLED, CRITICAL, STALLED),
    Check(AlarmCode.ENROLMENT_STALLED, CRITICAL, UNENROLLED),
    Check(AlarmCode.COPY_UNTAKEN, CRITICAL, UNTAKEN),
    Check(AlarmCode.COPY_UNSEEN, CRITICAL, UNSEEN),
    Check(AlarmCode.LEASE_ABANDONED, CRITICAL, ABANDONED),
    Check(AlarmCode.WORKERS_SILENT, CRITICAL, SILENT),
    Check(AlarmCode.CLOCK_OFF, CRITICAL, CLOCK),
    Check(AlarmCode.ADDRESS_BANNED, CRITICAL, BANNED),
    Check(AlarmCode.KEY_PAIR_UNMADE, WARNING, UNMADE),
    Check(AlarmCode.QUARANTINE_BROKEN, EMERGENCY, ENTERED_THOUGH_HELD),
    Check(AlarmCode.KEYS_QUARANTINED, WARNING, HELD),
)


def violations() -> list[Violation]:
    """Everything that is not as it must be, at most `MOST` of each check."""
    found: dict[tuple[str, str], Violation] = {}
    params = {
        "stalled": settings.SIGNAL_TTL_SECONDS + 30,
        "clock": ALARM_MS,
        "protect": int(Lane.PROTECT),
        "poll": int(Lane.POLL),
    }
    with connection.cursor() as cursor:
        for check in CHECKS:
            for subject, detail in _rows(cursor, check, params):
                violation = Violation(check.code, check.level, subject, detail)
                found.setdefault((check.code, subject), violation)
    return [*found.values(), *_missing_vault_keys()]


def _missing_vault_keys() -> list[Violation]:
    """Stored keys that this process cannot open; 10,000 boxes are looked at in 6 to 15 ms."""
    code = AlarmCode.VAULT_KEY_MISSING
    return [
        Violation(code, CRITICAL, f"vault key {name}", f"for {boxes} stored keys")
        for name, boxes in missing_keys().items()
    ]


def _rows(cursor: Any, check: Check, params: dict[str, int]) -> list[tuple[str, str]]:
    # A name that is too long for an alarm's row would keep every other alarm from being raised.
    columns = f"left(subject, {SUBJECT}), left(detail, {DETAIL})"
    found = f"({check.sql}) found(subject, detail) LIMIT {MOST}"
    cursor.execute(f"SELECT {columns} FROM {found}", params)  # noqa: S608 - constants only
    rows: list[tuple[str, str]] = cursor.fetchall()
    return rows
