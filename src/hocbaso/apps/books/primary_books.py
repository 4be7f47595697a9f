"""Facts of the primary form (TT 27/2020), read with a constant number of queries."""

from __future__ import annotations

from dataclasses import dataclass, field

from hocbaso.apps.assessment.models import SubjectResult, TraitResult
from hocbaso.apps.assessment.queries import YearVerdict
from hocbaso.apps.assessment.year_rows import programme_of, verdicts_of
from hocbaso.apps.books.facts import class_facts, pupils_of
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation.programme import GradeProgramme, Moment, ProgrammeLine
from hocbaso.core.regulation.tt27 import EXCELLENT_TITLE
from hocbaso.engines.rendering import books

EXEMPT = "M"


@dataclass(slots=True)
class PrimaryResults:
    """What is stored of a class at one moment, by enrolment."""

    programme: GradeProgramme
    subjects: dict[int, dict[str, SubjectResult]] = field(default_factory=dict)
    traits: dict[int, dict[str, TraitResult]] = field(default_factory=dict)

    def lines(self) -> tuple[ProgrammeLine, ...]:
        """Lines of the form: the compulsory ones, and those that somebody has a result in."""
        used = {code for rows in self.subjects.values() for code, row in rows.items() if row.level}
        return tuple(line for line in self.programme.lines if line.compulsory or line.code in used)

    def level(self, enrolment_id: int, code: str) -> str:
        row = self.subjects.get(enrolment_id, {}).get(code)
        if row is None:
            return ""
        return EXEMPT if row.exempt_reason else row.level


def results_at(school_class: SchoolClass, moment: str) -> PrimaryResults:
    """Subject results and traits of a class. Two queries.

    :raises DomainError: ``programme.*``
    """
    found = PrimaryResults(programme_of(school_class).grade(school_class.grade))
    of_class = {"enrolment__school_class": school_class, "moment": moment}
    for row in SubjectResult.objects.filter(**of_class):
        found.subjects.setdefault(row.enrolment_id, {})[row.subject_code] = row
    for trait in TraitResult.objects.filter(**of_class):
        found.traits.setdefault(trait.enrolment_id, {})[trait.trait_code] = trait
    return found


def class_summary(school_class: SchoolClass, moment: str, stamp: books.Stamp) -> books.ClassSummary:
    """The form of one class at one moment. Five queries; nine at the end of the year."""
    facts = class_facts(school_class)
    pupils = pupils_of(school_class)
    results = results_at(school_class, moment)
    verdicts = verdicts_of(school_class, [e.pk for e, _p in pupils]) if moment == Moment.END_YEAR else {}
    lines = results.lines()
    return books.ClassSummary(
        facts.school,
        facts.head,
        Moment(moment),
        tuple(books.SubjectColumn(x.code, x.short_name, Moment(moment) in x.tests) for x in lines),
        tuple(books.TraitColumn(t.code, t.name, t.group) for t in results.programme.traits),
        tuple(_row(e, p, results, verdicts.get(e.pk)) for e, p in pupils),
        stamp,
    )


def _row(
    enrolment: Enrolment, person: books.Person, results: PrimaryResults, verdict: YearVerdict | None
) -> books.PrimaryRow:
    rows = results.subjects.get(enrolment.pk, {})
    decision = verdict.decision if verdict and not verdict.missing else None
    promotion = verdict.promotion if verdict else None
    return books.PrimaryRow(
        person,
        {code: level for code in rows if (level := results.level(enrolment.pk, code))},
        {code: row.score for code, row in rows.items() if row.score is not None and not row.exempt_reason},
        {code: row.level for code, row in results.traits.get(enrolment.pk, {}).items() if row.level},
        decision.overall if decision else None,
        short_title(verdict),
        decision.completed if decision else None,
        promotion.promoted if promotion else None,
    )


def short_title(verdict: YearVerdict | None) -> str:
    """The award as the narrow column writes it; its legend stands below the table."""
    if verdict is None or verdict.title is None:
        return ""
    return "HSXS" if verdict.title.value == EXCELLENT_TITLE else "HSTB"
