"""The vault: anybody seals, only the private key opens, and only in the row it was sealed for."""

from __future__ import annotations

import ast
import json
import os
import pickle
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchanges import vault
from exchanges.adapters.bybit.transport import Transport
from exchanges.domain.trading import Credentials, KeyKind
from exchanges.ports import Wire

SECRET = Credentials("key-1234", "secret-5678")
SLOW_FIXTURE = [HealthCheck.function_scoped_fixture]


def test_what_is_sealed_can_be_opened(vault_keys):
    box = vault.seal(SECRET, context="bybit/sandbox/1")
    assert b"secret-5678" not in box
    assert vault.unseal(box, context="bybit/sandbox/1") == SECRET


def test_a_box_says_what_kind_of_key_it_holds(vault_keys):
    key = Credentials("", "a private key", KeyKind.RSA)
    assert vault.unseal(vault.seal(key, context="c"), context="c") == key


def test_the_web_can_seal_no_private_key(vault_keys, settings):
    settings.VAULT_PRIVATE_KEY_FILE = None
    with pytest.raises(vault.VaultClosed):
        vault.seal(Credentials("", "a private key", KeyKind.RSA), context="c")


def planted(settings, held):
    """A box of the right row, sealed with the right public key by one who has no private one."""
    public = vault._read(settings.VAULT_PUBLIC_KEY_FILE, vault.PUBLIC_MARK)
    key = vault.MLKEM768X25519PublicKey(
        vault.MLKEM768PublicKey.from_public_bytes(public.material[: vault.MLKEM_PUBLIC_BYTES]),
        vault.X25519PublicKey.from_public_bytes(public.material[vault.MLKEM_PUBLIC_BYTES :]),
    )
    box = vault.SUITE.encrypt(held.encode(), key, info=vault._info("c", public.key_id))
    return bytes([vault.VERSION]) + public.key_id + bytes(box)


@pytest.mark.parametrize("mark", ["", "00" * 32], ids=["empty", "guessed"])
def test_a_private_key_that_somebody_planted_does_not_open(vault_keys, settings, mark):
    box = planted(settings, json.dumps(["", "a thief's", "rsa", mark]))
    with pytest.raises(vault.SealBroken, match="no worker"):
        vault.unseal(box, context="c")


@pytest.mark.parametrize(
    "held",
    [
        *("", "{", "null", "7", "[]", '["k"]', '["k", 7]', '["k", "s", "rsa"]', '[["k"], "s"]'),
        *(
            '["k", "s", "other", ""]',
            '["k", "s", "hmac", "", ""]',
            '["k", "s", "passphrase"]',
            '["k", "s", "p", "passphrase", "p"]',
            '{"k": 1, "s": 2}',
            '"ks"',
            '["k", "\\ud800"]',
            "[" * 100_000,
        ),
    ],
)
def test_a_box_that_holds_something_else_is_a_broken_seal(vault_keys, settings, held):
    with pytest.raises(vault.SealBroken, match="no key"):
        vault.unseal(planted(settings, held), context="c")


def test_a_box_of_before_there_were_kinds_opens(vault_keys, settings):
    box = planted(settings, json.dumps([SECRET.api_key, SECRET.api_secret]))
    assert vault.unseal(box, context="c") == SECRET


def test_a_worker_whose_key_files_are_no_pair_seals_no_private_key(vault_keys, settings, tmp_path):
    vault.generate(tmp_path / "other.key", tmp_path / "other.pub")
    settings.VAULT_PRIVATE_KEY_FILE = tmp_path / "other.key"
    with pytest.raises(vault.VaultClosed):
        vault.seal(Credentials("", "a private key", KeyKind.RSA), context="c")


def test_djangos_own_key_has_no_part_in_it(vault_keys, settings):
    box = vault.seal(SECRET, context="c")
    settings.SECRET_KEY = "another-one-that-is-long-enough-0123456789"
    assert vault.unseal(box, context="c") == SECRET


def test_a_passphrase_is_sealed_with_its_key(vault_keys):
    whole = Credentials("key-1234", "secret-5678", passphrase="phrase-9")
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
    assert users == {"exchanges/gateway.py"}  # what is sealed anew never leaves the vault


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


def test_a_key_that_is_not_here_is_ours_to_mend_and_no_broken_seal(vault_keys, settings, tmp_path):
    box = vault.seal(SECRET, context="c")
    vault.generate(tmp_path / "other.key", tmp_path / "other.pub")
    settings.VAULT_PRIVATE_KEY_FILE = tmp_path / "other.key"
    with pytest.raises(vault.KeyMissing):
        vault.unseal(box, context="c")


def test_another_key_under_its_name_does_not_open_it(vault_keys, settings, tmp_path):
    box = bytearray(vault.seal(SECRET, context="c"))
    vault.generate(tmp_path / "other.key", tmp_path / "other.pub")
    settings.VAULT_PRIVATE_KEY_FILE = tmp_path / "other.key"
    box[1 : vault.HEAD_BYTES] = bytes.fromhex((tmp_path / "other.key").read_text().split()[1])
    with pytest.raises(vault.SealBroken):
        vault.unseal(bytes(box), context="c")


# --- several keys at once ------------------------------------------------------------------------


@pytest.fixture
def ring(tmp_path, settings):
    """A directory of private keys, and how to add one that new boxes are sealed for."""
    directory = tmp_path / "keys"
    directory.mkdir()
    settings.VAULT_PRIVATE_KEY_FILE = directory
    made = []

    def add():
        settings.VAULT_PUBLIC_KEY_FILE = tmp_path / f"{len(made)}.pub"
        made.append(vault.generate(directory, settings.VAULT_PUBLIC_KEY_FILE))
        return made[-1]

    return add


def test_a_directory_opens_boxes_of_all_its_keys_and_the_newest_seals(ring):
    boxes = {ring().stem: vault.seal(SECRET, context="c") for _ in range(3)}
    assert [vault.key_name(box) for box in boxes.values()] == list(boxes)
    assert vault.keys_at_hand() == set(boxes)
    assert all(vault.unseal(box, context="c") == SECRET for box in boxes.values())


def test_a_key_file_is_named_by_its_id_and_its_owners_alone(ring):
    file = ring()
    assert file.name == file.read_text().split()[1] + ".key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_that_appears_is_used_without_a_restart(ring):
    file = ring()
    box = vault.seal(SECRET, context="c")
    away = file.rename(file.with_suffix(".away"))
    with pytest.raises(vault.KeyMissing):
        vault.unseal(box, context="c")
    away.rename(file)
    assert vault.unseal(box, context="c") == SECRET


def test_a_box_is_sealed_anew_for_the_newest_key_and_stays_in_its_row(ring):
    old_file = ring()
    old = vault.seal(SECRET, context="row 1")
    new_file = ring()
    new = vault.reseal(old, context="row 1")
    assert vault.key_name(new) == new_file.stem != old_file.stem
    assert vault.unseal(new, context="row 1") == SECRET
    for box in (old, new):
        with pytest.raises(vault.SealBroken):
            vault.reseal(box, context="row 2")


def test_nothing_is_sealed_for_a_key_that_nobody_here_has(ring, settings, tmp_path):
    ring()
    box = vault.seal(SECRET, context="c")
    vault.generate(tmp_path / "elsewhere.key", tmp_path / "elsewhere.pub")
    settings.VAULT_PUBLIC_KEY_FILE = tmp_path / "elsewhere.pub"
    with pytest.raises(vault.VaultClosed):
        vault.reseal(box, context="c")


def test_nothing_is_sealed_for_a_public_key_under_another_ones_name(ring, settings, tmp_path):
    file = ring()
    box = vault.seal(SECRET, context="c")
    vault.generate(tmp_path / "elsewhere.key", tmp_path / "elsewhere.pub")
    mark, _, material = (tmp_path / "elsewhere.pub").read_text().split()
    (tmp_path / "forged.pub").write_text(f"{mark} {file.stem} {material}")
    settings.VAULT_PUBLIC_KEY_FILE = tmp_path / "forged.pub"
    with pytest.raises(vault.VaultClosed):
        vault.reseal(box, context="c")


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become somebody else")
def test_another_user_of_the_host_cannot_read_a_private_key():
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        vault.generate(place / "vault.key", place / "vault.pub")
        read = [
            subprocess.run(["cat", place / file], user="nobody", capture_output=True, check=False)
            for file in ("vault.pub", "vault.key")
        ]
    assert [run.returncode for run in read] == [0, 1]
    assert read[1].stdout == b""


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
