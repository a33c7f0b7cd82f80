"""`python -m chaos.listing --all|--short`: the names of the faults, a line each."""

from __future__ import annotations

import os
import sys

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from chaos.faults import FAULTS, short_set

    print("\n".join(short_set() if "--short" in sys.argv else list(FAULTS)))


if __name__ == "__main__":
    main()
