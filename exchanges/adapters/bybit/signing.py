"""How Bybit wants its requests and sockets signed (reference 1.1), by either kind of key.

Not by pybit's own signing: it reads an RSA key anew for every request (docs/performance.md).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from exchanges.domain.errors import KeyUnreadable
from exchanges.domain.trading import RSA_BITS, Credentials, KeyKind

Sign = Callable[[str], str]
MOST_BITS = 2 * RSA_BITS  # Bybit's own generator makes no longer ones


def signer_of(credentials: Credentials) -> Sign:
    """Read a key once; what is returned signs with it and shows nothing of it.

    Raises `KeyUnreadable` for a private key that cannot be used.
    """
    if credentials.kind is KeyKind.RSA:
        return _signer_of_rsa(credentials.api_secret)
    secret = credentials.api_secret.encode()
    return lambda text: hmac.digest(secret, text.encode(), hashlib.sha256).hex()


def _signer_of_rsa(pem: str) -> Sign:
    try:
        # Validating it takes as long as fifty signatures, and the vault has proved it to be ours.
        key = load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnreadable("a private key that cannot be read") from None
    if not isinstance(key, RSAPrivateKey) or not RSA_BITS <= key.key_size <= MOST_BITS:
        raise KeyUnreadable("a private key of another kind")

    def sign(text: str) -> str:
        signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()

    return sign
