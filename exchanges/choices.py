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
    VERIFYING = "verifying", _("Verifying")
    CONNECTED = "connected", _("Connected")
    ATTENTION = "attention", _("Needs attention")
    REFUSED = "refused", _("Refused")
    REVOKED = "revoked", _("Disconnected")


class ConnectionReason(models.TextChoices):
    """Why a connection does not trade; the text says the cause and what to do."""

    NONE = "", ""
    INVALID_KEY = "invalid_key", _("The API key or secret is wrong. Copy both again from Bybit.")
    KEY_EXPIRED = "key_expired", _("The API key has expired. Create a new one at Bybit.")
    IP_NOT_ALLOWED = "ip_not_allowed", _("The key does not allow our addresses. Add them at Bybit.")
    READ_ONLY = "read_only", _("The key is read-only. Create one with read and write access.")
    PERMISSION_MISSING = (
        "permission_missing",
        _("The key may not trade contracts. Tick Orders and Positions, and leave withdrawal off."),
    )
    CAN_WITHDRAW = (
        "can_withdraw",
        _("The key can withdraw money. We refuse such keys: create one without withdrawal."),
    )
    NOT_UNIFIED = (
        "not_unified",
        _("The account is not a unified trading account. Upgrade it first."),
    )
    DUPLICATE_ACCOUNT = (
        "duplicate_account",
        _("This exchange account is linked already. One account has one link."),
    )
    UNAVAILABLE = (
        "unavailable",
        _("The exchange did not answer. We try again; nothing is lost."),
    )
    VAULT = "vault", _("The stored key could not be opened. Enter it again.")


REFUSALS = {
    "link_gone": _("This connection is gone. Link the account anew."),
    "link_in_use": _("Trades are open on this connection. Close them first."),
}
