"""What the forms of all levels share: the rows of a pupil's year, what was made of them, who signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hocbaso.apps.accounts.queries import StaffRef, signers_of
from hocbaso.apps.assessment.models import YearRecord
from hocbaso.apps.assessment.queries import Finding
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.residence.queries import Address
from hocbaso.core.document import model
from hocbaso.core.document.model import SignerRole
from hocbaso.core.regulation.rule_sets import RuleSet


@dataclass(frozen=True, slots=True)
class PupilRows:
    """One pupil of the class, with every year that stands behind."""

    enrolment: Enrolment
    record: YearRecord | None
    history: tuple[Enrolment, ...]
    address: Address | None = None  # permanent residence of today, where the dated history knows it


@dataclass(frozen=True, slots=True)
class Assessed:
    """What the circular makes of one pupil's year: something is missing, or it waits for the summer, or there
    is a result."""

    missing: tuple[str, ...] = ()  # words
    summer: str | None = None  # what the summer holds, in words; None: nothing to wait for
    contradictions: tuple[Finding, ...] = ()
    result: model.PrimaryResult | model.SecondaryResult | None = None
    subjects: tuple[model.SubjectLine, ...] | tuple[model.SecondarySubjectLine, ...] = ()
    traits: model.Traits | None = None

    def summary(self) -> dict[str, object]:
        """The result as lists and commands show it (design 4.2)."""
        assert self.result is not None, "only a whole year has a result"
        return summary_of(self.result)


def summary_of(result: model.PrimaryResult | model.SecondaryResult) -> dict[str, object]:
    """A sheet's result as lists and commands show it (design 4.2)."""
    common = {
        "completed": result.completed,
        "promoted": result.promoted,
        "title": result.title.value if result.title else None,
    }
    if isinstance(result, model.PrimaryResult):
        return {"overall": result.overall.value, **common}
    study = result.study_after or result.study_year
    conduct = result.conduct_after or result.conduct_year
    return {"study": study.value, "conduct": conduct.value, **common}


@dataclass(frozen=True, slots=True)
class Duty:
    """What one teacher signs of one sheet."""

    signer: StaffRef
    subjects: tuple[str, ...]

    def person(self) -> model.ResponsiblePerson:
        """As the sheet names him. A substitute says for whom and why (domain 11 A5)."""
        title = "Giáo viên môn học"
        if self.signer.responsible:
            title = f"Ký thay {self.signer.responsible} ({self.signer.reason})"
        return model.ResponsiblePerson(
            role=SignerRole.SUBJECT_TEACHER,
            name=self.signer.name,
            staff_code=self.signer.staff_code,
            title=title[:200],
            decision=self.signer.decision or None,
            subjects=self.subjects,
        )


@dataclass(slots=True)
class Signers:
    """Who signs each subject of a class; empty where subject teachers do not sign."""

    by_subject: Mapping[str, Sequence[StaffRef]] = field(default_factory=dict)
    needed: bool = False

    @classmethod
    def of(cls, school_class: SchoolClass) -> Signers:
        """Two queries."""
        return cls(signers_of(school_class), needed=True)

    def missing(self, subjects: Iterable[str]) -> list[str]:
        """Codes of subjects that nobody is there to sign."""
        return [code for code in subjects if self.needed and not self.by_subject.get(code)]

    def duties(self, subjects: Sequence[str]) -> tuple[Duty, ...]:
        """One signature a teacher over all his subjects of the sheet, in the order of the form."""
        if not self.needed:
            return ()
        own: dict[int, list[str]] = {}
        people: dict[int, StaffRef] = {}
        for code in subjects:
            for ref in self.by_subject.get(code, ()):
                people.setdefault(ref.user_id, ref)
                own.setdefault(ref.user_id, []).append(code)
        return tuple(Duty(people[user], tuple(codes)) for user, codes in own.items())


class Form(Protocol):
    """One class's year by the form of its level."""

    school_class: SchoolClass
    school_level: model.SchoolLevel
    template: str
    rule_set: RuleSet

    def load(self, rows: Sequence[PupilRows], *, close_as_is: str | None) -> None:
        """Read what the year of these pupils holds. A fixed number of queries."""

    def assess(self, rows: PupilRows) -> Assessed:
        """What the circular makes of one pupil's year. No query."""

    def signers(self) -> Signers:
        """Who signs the subjects. At most two queries."""

    def subject_name(self, code: str) -> str:
        """A subject's name for sentences. No query."""
