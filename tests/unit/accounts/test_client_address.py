"""Whose address a request has: a proxy of ours is believed, a visitor's own header is not."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from accounts.http import client_address


@pytest.mark.parametrize(
    ("count", "forwarded", "expected"),
    [
        (0, "9.9.9.9", "10.0.0.1"),
        (1, "9.9.9.9, 112.2.45.7", "112.2.45.7"),
        (2, "9.9.9.9, 112.2.45.7, 10.0.0.2", "112.2.45.7"),
        (1, "", "10.0.0.1"),
        (3, "112.2.45.7", "10.0.0.1"),
    ],
)
def test_hops_are_counted_from_our_side(settings, count, forwarded, expected):
    settings.TRUSTED_PROXY_COUNT = count
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == expected
