"""What is declared of Bybit's USDT perpetuals: all that a signal says can be done there."""

from __future__ import annotations

from exchanges.domain.venues import VenueFacts

LINEAR = VenueFacts(environments=("mainnet", "testnet", "demo", "sandbox"))
