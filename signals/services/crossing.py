"""Look at once at copies whose target or stop a price has crossed, where no target can rest.

Between two readings of prices. What is missed, as by a sweeper that dies, the next look finds.
"""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import connection

from exchanges.domain.lanes import Lane
from exchanges.models import Instrument
from exchanges.registry import venue_of
from signals.domain.legs import STOP
from signals.domain.lifecycle import CopyStatus
from signals.models import Copy

# Who holds it writes its time anew, unless that was changed since their claim; an order of unknown
# fate keeps its time, which is the fence.
CROSSED = """
UPDATE signals_copy copy SET lane = least(copy.lane, %(lane)s),
       due_at = CASE WHEN copy.lease_until > clock_timestamp() THEN clock_timestamp()
                     ELSE least(copy.due_at, clock_timestamp()) END
WHERE copy.id = ANY(ARRAY(
    SELECT held.id
    FROM unnest(%(places)s::bigint[], %(bids)s::numeric[]) was(place, bid)
    JOIN exchanges_instrument place ON place.id = was.place AND place.bid <> was.bid
    JOIN exchanges_connection link
      ON link.exchange = place.exchange AND link.environment = place.environment
    JOIN signals_copy held
      ON held.connection_id = link.id AND held.symbol = place.symbol
     AND held.status = %(status)s AND held.due_at IS NOT NULL
    WHERE (EXISTS (SELECT FROM signals_target target
                   WHERE target.signal_id = held.signal_id
                     AND (place.bid >= target.price) <> (was.bid >= target.price))
           OR EXISTS (SELECT FROM signals_order stop
                      WHERE stop.copy_id = held.id AND stop.leg = %(stop)s
                        AND stop.status = 'open'
                        AND (place.bid <= stop.trigger_price) <> (was.bid <= stop.trigger_price)))
      AND NOT EXISTS (SELECT FROM signals_order sent
                      WHERE sent.copy_id = held.id AND sent.status IN ('submitting', 'unknown'))
    ORDER BY held.id FOR NO KEY UPDATE OF held
))
"""


def watched_bids() -> dict[int, Decimal]:
    """The last bids, by instrument, of what copies hold where their targets are watched."""
    offered = settings.EXCHANGES_OFFERED
    watched = [name for name in offered if venue_of(name).capabilities.holds_coins]
    if not watched:
        return {}
    held = Copy.objects.filter(status=CopyStatus.FILLED, connection__exchange__in=watched)
    places = Instrument.objects.filter(exchange__in=watched, symbol__in=held.values("symbol"))
    return {pk: bid for pk, bid in places.values_list("pk", "bid") if bid is not None}


def ring_crossed(before: dict[int, Decimal]) -> None:
    """Let copies be looked at whose levels lie between these bids and those on record now."""
    if not before:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            CROSSED,
            {
                "places": list(before),
                "bids": list(before.values()),
                "stop": STOP,
                "status": CopyStatus.FILLED.value,
                "lane": int(Lane.AMEND),
            },
        )
