"""Candles: read, generated, and walked through."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from decimal import Decimal

from sandbox.bybit.feeds import Candle, generate_candles, read_candles

CSV = b"timestamp,open,high,low,close,volume\n2021-12-31 23:01:00.000000,10,14,9,12,5\n"


def test_a_csv_is_read_plain_and_packed(tmp_path):
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_bytes(CSV)
    packed.write_bytes(gzip.compress(CSV))
    (candle,) = read_candles(plain)
    assert candle == read_candles(packed)[0]
    assert candle.start == datetime(2021, 12, 31, 23, 1, tzinfo=UTC)
    assert candle.high == 14


def test_the_nearer_extreme_is_visited_first():
    start = datetime(2022, 1, 1, tzinfo=UTC)
    falls_first = Candle(start, *(Decimal(n) for n in (10, 14, 9, 12)))
    assert falls_first.path() == [10, 9, 14, 12]
    rises_first = Candle(start, *(Decimal(n) for n in (10, 11, 5, 6)))
    assert rises_first.path() == [10, 11, 5, 6]


def test_a_generated_month_is_the_same_for_the_same_seed():
    made = [
        generate_candles(7, first=Decimal(100), tick=Decimal("0.1"), count=50) for _ in range(2)
    ]
    assert made[0] == made[1]
    for candle in made[0]:
        assert candle.low <= min(candle.open, candle.close)
        assert candle.high >= max(candle.open, candle.close)
        assert candle.close % Decimal("0.1") == 0
