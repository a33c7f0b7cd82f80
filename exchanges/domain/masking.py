"""What may be shown of an API key. Of a secret nothing is, not even its length."""

from __future__ import annotations

HEAD, TAIL = 2, 4
SHORTEST = 3 * (HEAD + TAIL)  # of a shorter one, what is left would be too easily guessed
DOTS = "••••"


def masked(api_key: str) -> str:
    """The first two and last four signs: enough to know a key again in the exchange's list."""
    if len(api_key) < SHORTEST:
        return DOTS
    return f"{api_key[:HEAD]}{DOTS}{api_key[-TAIL:]}"
