"""Bitget: perpetuals settled in USDT, cross margin, one-way. https://www.bitget.com/api-doc.

In hedge mode Bitget calls the sale that closes a long position a purchase; that is not offered. Nor
are unified accounts, and the words of its key introspection are not documented.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchanges.adapters.ccxt.units import in_contracts, number, number_or_none, plain
from exchanges.adapters.ccxt.venue import (
    Account,
    Ask,
    Endpoint,
    Feature,
    Held,
    Listing,
    Mode,
    Params,
    Product,
    Request,
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import COIN, is_stop, row_of, swap_balance
from exchanges.domain.errors import (
    AccountBarred,
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    IpNotAllowed,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionMissing,
    PositionModeMismatch,
    RateLimited,
    SignatureRefused,
    StopRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, NewOrder, Side
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("40015", "40010", "40604"), OutcomeUnknown),
    **dict.fromkeys(("429", "30007", "1001"), RateLimited),
    **dict.fromkeys(("40004", "40005", "40008"), Unavailable),
    **dict.fromkeys(("40001", "40002", "40003", "40006", "40011", "40012", "40037"), InvalidKey),
    "40009": SignatureRefused,
    "40018": IpNotAllowed,
    **dict.fromkeys(("40014", "40085", "40301"), PermissionMissing),
    **dict.fromkeys(("40013", "40024"), AccountBarred),
    **dict.fromkeys(("40711", "40712", "40762", "43012"), InsufficientMargin),
    **dict.fromkeys(("40109", "40768", "43001", "43025"), NotFound),
    "40774": PositionModeMismatch,
    **dict.fromkeys(("40917", "45122"), StopRefused),
    **dict.fromkeys(("40308", "40309", "41114", "43115"), SymbolNotTradable),
    "45113": OrderRejected,
    **dict.fromkeys(("40017", "40019", "40020", "40808", "41103", "45110"), InvalidOrder),
}
PRODUCT = {"productType": "USDT-FUTURES"}
LAST = "fill_price"
ONE_WAY = "one_way_mode"
DIRECTIONS = {"long": 1, "short": -1}
INDEXES = {"long": 1, "short": 2}


class BitgetSwap(Venue):
    kind = "bitget"
    ccxt_id = "bitget"
    product = Product.SWAP
    sites = {
        "mainnet": Site(frozenset({"api.bitget.com"})),
        "demo": Site(frozenset({"api.bitget.com"}), Mode.SANDBOX),  # a header makes the difference
    }
    features = frozenset({Feature.MARKET, Feature.REDUCE, Feature.TRIGGER, Feature.ATTACHED})
    has_passphrase = True
    options = {
        "uta": False,
        "defaultType": "swap",
        "fetchMarkets": {"types": ["swap"]},
    }
    market_paths = ("/api/v2/mix/market/contracts",)
    time_paths = ("/api/v2/public/time",)
    delivery_field = "offTime"
    link_length = 50
    limits = Limits(50, 5_000, account_writes=10)
    accepts_seconds = 30.0
    codes = CODES
    code_paths = ("data.failureList.0.errorCode", "code")

    ORDER = Endpoint(
        "privateMixPostV2MixOrderPlaceOrder",
        "POST",
        "/api/v2/mix/order/place-order",
        "data.orderId",
    )
    TRIGGER = Endpoint(
        "privateMixPostV2MixOrderPlaceTpslOrder",
        "POST",
        "/api/v2/mix/order/place-tpsl-order",
        "data.orderId",
    )
    CANCEL = Endpoint(
        "privateMixPostV2MixOrderCancelOrder",
        "POST",
        "/api/v2/mix/order/cancel-order",
        "data.clientOid",
    )
    CANCEL_TRIGGER = Endpoint(
        "privateMixPostV2MixOrderCancelPlanOrder",
        "POST",
        "/api/v2/mix/order/cancel-plan-order",
        "data.successList.0.clientOid",
    )
    FIND = Endpoint(
        "privateMixGetV2MixOrderDetail", "GET", "/api/v2/mix/order/detail", "data.orderId"
    )
    PENDING = Endpoint(
        "privateMixGetV2MixOrderOrdersPlanPending",
        "GET",
        "/api/v2/mix/order/orders-plan-pending",
        "data.entrustedList.[]",
    )
    HISTORY = Endpoint(
        "privateMixGetV2MixOrderOrdersPlanHistory",
        "GET",
        "/api/v2/mix/order/orders-plan-history",
        "data.entrustedList.[]",
    )
    POSITIONS = Endpoint(
        "privateMixGetV2MixPositionAllPosition",
        "GET",
        "/api/v2/mix/position/all-position",
        "data.[]",
    )
    ACCOUNTS = Endpoint(
        "privateMixGetV2MixAccountAccounts", "GET", "/api/v2/mix/account/accounts", "data.[]"
    )

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = PRODUCT | {
            "symbol": listing.id,
            "marginCoin": COIN,
            "size": in_contracts(order.quantity, listing.contract),
            "clientOid": link,
        }
        if order.trigger is not None:
            return Request(self.TRIGGER, params | self._trigger(order), link)
        params |= {
            "marginMode": "crossed",
            "side": order.side.value,
            "orderType": order.type.value,
            "reduceOnly": "YES" if order.reduce_only else "NO",
        }
        if order.price is not None:
            params |= {"price": plain(order.price), "force": "gtc"}
        if order.stop is not None:
            params["presetStopLossPrice"] = plain(order.stop)
        if order.target is not None:
            params["presetStopSurplusPrice"] = plain(order.target)
        return Request(self.ORDER, params, link)

    @staticmethod
    def _trigger(order: NewOrder) -> Params:
        """Of the order's size alone: Bitget's default plans close the whole position."""
        assert order.trigger is not None  # noqa: S101 - the caller has looked
        return {
            "planType": "loss_plan" if is_stop(order) else "profit_plan",
            "triggerPrice": plain(order.trigger),
            "triggerType": LAST,
            "holdSide": "buy" if order.side is Side.SELL else "sell",
        }

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        named = PRODUCT | {"symbol": listing.id, "marginCoin": COIN}
        return [
            Request(self.CANCEL, named | {"clientOid": link}),
            Request(
                self.CANCEL_TRIGGER,
                named | {"orderIdList": [{"clientOid": link}], "planType": "profit_loss"},
            ),
        ]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        named = PRODUCT | {"symbol": listing.id, "clientOid": link}
        plans = named | {"planType": "profit_loss"}
        return [
            Request(self.FIND, named),
            Request(self.PENDING, plans),
            Request(self.HISTORY, plans),
        ]

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = row_of(ask(Request(self.ACCOUNTS, dict(PRODUCT)))["data"], "marginCoin")
        return swap_balance(row.get("accountEquity"), row.get("crossedMaxAvailable"))

    def positions(self, ask: Ask) -> list[Held]:
        return [
            Held(
                row["symbol"],
                number(row["total"]) * DIRECTIONS[row["holdSide"]],
                number(row["openPriceAvg"]),
                number_or_none(row["leverage"]),
                0 if row["posMode"] == ONE_WAY else INDEXES[row["holdSide"]],
            )
            for row in ask(Request(self.POSITIONS, PRODUCT | {"marginCoin": COIN}))["data"]
        ]


SWAP = BitgetSwap()
