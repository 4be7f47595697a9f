"""One list under one PIN: waits for the person, signs, stops cleanly, goes on with what is left.

A job has a thread of its own. It holds a PIN from the moment it was typed until the token took it, signs with
one session, checks every value against the certificate, and closes the session. Whatever stops the token
leaves the values made so far and asks for a new PIN for the rest; no PIN is ever tried twice.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.keys import verify_digest
from hocbaso.engines.trust.providers.pkcs11_tokens import FoundToken, ShownCertificate
from hocbaso.engines.trust.providers.stops import SigningStopped
from hocbaso.interfaces.agent.keyring import Keyring, holding
from hocbaso.interfaces.agent.work import Item, Work

register(
    {
        "agent_declined": (
            "Thầy cô đã chọn không ký trong cửa sổ Chương trình ký. Các tờ đã ký vẫn được giữ.",
            "The person declined in the agent's window.",
        ),
        "agent_no_answer": (
            "Đã quá 10 phút chưa nhập mã PIN nên chương trình ký dừng yêu cầu này. Thầy cô bấm ký lại.",
            "No PIN was given in ten minutes.",
        ),
        "agent_value_wrong": (
            "Thiết bị ký trả về giá trị không đúng với chứng thư số. Đã dừng; những tờ còn lại chưa ký.",
            "The token gave a value that does not verify.",
        ),
    }
)

PATIENCE_SECONDS = 600.0
#: The state's condition is looked at anew so often, so that a deadline is noticed.
_TICK = 1.0


class JobState(StrEnum):
    WAITING = "waiting"  # for the PIN
    OPENING = "opening"  # the token is asked
    SIGNING = "signing"
    DONE = "done"
    ENDED = "ended"  # declined, given up, unpaired


class Job:
    """One piece of work and how far it is. All changes happen under ``changed``.

    :param changed: the desk's condition; everybody who waits is told.
    :param clock: monotonic seconds.
    """

    def __init__(
        self, work: Work, keyring: Keyring, changed: threading.Condition, clock: Callable[[], float]
    ) -> None:
        self.id = secrets.token_hex(16)
        self.work = work
        self.state = JobState.WAITING
        self.values: list[tuple[int, bytes]] = []
        self.error: DomainError | None = None
        self.token: FoundToken | None = None
        self._keyring, self._changed, self._clock = keyring, changed, clock
        self._pin: str | None = None
        self._over: DomainError | None = None
        self._deadline = clock() + PATIENCE_SECONDS

    def __repr__(self) -> str:
        return f"Job({self.id}, {self.state}, {len(self.values)}/{len(self.work.items)})"

    @property
    def finished(self) -> bool:
        """Nothing more will come."""
        return self.state in (JobState.DONE, JobState.ENDED)

    @property
    def left(self) -> list[Item]:
        """What has no value yet, in the order of the list."""
        done = {number for number, _ in self.values}
        return [item for item in self.work.items if item.id not in done]

    def start(self) -> None:
        """Begin to wait for the person."""
        threading.Thread(target=self.run, name=f"job-{self.id[:8]}", daemon=True).start()

    def give_pin(self, pin: str) -> bool:
        """The person typed the PIN ("" where the token has keys of its own); False: nobody asks for it."""
        with self._changed:
            if self.state is not JobState.WAITING or self._pin is not None or self._over is not None:
                return False
            self._pin = pin
            self.error = None
            self.state = JobState.OPENING
            self._changed.notify_all()
            return True

    def end(self, why: DomainError) -> None:
        """Sign nothing more; what was signed stands."""
        with self._changed:
            if not self.finished and self._over is None:
                self._over = why
                self._changed.notify_all()

    def run(self) -> None:
        """Until everything is signed or somebody ends it."""
        try:
            self._look()
            while self.left:
                pin = self._wait_for_pin()
                try:
                    self._sign(pin)
                except DomainError as error:
                    self._stopped(error)
                except _Over:
                    raise
                except Exception as error:  # of the system: no process to be had, no memory
                    self._stopped(SigningStopped("token_driver_failed", detail=type(error).__name__))
                finally:
                    del pin
            self._become(JobState.DONE)
        except _Over as over:
            with self._changed:
                self.error, self._pin = over.why, None  # typed in the moment when it was ended
            self._become(JobState.ENDED)

    # --- inside ------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Which token it will be, and how many tries it has: told before a PIN is typed."""
        try:
            self._find()
        except DomainError as error:
            with self._changed:
                self.error = error
                self._changed.notify_all()

    def _find(self) -> tuple[FoundToken, ShownCertificate]:
        found = holding(self._keyring.find(), self.work.certificate)
        with self._changed:
            self.token = found[0]
            self._changed.notify_all()
        return found

    def _wait_for_pin(self) -> str:
        with self._changed:
            while True:
                if self._over is not None:
                    raise _Over(self._over)
                if self._pin is not None:
                    pin, self._pin = self._pin, None
                    return pin
                if self._clock() >= self._deadline:
                    raise _Over(DomainError("agent_no_answer"))
                self._changed.wait(_TICK)

    def _sign(self, pin: str) -> None:
        token, held = self._find()
        with self._keyring.open(token, held, pin) as session:
            del pin
            self._become(JobState.SIGNING)
            left = self.left
            with closing(session.sign_digests([item.digest for item in left])) as values:
                for item, value in zip(left, values, strict=False):
                    if not verify_digest(self.work.certificate, item.digest, value):
                        raise SigningStopped("agent_value_wrong")
                    self._made(item, value)

    def _made(self, item: Item, value: bytes) -> None:
        with self._changed:
            self.values.append((item.id, value))
            self._changed.notify_all()
            if self._over is not None:
                raise _Over(self._over)

    def _stopped(self, error: DomainError) -> None:
        with self._changed:
            self.error, self.state = error, JobState.WAITING
            self._deadline = self._clock() + PATIENCE_SECONDS
            self._changed.notify_all()

    def _become(self, state: JobState) -> None:
        with self._changed:
            self.state = state
            self._changed.notify_all()


class _Over(Exception):
    """The job ends; not an error of the token."""

    def __init__(self, why: DomainError) -> None:
        self.why = why
