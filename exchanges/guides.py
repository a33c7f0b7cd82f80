"""How a key for us is made at each exchange: what its pages call things, and what to tick there.

Only what the exchanges' own documents, their clients and the guides of other services say: where
a page's words are not known, the guide says what is meant. What is the same everywhere (our
addresses, the passphrase, the copying of key and secret) is in the template.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class Need(StrEnum):
    YES = "yes"
    NO = "no"
    MARKET = "market"  # only where that market is traded


@dataclass(frozen=True, slots=True)
class Permission:
    """A box on the exchange's page, by its name there."""

    name: Text
    need: Need
    why: Text


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps before the permissions, the permissions, and what else is to be known.

    `paired_steps` stand for the steps where a public key of ours is registered.
    """

    steps: tuple[Text, ...]
    permissions: tuple[Permission, ...]
    notes: tuple[Text, ...] = ()
    paired_steps: tuple[Text, ...] = ()
    binds_addresses: bool = True


READING = _("Lets us see balances, orders and positions.")
TRADING = _("Lets us place, change and withdraw your orders.")
POSITIONS = _("Lets us see positions, and set leverage and stops.")
ITS_MARKET = _("Only if you link the key for this market.")
TRANSFERS = _("Moves assets between accounts. Copying does not need it.")
WITHDRAWALS = _("Takes money away. A key that may do this is always refused.")
UNUSED = _("Copying does not use it.")

WITHDRAWAL = Permission(_("Withdrawal"), Need.NO, WITHDRAWALS)
TRANSFER = Permission(_("Transfers"), Need.NO, TRANSFERS)
READ = Permission(_("Reading"), Need.YES, READING)
TRADE = Permission(_("Trading"), Need.YES, TRADING)

OPEN_KEYS = _("Log in at the exchange and open its page of API keys (API Management).")
NAME_IT = _("Create a new key and name it HEXAGONAL.")
KEYS_END = _("A key without an address ends after three months.")
SUB_ACCOUNT = _("A sub-account of its own limits what can be lost to what is in it.")

GUIDES = {
    "bybit": Guide(
        steps=(
            _("Click “Create New Key”, and choose “API Transaction”."),
            _("Name the key HEXAGONAL, and choose “Read-Write”."),
        ),
        paired_steps=(
            _("Click “Create New Key”, choose “Self-generated API Keys”, and paste our key."),
            _("Name the key HEXAGONAL, and choose “Read-Write”."),
        ),
        permissions=(
            Permission("Contract – Orders", Need.YES, TRADING),
            Permission("Contract – Positions", Need.YES, POSITIONS),
            Permission("SPOT – Trade", Need.NO, UNUSED),
            Permission("USDC Derivatives · Derivatives API V3 · CopyTrading", Need.NO, UNUSED),
            Permission("Wallet – Account Transfer", Need.NO, TRANSFERS),
            Permission("Wallet – Subaccount Transfer", Need.NO, TRANSFERS),
            Permission("Wallet – Withdrawal", Need.NO, WITHDRAWALS),
            Permission("Exchange History · NFT", Need.NO, UNUSED),
        ),
        notes=(
            KEYS_END,
            _("After you change your login password at Bybit, older keys end within seven days."),
            _("An account can have up to 20 keys: delete one if no new one can be made."),
            SUB_ACCOUNT,
        ),
    ),
    "binance": Guide(
        steps=(
            _(
                "For a sub-account, begin on the main account's page “API Management”: untick the "
                "box there and accept at its end. Until then, sub-accounts' keys cannot be changed."
            ),
            _(
                "Open “API Management” of the account that is to trade, choose “Create API”, and "
                "give it the label HEXAGONAL."
            ),
            _("Choose “Edit restrictions”."),
        ),
        permissions=(
            Permission("Enable Reading", Need.YES, READING),
            Permission("Enable Spot & Margin Trading", Need.MARKET, ITS_MARKET),
            Permission("Enable Futures", Need.MARKET, ITS_MARKET),
            Permission("Enable Margin Loan, Repay & Transfer", Need.NO, TRANSFERS),
            Permission("Permits Universal Transfer", Need.NO, TRANSFERS),
            Permission("Enable Internal Transfer", Need.NO, TRANSFERS),
            Permission("Enable Withdrawals", Need.NO, WITHDRAWALS),
        ),
        notes=(
            _("Choose “Restrict access to trusted IPs only”, and not “Unrestricted”."),
            _("A key without an address ends after three months in which it is not used."),
            SUB_ACCOUNT,
        ),
    ),
    "hashkey": Guide(
        steps=(OPEN_KEYS, NAME_IT),
        permissions=(
            Permission("READ", Need.YES, READING),
            Permission("TRADE", Need.YES, TRADING),
        ),
        notes=(
            _(
                "At HashKey, TRADE may also move assets between sub-accounts of the same main "
                "account; that cannot be left out."
            ),
        ),
    ),
    "mexc": Guide(
        steps=(OPEN_KEYS, NAME_IT),
        permissions=(
            READ,
            Permission(_("Spot trading"), Need.MARKET, ITS_MARKET),
            Permission(_("Contract trading"), Need.MARKET, ITS_MARKET),
            TRANSFER,
            WITHDRAWAL,
        ),
        notes=(_("A key without an address ends after 90 days."),),
    ),
    "kucoin": Guide(
        steps=(OPEN_KEYS, NAME_IT),
        permissions=(
            Permission("General", Need.YES, READING),
            Permission("Spot", Need.MARKET, ITS_MARKET),
            Permission("Futures", Need.MARKET, ITS_MARKET),
            Permission("Margin · Earn", Need.NO, UNUSED),
            Permission("InnerTransfer", Need.NO, TRANSFERS),
            Permission("Transfer", Need.NO, WITHDRAWALS),
        ),
        notes=(
            _(
                "Futures are traded with cross margin. Set the contracts to cross margin at KuCoin "
                "before they are traded: it refuses our orders for those on isolated margin."
            ),
        ),
    ),
    "okx": Guide(
        steps=(OPEN_KEYS, NAME_IT),
        permissions=(
            Permission("Read", Need.YES, READING),
            Permission("Trade", Need.YES, TRADING),
            Permission("Withdraw", Need.NO, WITHDRAWALS),
        ),
    ),
    "bitget": Guide(
        steps=(OPEN_KEYS, NAME_IT, _("Choose reading and writing.")),
        permissions=(
            Permission("Futures – Orders", Need.YES, TRADING),
            Permission("Futures – Holdings", Need.YES, POSITIONS),
            Permission(
                "Spot – Trade", Need.YES, _("Without it Bitget may not show what the key may do.")
            ),
            Permission("Margin · Copy trading · Subaccount · P2P · Loan · Tax", Need.NO, UNUSED),
            Permission("Wallet – Transfer", Need.NO, TRANSFERS),
            Permission("Wallet – Withdraw", Need.NO, WITHDRAWALS),
        ),
        notes=(_("Link a classic account: a unified trading account cannot be linked yet."),),
    ),
    "gate": Guide(
        steps=(OPEN_KEYS, NAME_IT),
        permissions=(
            Permission(
                "Account", Need.YES, _("Reading is enough: it lets us see what the key may do.")
            ),
            Permission("Spot", Need.MARKET, ITS_MARKET),
            Permission("Futures", Need.MARKET, ITS_MARKET),
            Permission("Wallet", Need.NO, WITHDRAWALS),
        ),
    ),
    "htx": Guide(
        steps=(OPEN_KEYS, NAME_IT),
        permissions=(READ, TRADE, WITHDRAWAL),
    ),
    "bingx": Guide(
        steps=(OPEN_KEYS, NAME_IT),
        permissions=(
            READ,
            Permission(_("Spot trading"), Need.MARKET, ITS_MARKET),
            Permission(_("Perpetual futures trading"), Need.MARKET, ITS_MARKET),
            Permission(_("Internal and universal transfers"), Need.NO, TRANSFERS),
            WITHDRAWAL,
        ),
    ),
    "coinbase": Guide(
        steps=(
            OPEN_KEYS,
            NAME_IT,
            _("You get a key name and, in place of a secret, a private key: copy all its lines."),
        ),
        permissions=(
            Permission("View", Need.YES, READING),
            Permission("Trade", Need.YES, TRADING),
            Permission("Transfer", Need.NO, WITHDRAWALS),
        ),
        binds_addresses=False,
    ),
}
