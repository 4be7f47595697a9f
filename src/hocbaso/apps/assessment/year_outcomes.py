"""The year of secondary pupils by Thông tư 22/2021, from the stored rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter

from hocbaso.apps.assessment import class_programme
from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.models import REGULAR_COLUMNS, Moment, SubjectMarks, YearRecord
from hocbaso.apps.assessment.parts import TERMS
from hocbaso.apps.common import clock
from hocbaso.apps.common.compiled import Compiled
from hocbaso.apps.organisations.models import DatedSetting, Organisation, valid_on
from hocbaso.apps.organisations.queries import managers
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation import tt22

#: Choices that the circular leaves open (domain A1), with the values they take; the first is the default.
SETTINGS: dict[str, tuple[str, ...]] = {
    "tt22_adjust_includes_comment": ("yes", "no"),
    "tt22_adjust_reading": ("left_out", "raised"),
    "tt22_topic_counts_within": ("yes", "no"),
    "tt22_absent_is_zero": ("yes", "no"),
    "tt22_retest_needs_year_conduct": ("yes", "no"),
}


_chosen = Compiled(
    lambda day: DatedSetting.objects.filter(valid_on(day), key__in=SETTINGS).order_by("valid_from"), day=date
)


def rules_of(school: Organisation, day: date | None = None) -> tt22.Setting:
    """What the school, or the nearest unit above it, has chosen. One query where nobody has chosen."""
    day = day or clock.today()
    rows = _chosen(day=day)
    chosen: dict[str, str] = {}
    if rows:
        for unit in reversed([school, *managers(school, day)]):
            chosen |= {r.key: r.value for r in rows if r.organisation_id == unit.pk}

    def yes(key: str) -> bool:
        return chosen.get(key, "yes") == "yes"

    return tt22.Setting(
        adjust_includes_comment=yes("tt22_adjust_includes_comment"),
        adjust_reading="raised" if chosen.get("tt22_adjust_reading") == "raised" else "left_out",
        topic_counts_within=yes("tt22_topic_counts_within"),
        absent_without_makeup_is_zero=yes("tt22_absent_is_zero"),
        retest_needs_year_conduct=yes("tt22_retest_needs_year_conduct"),
    )


@dataclass(slots=True)
class ClassYear:
    """Everything stored about one secondary class's year, in five queries."""

    programme: ClassProgramme
    setting: tt22.Setting
    enrolments: dict[int, Enrolment] = field(default_factory=dict)
    marks: dict[int, dict[tuple[str, str], SubjectMarks]] = field(default_factory=dict)  # (subject, moment)
    records: dict[int, YearRecord] = field(default_factory=dict)

    def row(self, enrolment_id: int, code: str, moment: str) -> SubjectMarks | None:
        return self.marks.get(enrolment_id, {}).get((code, moment))


def read_year(school_class: SchoolClass) -> ClassYear:
    """The rows of one class. Five queries (more only where a unit has changed a setting)."""
    found = {e.pk: e for e in school_class.enrolments.select_related("pupil", "programme")}
    own = [(school_class.pk, e.programme) for e in found.values() if hasattr(e, "programme")]
    programme = class_programme.of_classes([school_class], own)[school_class.pk]
    year = ClassYear(programme, rules_of(school_class.school), found)
    for row in SubjectMarks.objects.filter(enrolment__school_class=school_class):
        year.marks.setdefault(row.enrolment_id, {})[row.subject_code, row.moment] = row
    for record in YearRecord.objects.filter(enrolment__school_class=school_class):
        year.records[record.enrolment_id] = record
    return year


_REGULAR = attrgetter(*REGULAR_COLUMNS)


def term_marks(row: SubjectMarks | None, kept: int = 0) -> tt22.TermMarks | None:
    """A stored row for the rules. ``kept``: regular columns of the class's book (0: as counted)."""
    if row is None:
        return None
    return tt22.TermMarks(_REGULAR(row), row.gk, row.ck, columns=kept or None)


def kept_of(rows: Iterable[SubjectMarks], subject: tt22.SecondarySubject) -> int:
    """Regular columns that the class's book keeps, where they are fewer than counted; 0 = as counted.

    As ``tt22.kept_columns`` says, without taking every row of the class for a pupil's marks first.
    """
    kept = max((n for row in rows for n, text in enumerate(_REGULAR(row), 1) if text), default=0)
    return kept if 0 < kept < subject.regular_count else 0


def subject_year(
    subject: tt22.SecondarySubject,
    one: SubjectMarks | None,
    two: SubjectMarks | None,
    summer: SubjectMarks | None,
    kept: Mapping[str, int],
) -> tt22.SubjectYear:
    """One pupil's year in one subject, from up to three rows."""
    reasons = [row.exempt_reason for row in (one, two) if row is not None and row.exempt_reason]
    return tt22.SubjectYear(
        subject,
        term_marks(one, kept.get(TERMS[0], 0)),
        term_marks(two, kept.get(TERMS[1], 0)),
        retest=summer.retest if summer else "",
        exempt=reasons[-1] if reasons else "",
        carried_term1=one.carried if one else "",
        decided=two.decided if two else "",
        decided_reason=two.decided_reason if two else "",
    )


def year_input(year: ClassYear, enrolment_id: int, *, summer_done: bool = False) -> tt22.YearInput:
    """What the circular is asked about one pupil. No query."""
    return _Inputs(year).of(enrolment_id, summer_done)


class _Inputs:
    """Inputs of several pupils of one class: what the class's books keep is counted once."""

    def __init__(self, year: ClassYear) -> None:
        self.year = year
        self._kept: dict[str, dict[str, int]] = {}

    def kept(self, subject: tt22.SecondarySubject) -> dict[str, int]:
        if subject.code not in self._kept:
            self._kept[subject.code] = {
                term: kept_of(
                    (row for pk in self.year.marks if (row := self.year.row(pk, subject.code, term))), subject
                )
                for term in TERMS
            }
        return self._kept[subject.code]

    def of(self, enrolment_id: int, summer_done: bool) -> tt22.YearInput:
        year, programme = self.year, self.year.programme
        subjects = []
        for subject in programme.subjects_of(enrolment_id):
            one, two = (year.row(enrolment_id, subject.code, term) for term in TERMS)
            summer = year.row(enrolment_id, subject.code, Moment.SUMMER.value)
            subjects.append(subject_year(subject, one, two, summer, self.kept(subject)))
        record = year.records.get(enrolment_id) or YearRecord(enrolment_id=enrolment_id)
        plan = programme.individual_plan(enrolment_id)
        return tt22.YearInput(
            programme.grade,
            tuple(subjects),
            _rating(record.conduct_1),
            _rating(record.conduct_2),
            _rating(record.conduct_summer),
            absences=_absences(record),
            individual_plan=plan,
            principal_decision=_decision(record) if plan else None,
            summer_done=summer_done,
        )


def _rating(text: str) -> tt22.Rating | None:
    return tt22.Rating(text) if text else None


def _absences(record: YearRecord) -> int | None:
    """Sessions with and without permission; unknown while one of the two is."""
    if record.absent_excused is None or record.absent_unexcused is None:
        return None
    return record.absent_excused + record.absent_unexcused


def _decision(record: YearRecord) -> tt22.PrincipalDecision | None:
    if record.promoted_by_principal is None:
        return None
    return tt22.PrincipalDecision(bool(record.promoted_by_principal), record.promotion_reason)


def outcomes_in(
    year: ClassYear,
    enrolment_ids: Collection[int] | None = None,
    *,
    summer_done: bool = False,
    allow_unknown_absences: bool = False,
) -> dict[int, tt22.YearOutcome]:
    """Outcomes of pupils of a class that was read before. No query."""
    inputs = _Inputs(year)
    wanted = (
        year.enrolments if enrolment_ids is None else [pk for pk in enrolment_ids if pk in year.enrolments]
    )
    return {
        pk: tt22.evaluate_year(
            inputs.of(pk, summer_done), year.setting, allow_unknown_absences=allow_unknown_absences
        )
        for pk in wanted
    }


def outcomes_of(
    school_class: SchoolClass,
    enrolment_ids: Collection[int] | None = None,
    *,
    summer_done: bool = False,
    allow_unknown_absences: bool = False,
) -> dict[int, tt22.YearOutcome]:
    """What the circular says of the year of a secondary class's pupils, by enrolment. Five queries.

    :param enrolment_ids: only these; None: every pupil of the class, those who left included.
    :param summer_done: what was not re-assessed by now stays as it is.
    """
    return outcomes_in(
        read_year(school_class),
        enrolment_ids,
        summer_done=summer_done,
        allow_unknown_absences=allow_unknown_absences,
    )
