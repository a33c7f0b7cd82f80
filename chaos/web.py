"""`python -m chaos.web SIGNAL`: publish a stored signal, as a request of the web does."""

from __future__ import annotations

import sys

import django


def main() -> None:
    django.setup()
    from django.utils import timezone

    from signals.models import Signal
    from signals.selectors import draft_of
    from signals.services import publishing

    signal, now = Signal.objects.get(pk=int(sys.argv[1])), timezone.now()
    warned = [found.problem.value for found in publishing.concerns(draft_of(signal), now=now)]
    publishing.publish(signal, actor=signal.author, now=now, accepted=warned)


if __name__ == "__main__":
    main()
