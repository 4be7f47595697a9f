"""The agent's own windows: pages of its own origin that only the person's own browser can open.

The address that is opened carries a word behind ``#`` that is taken once, within ten minutes, and exchanged
for a key that stays in that page. Who sees the address later (history, list of processes) opens nothing.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from hocbaso.core.errors import DomainError, register
from hocbaso.interfaces.agent.protocol import same

register(
    {
        "agent_window_used": (
            "Địa chỉ cửa sổ này đã mở một lần hoặc đã quá hạn. Thầy cô quay lại cửa sổ dòng lệnh của chương "
            "trình ký và bấm phím Enter để mở cửa sổ mới.",
            "The window's address was used before or is too old.",
        ),
        "agent_window_strange": (
            "Cửa sổ này không còn thuộc chương trình ký đang chạy. Thầy cô mở lại từ cửa sổ dòng lệnh.",
            "The window's key is not known.",
        ),
    }
)

_ONCE_SECONDS = 600.0
_MOST = 4
#: A window that has not asked for so long is taken to be closed.
_SILENT_SECONDS = 30.0


class Windows:
    """Words to open with, keys of those that are open."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._words: dict[str, float] = {}
        self._keys: list[str] = []
        self._seen = float("-inf")

    def word(self) -> str:
        """A new word to open a window with."""
        with self._lock:
            word = secrets.token_urlsafe(24)
            now = self._clock()
            self._words = {w: ends for w, ends in self._words.items() if ends > now}
            self._words[word] = now + _ONCE_SECONDS
            return word

    def enter(self, word: str) -> str:
        """Exchange the word for a window's key. :raises DomainError: ``agent_window_used``"""
        with self._lock:
            known = next((one for one in self._words if same(one, word)), None)
            if known is None or self._words.pop(known) <= self._clock():
                raise DomainError("agent_window_used")
            key = secrets.token_urlsafe(32)
            self._keys = [*self._keys[-_MOST + 1 :], key]
            self._seen = self._clock()
            return key

    def check(self, key: str) -> None:
        """:raises DomainError: ``agent_window_strange``"""
        with self._lock:
            if not any(same(one, key) for one in self._keys):
                raise DomainError("agent_window_strange")

    def seen(self) -> None:
        """An open window has asked for news."""
        with self._lock:
            self._seen = self._clock()

    @property
    def open(self) -> bool:
        """Whether somebody has a window before him."""
        with self._lock:
            return self._clock() - self._seen < _SILENT_SECONDS
