"""Linking without a secret: a worker makes a key pair, the trader registers its public half.

Only the API key id comes back, so no secret is ever typed, copied or sent through the web. The
private key is made and sealed in a worker; here alone it is in the clear before it is used.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import transaction

from accounts.models import User
from exchanges import former_keys, key_log, vault
from exchanges.choices import PAIRED, ConnectionStatus, ExchangeKind, KeyPurpose
from exchanges.domain.masking import masked
from exchanges.domain.trading import RSA_BITS, Credentials, KeyKind
from exchanges.egress import least_used
from exchanges.gateway import pair_context
from exchanges.key_log import Use
from exchanges.models import Connection, KeyPair
from exchanges.services import (
    LinkRefused,
    guard_changes,
    guard_unfinished,
    lock_for_change,
    verify_anew,
)
from hexagonal.lib.jobs import enqueue_on_commit

PUBLIC_EXPONENT = 65537


def connect(
    user: User, *, environment: str, name: str, exchange: str = ExchangeKind.BYBIT
) -> Connection:
    """Begin a link whose key pair a worker makes; it waits until `enter_id` brings the id.

    Raises `LinkRefused` when too many links of this trader are unfinished.
    """
    link = Connection(
        user=user,
        exchange=exchange,
        environment=environment,
        name=name,
        status=ConnectionStatus.AWAITING,
        egress=least_used(),
    )
    with transaction.atomic():
        guard_unfinished(user)
        link.save()
        _ask_for_pair(link)
    return link


def renew(link: Connection) -> None:
    """Have a pair made for a link that has a key: that one works until the new one's id comes.

    A pair that waits already stays, because its public half may be at the exchange by now.
    """
    with transaction.atomic():
        guard_unfinished(link.user, besides=link)
        link = lock_for_change(link)
        if link.exchange not in PAIRED:
            raise LinkRefused("no_key_pair")
        _ask_for_pair(link)


def generate(pair_id: int) -> None:
    """Make a pair that was asked for, once: run again, also at once, it changes nothing."""
    asked = KeyPair.objects.filter(pk=pair_id, public_key="")
    pair = asked.select_related("connection").first()
    if pair is None:
        return
    key_log.record([Use(pair.connection, KeyPurpose.PAIR, pair.connection.user_id)])
    private, public = _new_pair()
    sealed = vault.seal(
        Credentials("", private, KeyKind.RSA), context=pair_context(pair.connection, public)
    )
    asked.update(public_key=public, sealed=sealed)


def enter_id(link: Connection, *, api_key_id: str) -> Connection:
    """Put the pair in place of the link's key, under the id that the exchange gave, and verify.

    Raises `LinkRefused`.
    """
    guard_changes(link)
    with transaction.atomic():
        link = lock_for_change(link)
        pairs = KeyPair.objects.select_for_update().filter(connection=link)
        pair = pairs.exclude(public_key="").first()
        if pair is None:
            raise LinkRefused("no_key_pair")
        former_keys.set_aside(link)
        link.sealed, link.public_key, link.api_key_id = pair.sealed, pair.public_key, api_key_id
        link.key_hint = masked(api_key_id)
        verify_anew(link)
    return link


def waiting_pairs() -> list[int]:
    """Pairs that were asked for and are not made yet."""
    return list(KeyPair.objects.filter(public_key="").values_list("pk", flat=True))


def _ask_for_pair(link: Connection) -> None:
    pair, _ = KeyPair.objects.get_or_create(connection=link)
    enqueue_on_commit("exchanges.generate_key_pair", pair.pk)


def _new_pair() -> tuple[str, str]:
    """A private and a public key, in PEM."""
    key = rsa.generate_private_key(public_exponent=PUBLIC_EXPONENT, key_size=RSA_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()
