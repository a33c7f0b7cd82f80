"""OKX: perpetuals settled in USDT, cross margin. Requests: https://www.okx.com/docs-v5."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from exchanges.adapters.ccxt.keys import Scope, key_facts, words
from exchanges.adapters.ccxt.units import in_contracts, number, number_or_none, plain
from exchanges.adapters.ccxt.venue import (
    Account,
    Ask,
    Endpoint,
    Feature,
    Held,
    Json,
    Listing,
    Mode,
    Params,
    Product,
    Request,
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import COIN, is_limit, is_stop, row_of, swap_balance
from exchanges.domain.errors import (
    AccountBarred,
    DuplicateLinkId,
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    IpNotAllowed,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    SignatureRefused,
    StopRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, KeyFacts, NewOrder
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("50001", "50004", "50005", "50013", "50026", "51410"), OutcomeUnknown),
    **dict.fromkeys(("50011", "50061", "51113"), RateLimited),
    "50102": Unavailable,
    **dict.fromkeys(
        ("50101", "50103", "50104", "50105", "50106", "50107", "50111", "50112", "50114"),
        InvalidKey,
    ),
    "50113": SignatureRefused,
    "50110": IpNotAllowed,
    **dict.fromkeys(
        ("50007", "50008", "50009", "50027", "51009", "51010", "51024", "51155"),
        AccountBarred,
    ),
    **dict.fromkeys(("51008", "51119", "51127", "51131", "51502"), InsufficientMargin),
    **dict.fromkeys(("51400", "51401", "51402", "51503", "51509", "51603"), NotFound),
    **dict.fromkeys(("51011", "51016"), DuplicateLinkId),
    **dict.fromkeys(("51047", "51051", "51278", "51280", "51277", "51279"), StopRefused),
    **dict.fromkeys(
        ("51001", "51021", "51022", "51027", "51028", "51029", "51030"), SymbolNotTradable
    ),
    **dict.fromkeys(("51112", "51134", "51174", "51205", "51261", "54008"), OrderRejected),
    **dict.fromkeys(
        ("51000", "51004", "51005", "51006", "51007", "51020", "51116", "51120", "51121", "51202"),
        InvalidOrder,
    ),
}
SCOPES: dict[str, Scope] = {
    "read_only": Scope.READ,
    "trade": Scope.TRADE,
    "withdraw": Scope.WITHDRAW,
}
POSITION_SIDES = ("net", "long", "short")
AT_MARKET = "-1"


class OkxSwap(Venue):
    kind = "okx"
    ccxt_id = "okx"
    product = Product.SWAP
    sites = {
        "mainnet": Site(frozenset({"www.okx.com"})),
        "demo": Site(frozenset({"www.okx.com"}), Mode.SANDBOX),  # a header makes the difference
    }
    features = frozenset(
        {Feature.MARKET, Feature.REDUCE, Feature.TRIGGER, Feature.ATTACHED, Feature.HEDGE}
    )
    has_passphrase = True
    options = {"defaultType": "swap", "fetchMarkets": {"types": ["swap"]}}
    market_paths = ("/api/v5/public/instruments",)
    time_paths = ("/api/v5/public/time",)
    delivery_field = "expTime"
    link_length = 32
    limits = Limits(45, 5_000, account_writes=10)
    accepts_seconds = 30.0
    codes = CODES
    code_paths = ("data.0.sCode", "code")

    ORDER = Endpoint("privatePostTradeOrder", "POST", "/api/v5/trade/order", "data.0.ordId")
    TRIGGER = Endpoint(
        "privatePostTradeOrderAlgo", "POST", "/api/v5/trade/order-algo", "data.0.algoId"
    )
    CANCEL = Endpoint(
        "privatePostTradeCancelOrder", "POST", "/api/v5/trade/cancel-order", "data.0.ordId"
    )
    CANCEL_TRIGGER = Endpoint(
        "privatePostTradeCancelAlgos", "POST", "/api/v5/trade/cancel-algos", "data.0.algoId"
    )
    FIND = Endpoint("privateGetTradeOrder", "GET", "/api/v5/trade/order", "data.0.ordId")
    FIND_TRIGGER = Endpoint(
        "privateGetTradeOrderAlgo", "GET", "/api/v5/trade/order-algo", "data.0.algoId"
    )
    POSITIONS = Endpoint(
        "privateGetAccountPositions", "GET", "/api/v5/account/positions", "data.[]"
    )
    BALANCE = Endpoint(
        "privateGetAccountBalance", "GET", "/api/v5/account/balance", "data.0.details.[]"
    )
    CONFIG = Endpoint("privateGetAccountConfig", "GET", "/api/v5/account/config", "data.0.perm")

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = {
            "instId": listing.id,
            "tdMode": "cross",
            "side": order.side.value,
            "posSide": POSITION_SIDES[order.position_index],
            "sz": in_contracts(order.quantity, listing.contract),
        }
        if order.reduce_only:
            params["reduceOnly"] = True
        if order.trigger is not None:
            return Request(self.TRIGGER, params | self._trigger(order, link), link)
        params |= {"ordType": "limit" if is_limit(order) else "market", "clOrdId": link}
        if order.price is not None:
            params["px"] = plain(order.price)
        attached = self._attached(order)
        if attached:
            params["attachAlgoOrds"] = [attached]
        return Request(self.ORDER, params, link)

    @staticmethod
    def _trigger(order: NewOrder, link: str) -> Params:
        """The exchange knows a stop from a target, and so which way the price has to go."""
        assert order.trigger is not None  # noqa: S101 - the caller has looked
        word = "sl" if is_stop(order) else "tp"
        return {
            "ordType": "conditional",
            "algoClOrdId": link,
            f"{word}TriggerPx": plain(order.trigger),
            f"{word}TriggerPxType": "last",
            f"{word}OrdPx": AT_MARKET,
        }

    @staticmethod
    def _attached(order: NewOrder) -> Params:
        told: Params = {}
        for word, level in (("sl", order.stop), ("tp", order.target)):
            if level is not None:
                told |= {
                    f"{word}TriggerPx": plain(level),
                    f"{word}TriggerPxType": "last",
                    f"{word}OrdPx": AT_MARKET,
                }
        return told

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [
            Request(self.CANCEL, {"instId": listing.id, "clOrdId": link}),
            Request(self.CANCEL_TRIGGER, [{"instId": listing.id, "algoClOrdId": link}]),
        ]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [
            Request(self.FIND, {"instId": listing.id, "clOrdId": link}),
            Request(self.FIND_TRIGGER, {"algoClOrdId": link}),
        ]

    def trigger_of(self, row: Json) -> Decimal | None:
        """Of an order that waits by itself: an entry names its attached levels alike."""
        if not row.get("algoId"):
            return None
        return number_or_none(row.get("slTriggerPx")) or number_or_none(row.get("tpTriggerPx"))

    def balance(self, ask: Ask, account: Account) -> Balance:
        details = ask(Request(self.BALANCE, {"ccy": COIN}))["data"][0]["details"]
        row = row_of(details, "ccy")
        return swap_balance(row.get("eq"), row.get("availEq") or row.get("availBal"))

    def key_facts(self, ask: Ask, account: Account) -> KeyFacts:
        config = ask(Request(self.CONFIG, {}))["data"][0]
        return key_facts(
            words(config["perm"]),
            SCOPES,
            uid=str(config["uid"]),
            addresses=words(config.get("ip")),
        )

    def positions(self, ask: Ask) -> list[Held]:
        return [_held(row) for row in ask(Request(self.POSITIONS, {"instType": "SWAP"}))["data"]]


def _held(row: Json) -> Held:
    """Without a hedge the sign tells the direction, with one its name does."""
    contracts, name = number(row["pos"]), row["posSide"]
    return Held(
        row["instId"],
        -abs(contracts) if name == "short" else contracts,
        number(row["avgPx"]),
        number_or_none(row["lever"]),
        POSITION_SIDES.index(name),
    )


SWAP = OkxSwap()
