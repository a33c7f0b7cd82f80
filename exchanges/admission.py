"""Whether a key may be used, and what the exchange's refusals say of it."""

from __future__ import annotations

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


def reason_of(error: CredentialsRejected) -> ConnectionReason:
    return REASONS[type(error)]


def judge_key(facts: KeyFacts) -> ConnectionReason:
    """What a key must be able to do, and what it must not; `NONE` when all is as it must be."""
    if facts.can_withdraw:
        return ConnectionReason.CAN_WITHDRAW
    if facts.can_transfer and settings.REFUSE_TRANSFER_RIGHT:
        return ConnectionReason.CAN_TRANSFER
    if facts.unknown_scopes:
        return ConnectionReason.UNKNOWN_SCOPES
    if facts.read_only:
        return ConnectionReason.READ_ONLY
    if not (facts.can_order and facts.can_position):
        return ConnectionReason.PERMISSION_MISSING
    if not facts.is_unified:
        return ConnectionReason.NOT_UNIFIED
    return ConnectionReason.NONE
