"""B9: how long it takes to link a key, from the dialog that opens to the word Connected.

Over real HTTP requests to granian, as a browser sends them, with workers and the sandbox, which
answers after 80 ms. Nobody types: the key is there at once. `shown` is by the page's own questions
every half second, `verified` by questions without a pause.
"""

from __future__ import annotations

import time
from statistics import median

import requests

from benchmarks import stage

LINKS = 20
PAGE_PACE = 0.5  # templates/exchanges/_verification.html
NO_PACE = 0.02
PATIENCE = 30.0

from django.urls import reverse  # noqa: E402 - after the stage

from benchmarks.publish import _token, web  # noqa: E402
from exchanges.models import Connection  # noqa: E402
from tests.fixtures.people import PASSWORD, make_user  # noqa: E402


class Trader:
    """A trader's browser."""

    def __init__(self, url: str) -> None:
        self.url, user = url, make_user("trader")
        self.browser = requests.Session()
        self.browser.headers["Accept-Language"] = "en"
        page = self.browser.get(f"{url}/account/login/").text
        login = {"email": user.email, "password": PASSWORD, "csrfmiddlewaretoken": _token(page)}
        assert self.browser.post(f"{url}/account/login/", login).ok
        self.csrf = _token(self.browser.get(f"{url}/settings/").text)

    def link(self, key: dict[str, object], name: str, pace: float) -> float:
        """Milliseconds until the dialog says that a key is connected."""
        started = time.perf_counter()
        address = self.url + reverse("exchanges:connect")
        assert self.browser.get(address).ok
        fields = {"exchange": "bybit", "environment": "sandbox", "name": name}
        fields |= {field: str(key[field]) for field in ("api_key", "api_secret")}
        answer = self.browser.post(address, fields | {"csrfmiddlewaretoken": self.csrf})
        assert answer.ok, answer.text
        public_id = Connection.objects.get(name=name).public_id
        steps = self.url + reverse("exchanges:verification", args=[public_id])
        while 'class="message success"' not in answer.text:
            assert time.perf_counter() - started < PATIENCE, answer.text
            time.sleep(pace)
            answer = self.browser.get(steps, headers={"HX-Target": "verification"})
        return (time.perf_counter() - started) * 1000


def measure() -> dict[str, dict[str, object]]:
    stage.prepare()
    with stage.sandbox(limits=True) as box, stage.workers(), web() as url:
        trader = Trader(url)
        trader.link(box.post("accounts"), "the first loads what is loaded lazily", NO_PACE)
        box.post("latency", ms=stage.LATENCY_MS)
        took = {
            name: [
                trader.link(box.post("accounts"), f"{name} {number}", pace)
                for number in range(LINKS)
            ]
            for name, pace in (("verified", NO_PACE), ("shown", PAGE_PACE))
        }
    figures = {f"{name}_p50_ms": round(median(values)) for name, values in took.items()}
    slowest = {f"{name}_slowest_ms": round(max(values)) for name, values in took.items()}
    return {"B9": {"links": 2 * LINKS, **figures, **slowest}}
