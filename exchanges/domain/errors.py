"""What can go wrong at an exchange, named by what the caller must do next.

ExchangeError
├ Unavailable           never took effect: try again later
│ ├ RateLimited         … not before `retry_after` seconds
│ └ EgressBlocked       … and nothing at all from this address before then
├ OutcomeUnknown        may have taken effect: look it up by link id, never resend blindly
│ └ UnexpectedReply     could not be read: alarm, and look it up
├ NotFound              the exchange does not know this order (any more): read again
├ OrderRejected         final for this order
│ ├ InsufficientMargin  the account cannot carry it
│ ├ InvalidOrder        quantity, price or level is wrong
│ │ └ FilterViolated    … by the contract's filters: ours may be old, read them again
│ ├ SymbolNotTradable   halted, delisting, not offered to this account
│ ├ StopRefused         the stop or target is on the wrong side of the market
│ ├ MarginModeMismatch  the account holds this contract by another margin mode than we trade by
│ ├ DuplicateLinkId     an order with this link id exists: adopt it
│ ├ GateRefused         our own gate did not let it out: nothing was sent, and ops must look
│ └ Unsupported         our adapter does not do this here: nothing was sent
├ PositionModeMismatch  the account's mode is another than cached: read it, plan again
└ CredentialsRejected   final for this connection until its owner acts
  ├ InvalidKey          unknown there: mistyped, deleted, or of another environment
  ├ SignatureRefused    the key is known, the secret is not its own
  ├ KeyExpired ├ PermissionMissing ├ IpNotAllowed
  ├ AccountNotUnified   of a kind that cannot be traded this way
  ├ AccountBarred       the exchange does not let this account trade, whatever its key may do
  ├ AccessDenied        key, address or permission: the exchange does not say which
  └ KeyUnreadable       what is stored of the key was altered: enter it again
"""

from __future__ import annotations


class ExchangeError(Exception):
    """Base; `code` is the exchange's own number, the text never holds a key or a request."""

    def __init__(self, message: str = "", *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Unavailable(ExchangeError):
    pass


class RateLimited(Unavailable):
    def __init__(
        self, message: str = "", *, code: int | None = None, retry_after: float = 1.0
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class EgressBlocked(RateLimited):
    pass


class OutcomeUnknown(ExchangeError):
    pass


class UnexpectedReply(OutcomeUnknown):
    pass


class NotFound(ExchangeError):
    pass


class OrderRejected(ExchangeError):
    pass


class InsufficientMargin(OrderRejected):
    pass


class InvalidOrder(OrderRejected):
    pass


class FilterViolated(InvalidOrder):
    pass


class SymbolNotTradable(OrderRejected):
    pass


class StopRefused(OrderRejected):
    pass


class MarginModeMismatch(OrderRejected):
    pass


class DuplicateLinkId(OrderRejected):
    pass


class GateRefused(OrderRejected):
    pass


class Unsupported(OrderRejected):
    pass


class PositionModeMismatch(ExchangeError):
    pass


class CredentialsRejected(ExchangeError):
    pass


class InvalidKey(CredentialsRejected):
    pass


class SignatureRefused(CredentialsRejected):
    pass


class KeyExpired(CredentialsRejected):
    pass


class PermissionMissing(CredentialsRejected):
    pass


class IpNotAllowed(CredentialsRejected):
    pass


class AccountNotUnified(CredentialsRejected):
    pass


class AccountBarred(CredentialsRejected):
    pass


class AccessDenied(CredentialsRejected):
    pass


class KeyUnreadable(CredentialsRejected):
    pass
