"""Reports of errors say where it happened, and nothing of what was entered."""

from __future__ import annotations

import sys

import pytest
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class, get_exception_reporter_filter

from hexagonal.reports import Report, WithoutSecrets

HUSH = "hush-hush-hush"


@pytest.fixture(params=[True, False], ids=["debug", "production"])
def report(request, settings):
    """The report of an error while a key is entered."""
    settings.DEBUG = request.param
    settings.CELERY_BROKER_URL = f"amqp://someone:{HUSH}@rabbitmq:5672//"
    posted = RequestFactory().post("/connections/connect/", {"api_secret": HUSH, "name": HUSH})
    posted.COOKIES["anything"] = HUSH
    posted.META["HTTP_AUTHORIZATION"] = f"Bearer {HUSH}"
    posted.META["HTTP_X_OTHER"] = f"token={HUSH}"
    try:
        cleaned = {"api_secret": HUSH}
        raise RuntimeError(f"the key did not fit: {cleaned}")
    except RuntimeError:
        return get_exception_reporter_class(posted)(posted, *sys.exc_info())


def test_ours_are_used(report):
    assert isinstance(report, Report)
    assert isinstance(get_exception_reporter_filter(report.request), WithoutSecrets)


def test_the_page_and_the_text_hold_no_secret(report):
    for text in (report.get_traceback_html(), report.get_traceback_text()):
        assert "RuntimeError" in text
        assert "test_reports.py" in text
        assert_silent(text)


def test_an_envelope_of_the_data_holds_no_secret(report):
    """As a tracker of errors would send it: frames with variables, request, settings, texts."""
    data = report.get_traceback_data()
    assert data["frames"]
    assert all(frame["vars"] == [] for frame in data["frames"])
    sent = {name: value for name, value in data.items() if name not in {"request", "frames"}}
    assert_silent(repr(sent))


def assert_silent(text):
    lines = [line for line in text.splitlines() if HUSH in line and "HUSH" not in line]
    assert lines == []
