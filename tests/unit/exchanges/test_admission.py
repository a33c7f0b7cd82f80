"""Which keys may be used, and what a refusal of the exchange is called."""

from __future__ import annotations

import dataclasses

import pytest

from exchanges.admission import faults_of, judge_key, reason_of
from exchanges.choices import ConnectionReason
from exchanges.domain.errors import CredentialsRejected, SignatureRefused
from exchanges.domain.trading import KeyFacts
from signals.services.outcomes import REASON_OF_ERROR

GOOD = KeyFacts(
    uid="1",
    master_uid="1",
    read_only=False,
    can_order=True,
    can_position=True,
    can_withdraw=False,
    can_transfer=False,
    is_unified=True,
    addresses=(),
    expires_at=None,
    inviter_id="0",
    affiliate_id="0",
)
EVERYTHING_WRONG = {
    "can_withdraw": True,
    "can_transfer": True,
    "read_only": True,
    "can_order": False,
    "is_unified": False,
}


def judged(**changes):
    return judge_key(dataclasses.replace(GOOD, **changes))


def test_a_good_key_is_not_refused():
    assert judged() is ConnectionReason.NONE


@pytest.mark.parametrize("refuses", [True, False])
def test_a_transfer_right_is_refused_by_a_setting(settings, refuses):
    settings.REFUSE_TRANSFER_RIGHT = refuses
    expected = ConnectionReason.CAN_TRANSFER if refuses else ConnectionReason.NONE
    assert judged(can_transfer=True) is expected


def test_withdrawal_is_refused_whatever_else_is_wrong_and_whatever_is_set(settings):
    for refuses in (True, False):
        settings.REFUSE_TRANSFER_RIGHT = refuses
        assert judged(**EVERYTHING_WRONG) is ConnectionReason.CAN_WITHDRAW


def test_everything_that_is_wrong_is_said_at_once(settings):
    settings.REFUSE_TRANSFER_RIGHT = True
    wrong = dataclasses.replace(GOOD, **EVERYTHING_WRONG)
    assert list(faults_of(wrong)) == [
        ConnectionReason.CAN_WITHDRAW,
        ConnectionReason.CAN_TRANSFER,
        ConnectionReason.READ_ONLY,
        ConnectionReason.PERMISSION_MISSING,
        ConnectionReason.NOT_UNIFIED,
    ]


def test_a_key_without_a_secret_is_not_said_to_have_a_wrong_one():
    refused = SignatureRefused("x")
    assert reason_of(refused) is ConnectionReason.WRONG_SECRET
    assert reason_of(refused, is_paired=True) is ConnectionReason.OTHER_PUBLIC_KEY


@pytest.mark.parametrize("refuses", [True, False])
def test_a_scope_that_nobody_can_judge_is_refused(settings, refuses):
    settings.REFUSE_TRANSFER_RIGHT = refuses
    assert judged(unknown_scopes=("TimeTravel",)) is ConnectionReason.UNKNOWN_SCOPES
    both = judged(unknown_scopes=("TimeTravel",), can_withdraw=True)
    assert both is ConnectionReason.CAN_WITHDRAW


def test_every_refusal_of_the_exchange_has_a_reason_here_and_for_a_copy():
    kinds = {CredentialsRejected, *CredentialsRejected.__subclasses__()}
    assert len(kinds) > 7
    for kind in kinds:
        assert reason_of(kind("x"))
        assert kind in REASON_OF_ERROR
