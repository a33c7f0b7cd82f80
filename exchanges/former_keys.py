"""A key that works is not lost to one that does not: it waits until the new one is verified."""

from __future__ import annotations

from exchanges.choices import ConnectionStatus
from exchanges.models import Connection, FormerKey

SET_ASIDE = (ConnectionStatus.CONNECTED, ConnectionStatus.ATTENTION)
FIELDS = ("sealed", "public_key", "api_key_id", "key_hint", "status", "reason")


def set_aside(link: Connection) -> None:
    """Keep a locked link's verified key; one that waits already is not replaced by a mere try."""
    if link.sealed is not None and link.status in SET_ASIDE:
        fields = {name: getattr(link, name) for name in FIELDS}
        FormerKey.objects.update_or_create(connection=link, defaults=fields)


def put_back(link: Connection) -> bool:
    """Give a locked link its former key again, if there is one; the caller saves."""
    former = FormerKey.objects.select_for_update().filter(connection=link).first()
    if former is None:
        return False
    for name in FIELDS:
        setattr(link, name, getattr(former, name))
    former.delete()
    return True


def destroy(link: Connection) -> None:
    FormerKey.objects.filter(connection=link).delete()
