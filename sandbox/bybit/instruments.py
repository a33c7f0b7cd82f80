"""Twelve USDT perpetuals with real-looking rules, and where their prices start."""

from __future__ import annotations

from decimal import Decimal

from sandbox.bybit.engine import Instrument

# symbol: tick, step, least, most (limit), most (market), leverage, first price
TABLE = {
    "BTCUSDT": ("0.1", "0.001", "0.001", "1190", "500", "100", "46300"),
    "ETHUSDT": ("0.01", "0.01", "0.01", "7240", "4000", "100", "3700"),
    "SOLUSDT": ("0.01", "0.1", "0.1", "79770", "39885", "100", "170"),
    "XRPUSDT": ("0.0001", "0.1", "0.1", "2000000", "700000", "75", "0.83"),
    "DOGEUSDT": ("0.00001", "1", "1", "11000000", "4000000", "75", "0.17"),
    "ADAUSDT": ("0.0001", "1", "1", "2500000", "900000", "75", "1.31"),
    "LINKUSDT": ("0.001", "0.1", "0.1", "150000", "50000", "50", "19.6"),
    "AVAXUSDT": ("0.001", "0.1", "0.1", "100000", "30000", "50", "109"),
    "LTCUSDT": ("0.01", "0.1", "0.1", "25000", "9000", "50", "146"),
    "BNBUSDT": ("0.1", "0.01", "0.01", "6000", "2000", "50", "512"),
    "BAKEUSDT": ("0.0001", "0.1", "0.1", "900000", "150000", "25", "0.92"),
    "1000PEPEUSDT": ("0.0000001", "100", "100", "180000000", "70000000", "50", "0.0118"),
}


def instruments() -> list[Instrument]:
    return [
        Instrument(
            symbol=symbol,
            base=symbol.removesuffix("USDT"),
            tick=Decimal(tick),
            step=Decimal(step),
            min_qty=Decimal(least),
            max_qty=Decimal(most),
            max_market_qty=Decimal(most_market),
            max_leverage=Decimal(leverage),
            symbol_id=number,
        )
        for number, (symbol, (tick, step, least, most, most_market, leverage, _)) in enumerate(
            TABLE.items(), start=1
        )
    ]


def new_contract(symbol: str, *, symbol_id: int) -> Instrument:
    """A small coin's contract, as many are listed."""
    return Instrument(
        symbol=symbol,
        base=symbol.removesuffix("USDT"),
        tick=Decimal("0.0001"),
        step=Decimal("0.1"),
        min_qty=Decimal("0.1"),
        max_qty=Decimal(900_000),
        max_market_qty=Decimal(150_000),
        max_leverage=Decimal(25),
        symbol_id=symbol_id,
    )


def first_prices() -> dict[str, Decimal]:
    return {symbol: Decimal(row[-1]) for symbol, row in TABLE.items()}
