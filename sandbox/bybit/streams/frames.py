"""What clients send over a socket."""

from __future__ import annotations

import json
from typing import Any

Frame = dict[str, Any]


def read(text: str) -> Frame:
    """A frame, or an empty one for what is not an object."""
    try:
        frame = json.loads(text)
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}


def topics(frame: Frame) -> list[str] | None:
    args = frame.get("args")
    if not isinstance(args, list) or not all(isinstance(topic, str) for topic in args):
        return None
    return args
