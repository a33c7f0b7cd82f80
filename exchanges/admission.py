"""Whether a key may be used, and what the exchange's refusals say of it."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from exchanges.choices import ConnectionReason
from exchanges.domain.errors import (
    AccessDenied,
    AccountBarred,
    AccountNotUnified,
    CredentialsRejected,
    ExchangeError,
    InvalidKey,
    IpNotAllowed,
    KeyExpired,
    KeyUnreadable,
    PermissionMissing,
    SignatureRefused,
)
from exchanges.domain.trading import KeyFacts

REASONS: dict[type[ExchangeError], ConnectionReason] = {
    InvalidKey: ConnectionReason.INVALID_KEY,
    SignatureRefused: ConnectionReason.WRONG_SECRET,
    KeyUnreadable: ConnectionReason.VAULT,
    KeyExpired: ConnectionReason.KEY_EXPIRED,
    PermissionMissing: ConnectionReason.PERMISSION_MISSING,
    IpNotAllowed: ConnectionReason.IP_NOT_ALLOWED,
    AccountNotUnified: ConnectionReason.NOT_UNIFIED,
    AccountBarred: ConnectionReason.ACCOUNT_BARRED,
    AccessDenied: ConnectionReason.ACCESS_DENIED,
    CredentialsRejected: ConnectionReason.VAULT,  # there were none to send
}


def reason_of(error: CredentialsRejected, *, is_paired: bool = False) -> ConnectionReason:
    """What a refusal is called; a key whose public half was registered has no secret to blame."""
    reason = REASONS[type(error)]
    if is_paired and reason is ConnectionReason.WRONG_SECRET:
        return ConnectionReason.OTHER_PUBLIC_KEY
    return reason


def judge_key(facts: KeyFacts) -> ConnectionReason:
    """What is worst about a key; `NONE` when all is as it must be."""
    return next(faults_of(facts), ConnectionReason.NONE)


def faults_of(facts: KeyFacts) -> Iterator[ConnectionReason]:
    """What a key must be able to do and is not, or must not and is, the worst first."""
    if facts.can_withdraw:
        yield ConnectionReason.CAN_WITHDRAW
    if facts.can_transfer and settings.REFUSE_TRANSFER_RIGHT:
        yield ConnectionReason.CAN_TRANSFER
    if facts.unknown_scopes:
        yield ConnectionReason.UNKNOWN_SCOPES
    if facts.read_only:
        yield ConnectionReason.READ_ONLY
    if not (facts.can_order and facts.can_position):
        yield ConnectionReason.PERMISSION_MISSING
    if not facts.is_unified:
        yield ConnectionReason.NOT_UNIFIED
