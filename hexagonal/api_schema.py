"""The refusals that every operation of the API shares, told once in its schema."""

from __future__ import annotations

from typing import Any

REFUSALS = {
    "400": "The input is wrong; each message stands under its field.",
    "401": "No valid token or session.",
    "403": "This person may not do that.",
    "404": "There is no such object, or it is somebody else's.",
    "406": "The answer is JSON.",
    "415": "The body must be JSON.",
    "429": "Too many calls; see Retry-After.",
}


def add_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A post-processing hook of drf-spectacular."""
    body = {"application/json": {"schema": {"type": "object", "additionalProperties": {}}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, text in REFUSALS.items():
                refusal = {"description": text, "content": body}
                operation["responses"].setdefault(status, refusal)
    return result
