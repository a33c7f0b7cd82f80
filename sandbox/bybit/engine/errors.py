"""What the exchange refuses, with Bybit's own codes."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """Answered as HTTP 200 with this `retCode`."""

    def __init__(self, code: int, message: str, result: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.result = result or {}
