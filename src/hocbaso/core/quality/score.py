"""Scores: of the rules that apply, how many hold; per dimension, always with numerator and denominator."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from hocbaso.core.quality.model import Dimension, Judged, Severity


@dataclass(frozen=True, slots=True)
class Part:
    """``done`` of ``total`` items hold."""

    done: int = 0
    total: int = 0

    def __add__(self, other: Part) -> Part:
        return Part(self.done + other.done, self.total + other.total)

    @property
    def permille(self) -> int:
        """Thousandths, rounded down: 1000 only when everything holds. Nothing to hold is whole."""
        return self.done * 1000 // self.total if self.total else 1000


def _empty() -> dict[Dimension, Part]:
    return {dimension: Part() for dimension in Dimension}


@dataclass(frozen=True, slots=True)
class Score:
    """The four parts of one record, a class or a school."""

    parts: dict[Dimension, Part] = field(default_factory=_empty)
    errors: int = 0
    queries: int = 0

    @property
    def whole(self) -> Part:
        """All four together."""
        return sum(self.parts.values(), Part())


def score(judged: Judged, accepted: Collection[str] = ()) -> Score:
    """The score of one record.

    :param accepted: ids of rules whose explanation was accepted: they count as holding; an error cannot be
        explained away.
    """
    broken = {
        b.rule.id: b.rule
        for b in judged.broken
        if b.rule.severity is Severity.ERROR or b.rule.id not in accepted
    }
    done = dict.fromkeys(Dimension, 0)
    total = dict.fromkeys(Dimension, 0)
    for rule in judged.applicable:
        total[rule.dimension] += 1
        done[rule.dimension] += rule.id not in broken
    errors = sum(rule.severity is Severity.ERROR for rule in broken.values())
    parts = {dimension: Part(done[dimension], total[dimension]) for dimension in Dimension}
    return Score(parts, errors, len(broken) - errors)


def together(scores: Iterable[Score]) -> Score:
    """The sum: a class of its pupils, a school of its classes."""
    parts, errors, queries = _empty(), 0, 0
    for one in scores:
        parts = {dimension: parts[dimension] + one.parts[dimension] for dimension in Dimension}
        errors, queries = errors + one.errors, queries + one.queries
    return Score(parts, errors, queries)
