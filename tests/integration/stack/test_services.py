"""`services -- CMD`: up beside a command, and gone with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from tests.integration.stack.conftest import Stack, command_line

SHOW = (
    "import os, psycopg2, redis; "
    "psycopg2.connect(os.environ['DATABASE_URL']).close(); "
    "redis.Redis.from_url(os.environ['REDIS_URL']).ping(); "
    "print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'], flush=True)"
)
STAY = SHOW + "; import time; time.sleep(60)"


def run(stack: Stack, code: str, **environment: str):
    return stack.start("services", "--", sys.executable, "-c", code, **environment)


def test_a_command_runs_beside_both_servers_and_gives_its_code(stack):
    child = run(stack, SHOW + "; raise SystemExit(7)")
    line, _ = child.communicate(timeout=60)
    assert line.startswith("postgres://")
    assert child.returncode == 7
    assert stack.directories() == []


def test_a_process_that_has_ended_has_no_command_line():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    assert command_line(child.pid) == []
    assert "python" in command_line(os.getpid())[0]


def test_options_after_the_dashes_belong_to_the_command(stack):
    child = stack.start("services", "--", sys.executable, "-c", "print(1)", "--check", "-x")
    assert child.communicate(timeout=60)[0] == "1\n"
    assert child.returncode == 0


def test_servers_that_the_environment_names_are_used_as_they_are(stack):
    urls = {"DATABASE_URL": "postgres://a@db/x", "REDIS_URL": "redis://cache"}
    code = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
    child = run(stack, code, **urls)
    assert child.communicate(timeout=60)[0] == "postgres://a@db/x redis://cache\n"
    assert stack.directories() == []


def test_a_command_that_does_not_exist_is_named(stack):
    child = stack.start("services", "--", "no-such-command")
    said, _ = child.communicate(timeout=60)
    assert "no-such-command" in said
    assert "Traceback" not in said
    assert child.returncode == 127


def test_a_stopped_run_has_not_passed_and_leaves_nothing(stack):
    child = run(stack, STAY)
    child.stdout.readline()
    family = stack.descendants(child)
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 130
    assert stack.left(family) == []
    assert stack.directories() == []


def test_a_killed_supervisor_leaves_no_orphan_and_the_next_run_sweeps(stack):
    child = run(stack, STAY)
    child.stdout.readline()
    family = stack.descendants(child)
    servers = " ".join(words[0] for words in family.values())
    assert "postgres" in servers
    assert "valkey-server" in servers
    child.kill()
    assert stack.left(family) == []
    (directory,) = stack.directories()
    just_before = time.time() - 60
    os.utime(stack.temporary / directory, (just_before, just_before))
    assert run(stack, SHOW).wait(60) == 0
    assert stack.directories() == []


def test_a_run_does_not_sweep_what_another_one_uses(stack):
    first = run(stack, STAY)
    first.stdout.readline()
    (directory,) = stack.directories()
    os.utime(stack.temporary / directory, (0, 0))
    assert run(stack, SHOW).wait(60) == 0
    assert stack.directories() == [directory]
    assert first.poll() is None
