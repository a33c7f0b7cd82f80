"""How far a verification is: what each step has found is stored as it is found, for a page to show.

`Connection.checks` holds, by the step, `running`, `passed`, or the code of what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exchanges.choices import (
    STATUS_UNHEARD,
    STEP_OF,
    ConnectionReason,
    ConnectionStatus,
    VerificationStep,
)
from exchanges.models import Connection

RUNNING, PASSED = "running", "passed"
WAITING, WARNED, FAILED, SKIPPED = "waiting", "warned", "failed", "skipped"

# What the exchange says in one answer about a key.
OF_THE_KEY = (
    *(VerificationStep.KEY, VerificationStep.PERMISSIONS),
    *(VerificationStep.WITHDRAWAL, VerificationStep.ADDRESS),
)


def begun() -> dict[str, str]:
    return {VerificationStep.KEY.value: RUNNING}


class Progress:
    """The steps of one verification; `checks` is what goes with its verdict."""

    def __init__(self, tried: Connection) -> None:
        self._tried = tried
        self.checks = begun()

    def judge(self, faults: Iterable[ConnectionReason]) -> ConnectionReason:
        """Take in what is wrong with a key that the exchange has described, and return the worst.

        Every fault is kept, so that its owner can mend all of them at once.
        """
        found = list(faults)
        self.checks = dict.fromkeys((step.value for step in OF_THE_KEY), PASSED)
        for fault in reversed(found):
            self.checks[_step_of(fault)] = fault.value
        if not found:
            self.checks[VerificationStep.ACCOUNT.value] = RUNNING
            self._store()
        return next(iter(found), ConnectionReason.NONE)

    def go_on(self, step: VerificationStep) -> None:
        """The running step has passed, and the next begins."""
        self._end_running(PASSED)
        self.checks[step.value] = RUNNING
        self._store()

    def finish(self, *, is_heard: bool) -> None:
        """The last step; that nothing is heard stops nobody from trading."""
        self._end_running(PASSED if is_heard else STATUS_UNHEARD)

    def fail(self, reason: ConnectionReason) -> ConnectionReason:
        """Let the running step fail, if there is a reason, and return it.

        The first answer may be about the address or the account: then the key itself is known.
        """
        if not reason:
            return reason
        if self.checks == begun():
            self.checks[VerificationStep.KEY.value] = PASSED
            self.checks[_step_of(reason)] = reason.value
        else:
            self._end_running(reason.value)
        return reason

    def _end_running(self, verdict: str) -> None:
        for step, said in self.checks.items():
            if said == RUNNING:
                self.checks[step] = verdict

    def _store(self) -> None:
        """Outside of any transaction, and never over another key's."""
        tried = self._tried
        same = Connection.objects.filter(
            pk=tried.pk, sealed=tried.sealed, api_key_id=tried.api_key_id
        )
        same.filter(status=ConnectionStatus.VERIFYING).update(checks=self.checks)


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step as a page shows it: `reason` is the code of what is wrong, if anything.

    `text`: the cause, and what to do.
    """

    step: VerificationStep
    state: str
    reason: str = ""
    text: str = ""

    @property
    def title(self) -> str:
        return str(ConnectionReason(self.reason).label) if self.state == FAILED else ""


def steps_of(link: Connection) -> Iterator[ShownStep]:
    """Every step of a link's last verification."""
    is_going_on = link.status == ConnectionStatus.VERIFYING
    for step in VerificationStep:
        verdict = link.checks.get(step.value, WAITING if is_going_on else SKIPPED)
        if verdict == RUNNING and link.reason:  # the exchange is asked again in a moment
            yield ShownStep(step, WAITING, link.reason, link.reason_text)
        elif verdict == STATUS_UNHEARD:
            yield ShownStep(step, WARNED, verdict, link.venue.says(verdict))
        elif verdict in {RUNNING, PASSED, WAITING, SKIPPED}:
            yield ShownStep(step, verdict)
        else:
            yield ShownStep(step, FAILED, verdict, link.venue.says(verdict))


def _step_of(reason: ConnectionReason) -> str:
    return STEP_OF.get(reason, VerificationStep.KEY).value
