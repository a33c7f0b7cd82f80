"""BingX: perpetuals settled in USDT. Requests: https://bingx-api.github.io/docs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

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
from exchanges.adapters.ccxt.venues.shared import (
    POSITION_INDEXES,
    POSITION_SIDES,
    is_limit,
    is_stop,
    swap_balance,
)
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
    PermissionMissing,
    RateLimited,
    SignatureRefused,
    SymbolNotTradable,
)
from exchanges.domain.trading import Balance, NewOrder
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    **dict.fromkeys(("100410", "100500", "109500", "110500", "80001"), OutcomeUnknown),
    "429": RateLimited,
    **dict.fromkeys(("401", "100412", "100413"), InvalidKey),
    "100001": SignatureRefused,
    "100419": IpNotAllowed,
    **dict.fromkeys(("403", "100004"), PermissionMissing),
    "100414": AccountBarred,
    **dict.fromkeys(("100202", "80012", "101204"), InsufficientMargin),
    **dict.fromkeys(("80016", "80017", "109421"), NotFound),
    **dict.fromkeys(("101481", "109201"), DuplicateLinkId),
    **dict.fromkeys(("100421", "100490", "109418", "109425"), SymbolNotTradable),
    "101205": OrderRejected,
    **dict.fromkeys(("80014", "101400", "110425"), InvalidOrder),
}
LAST = "CONTRACT_PRICE"


class BingxSwap(Venue):
    kind = "bingx"
    ccxt_id = "bingx"
    product = Product.SWAP
    sites = {
        "mainnet": Site(frozenset({"open-api.bingx.com"})),
        "demo": Site(frozenset({"open-api-vst.bingx.com"}), Mode.SANDBOX),
    }
    features = frozenset(
        {Feature.MARKET, Feature.REDUCE, Feature.TRIGGER, Feature.ATTACHED, Feature.HEDGE}
    )
    options = {"defaultType": "swap"}
    market_call = "fetch_swap_markets"
    market_paths = ("/openApi/swap/v2/quote/contracts",)
    time_paths = ("/openApi/swap/v2/server/time",)
    link_length = 40
    limits = Limits(50, 5_000, account_writes=5, account_reads=2)
    accepts_seconds = 5.0  # its default: its order requests do not say
    codes = CODES

    PATH = "/openApi/swap/v2/trade/order"
    ORDER = Endpoint("swapV2PrivatePostTradeOrder", "POST", PATH, "data.order.orderId")
    CANCEL = Endpoint("swapV2PrivateDeleteTradeOrder", "DELETE", PATH, "data.order.orderId")
    FIND = Endpoint("swapV2PrivateGetTradeOrder", "GET", PATH, "data.order.orderId")
    POSITIONS = Endpoint(
        "swapV2PrivateGetUserPositions", "GET", "/openApi/swap/v2/user/positions", "data.[]"
    )
    BALANCE = Endpoint(
        "swapV2PrivateGetUserBalance", "GET", "/openApi/swap/v2/user/balance", "data.balance.equity"
    )

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params: Params = {
            "symbol": listing.id,
            "side": order.side.value.upper(),
            "positionSide": POSITION_SIDES[order.position_index],
            "type": "LIMIT" if is_limit(order) else "MARKET",
            "quantity": in_contracts(order.quantity, listing.contract),
            "clientOrderID": link,
        }
        if order.reduce_only and order.position_index == 0:  # a side of a hedge reduces by itself
            params["reduceOnly"] = "true"
        if order.price is not None:
            params |= {"price": plain(order.price), "timeInForce": "GTC"}
        if order.trigger is not None:
            params["type"] = "STOP_MARKET" if is_stop(order) else "TAKE_PROFIT_MARKET"
            params |= {"stopPrice": plain(order.trigger), "workingType": LAST}
        if order.stop is not None:
            params["stopLoss"] = _level("STOP_MARKET", order.stop)
        if order.target is not None:
            params["takeProfit"] = _level("TAKE_PROFIT_MARKET", order.target)
        return Request(self.ORDER, params, link)

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.CANCEL, {"symbol": listing.id, "clientOrderID": link}, link)]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.FIND, {"symbol": listing.id, "clientOrderID": link})]

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = ask(Request(self.BALANCE, {}))["data"]["balance"]
        return swap_balance(row["equity"], row["availableMargin"])

    def positions(self, ask: Ask) -> list[Held]:
        return [
            Held(
                row["symbol"],
                abs(number(row["positionAmt"])) * (-1 if row["positionSide"] == "SHORT" else 1),
                number(row["avgPrice"]),
                number_or_none(row["leverage"]),
                0 if row["onlyOnePosition"] else POSITION_INDEXES[row["positionSide"]],
            )
            for row in ask(Request(self.POSITIONS, {}))["data"]
        ]


def _level(kind: str, price: Decimal) -> str:
    """A text within the request, whose price is a number of plain digits."""
    words = json.dumps({"type": kind, "workingType": LAST})
    return f'{words[:-1]}, "stopPrice": {plain(price)}}}'


SWAP = BingxSwap()
