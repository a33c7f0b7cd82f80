"""Traders' secrets: sealed with a public key anywhere, opened with the private key in a worker.

HPKE (RFC 9180) with the hybrid ML-KEM-768 + X25519 KEM: safe unless both are broken. `info` binds a
box to its connection, so a box that is moved to another row does not open.
"""

from __future__ import annotations

import base64
import json
import secrets
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from django.conf import settings

from exchanges.domain.trading import Credentials

SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
VERSION = 1
SEALED = ("api_key", "api_secret", "passphrase")
KEY_ID_BYTES = 4
SEED_BYTES = 64  # of ML-KEM-768; X25519's 32 follow
MLKEM_PUBLIC_BYTES = 1184
PRIVATE_MARK = "hexagonal-vault-private"
PUBLIC_MARK = "hexagonal-vault-public"
X25519_BYTES = 32
MATERIAL_BYTES = {
    PRIVATE_MARK: SEED_BYTES + X25519_BYTES,
    PUBLIC_MARK: MLKEM_PUBLIC_BYTES + X25519_BYTES,
}


class VaultError(Exception):
    """Base; the text never holds a secret."""


class VaultClosed(VaultError):
    """This process has no key for what was asked of it."""


class SealBroken(VaultError):
    """The box was altered, moved to another row, or sealed with another key."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    key_id: bytes
    material: bytes

    def __repr__(self) -> str:
        return f"<KeyFile {self.key_id.hex()}>"


def generate(private: Path, public: Path) -> None:
    """Write a new key pair; the private file is readable by its owner alone."""
    mlkem, x25519 = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    key_id = secrets.token_bytes(KEY_ID_BYTES)
    hidden = mlkem.private_bytes_raw() + x25519.private_bytes_raw()
    shown = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    private.touch(mode=0o600, exist_ok=False)
    private.write_text(_line(PRIVATE_MARK, key_id, hidden))
    public.write_text(_line(PUBLIC_MARK, key_id, shown))


def seal(credentials: Credentials, *, context: str) -> bytes:
    """Seal a key and secret for the workers; needs the public key only."""
    key = _read(_path(settings.VAULT_PUBLIC_KEY_FILE, "VAULT_PUBLIC_KEY_FILE"), PUBLIC_MARK)
    mlkem = MLKEM768PublicKey.from_public_bytes(key.material[:MLKEM_PUBLIC_BYTES])
    x25519 = X25519PublicKey.from_public_bytes(key.material[MLKEM_PUBLIC_BYTES:])
    plain = json.dumps([getattr(credentials, name) for name in SEALED]).encode()
    box = SUITE.encrypt(
        plain, MLKEM768X25519PublicKey(mlkem, x25519), info=_info(context, key.key_id)
    )
    return bytes([VERSION]) + key.key_id + bytes(box)


def unseal(sealed: bytes, *, context: str) -> Credentials:
    """Open a box; only a process with the private key file can."""
    path = _path(settings.VAULT_PRIVATE_KEY_FILE, "VAULT_PRIVATE_KEY_FILE")
    key_id, key = _private_key(path)
    head, box = sealed[: 1 + KEY_ID_BYTES], sealed[1 + KEY_ID_BYTES :]
    if head != bytes([VERSION]) + key_id:
        raise SealBroken("sealed with another key")
    try:
        plain = SUITE.decrypt(box, key, info=_info(context, key_id))
    except (InvalidTag, ValueError):
        raise SealBroken("altered, or moved from another row") from None
    return Credentials(*json.loads(plain))


def _info(context: str, key_id: bytes) -> bytes:
    return f"hexagonal/credentials/{VERSION}/{key_id.hex()}/{context}".encode()


def _path(path: Path | None, name: str) -> Path:
    if path is None:
        raise VaultClosed(f"{name} is not set for this process")
    return path


def _line(mark: str, key_id: bytes, material: bytes) -> str:
    return f"{mark} {key_id.hex()} {base64.b64encode(material).decode()}\n"


@lru_cache(maxsize=4)
def _private_key(path: Path) -> tuple[bytes, MLKEM768X25519PrivateKey]:
    """The key's id and the key itself: to make it from its seed takes longer than to use it."""
    key = _read(path, PRIVATE_MARK)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(key.material[:SEED_BYTES])
    x25519 = X25519PrivateKey.from_private_bytes(key.material[SEED_BYTES:])
    return key.key_id, MLKEM768X25519PrivateKey(mlkem, x25519)


@lru_cache(maxsize=4)
def _read(path: Path, mark: str) -> KeyFile:
    try:
        mode, text = path.stat().st_mode, path.read_text()
    except OSError as error:
        raise VaultClosed(f"the key file cannot be read: {type(error).__name__}") from None
    if mark == PRIVATE_MARK and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise VaultClosed("the private key file must be readable by its owner alone (0600)")
    found, key_id, material = (*text.split(), "", "", "")[:3]
    if found != mark:
        raise VaultClosed("not a key file of this kind")
    try:
        key = KeyFile(bytes.fromhex(key_id), base64.b64decode(material, validate=True))
    except ValueError:
        raise VaultClosed("the key file is damaged") from None
    if len(key.key_id) != KEY_ID_BYTES or len(key.material) != MATERIAL_BYTES[mark]:
        raise VaultClosed("the key file is damaged")
    return key
