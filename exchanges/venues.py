"""The exchanges that this platform knows, and what is asked of a trader who links an account there.

Which of them may be linked now, `EXCHANGES_OFFERED` says.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exchanges.choices import Environment

LIVE = (Environment.MAINNET,)
LIVE_AND_TEST = (Environment.MAINNET, Environment.TESTNET)
LIVE_AND_DEMO = (Environment.MAINNET, Environment.DEMO)


@dataclass(frozen=True, slots=True)
class Venue:
    """One exchange as its traders link it; `guide` is the exchange whose keys it is reached by."""

    kind: str
    name: str | Promise
    guide: str
    environments: tuple[Environment, ...]
    needs_passphrase: bool = False

    @property
    def open_environments(self) -> list[Environment]:
        """Those of its environments that this platform serves, in its own order."""
        served = settings.EXCHANGE_ENVIRONMENTS
        return sorted(
            (one for one in self.environments if one in served),
            key=lambda one: served.index(one.value),
        )


VENUES = {
    venue.kind: venue
    for venue in (
        Venue("bybit", _("Bybit"), "bybit", tuple(Environment)),
        Venue("binance", _("Binance"), "binance", LIVE_AND_TEST),
        Venue("binance_usdm", _("Binance USDⓈ-M"), "binance", LIVE_AND_DEMO),
        Venue("hashkey", _("HashKey Global"), "hashkey", LIVE_AND_TEST),
        Venue("mexc", "MEXC", "mexc", LIVE),
        Venue("kucoin", _("KuCoin"), "kucoin", LIVE, needs_passphrase=True),
        Venue("kucoin_futures", _("KuCoin Futures"), "kucoin", LIVE, needs_passphrase=True),
        Venue("okx", "OKX", "okx", LIVE_AND_DEMO, needs_passphrase=True),
        Venue("bitget", _("Bitget"), "bitget", LIVE_AND_DEMO, needs_passphrase=True),
        Venue("gate", _("Gate"), "gate", LIVE_AND_TEST),
        Venue("htx", "HTX", "htx", LIVE),
        Venue("bingx", _("BingX"), "bingx", LIVE_AND_DEMO),
        Venue("coinbase", _("Coinbase"), "coinbase", LIVE),
    )
}


def offered() -> dict[str, Venue]:
    """The exchanges that may be linked now, by their kind."""
    return {kind: VENUES[kind] for kind in settings.EXCHANGES_OFFERED}


def coming() -> list[Venue]:
    """Those that are known and cannot be linked yet."""
    return [venue for kind, venue in VENUES.items() if kind not in settings.EXCHANGES_OFFERED]
