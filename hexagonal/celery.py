"""The Celery application; tasks are found in the apps' `tasks` modules."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init
from django.core.management import CommandError, call_command

from hexagonal.lib import roles
from hexagonal.lib.tuning import collect_rarely

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hexagonal.settings")

app = Celery("hexagonal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_handlers(loglevel: int | str | None = None, **_: Any) -> None:
    """Celery would add handlers of its own, which do not redact; from `--loglevel` it has this."""
    if loglevel is not None:
        logging.getLogger().setLevel(loglevel)


@worker_init.connect
def _refuse_what_checks_find(**_: Any) -> None:
    """Celery runs Django's checks at start and looks at none of what they find.

    A lease that a request could outlive must stop the very process that sends.
    """
    try:
        call_command("check")
    except CommandError as error:
        raise SystemExit(str(error)) from None  # of errors, Celery would log one and go on


@worker_init.connect
def _play(**_: Any) -> None:
    """Children are forked after this, so they play it as well."""
    roles.play("worker")


@worker_process_init.connect
def _collect_rarely(**_: Any) -> None:
    collect_rarely()
