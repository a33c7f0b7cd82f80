"""The whole platform on one machine, under one supervisor."""

from __future__ import annotations


def run_demo(*, check: bool) -> int:
    raise NotImplementedError(check)
