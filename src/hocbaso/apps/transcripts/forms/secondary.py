"""The secondary form (Phụ lục Thông tư 22/2021): averages, conduct, promotion; subject teachers sign."""

from __future__ import annotations

from collections.abc import Sequence

from hocbaso.apps.accounts.queries import teachers_of
from hocbaso.apps.assessment.class_programme import is_continuing, plain_grade
from hocbaso.apps.assessment.models import Moment, SubjectMarks, YearRecord
from hocbaso.apps.assessment.queries import Finding
from hocbaso.apps.assessment.year_rows import outcomes_of
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts.forms.base import Assessed, PupilRows, Signers
from hocbaso.core.document import model
from hocbaso.core.errors import register, sentence
from hocbaso.core.regulation import tt22
from hocbaso.core.regulation.rule_sets import rule_set_for
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "stated_average_differs": (
            "{subject} {term}: tệp ghi {stated}, tính theo Thông tư 22/2021 được {computed}.",
            "{subject} {term}: the workbook says {stated}, the rule gives {computed}.",
        ),
    }
)

_TERMS = {Moment.TERM_ONE.value: "học kỳ I", Moment.TERM_TWO.value: "học kỳ II"}


class SecondaryForm:
    """A secondary class's year, of general or of continuing education."""

    def __init__(self, school_class: SchoolClass) -> None:
        lower = school_class.grade <= 9
        continuing = is_continuing(school_class.school, school_class.grade)
        level = model.SchoolLevel.LOWER_SECONDARY if lower else model.SchoolLevel.UPPER_SECONDARY
        self.school_class = school_class
        self.school_level = level
        self.template = ("gdtx-" if continuing else "") + ("thcs-1" if lower else "thpt-1")
        year = SchoolYear.parse(school_class.school_year)
        self.rule_set = rule_set_for(level, year, grade=school_class.grade, continuing=continuing)
        self.grade = plain_grade(school_class)
        self._outcomes: dict[int, tt22.YearOutcome] = {}
        self._marks: dict[int, dict[tuple[str, str], SubjectMarks]] = {}
        self._teachers: dict[str, tuple[str, ...]] = {}
        self._close_as_is: str | None = None

    def load(self, rows: Sequence[PupilRows], *, close_as_is: str | None) -> None:
        """What the marks make of the year, and the comments. At most nine queries."""
        keys = [r.enrolment.pk for r in rows]
        self._close_as_is = close_as_is
        self._outcomes = outcomes_of(self.school_class, keys, summer_done=close_as_is is not None)
        for row in SubjectMarks.objects.filter(enrolment__in=keys):
            self._marks.setdefault(row.enrolment_id, {})[row.subject_code, row.moment] = row
        self._teachers = {
            code: tuple(sorted(ref.name for ref in refs))
            for code, refs in teachers_of(self.school_class).items()
        }

    def assess(self, rows: PupilRows) -> Assessed:
        """Circular 22/2021 on one pupil's year. No query."""
        outcome = self._outcomes[rows.enrolment.pk]
        contradictions = self._contradictions(rows.enrolment.pk, outcome)
        if outcome.study_year is None or outcome.conduct_year is None or outcome.completed is None:
            return Assessed(missing=outcome.missing or outcome.problems, contradictions=contradictions)
        if outcome.summer_pending and self._close_as_is is None:
            return Assessed(summer="; ".join(outcome.summer), contradictions=contradictions)
        return Assessed(
            contradictions=contradictions,
            result=_result(outcome, rows.record),
            subjects=tuple(self._line(rows, one) for one in outcome.subjects),
        )

    def signers(self) -> Signers:
        """Every subject is signed by its teacher (domain 4.8)."""
        return Signers.of(self.school_class)

    def subject_name(self, code: str) -> str:
        return self.grade.subject(code).name

    def _line(self, rows: PupilRows, one: tt22.SubjectOutcome) -> model.SecondarySubjectLine:
        found = self._marks.get(rows.enrolment.pk, {})
        code = one.subject.code
        first, second = found.get((code, Moment.TERM_ONE)), found.get((code, Moment.TERM_TWO))
        comment = (second.comment if second else "") or (first.comment if first else "")
        reason = (second.exempt_reason if second else "") or (first.exempt_reason if first else "")
        return model.SecondarySubjectLine(
            code=code,
            name=one.subject.name,
            form=one.subject.form.value,
            term1=_value(one.term1.text),
            term2=_value(one.term2.text),
            year=_value(one.year_text),
            retest=_value(one.after_retest_text) if one.retested else None,
            comment=comment or None,
            teachers=self._teachers.get(code, ()),
            term1_school=(first.carried_school or None) if first else None,
            exempt=(reason or "được miễn") if one.exempt else None,
        )

    def _contradictions(self, key: int, outcome: tt22.YearOutcome) -> tuple[Finding, ...]:
        """Averages of the workbook that the rule does not give."""
        found = []
        for one in outcome.subjects:
            for moment, term in ((Moment.TERM_ONE, one.term1), (Moment.TERM_TWO, one.term2)):
                row = self._marks.get(key, {}).get((one.subject.code, moment.value))
                if row is None or not row.stated or not term.text or row.stated == term.text:
                    continue
                message = sentence(
                    "stated_average_differs",
                    subject=one.subject.name,
                    term=_TERMS[moment.value],
                    stated=tt22.show_mark(row.stated),
                    computed=tt22.show_mark(term.text),
                )
                found.append(Finding("stated_average_differs", message))
        return tuple(found)


def _value(text: str) -> str | None:
    return None if text in ("", tt22.EXEMPT) else text


def _decision(made: tt22.Decision | None) -> model.Decision | None:
    return None if made is None else model.Decision(made.value, made.clause, made.explanation)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _result(outcome: tt22.YearOutcome, record: YearRecord | None) -> model.SecondaryResult:
    study, conduct = _decision(outcome.study_year), _decision(outcome.conduct_year)
    completion = _decision(outcome.promotion)
    assert study is not None, "asked before"
    assert conduct is not None, "asked before"
    assert completion is not None, "a decision always stands"
    return model.SecondaryResult(
        study1=_decision(outcome.study1),
        study2=_decision(outcome.study2),
        study_year=study,
        conduct1=_decision(outcome.conduct1),
        conduct2=_decision(outcome.conduct2),
        conduct_year=conduct,
        completed=bool(outcome.completed),
        promoted=bool(outcome.promoted),
        completion=completion,
        study_after=_decision(outcome.study_after),
        conduct_after=_decision(outcome.conduct_after),
        title=_decision(outcome.title),
        other_awards=_lines(record.awards) if record else (),
        certificates=_lines(record.certificates) if record else (),
        contests=_lines(record.contests) if record else (),
        discipline=_lines(record.discipline) if record else (),
    )
