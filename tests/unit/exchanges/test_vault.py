"""The vault: anybody seals, only the private key opens, and only in the row it was sealed for."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchanges import vault
from exchanges.adapters.bybit.transport import Transport
from exchanges.domain.trading import Credentials
from exchanges.ports import Wire

SECRET = Credentials("key-1234", "secret-5678")
SLOW_FIXTURE = [HealthCheck.function_scoped_fixture]


def test_what_is_sealed_can_be_opened(vault_keys):
    box = vault.seal(SECRET, context="bybit/sandbox/1")
    assert b"secret-5678" not in box
    assert vault.unseal(box, context="bybit/sandbox/1") == SECRET


def test_a_passphrase_is_sealed_with_its_key(vault_keys):
    whole = Credentials("key-1234", "secret-5678", "phrase-9")
    assert "phrase-9" not in repr(whole)
    box = vault.seal(whole, context="okx/sandbox/1")
    assert b"phrase-9" not in box
    assert vault.unseal(box, context="okx/sandbox/1") == whole


def test_a_box_moved_to_another_row_stays_shut(vault_keys):
    box = vault.seal(SECRET, context="bybit/sandbox/1")
    with pytest.raises(vault.SealBroken):
        vault.unseal(box, context="bybit/sandbox/2")


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW_FIXTURE)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_keeps_it_shut(vault_keys, place, flip):
    box = bytearray(vault.seal(SECRET, context="c"))
    box[place % len(box)] ^= flip
    with pytest.raises(vault.VaultError):
        vault.unseal(bytes(box), context="c")


@pytest.mark.parametrize("length", [0, 1, 4, 5, 60])
def test_a_cut_box_stays_shut(vault_keys, length):
    box = vault.seal(SECRET, context="c")
    with pytest.raises(vault.SealBroken):
        vault.unseal(box[:length], context="c")


@pytest.mark.parametrize("damage", ["zz", "00", "*"])
def test_a_damaged_key_file_is_ours_to_mend_and_no_broken_seal(vault_keys, settings, damage):
    box = vault.seal(SECRET, context="c")
    mark, key_id, _ = settings.VAULT_PRIVATE_KEY_FILE.read_text().split()
    settings.VAULT_PRIVATE_KEY_FILE.write_text(f"{mark} {key_id} {damage}")
    with pytest.raises(vault.VaultClosed):
        vault.unseal(box, context="c")


def test_the_gateway_alone_unseals():
    root = Path(vault.__file__).resolve().parents[1]
    apps = ("accounts", "exchanges", "hexagonal", "notifications", "signals")
    users = {
        path.relative_to(root).as_posix()
        for app in apps
        for path in (root / app).rglob("*.py")
        if any(
            "unseal" in {getattr(node, "attr", None), getattr(node, "id", None)}
            or (isinstance(node, ast.alias) and node.name.endswith("unseal"))
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }
    assert users == {"exchanges/gateway.py"}


def test_the_web_can_seal_and_cannot_open(vault_keys, settings):
    box = vault.seal(SECRET, context="c")
    settings.VAULT_PRIVATE_KEY_FILE = None
    assert vault.seal(SECRET, context="c") != box
    with pytest.raises(vault.VaultClosed):
        vault.unseal(box, context="c")


def test_a_private_key_that_others_may_read_is_not_used(vault_keys, settings):
    box = vault.seal(SECRET, context="c")
    settings.VAULT_PRIVATE_KEY_FILE.chmod(0o644)
    with pytest.raises(vault.VaultClosed):
        vault.unseal(box, context="c")


def test_another_key_pair_does_not_open_it(vault_keys, settings, tmp_path):
    box = vault.seal(SECRET, context="c")
    vault.generate(tmp_path / "other.key", tmp_path / "other.pub")
    settings.VAULT_PRIVATE_KEY_FILE = tmp_path / "other.key"
    with pytest.raises(vault.SealBroken):
        vault.unseal(box, context="c")


def test_keys_are_never_overwritten(vault_keys):
    with pytest.raises(FileExistsError):
        vault.generate(vault_keys / "vault.key", vault_keys / "new.pub")


def test_neither_credentials_nor_their_transport_show_or_travel():
    transport = Transport(Wire("sandbox", "http://127.0.0.1:1", 1, 1, 5000), SECRET)
    for thing in (SECRET, transport):
        assert "5678" not in repr(thing) + str(thing)
        assert "1234" not in repr(thing) + str(thing)
        with pytest.raises(TypeError):
            pickle.dumps(thing)
