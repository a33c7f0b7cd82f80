"""What a process leaves behind when it crashes."""

from __future__ import annotations

import resource


def forbid_core_dumps() -> None:
    """Let no image of this process's memory be written, for it may hold a key; children inherit."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
