"""Every code of Bybit's error table has a consequence; none that is unknown counts as failed."""

from __future__ import annotations

import pytest

from exchanges.adapters.bybit.errors import (
    BAN_SECONDS,
    CODES,
    NOT_MODIFIED,
    error_of,
    error_of_status,
)
from exchanges.domain.errors import (
    CredentialsRejected,
    DuplicateLinkId,
    EgressBlocked,
    ExchangeError,
    FilterViolated,
    InsufficientMargin,
    InvalidOrder,
    NotFound,
    OrderRejected,
    OutcomeUnknown,
    PositionModeMismatch,
    RateLimited,
    StopRefused,
    Unavailable,
    UnexpectedReply,
)

# From the reference's table: what a caller must do, by code.
RETRY = [-1, 429, 10002, 10006, 10403, 10429, 20003, 110005, 110063, 110079, 170005, 170222]
UNKNOWN = [10000, 10014, 10016, 10019, 40004, 170007, 170146, 170147]
USER = [
    *(10003, 10004, 10005, 10007, 10008, 10009, 10010, 10024, 10027, 10028, 10029, 33004, -2015),
    *(110088, 110097),
]
MARGIN = [110004, 110006, 110007, 110012, 110014, 110044, 110045, 110051, 110052, 110053, 170131]
FINAL = [
    *(30133, 30134, 30135, 30136, 3200316, 3200317, 3200320, 3200403, 3400045),
    *(30208, 30209, 30228, 110003, 110009, 110011, 110013, 110015, 110017, 110018, 110019),
    *(110020, 110021, 110022, 110023, 110024, 110028, 110029, 110032, 110036, 110038, 110039),
    *(110040, 110042, 110046, 110047, 110048, 110049, 110050, *range(110054, 110062), 110064),
    *(110066, 110069, 110073, 110074, 110077, 110080, 110085, 110086, 110087, 110089, 110090),
    *(110092, 110093, 110094, 110095, 110098, 110099, 110100, *range(110102, 110110)),
    *(110118, 110120, 110121, 110123, 110124, 110125, 110131, 110132, 110135, 110136, 110137),
    *(10017, 10404, 20006, 100028, 170124, 170136, 170137, 170140),
]
FILTERS = [110017, 110094, 170124, 170136, 170137, 170140]
GONE = [110001, 110008, 110010, 170213]
TWICE = [110030, 110072, 170141]
AS_WANTED = [34040, 110025, 110026, 110027, 110043]
OF_THEIR_OWN = [10001, 10018]  # tested by text and by its silence


def written(code, message=""):
    return error_of(code, message, is_write=True, retry_after=1.5)


@pytest.mark.parametrize("code", RETRY)
def test_nothing_happened_so_it_may_be_sent_again(code):
    assert isinstance(written(code), Unavailable)


@pytest.mark.parametrize("code", UNKNOWN)
def test_an_unclear_answer_is_unknown_on_a_write_and_unavailable_on_a_read(code):
    assert isinstance(written(code), OutcomeUnknown)
    assert isinstance(error_of(code, "", is_write=False, retry_after=1), Unavailable)


@pytest.mark.parametrize("code", USER)
def test_the_owner_must_act(code):
    kind = type(written(code))
    assert issubclass(kind, CredentialsRejected), code


@pytest.mark.parametrize("code", MARGIN)
def test_the_margin_is_not_enough(code):
    assert isinstance(written(code), InsufficientMargin)


@pytest.mark.parametrize("code", FINAL)
def test_the_order_is_refused_for_good(code):
    assert isinstance(written(code), OrderRejected), code


@pytest.mark.parametrize("code", FILTERS)
def test_a_filter_that_is_broken_asks_for_the_rules_anew(code):
    assert type(written(code)) is FilterViolated
    assert code in FINAL


def test_codes_with_a_meaning_of_their_own():
    limited = written(10006)
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 1.5


@pytest.mark.parametrize("code", GONE)
def test_what_is_not_there_is_read_again(code):
    assert type(written(code)) is NotFound


@pytest.mark.parametrize("code", TWICE)
def test_a_link_id_of_before_names_the_order_that_stands(code):
    assert type(written(code)) is DuplicateLinkId


def test_the_limit_of_the_address_under_its_former_code_stops_all_for_as_long():
    blocked = written(10018)
    assert isinstance(blocked, EgressBlocked)
    assert blocked.retry_after == BAN_SECONDS


def test_every_classified_code_is_in_one_of_these_lists():
    lists = (RETRY, UNKNOWN, USER, MARGIN, FINAL, GONE, TWICE, AS_WANTED, OF_THEIR_OWN)
    named = [code for codes in lists for code in codes]
    assert len(named) == len(set(named))
    assert set(named) == set(CODES) | NOT_MODIFIED


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("position idx not match position mode", PositionModeMismatch),
        ("sl:45 set for Buy position should lower than base_price:44??LastPrice", StopRefused),
        ("can not set tp/sl/ts for zero position", NotFound),
        ("The number of contracts exceeds maximum limit allowed", FilterViolated),
        ("Qty invalid, step is 0.01", FilterViolated),
        ("params error: price invalid, tick size is 0.1", FilterViolated),
        ("params error: timeInForce invalid", InvalidOrder),
    ],
)
def test_the_catch_all_code_is_read_by_its_text(text, kind):
    assert type(written(10001, text)) is kind


def test_an_unheard_of_code_is_looked_up_after_a_write():
    assert isinstance(written(987654), UnexpectedReply)
    assert isinstance(error_of(987654, "", is_write=False, retry_after=1), Unavailable)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, EgressBlocked),
        (429, RateLimited),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (404, InvalidOrder),
    ],
)
def test_http_failures(status, kind):
    assert isinstance(error_of_status(status, is_write=True), kind)


def test_no_code_is_listed_twice_and_all_are_errors():
    assert all(issubclass(kind, ExchangeError) for kind in CODES.values())
    assert len(CODES) > 120
