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
    """Why a connection does not trade, by name; `CAUSES` says the cause and what to do."""

    NONE = "", ""
    INVALID_KEY = "invalid_key", _("Invalid key")
    WRONG_SECRET = "wrong_secret", _("Wrong secret")
    KEY_ID_UNKNOWN = "key_id_unknown", _("Unknown API key")
    OTHER_PUBLIC_KEY = "other_public_key", _("Another public key")
    PAIR_BROKEN = "pair_broken", _("Public key exchanged")
    KEY_EXPIRED = "key_expired", _("Key expired")
    IP_NOT_ALLOWED = "ip_not_allowed", _("Address not allowed")
    READ_ONLY = "read_only", _("Read-only key")
    PERMISSION_MISSING = "permission_missing", _("No trading permission")
    CAN_WITHDRAW = "can_withdraw", _("Withdrawal is on")
    CAN_TRANSFER = "can_transfer", _("Transfer is on")
    UNKNOWN_SCOPES = "unknown_scopes", _("Unknown permission")
    ACCESS_DENIED = "access_denied", _("Key refused")
    NOT_UNIFIED = "not_unified", _("Not a unified account")
    NOT_AFFILIATED = "not_affiliated", _("Not opened by our link")
    ACCOUNT_BARRED = "account_barred", _("Account may not trade")
    DUPLICATE_ACCOUNT = "duplicate_account", _("Linked already")
    OTHER_ACCOUNT = "other_account", _("Another account")
    UNAVAILABLE = "unavailable", _("Exchange unavailable")
    BUSY = "busy", _("Waiting for its turn")
    RECHECKING = "rechecking", _("Being checked again")
    VAULT = "vault", _("Stored key unreadable")


class KeyPurpose(models.TextChoices):
    """What a stored key is opened for."""

    ENTRY = "entry", _("Entry of a trade")
    CHANGE = "change", _("Change by the author")
    CLOSE = "close", _("Closing of a trade")
    STOP = "stop", _("Stop and target of the position")
    TARGET = "target", _("Target as an order of its own")
    AMEND = "amend", _("Change of an order")
    WITHDRAW = "withdraw", _("Withdrawal of an order")
    LOOKUP = "lookup", _("What became of an order")
    WATCH = "watch", _("Looking after an open trade")
    VERIFY = "verify", _("Verification of the key")
    CHECK = "check", _("Check of the key and the account")
    STREAM = "stream", _("Listening to the account")
    PAIR = "pair", _("Making of the key pair")
    RESEAL = "reseal", _("Sealing anew for a new key of the vault")
    OTHER = "other", _("Something else")


# Who opened it, by `hexagonal.lib.roles`.
PROCESSES = {
    "worker": _("Order worker"),
    "sweeper": _("Sweeper"),
    "stream": _("Stream"),
    "command": _("Operator's command"),
}


class VerificationStep(models.TextChoices):
    """What is looked at before a key is used, in this order."""

    KEY = "key", _("Key valid")
    PERMISSIONS = "permissions", _("Permissions")
    WITHDRAWAL = "withdrawal", _("Withdrawal off")
    ADDRESS = "address", _("Our address allowed")
    ACCOUNT = "account", _("Account mode")
    BALANCE = "balance", _("Balance readable")
    STATUS = "status", _("Status receivable")


# Which step a refusal belongs to; the others are the key's own.
STEP_OF = {
    ConnectionReason.READ_ONLY: VerificationStep.PERMISSIONS,
    ConnectionReason.PERMISSION_MISSING: VerificationStep.PERMISSIONS,
    ConnectionReason.UNKNOWN_SCOPES: VerificationStep.PERMISSIONS,
    ConnectionReason.CAN_WITHDRAW: VerificationStep.WITHDRAWAL,
    ConnectionReason.CAN_TRANSFER: VerificationStep.WITHDRAWAL,
    ConnectionReason.IP_NOT_ALLOWED: VerificationStep.ADDRESS,
    ConnectionReason.NOT_UNIFIED: VerificationStep.ACCOUNT,
    ConnectionReason.NOT_AFFILIATED: VerificationStep.ACCOUNT,
    ConnectionReason.ACCOUNT_BARRED: VerificationStep.ACCOUNT,
}

# The cause of each reason, and what to do. `exchange` is its name: `exchanges.venues.Venue.says`.
CAUSES = {
    ConnectionReason.INVALID_KEY: _(
        "%(exchange)s does not know this API key here: it was mistyped or deleted, or it was made "
        "in another environment (live, testnet and demo have keys of their own). Copy it again, "
        "or link it in the environment where you made it."
    ),
    ConnectionReason.WRONG_SECRET: _(
        "The API secret does not belong to this key. Copy it again; %(exchange)s shows it once "
        "only, so make a new key if you no longer have it."
    ),
    ConnectionReason.KEY_ID_UNKNOWN: _(
        "Bybit knows no such API key for our public key. Copy it again."
    ),
    ConnectionReason.OTHER_PUBLIC_KEY: _(
        "Another public key than ours stands under this API key. Copy the API key that Bybit "
        "showed for our public key, or paste our public key there once more."
    ),
    ConnectionReason.PAIR_BROKEN: _(
        "The public key is not ours any more. Delete that key at Bybit now and make a new pair."
    ),
    ConnectionReason.KEY_EXPIRED: _(
        "The API key has expired. Make a new one at %(exchange)s and bind it to our addresses."
    ),
    ConnectionReason.IP_NOT_ALLOWED: _(
        "The key does not allow our addresses. Add them at %(exchange)s."
    ),
    ConnectionReason.READ_ONLY: _("The key is read-only. Create one with read and write access."),
    ConnectionReason.PERMISSION_MISSING: _(
        "The key may not trade contracts. Tick Orders and Positions, and leave withdrawal off."
    ),
    ConnectionReason.CAN_WITHDRAW: _(
        "The key can withdraw money. We refuse such keys: untick withdrawal, or make another."
    ),
    ConnectionReason.CAN_TRANSFER: _(
        "The key can transfer assets. We refuse such keys: untick both transfers at %(exchange)s."
    ),
    ConnectionReason.UNKNOWN_SCOPES: _(
        "The key has a permission that we do not know. We refuse what we cannot judge: leave "
        "it only what reading and trading need, or make another key."
    ),
    ConnectionReason.ACCESS_DENIED: _(
        "The exchange refuses this key and does not say why: it may be mistyped or deleted, "
        "lack a permission, or not allow our addresses. Look at all three."
    ),
    ConnectionReason.NOT_UNIFIED: _(
        "The account is not a unified trading account. Upgrade it first."
    ),
    ConnectionReason.NOT_AFFILIATED: _(
        "This Bybit account was not opened by our link. Open one by our link and link its key."
    ),
    ConnectionReason.ACCOUNT_BARRED: _(
        "%(exchange)s does not let this account trade: a ban, its region or a missing "
        "verification. Ask the support there, then let us check again."
    ),
    ConnectionReason.DUPLICATE_ACCOUNT: _(
        "This exchange account is linked already. Disconnect it there first, or use another."
    ),
    ConnectionReason.OTHER_ACCOUNT: _(
        "This key belongs to another exchange account than the trades that are open here. Use "
        "a key of the same account, or let the trades end first."
    ),
    ConnectionReason.UNAVAILABLE: _("The exchange did not answer. We try again; nothing is lost."),
    ConnectionReason.BUSY: _(
        "The exchange takes no more requests from us for the moment. We go on by ourselves."
    ),
    ConnectionReason.RECHECKING: _("The key is being checked again."),
    ConnectionReason.VAULT: _("The stored key could not be opened. Enter it again."),
}

# Of key pairs, and of accounts that must come by our link: elsewhere there are neither.
ONLY_AT_BYBIT = frozenset(
    {
        *(ConnectionReason.KEY_ID_UNKNOWN, ConnectionReason.OTHER_PUBLIC_KEY),
        *(ConnectionReason.PAIR_BROKEN, ConnectionReason.NOT_AFFILIATED),
    }
)

PAIRED = {ExchangeKind.BYBIT}  # where traders register a public key and get an API key id

# Linked, but not (yet) with a key that may be used: only so many a trader.
UNFINISHED = (ConnectionStatus.AWAITING, ConnectionStatus.VERIFYING, ConnectionStatus.REFUSED)

# What a look at a working key can find wrong, and right again once its owner has mended it.
MENDABLE = frozenset(
    {
        *(ConnectionReason.INVALID_KEY, ConnectionReason.WRONG_SECRET),
        *(ConnectionReason.KEY_EXPIRED, ConnectionReason.IP_NOT_ALLOWED),
        *(ConnectionReason.READ_ONLY, ConnectionReason.PERMISSION_MISSING),
        *(ConnectionReason.CAN_WITHDRAW, ConnectionReason.CAN_TRANSFER),
        *(ConnectionReason.UNKNOWN_SCOPES, ConnectionReason.ACCESS_DENIED),
        *(ConnectionReason.NOT_UNIFIED, ConnectionReason.VAULT, ConnectionReason.RECHECKING),
        *(ConnectionReason.PAIR_BROKEN, ConnectionReason.OTHER_PUBLIC_KEY),
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
    "targets": _(
        "Spot only: targets do not wait at the exchange beside the stop. They are watched by us "
        "and sold at once when the price is there."
    ),
    "amending": _("Orders are not changed: targets are placed anew, entries are withdrawn."),
    "trailing": _("Signals with a trailing stop are skipped."),
    "hedges": _("Accounts in hedge mode are skipped: set the position mode to one-way."),
}

# What is told beside the reasons.
STATUS_UNHEARD = "status_unheard"
HELD_BACK = "held_back"
NOTICES = {
    STATUS_UNHEARD: _(
        "The exchange does not tell us by itself what happens just now. Nothing is to be done: we "
        "ask it every few seconds instead, and try to listen again with every trade."
    ),
    HELD_BACK: _(
        "HEXAGONAL holds back new entries for now and withdraws those that wait. Stops, targets "
        "and closings of open trades go on."
    ),
}
ADVICE = {  # with the exchange's name, as `CAUSES`
    "key_expiring": _(
        "Bind the key to our addresses at %(exchange)s, then it does not expire; or prolong it "
        "there."
    ),
    "expiry_sooner": _(
        "%(exchange)s has brought the key's end forward, as may happen when the account's "
        "password is changed. If that was not you, secure your account; in any case make a new "
        "key in time."
    ),
    "transfer_right": _(
        "This key may transfer assets. Copying does not need that: untick it at %(exchange)s."
    ),
}
REFUSALS = {
    "no_key_pair": _("There is no key pair for this connection. Make one first."),
    "link_gone": _("This connection is gone. Link the account anew."),
    "too_many_unfinished": _(
        "Too many of your connections are not finished yet. Enter their keys or disconnect them, "
        "then link another."
    ),
    "too_many_changes": _(
        "Keys were changed too often. Wait ten minutes, then enter this one again."
    ),
    "link_in_use": _("Trades are open on this connection. Close them first."),
    "check_needless": _("There is nothing to check again."),
}
