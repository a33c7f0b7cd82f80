"""The Celery application; tasks are found in the apps' `tasks` modules."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hexagonal.settings")

app = Celery("hexagonal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
