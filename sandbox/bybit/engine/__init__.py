"""The exchange behind a signed, permitted and unthrottled request: pure, with a given clock."""

from sandbox.bybit.engine.errors import ApiError
from sandbox.bybit.engine.exchange import Exchange
from sandbox.bybit.engine.instrument import Instrument, Quote

__all__ = ["ApiError", "Exchange", "Instrument", "Quote"]
