"""How often somebody may try a pairing code: within an attempt, within minutes, and in one run of the agent.

Three counts, each with its own end. An attempt takes three codes. Nine wrong codes, or thirty attempts that
led nowhere, close pairing until the person allows it in the agent's own window. And a run of the program
takes twenty-seven wrong codes in all, whatever is allowed and whoever pairs in between: then it must be
started again. Between two codes lies a pause that doubles, so that the person has time to see what the window
tells. Nothing of this asks who tries: the person and a stranger look alike from here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hocbaso.core.errors import DomainError, register

register(
    {
        "agent_pairing_closed": (
            "Đã có nhiều lần nhập sai mã nên chương trình ký tạm không nhận ghép nối. Nếu chính thầy cô "
            "đang ghép nối, hãy bấm “Cho ghép nối lại” trong cửa sổ Chương trình ký.",
            "Too many wrong codes; the person must allow pairing again.",
        ),
        "agent_pairing_shut": (
            "Từ khi mở, chương trình ký đã nhận {limit} mã sai nên không ghép nối nữa. Nếu không phải thầy "
            "cô nhập sai, hãy rút thiết bị ký và báo người phụ trách máy tính. Muốn ghép nối, thầy cô đóng "
            "chương trình ký rồi mở lại.",
            "{limit} wrong codes in this run; the program must be started again.",
        ),
        "agent_pairing_pause": (
            "Vừa có mã nhập sai nên chương trình ký nghỉ trước lần thử sau. Thầy cô chờ {seconds} giây rồi "
            "thử lại.",
            "A pause of {seconds} s after a wrong code.",
        ),
    }
)

#: Wrong codes and attempts until the person says that they were his own; wrong codes of one run.
WRONG_CODES: Final = 9
ATTEMPTS: Final = 30
WRONG_IN_RUN: Final = 27
#: Seconds after the second wrong code; doubled with each further one.
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 300.0


class Guesses:
    """The counts of one run. :param clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong = self._asked = 0
        self._free_at = float("-inf")
        #: Wrong codes since the program began; never fewer.
        self.in_run = 0
        #: Origin and account of the attempt that was guessed at last.
        self.last: tuple[str, str] | None = None

    @property
    def shut(self) -> bool:
        """Nothing pairs in this run any more."""
        return self.in_run >= WRONG_IN_RUN

    @property
    def closed(self) -> bool:
        """Nothing pairs until :meth:`allow_again`, or in this run."""
        return self.shut or self._wrong >= WRONG_CODES or self._asked >= ATTEMPTS

    def check(self) -> None:
        """Whether a code may be asked for or tried now; a refused try counts for nothing and tells nothing.

        :raises DomainError: ``agent_pairing_shut``, ``agent_pairing_closed``, ``agent_pairing_pause``.
        """
        if self.shut:
            raise DomainError("agent_pairing_shut", limit=WRONG_IN_RUN)
        if self.closed:
            raise DomainError("agent_pairing_closed")
        left = self._free_at - self._clock()
        if left > 0:
            raise DomainError("agent_pairing_pause", seconds=int(left) + 1)

    def asked(self) -> None:
        """An attempt begins."""
        self._asked += 1

    def wrong(self, origin: str, account: str) -> None:
        """A code was wrong."""
        self._wrong += 1
        self.in_run += 1
        self.last = (origin, account)
        if self._wrong > 1:
            pause = min(FIRST_PAUSE * 2 ** (self._wrong - 2), LONGEST_PAUSE)
            self._free_at = self._clock() + pause

    def allow_again(self) -> None:
        """The person says that they were his own, or has paired; what the run has seen stays counted."""
        self._wrong = self._asked = 0
        self._free_at = float("-inf")
