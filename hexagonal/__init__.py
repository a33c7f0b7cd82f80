"""The Django project: settings, wiring and nothing else."""

from hexagonal.celery import app as celery_app

__all__ = ["celery_app"]
