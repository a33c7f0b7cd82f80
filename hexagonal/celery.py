"""The Celery application; tasks are found in the apps' `tasks` modules."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_process_init
from django.core.management import CommandError, call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hexagonal.settings")

app = Celery("hexagonal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _refuse_what_checks_find(**_: Any) -> None:
    """Celery runs Django's checks at start and looks at none of what they find.

    A lease that a request could outlive must stop the very process that sends.
    """
    try:
        call_command("check")
    except CommandError as error:
        raise SystemExit(str(error)) from None  # of errors, Celery would log one and go on


@worker_process_init.connect
def _collect_less(**_: Any) -> None:
    """A chunk makes tens of thousands of short-lived objects, none of them in a cycle.

    Looking through all libraries for garbage again and again took a tenth of a worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
