"""The exchanges that this platform knows, and what is asked of a trader who links an account there.

Which of them may be linked now, `EXCHANGES_OFFERED` says.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.wording import text_of
from exchanges.choices import ADVICE, CAUSES, LACKS, Environment
from exchanges.domain.venues import VenueFacts
from exchanges.registry import venue_of

TEXTS = {reason.value: text for reason, text in CAUSES.items()} | ADVICE


@dataclass(frozen=True, slots=True)
class Venue:
    """One exchange as its traders link it; `guide` is the exchange whose keys it is reached by."""

    kind: str
    name: str | Promise
    guide: str

    @property
    def facts(self) -> VenueFacts:
        return venue_of(self.kind)

    @property
    def open_environments(self) -> list[Environment]:
        """Those of its environments that this platform serves, in its own order."""
        served = settings.EXCHANGE_ENVIRONMENTS
        return [Environment(one) for one in served if one in self.facts.environments]

    @property
    def lacks(self) -> list[str | Promise]:
        """What is not done here, or another way."""
        return [LACKS[name] for name in self.facts.capabilities.lacks()]

    def says(self, code: str) -> str:
        """What is wrong with an account here and what to do, by a reason's or a notice's code."""
        text = TEXTS.get(code)
        return text_of(code) if text is None else str(text) % {"exchange": self.name}


VENUES = {
    venue.kind: venue
    for venue in (
        Venue("bybit", _("Bybit"), "bybit"),
        Venue("binance", _("Binance"), "binance"),
        Venue("binance_usdm", _("Binance USDⓈ-M"), "binance"),
        Venue("hashkey", _("HashKey Global"), "hashkey"),
        Venue("mexc", "MEXC", "mexc"),
        Venue("kucoin", _("KuCoin"), "kucoin"),
        Venue("kucoin_futures", _("KuCoin Futures"), "kucoin"),
        Venue("okx", "OKX", "okx"),
        Venue("bitget", _("Bitget"), "bitget"),
        Venue("gate", _("Gate"), "gate"),
        Venue("htx", "HTX", "htx"),
        Venue("bingx", _("BingX"), "bingx"),
        Venue("coinbase", _("Coinbase"), "coinbase"),
    )
}


def offered() -> dict[str, Venue]:
    """The exchanges that may be linked now, by their kind."""
    return {kind: VENUES[kind] for kind in settings.EXCHANGES_OFFERED}


def coming() -> list[Venue]:
    """Those that are known and cannot be linked yet."""
    return [venue for kind, venue in VENUES.items() if kind not in settings.EXCHANGES_OFFERED]
