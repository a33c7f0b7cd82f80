"""HashKey Global: spot.

There is no stop order on its spot market, and what its key introspection answers is not documented,
so neither is offered. Requests: https://hashkeyglobal-apidoc.readme.io/reference.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchanges.adapters.ccxt.paging import cut_at
from exchanges.adapters.ccxt.spans import Span
from exchanges.adapters.ccxt.units import number, plain
from exchanges.adapters.ccxt.venue import (
    Account,
    Ask,
    Endpoint,
    Feature,
    Held,
    Listing,
    Mode,
    Params,
    Price,
    Product,
    Query,
    Request,
    Site,
    Venue,
)
from exchanges.adapters.ccxt.venues.shared import (
    coins,
    row_of,
    spot_balance,
    spot_order,
    within,
)
from exchanges.domain.errors import (
    AccountBarred,
    DuplicateLinkId,
    EgressBlocked,
    ExchangeError,
    InsufficientMargin,
    InvalidKey,
    InvalidOrder,
    IpNotAllowed,
    KeyExpired,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionMissing,
    SignatureRefused,
    SymbolNotTradable,
    Unavailable,
)
from exchanges.domain.trading import Balance, NewOrder
from exchanges.domain.venues import Limits

CODES: dict[str, type[ExchangeError]] = {
    # "Execution status unknown" and its relatives; time-outs of making and of cancelling.
    **dict.fromkeys(
        (
            *("-1000", "-1001", "-1006", "-1007", "-1024", "-1146", "-1147", "-1150"),
            *("-1181", "-2037", "-2040"),
        ),
        OutcomeUnknown,
    ),
    "0003": EgressBlocked,
    **dict.fromkeys(("-1021", "-1101", "-2001"), Unavailable),
    **dict.fromkeys(("0102", "-1002"), InvalidKey),
    "0002": SignatureRefused,
    "0103": KeyExpired,
    **dict.fromkeys(("0104", "-1005", "-3117"), PermissionMissing),
    "0202": IpNotAllowed,
    **dict.fromkeys(("-1152", "-1160", "-1205", "-2023", "-3143", "-3144"), AccountBarred),
    **dict.fromkeys(("0401", "-2030", "-2034", "-2038"), InsufficientMargin),
    **dict.fromkeys(("0211", "-1139", "-1142", "-1143", "-2011"), NotFound),
    "-1141": DuplicateLinkId,
    **dict.fromkeys(("-100010", "-1151", "-1155", "-2020", "-2021"), SymbolNotTradable),
    **dict.fromkeys(
        ("-1020", "-1149", "-1193", "-1194", "-2002", "-2010", "-2017", "-2042"), OrderRejected
    ),
    **dict.fromkeys(
        (
            *("0001", "0206", "0207", "0209", "0210", "-1004", "-1014", "-1115", "-1117", "-1123"),
            *("-1124", "-1126", "-1130", "-1132", "-1133", "-1135", "-1136", "-1137", "-1140"),
            *("-1148", "-1200", "-1201", "-1202", "-1203", "-1206", "-2045", "-2046"),
        ),
        InvalidOrder,
    ),
}


# Rows of a page, as the exchange shows them where nothing is said: the most is not certain.
ORDERS_SHOWN, TRADES_SHOWN = 500, 200


class HashKeySpot(Venue):
    kind = "hashkey"
    ccxt_id = "hashkey"
    product = Product.SPOT
    sites = {
        "mainnet": Site(frozenset({"api-glb.hashkey.com"})),
        "testnet": Site(frozenset({"api-glb.sim.hashkeydev.com"}), Mode.SANDBOX),
    }
    features = frozenset({Feature.MARKET_SELL, Feature.REDUCE})
    options = {"defaultType": "spot"}
    market_paths = ("/api/v1/exchangeInfo",)
    time_paths = ("/api/v1/time",)
    link_length = 32
    limits = Limits(50, 5_000, account_writes=10, account_reads=2, look=4)
    codes = CODES
    throttled = EgressBlocked
    rate_pause = 60.0  # after a 429 it wants a minute of silence, or bans the address

    ORDER = Endpoint("privatePostApiV1SpotOrder", "POST", "/api/v1/spot/order", "orderId")
    CANCEL = Endpoint("privateDeleteApiV1SpotOrder", "DELETE", "/api/v1/spot/order", "orderId")
    FIND = Endpoint("privateGetApiV1SpotOrder", "GET", "/api/v1/spot/order", "orderId")
    OPEN = Endpoint("privateGetApiV1SpotOpenOrders", "GET", "/api/v1/spot/openOrders", "[]")
    ENDED = Endpoint("privateGetApiV1SpotTradeOrders", "GET", "/api/v1/spot/tradeOrders", "[]")
    TRADES = Endpoint("privateGetApiV1AccountTrades", "GET", "/api/v1/account/trades", "[]")
    LAST = Endpoint("publicGetQuoteV1TickerPrice", "GET", "/quote/v1/ticker/price", "[]")
    ACCOUNT = Endpoint("privateGetApiV1Account", "GET", "/api/v1/account", "balances.[]")

    def place(self, order: NewOrder, link: str, listing: Listing, account: Account) -> Request:
        params = spot_order(order, link, listing)
        if order.price is not None:
            params |= {"price": plain(order.price), "timeInForce": "GTC"}
        return Request(self.ORDER, params, link)

    def cancels(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.CANCEL, {"clientOrderId": link})]

    def finds(self, link: str, listing: Listing) -> Sequence[Request]:
        return [Request(self.FIND, {"origClientOrderId": link})]

    def resting(self, listing: Listing | None, account: Account) -> Sequence[Query]:
        scope: Params = {"symbol": listing.id} if listing is not None else {}
        return [Query(self.OPEN, scope | {"limit": ORDERS_SHOWN}, cut_at(ORDERS_SHOWN))]

    def ended(self, listing: Listing, span: Span) -> Sequence[Query]:
        return [within(self.ENDED, listing, span, ORDERS_SHOWN)]

    def fills(self, listing: Listing, span: Span) -> Sequence[Query]:
        return [within(self.TRADES, listing, span, TRADES_SHOWN)]

    def prices(self, ask: Ask) -> list[Price]:
        return [Price(row["s"], number(row["p"])) for row in ask(Request(self.LAST, {}))]

    def positions(self, ask: Ask) -> list[Held]:
        return coins(ask(Request(self.ACCOUNT, {}))["balances"], "asset", "{}USDT")

    def balance(self, ask: Ask, account: Account) -> Balance:
        row = row_of(ask(Request(self.ACCOUNT, {}))["balances"], "asset")
        return spot_balance(row.get("free"), row.get("locked"))


SPOT = HashKeySpot()
