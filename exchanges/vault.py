"""Traders' secrets: sealed with a public key anywhere, opened with the private key in a worker.

HPKE (RFC 9180) with the hybrid ML-KEM-768 + X25519 KEM: safe unless both are broken. `info` binds a
box to its connection, so a box that is moved to another row does not open.

A box begins with the version of its form and the id of the key that opens it. Several private keys
may be at hand at once, in a directory, each in a file that its id names: while boxes are sealed
anew for the next key, and whenever one appears, without a restart.

Anybody with the public key can seal, and so plant a box. With a secret that is a trader's right; a
private key of ours is made by workers alone, whose mark no other can make.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import stat
from contextlib import suppress
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

from exchanges.domain.trading import Credentials, KeyKind

SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
VERSION = 1
KEY_ID_BYTES = 4
HEAD_BYTES = 1 + KEY_ID_BYTES  # of a box: version and key id
SUFFIX = ".key"
KEYS_KEPT = 8  # in memory, opened
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


class KeyMissing(VaultClosed):
    """The private key that a box was sealed for is not here: ours to mend, no trader's business."""


class SealBroken(VaultError):
    """The box was altered, or moved to another row; only its owner can mend that."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    key_id: bytes
    material: bytes

    def __repr__(self) -> str:
        return f"<KeyFile {self.key_id.hex()}>"


def generate(private: Path, public: Path) -> Path:
    """Write a new key pair; the private file, in a directory named by its id, is its owner's alone.

    Returns the private file; raises `FileExistsError` rather than write over a key.
    """
    mlkem, x25519 = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    key_id = secrets.token_bytes(KEY_ID_BYTES)
    hidden = mlkem.private_bytes_raw() + x25519.private_bytes_raw()
    shown = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    private = _place_of(key_id, private)
    private.touch(mode=0o600, exist_ok=False)
    private.write_text(_line(PRIVATE_MARK, key_id, hidden))
    public.write_text(_line(PUBLIC_MARK, key_id, shown))
    return private


def seal(credentials: Credentials, *, context: str) -> bytes:
    """Seal a key and secret for the workers; needs the public key only.

    For a private key of ours it needs the workers' private key as well: `VaultClosed` elsewhere.
    """
    key = _public_key()
    mlkem = MLKEM768PublicKey.from_public_bytes(key.material[:MLKEM_PUBLIC_BYTES])
    x25519 = X25519PublicKey.from_public_bytes(key.material[MLKEM_PUBLIC_BYTES:])
    fields = [credentials.api_key, credentials.api_secret]
    if credentials.kind is KeyKind.RSA:
        fields += [KeyKind.RSA, _mark(credentials, context, key.key_id)]
    elif credentials.passphrase:
        fields += ["passphrase", credentials.passphrase]
    box = SUITE.encrypt(
        json.dumps(fields).encode(),
        MLKEM768X25519PublicKey(mlkem, x25519),
        info=_info(context, key.key_id),
    )
    return newest_head() + bytes(box)


def unseal(sealed: bytes, *, context: str) -> Credentials:
    """Open a box; only a process with its private key can.

    Raises `VaultClosed` (`KeyMissing`) when the key is not here, `SealBroken` when the box is bad.
    """
    return _open(sealed, context)


def reseal(sealed: bytes, *, context: str) -> bytes:
    """Return a box of the same content for the newest key; the content itself is not given out.

    The new box is opened before anybody relies on it: a public key whose private half is not here
    would lock every trader out, and raises `VaultClosed`. Else raises what `unseal` does.
    """
    held = _open(sealed, context)
    try:
        fresh = seal(held, context=context)
        if _open(fresh, context) == held:
            return fresh
    except (KeyMissing, SealBroken):
        pass
    raise VaultClosed("the private key of the public one is not here") from None


def newest_head() -> bytes:
    """How a box begins that is sealed now. Raises `VaultClosed` without a public key."""
    return bytes([VERSION]) + _public_key().key_id


def key_name(head: bytes) -> str:
    """The id of the key that a box with this beginning is sealed for, as its file is named."""
    return bytes(head[1:HEAD_BYTES]).hex()


def keys_at_hand() -> set[str]:
    """The ids of the private keys that this process can open boxes with.

    Raises `VaultClosed` in a process without any.
    """
    place = _path(settings.VAULT_PRIVATE_KEY_FILE, "VAULT_PRIVATE_KEY_FILE")
    if not place.is_dir():
        return {_read(place, PRIVATE_MARK).key_id.hex()}
    found = set()
    for file in place.glob(f"*{SUFFIX}"):
        with suppress(VaultClosed, ValueError):  # one bad file takes nothing from the others
            found.add(_private_file(place, bytes.fromhex(file.stem)).key_id.hex())
    return found


def _open(sealed: bytes, context: str) -> Credentials:
    place = _path(settings.VAULT_PRIVATE_KEY_FILE, "VAULT_PRIVATE_KEY_FILE")
    head, box = sealed[:HEAD_BYTES], sealed[HEAD_BYTES:]
    if len(head) < HEAD_BYTES or head[0] != VERSION:
        raise SealBroken("not a box of this vault")
    key_id = head[1:]
    try:
        plain = SUITE.decrypt(box, _private_key(place, key_id), info=_info(context, key_id))
    except (InvalidTag, ValueError):
        raise SealBroken("altered, or moved from another row") from None
    held, mark = _read_box(plain)
    is_ours = held.kind is KeyKind.RSA
    if is_ours and not hmac.compare_digest(mark, _mark(held, context, key_id)):
        raise SealBroken("a private key that no worker has made")
    return held


def _read_box(plain: bytes) -> tuple[Credentials, str]:
    """What was in a box, which may be anything: anybody with the public key can seal."""
    try:
        fields = json.loads(plain)
        is_text = all(isinstance(text, str) and text.isascii() for text in fields)
    except (ValueError, TypeError, RecursionError):
        fields, is_text = None, False
    match fields:
        case [api_key, api_secret] if is_text:  # a secret needs no mark
            return Credentials(api_key, api_secret), ""
        case [api_key, api_secret, KeyKind.RSA, mark] if is_text:
            return Credentials(api_key, api_secret, KeyKind.RSA), mark
        case [api_key, api_secret, "passphrase", passphrase] if is_text:
            return Credentials(api_key, api_secret, passphrase=passphrase), ""
    raise SealBroken("no key is in this box")


def _mark(credentials: Credentials, context: str, key_id: bytes) -> str:
    """What only a process with the private key of this id can say of a key and its place."""
    place = _path(settings.VAULT_PRIVATE_KEY_FILE, "VAULT_PRIVATE_KEY_FILE")
    text = f"hexagonal/made-by-a-worker/{context}/{credentials.api_secret}"
    return hmac.digest(_private_file(place, key_id).material, text.encode(), hashlib.sha256).hex()


def _info(context: str, key_id: bytes) -> bytes:
    return f"hexagonal/credentials/{VERSION}/{key_id.hex()}/{context}".encode()


def _path(path: Path | None, name: str) -> Path:
    if path is None:
        raise VaultClosed(f"{name} is not set for this process")
    return path


def _line(mark: str, key_id: bytes, material: bytes) -> str:
    return f"{mark} {key_id.hex()} {base64.b64encode(material).decode()}\n"


def _public_key() -> KeyFile:
    path = _path(settings.VAULT_PUBLIC_KEY_FILE, "VAULT_PUBLIC_KEY_FILE")
    return _read(path, PUBLIC_MARK)


def _place_of(key_id: bytes, place: Path) -> Path:
    return place / f"{key_id.hex()}{SUFFIX}" if place.is_dir() else place


@lru_cache(maxsize=KEYS_KEPT)
def _private_key(place: Path, key_id: bytes) -> MLKEM768X25519PrivateKey:
    """Find a key by its id; to make it from its seed takes longer than to use it."""
    key = _private_file(place, key_id)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(key.material[:SEED_BYTES])
    x25519 = X25519PrivateKey.from_private_bytes(key.material[SEED_BYTES:])
    return MLKEM768X25519PrivateKey(mlkem, x25519)


def _private_file(place: Path, key_id: bytes) -> KeyFile:
    file = _place_of(key_id, place)
    if place.is_dir() and not _exists(file):
        raise KeyMissing(f"there is no private key {key_id.hex()} here")
    key = _read(file, PRIVATE_MARK)
    if key.key_id != key_id:
        raise KeyMissing(f"{file.name} is not the private key {key_id.hex()}")
    return key


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except OSError as error:  # a directory that this user may not search
        raise VaultClosed(f"the key file cannot be read: {type(error).__name__}") from None


@lru_cache(maxsize=2 * KEYS_KEPT)
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
