"""The one error catalogue: a stable code, a Vietnamese sentence for users, an English one for engineers.

Packages register their own sentences at import (:func:`register`), so that a sentence stands next to the
rule that speaks it while codes stay unique over the whole program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorText:
    """Sentences of one error code; both may hold ``{name}`` placeholders."""

    vi: str
    en: str


_CATALOGUE: dict[str, ErrorText] = {}


def register(texts: dict[str, tuple[str, str]]) -> None:
    """Add ``{code: (Vietnamese, English)}`` to the catalogue.

    :raises ValueError: the code is taken by another sentence.
    """
    for code, (vi, en) in texts.items():
        text = ErrorText(vi, en)
        if _CATALOGUE.get(code, text) != text:
            raise ValueError(f"error code {code!r} is registered twice")
        _CATALOGUE[code] = text


def catalogue() -> dict[str, ErrorText]:
    """A copy of every registered code with its sentences."""
    return dict(_CATALOGUE)


def sentence(code: str, /, **params: Any) -> str:
    """The Vietnamese sentence of ``code`` with its placeholders filled."""
    return _CATALOGUE[code].vi.format(**params)


class DomainError(Exception):
    """A refusal that a clerk understands.

    ``code`` is stable and part of the interface; ``str(error)`` is the Vietnamese sentence.
    """

    def __init__(self, code: str, /, **params: Any) -> None:
        text = _CATALOGUE[code]  # an unknown code is a programming error: KeyError
        self.code = code
        self.params = params
        self.message = text.vi.format(**params)
        self.message_en = text.en.format(**params)
        super().__init__(self.message)


class NotAllowed(DomainError):
    """The policy says no (interfaces answer 403, exit status 1)."""


class NotFound(DomainError):
    """No such object, or none that the actor may know of (404)."""


class ServiceUnavailable(DomainError):
    """An outside service that is needed does not answer (503, exit status 3)."""


class Unreadable(DomainError):
    """The input cannot be read at all (400, exit status 2)."""


register(
    {
        "not_allowed": (
            "Thầy cô không có quyền làm việc này: {what}.",
            "You may not do this: {what}.",
        ),
        "not_found": ("Không tìm thấy {what}.", "{what} was not found."),
    }
)
