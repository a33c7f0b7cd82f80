"""What every operation of the API shares, told once in its schema: the token, the refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme

REFUSALS = {
    "400": "The input is wrong; each message stands under its field.",
    "401": "No valid token or session.",
    "403": "This person may not do that.",
    "404": "There is no such object, or it is somebody else's.",
    "406": "The answer is JSON.",
    "415": "The body must be JSON.",
    "429": "Too many calls; see Retry-After.",
}


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """Our token is knox's; an extension is known by its class, and for that one class alone."""

    target_class = "accounts.authentication.PersonalTokenAuthentication"


def add_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A post-processing hook of drf-spectacular."""
    body = {"application/json": {"schema": {"type": "object", "additionalProperties": {}}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, text in REFUSALS.items():
                refusal = {"description": text, "content": body}
                operation["responses"].setdefault(status, refusal)
    return result
