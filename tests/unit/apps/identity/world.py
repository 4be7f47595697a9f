"""A small school with complete files, and a registry that answers what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import Job
from hocbaso.apps.pupils.models import Pupil
from hocbaso.engines.population import (
    FIELDS,
    Answer,
    Fault,
    FieldAnswer,
    Outcome,
    PopulationUnavailable,
    Query,
)
from tests.builders import YEAR, School, make_pupil, make_school

__all__ = ["YEAR", "Registry", "full_pupil", "make_school", "school_of"]


def full_pupil(school: School, number: int, class_name: str = "3A", **values: str) -> Pupil:
    """A pupil whose identity fields are complete and agree with each other."""
    pupil = make_pupil(school, class_name, number).pupil
    fields = {
        "personal_number": f"079317{number:06d}",
        "province": "Thành phố Hồ Chí Minh",
        "province_code": "79",
        "commune": "Phường Hạnh Thông",
        "commune_code": "26890",
    }
    for name, value in (fields | values).items():
        setattr(pupil, name, value)
    pupil.save()
    return pupil


def school_of(count: int) -> tuple[School, list[Pupil]]:
    """Class 3A with so many complete files."""
    school = make_school()
    return school, [full_pupil(school, n + 1) for n in range(count)]


@dataclass
class Registry:
    """A population port: answers by personal number, remembers every message."""

    answers: dict[str, tuple[Outcome, tuple[str, ...]]] = field(default_factory=dict)
    messages: list[list[Query]] = field(default_factory=list)
    down: PopulationUnavailable | None = None
    before: Callable[[Sequence[Query]], None] = lambda _: None

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        self.messages.append(list(queries))
        self.before(queries)
        if self.down is not None:
            raise self.down
        return [self._answer(query) for query in queries]

    def residence(self, query: Query) -> None:
        raise AssertionError("nobody asked for a residence")

    def accept(self, query: Query, token: str) -> None:
        raise AssertionError("nobody accepts an offer here")

    def _answer(self, query: Query) -> Answer:
        outcome, differing = self.answers.get(query.subject.personal_number, (Outcome.MATCHED, ()))
        compared = outcome in (Outcome.MATCHED, Outcome.MISMATCH)
        fields = {
            name: FieldAnswer.MISMATCH
            if name in differing
            else (FieldAnswer.MATCH if compared else FieldAnswer.NOT_COMPARED)
            for name in FIELDS
        }
        return Answer(
            request_id=query.request_id,
            outcome=outcome,
            fields=fields,
            offered=(),
            result_id=f"KQ-{query.request_id}" if outcome.final else "",
            answered_at=clock.now(),
            raw_digest="a" * 64,
            request_digest="b" * 64,
        )

    @property
    def asked(self) -> list[str]:
        """Request ids in the order in which they came."""
        return [query.request_id for message in self.messages for query in message]


def unavailable(retry_at: datetime | None = None, fault: Fault = Fault.UNAVAILABLE) -> PopulationUnavailable:
    return PopulationUnavailable(fault, "test", retry_at)


def due_now() -> None:
    """Let no job wait for its time."""
    Job.objects.update(not_before=clock.now())
