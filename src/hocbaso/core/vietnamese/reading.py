"""The two answers that every reader of input gives: a :class:`Reading` and a list of :class:`Finding`.

Rule of the house 8: what is not exact is refused or asked, never corrected in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from hocbaso.core.errors import sentence

T = TypeVar("T")


class Severity(StrEnum):
    """How much a finding weighs."""

    INFO = "info"  # reported, nothing to do
    WARNING = "warning"  # probably wrong: a person confirms or corrects
    ERROR = "error"  # refused


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on an input: stable code, Vietnamese sentence, and a proposal where there is one."""

    code: str
    severity: Severity
    message: str
    proposal: str | None = None


def finding(code: str, severity: Severity, /, *, proposal: str | None = None, **params: object) -> Finding:
    """A finding whose sentence is the registered one of ``code``; the sentence may name ``{proposal}``."""
    return Finding(code, severity, sentence(code, proposal=proposal, **params), proposal)


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What a reader made of one cell.

    ============  =========  =======  ====================================================
    state         ``value``  certain  meaning
    ============  =========  =======  ====================================================
    ``exact``     given      True     use it
    ``asked``     given      False    a proposal; a person must confirm (``message`` asks)
    ``refused``   None       False    cannot be read (``message`` says what is allowed)
    ``empty``     None       True     nothing was written
    ============  =========  =======  ====================================================
    """

    value: T | None
    certain: bool
    code: str | None = None
    message: str | None = None

    @property
    def exact(self) -> bool:
        """The value may be used as it stands."""
        return self.certain and self.value is not None

    @property
    def asked(self) -> bool:
        """The value is only a proposal."""
        return not self.certain and self.value is not None

    @property
    def refused(self) -> bool:
        """Something was written that cannot be read."""
        return not self.certain and self.value is None

    @property
    def empty(self) -> bool:
        """Nothing was written."""
        return self.certain and self.value is None


def exact(value: T) -> Reading[T]:
    """A reading to be used as it stands."""
    return Reading(value, True)


def asked(value: T, code: str, /, **params: object) -> Reading[T]:
    """A reading that a person must confirm."""
    return Reading(value, False, code, sentence(code, **params))


def refused(code: str, /, **params: object) -> Reading[T]:
    """A refusal with its sentence."""
    return Reading(None, False, code, sentence(code, **params))


def empty() -> Reading[T]:
    """Nothing was written."""
    return Reading(None, True)
