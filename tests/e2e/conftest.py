"""A real Chromium, and the whole platform as its own processes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sandbox.stack.services import free_port

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
expect.set_options(timeout=20_000)  # two cores, shared with everything else
# Playwright runs an event loop in this thread, and Django asks before it touches the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(
        (
            path
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (path := shutil.which(name))
        ),
        None,
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def pages(browser: Browser) -> Iterator[object]:
    """Opens a window for a person; what a page's console complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def new(language: str = "ko", width: int = 1280) -> Page:
        context = browser.new_context(locale=language, viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        return page

    yield new
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def site(market, telegram, processes, settings) -> str:
    """Web, worker, sweeper, beat and bot, up and answering."""
    settings.EGRESS = {"127.0.0.1": "127.0.0.1"}  # what a test links draws on the workers' limits
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    processes.environment |= {
        "SITE_URL": url,
        "TELEGRAM_CHAT_URL": telegram.url,
        "EGRESS": "127.0.0.1",
    }
    processes.worker()
    processes.sweeper()
    processes.beat()
    processes.bot()
    processes.web(port)
    deadline = time.monotonic() + 90
    while True:
        try:
            if requests.get(f"{url}/readyz", timeout=2).ok:
                return url
        except requests.RequestException:
            pass
        assert time.monotonic() < deadline, processes.log("web")
        time.sleep(0.1)
