"""The words that connections are described with."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ExchangeKind(models.TextChoices):
    """Where an account may be; which of them are offered, `EXCHANGES_OFFERED` says."""

    BYBIT = "bybit", "Bybit"
    BINANCE = "binance", "Binance"
    BINANCE_USDM = "binance_usdm", "Binance USDⓈ-M"
    BINGX = "bingx", "BingX"
    BITGET = "bitget", "Bitget"
    COINBASE = "coinbase", "Coinbase"
    GATE = "gate", "Gate"
    HASHKEY = "hashkey", "HashKey Global"
    HTX = "htx", "HTX"
    KUCOIN = "kucoin", "KuCoin"
    KUCOIN_FUTURES = "kucoin_futures", "KuCoin Futures"
    MEXC = "mexc", "MEXC"
    OKX = "okx", "OKX"


class Environment(models.TextChoices):
    MAINNET = "mainnet", _("Live")
    TESTNET = "testnet", _("Testnet")
    DEMO = "demo", _("Demo trading")
    SANDBOX = "sandbox", _("Sandbox")


class ConnectionStatus(models.TextChoices):
    AWAITING = "awaiting", _("Waiting for the API key")
    VERIFYING = "verifying", _("Verifying")
    CONNECTED = "connected", _("Connected")
    ATTENTION = "attention", _("Needs attention")
    REFUSED = "refused", _("Refused")
    REVOKED = "revoked", _("Disconnected")


class ConnectionReason(models.TextChoices):
    """Why a connection does not trade; the text says the cause and what to do."""

    NONE = "", ""
    INVALID_KEY = (
        "invalid_key",
        _(
            "Bybit does not know this API key here: it was mistyped or deleted, or it was made in "
            "another environment (live, testnet and demo have keys of their own). Copy it again, "
            "or link it in the environment where you made it."
        ),
    )
    WRONG_SECRET = (
        "wrong_secret",
        _(
            "The API secret does not belong to this key. Copy it again; Bybit shows it once only, "
            "so make a new key if you no longer have it."
        ),
    )
    KEY_ID_UNKNOWN = (
        "key_id_unknown",
        _("Bybit knows no such API key for our public key. Copy it again."),
    )
    PAIR_BROKEN = (
        "pair_broken",
        _("The public key is not ours any more. Delete that key at Bybit now and make a new pair."),
    )
    KEY_EXPIRED = (
        "key_expired",
        _("The API key has expired. Make a new one at Bybit and bind it to our addresses."),
    )
    IP_NOT_ALLOWED = (
        "ip_not_allowed",
        _("The key does not allow our addresses. Add them at Bybit."),
    )
    READ_ONLY = ("read_only", _("The key is read-only. Create one with read and write access."))
    PERMISSION_MISSING = (
        "permission_missing",
        _("The key may not trade contracts. Tick Orders and Positions, and leave withdrawal off."),
    )
    CAN_WITHDRAW = (
        "can_withdraw",
        _("The key can withdraw money. We refuse such keys: untick withdrawal, or make another."),
    )
    CAN_TRANSFER = (
        "can_transfer",
        _("The key can transfer assets. We refuse such keys: untick both transfers at Bybit."),
    )
    UNKNOWN_SCOPES = (
        "unknown_scopes",
        _(
            "The key has a permission that we do not know. We refuse what we cannot judge: leave "
            "it only what reading and trading need, or make another key."
        ),
    )
    ACCESS_DENIED = (
        "access_denied",
        _(
            "The exchange refuses this key and does not say why: it may be mistyped or deleted, "
            "lack a permission, or not allow our addresses. Look at all three."
        ),
    )
    NOT_UNIFIED = (
        "not_unified",
        _("The account is not a unified trading account. Upgrade it first."),
    )
    NOT_AFFILIATED = (
        "not_affiliated",
        _("This Bybit account was not opened by our link. Open one by our link and link its key."),
    )
    ACCOUNT_BARRED = (
        "account_barred",
        _(
            "Bybit does not let this account trade: a ban, its region or a missing verification. "
            "Ask Bybit's support, then let us check again."
        ),
    )
    DUPLICATE_ACCOUNT = (
        "duplicate_account",
        _("This exchange account is linked already. Disconnect it there first, or use another."),
    )
    OTHER_ACCOUNT = (
        "other_account",
        _(
            "This key belongs to another exchange account than the trades that are open here. Use "
            "a key of the same account, or let the trades end first."
        ),
    )
    UNAVAILABLE = (
        "unavailable",
        _("The exchange did not answer. We try again; nothing is lost."),
    )
    RECHECKING = "rechecking", _("The key is being checked again.")
    VAULT = "vault", _("The stored key could not be opened. Enter it again.")


PAIRED = {ExchangeKind.BYBIT}  # where traders register a public key and get an API key id

# What a look at a working key can find wrong, and right again once its owner has mended it.
MENDABLE = frozenset(
    {
        *(ConnectionReason.INVALID_KEY, ConnectionReason.WRONG_SECRET),
        *(ConnectionReason.KEY_EXPIRED, ConnectionReason.IP_NOT_ALLOWED),
        *(ConnectionReason.READ_ONLY, ConnectionReason.PERMISSION_MISSING),
        *(ConnectionReason.CAN_WITHDRAW, ConnectionReason.CAN_TRANSFER),
        *(ConnectionReason.UNKNOWN_SCOPES, ConnectionReason.ACCESS_DENIED),
        *(ConnectionReason.NOT_UNIFIED, ConnectionReason.VAULT, ConnectionReason.RECHECKING),
        ConnectionReason.PAIR_BROKEN,
    }
)
# Put right on the exchange's page of keys.
AT_THE_EXCHANGE = MENDABLE - {ConnectionReason.VAULT, ConnectionReason.RECHECKING}
# Put right by allowing our addresses there; the notices by these names say so as well.
ABOUT_ADDRESSES = frozenset(
    {
        *(ConnectionReason.IP_NOT_ALLOWED, ConnectionReason.ACCESS_DENIED),
        *("key_expired", "key_expiring"),
    }
)
# The key itself works: open trades are still protected by it.
STILL_WORKING = frozenset(
    {
        *(ConnectionReason.CAN_WITHDRAW, ConnectionReason.CAN_TRANSFER),
        *(ConnectionReason.UNKNOWN_SCOPES, ConnectionReason.ACCOUNT_BARRED),
        ConnectionReason.RECHECKING,
    }
)

# What an exchange cannot do for a copy (`exchanges.domain.venues.Capabilities.lacks`).
LACKS = {
    "shorts": _("Spot only: short signals are skipped."),
    "leverage": _("No leverage: a trade uses its margin alone."),
    "stop": _("No stop orders: signals are skipped."),
    "stop_level": _("The stop is an order of its own, placed right after the first fill."),
    "market_entries": _("No purchases at the market: a limit at the edge of the range instead."),
    "trigger_entries": _("Entries by trigger are skipped."),
    "targets": _("Targets cannot wait beside the stop: signals are skipped."),
    "amending": _("Orders are not changed: targets are placed anew, entries are withdrawn."),
    "trailing": _("Signals with a trailing stop are skipped."),
}

# What is told beside the reasons.
NOTICES = {
    "key_expiring": _(
        "Bind the key to our addresses at Bybit, then it does not expire; or prolong it there."
    ),
    "expiry_sooner": _(
        "Bybit has brought the key's end forward, as it does when the account's password is "
        "changed. If that was not you, secure your account; in any case make a new key in time."
    ),
    "transfer_right": _(
        "This key may transfer assets. Copying does not need that: untick it at Bybit."
    ),
}
REFUSALS = {
    "no_key_pair": _("There is no key pair for this connection. Make one first."),
    "link_gone": _("This connection is gone. Link the account anew."),
    "link_in_use": _("Trades are open on this connection. Close them first."),
    "check_needless": _("There is nothing to check again."),
}
