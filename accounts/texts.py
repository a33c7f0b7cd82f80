"""The member activity log's sentences, by code, in the guide's own words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import ActivityEvent


def sentence(event: ActivityEvent) -> str:
    """Say a public event in the active language."""
    name, address = event.params.get("name", ""), event.params.get("address", "")
    texts = {
        "registered": _("%(name)s joined."),
        "visited": _("%(address)s visited."),
        "telegram_linked": _("%(name)s linked a Telegram account."),
        "api_connected": _("%(name)s linked an API key."),
        "signal_added": _("%(name)s added a signal."),
        "entered": _("%(name)s entered a trade."),
        "seed_limit": _("%(name)s was paused for lack of capital."),
        "suspended": _("%(name)s was suspended by the admin."),
        "reinstated": _("%(name)s is active again."),
    }
    return texts.get(event.code, event.code) % {"name": name, "address": address}
