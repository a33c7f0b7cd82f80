"""The words of signal texts, in the languages that authors paste."""

from __future__ import annotations

import re

BEFORE = r"(?<![^\W\d_])"  # no letter before
AFTER = r"(?![^\W\d_])"


def _words(pattern: str) -> str:
    return rf"{BEFORE}(?:{pattern}){AFTER}"


# Labels that lost their line break: "LONGLeverage: 3xEntry".
GLUED = re.compile(
    r"(?<=[A-Za-z])(?=(?:Leverage|Entry|Entries|Targets?|Take|Stop|Stoploss|Long|Short|Buy|Sell)"
    r"(?![a-z]))|(?<=[0-9])(?=(?:SL|TP|EP)[^A-Za-z])"
)

_STOP = (
    _words(r"stop[\s-]?loss(?:es)?|stop\s+(?:targets?|price|level)|stop|sl|s/l|zarar\s+durdur")
    + "|"
    + _words(r"сл|стоп(?:[\s-]?лосс)?")
    + "|손절(?:매|가격|가|라인)?|스탑(?:로스)?|스톱(?:로스)?|止损|止損|損切り?|استاپ|حد ضرر"
)
_ENTRY_NOUNS = r"(?:\s*(?:price|zone|point|target|area|range|level|order)s?)*"
_ENTRY = (
    _words(rf"(?:entry|entries|enter){_ENTRY_NOUNS}|ep|dca|giriş|entrada|entr[ée]e|einstieg")
    + "|"
    + _words(r"(?:точка|зона|цена)\s+входа|вход|твх")
    + "|추가\\s?(?:진입|매수)|추매|물타기|진입(?:가격|구간|가)?|매수가|매도가|入场|进场|エントリー"
    + "|نقاط|نقطه|ورود|انتری"
)
_TERMS = r"(?:short|mid|medium|long)[\s-]*term"
_TARGETS = (
    _words(
        r"take[\s-]?profits?(?:\s+(?:targets?|levels?))?|profit\s+targets?|targets?|tps?|t/p|t(?=\d\s?[:=)-])"
    )
    + "|"
    + _words(r"тп|тейк(?:[\s-]?профит)?|цел[ьи]|hedef(?:ler)?|objetivos?|ziele?")
    + rf"|{BEFORE}{_TERMS}\s*:(?=\s*\$?\d)"
    + "|목표(?:가격|가|치)?|익절(?:가격|가)?|타[겟깃]|目标|目標|止盈|利確|تارگت|هدف"
)
_LEVERAGE = (
    _words(r"leverage|lev|плечо|kaldıraç|apalancamiento|hebel")
    + "|레버리지|레버|배율|杠杆|レバレッジ|لوریج|اهرم"
)
_ORDER = r"(?:\s+(?:zone|range|area|between|limit|stop|at|above|below))*"
_LONG = (
    _words(rf"(?:buy|buying){_ORDER}|long|лонг|купить|покупка|compra")
    + "|(?<![가-힣])(?:롱|매수)(?=[^가-힣]|포지션|진입|으?로|관점|추천|\\Z)|做多|多单|ロング|لانگ"
)
_SHORT = (
    _words(rf"(?:sell|selling){_ORDER}|short|шорт|продать|продажа|venta")
    + "|(?<![가-힣])(?:숏|매도)(?=[^가-힣]|포지션|진입|으?로|관점|추천|\\Z)|做空|空单|ショート|شورت"
)
# Words with numbers of their own, and words that only look like a side.
_OTHER = (
    _words(rf"{_TERMS}|long\s*/\s*short|(?:long|short)\s+(?:squeeze|time|run|way)|as\s+long\s+as")
    + "|"
    + _words(r"trailing\s+(?:sl|stop(?:[\s-]?loss)?)|ote|r[:/]r|rrr?|risk\W{1,3}reward")
    + "|손익비|롱\\s?/\\s?숏|"
    + _words(
        r"(?:risk|margin|size|amount|volume|capital|deposit|balance|time\s?frame|tf|term|expir\w*"
        r"|valid\w*|period|profit|loss|roi|pnl|id|date|time|support|resistance|accuracy|current"
        r"\s+price|win\s?rate)(?=\s*[:=])|риск|маржа|объ[её]м"
    )
    + "|비중|증거금|시드|지지선?|저항선?|현재가\\s*(?=[:=])"
)

EMOJI_LABELS = {"💰": "entry", "🛑": "stop", "🎯": "targets"}

LABEL = re.compile(
    rf"(?P<targets>{_TARGETS})|(?P<other>{_OTHER})|(?P<stop>{_STOP})|(?P<entry>{_ENTRY})"
    rf"|(?P<leverage>{_LEVERAGE})|(?P<long>{_LONG})|(?P<short>{_SHORT})"
    rf"|(?P<emoji>[{''.join(EMOJI_LABELS)}])",
    re.IGNORECASE,
)
ZONE = re.compile(
    r"zone|range|area|between", re.IGNORECASE
)  # its prices may stand on lines of their own
FURTHER_ENTRY = re.compile("dca|추가|추매|물타기", re.IGNORECASE)
SIDE_TITLE = re.compile(
    r"(?:direction|position|side|type|opinion|방향|포지션|направление|позиция)[^\w\n]{0,6}\Z",
    re.IGNORECASE,
)

LEVERAGE = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:\.\d{1,2})?)\s?(?:[x×х](?!\w)|배)(?!\s?(?:gain|profit|return|volume))"
    r"|(?<!\w)[x×х]\s?(\d{1,3})(?![\d.]*\d)",
    re.IGNORECASE,
)
LEVERAGE_RANGE = re.compile(
    r"(?<![\d.,])\d{1,3}(?:\.\d)?\s?[x×х]?\s?(?:-|~|/|to)\s?[x×х]?\d{1,3}(?:\.\d)?\s?(?:[x×х](?!\w)|배)",
    re.IGNORECASE,
)

MARKET_PHRASE = re.compile(
    r"(?P<not>(?:n't|\bnot|\bno|\bnever)\s(?:\w{1,20}\s){0,2})?"
    r"(?:\b(?:at|by|@)\s(?:the\s)?market\b|\bmarket\s(?:order|entry|buy|sell|long|short)\b"
    r"|\b(?:buy|sell|long|short|enter)\s?(?:[A-Z0-9/]{2,15}\s)?(?:at\s|@\s?|[:-]\s)?"
    r"(?:market|now|cmp|current\sprice)\b"
    r"|\bcmp\b|시장가|(?:지금|바로|현재가[에로]?)\s?(?:진입|매수|매도|롱|숏)|\bпо\s(?:рынку|текущ))",
    re.IGNORECASE,
)
MARKET_WORD = re.compile(
    r"[^\w\n]*(?:price\W{1,3})?(?:at\W{1,3})?"
    r"(?:(?:market|now|cmp|current(?:\sprice)?)\b|시장가|현재가|рын|по рынку|по текущ)",
    re.IGNORECASE,
)
OPEN_END = re.compile(r"\bopen\b|\d\s?\+|\bmoon\b|오픈|홀딩|∞|♾|\bоткрыт", re.IGNORECASE)
CONDITIONAL_STOP = re.compile(r"clos(?:e|ing)\b|candle|종가|마감|закрыти|\bopen\b", re.IGNORECASE)
CURRENCIES = frozenset({"usdt", "usd", "usdc", "u", "dollars", "달러", "불"})

SYMBOL_TITLE = re.compile(
    r"(?i:coin|pair|symbol|ticker|asset|instrument|token|종목|코인|페어|монета|пара|тикер|رمزارز)"
    r"(?:[^\w\n]{0,3}[:=@][^\w\n]{0,3}|[^\w\n]{1,4}(?=[A-Z0-9]{2,15}(?![A-Za-z0-9])))"
    r"([A-Za-z0-9]{2,15})(?![A-Za-z0-9])"
)
_NOT_COINS = """
    a again alert algo all and at be binance bingx bitget bot btfd buy by bybit call calls chart
    close coin crypto cross direction dip enter entry ep exchange exit fast for free futures go gold
    good hold id im in is isolated it just lev leverage limit long low high margin market mexc my
    new no not now of ok okx on open or order our pair perp perpetual plan position premium price
    profit public risk risky safe scalp scalping sell set setup short side sl spot signal signals
    stop strategy swing target targets term the this tp trade trader trading type update usd usdt
    usdc very vip we with you zone
"""
NOT_COINS = frozenset(_NOT_COINS.split())
COIN_NAMES = {
    "BTC": re.compile(
        r"비트코인(?!\s?캐시)|(?<!바이)비트(?![가-힣])|биткоин|بیتکوین|بیت کوین|比特币",
        re.IGNORECASE,
    ),
    "ETH": re.compile("이더리움(?!\\s?클래식)|эфириум|эфир|اتریوم|以太坊", re.IGNORECASE),
    "XRP": re.compile("리플|рипл|ریپل", re.IGNORECASE),
    "SOL": re.compile("솔라나|солана|سولانا", re.IGNORECASE),
    "DOGE": re.compile("도지코인|(?<![가-힣])도지|догикоин|دوج", re.IGNORECASE),
}

_AIM = r"(?:take[\s-]?profits?|targets?|\btps?|목표|익절|\bтп|\bцел)"
REPORT = re.compile(
    rf"{_AIM}[^\n]{{0,40}}?(?:\b(?:hit|reached|achieved|done|smashed|completed)\b|\d\s?[✅✔]+\s*$"
    r"|달성|도달|완료|достигнут|взят)"
    r"|\bstopped\sout\b|\b(?:sl|stop(?:[\s-]?loss)?)\s(?:was\s)?(?:hit|triggered)\b"
    r"|손절\s?(?:완료|처리|됨)|\bстоп\s(?:сработал|выбит)",
    re.IGNORECASE | re.MULTILINE,
)
UPDATE = re.compile(
    r"\A[^\n]*\bupdate\b|\bmov(?:e|ed|ing)\s(?:the\s|your\s)?(?:sl|stop)|break[\s-]?even|\bcancel"
    r"|\bclosed\b|\bresults?\b|^\W{0,6}profit\s?:|본절|취소|종료|перен[ео]с|безубыт|закры[тв]|отмен",
    re.IGNORECASE | re.MULTILINE,
)
CONDITION = re.compile(
    r"\b(?:after|when|once|if|until|till|before|as\ssoon\sas|после|если|при|когда)\b"
    r"|하면|되면|이후|후\b|시\b",
    re.IGNORECASE,
)
SPOT = re.compile(r"(?<![a-z])spot(?![a-z])(?!\son\b)|현물|\bспот", re.IGNORECASE)
DERIVATIVE = re.compile(r"futures?|perp|선물|фьючерс", re.IGNORECASE)
# What to do later is no price of now: "move SL to entry after TP1 is hit".
LATER = re.compile(
    r"\b(?:move|shift|raise|trail|put)\s(?:the\s|your\s|my\s)?(?:sl|stop)[^\n]*"
    r"|\b(?:after|when|once|if|until)\s(?:the\s)?(?:tp|target|first|1st)[^\n]*"
    r"|(?:tp|목표|익절)\s?\d?\s?(?:도달|달성|터치)\s?(?:시|하면|후)[^\n]*",
    re.IGNORECASE,
)
