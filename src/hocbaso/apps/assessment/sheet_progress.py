"""How far the pages of classes are, counted in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from hocbaso.apps.assessment import class_programme
from hocbaso.apps.assessment.models import (
    REGULAR_COLUMNS,
    Moment,
    SubjectMarks,
    SubjectResult,
    TraitResult,
    YearRecord,
)
from hocbaso.apps.assessment.parts import RECORD, TERMS, TRAITS, is_secondary
from hocbaso.apps.assessment.use_cases.check_entry import grade_programme
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation.programme import Moment as TestMoment


@dataclass(frozen=True, slots=True)
class Progress:
    """How many pupils of a class have everything that a page asks for."""

    done: int
    pupils: int

    @property
    def complete(self) -> bool:
        return self.done >= self.pupils > 0


def progress(classes: Sequence[SchoolClass], moment: str) -> dict[tuple[int, str], Progress]:
    """Progress of every page of the classes at a moment, by class and part; nothing for "he".

    Four queries for primary classes, five for secondary ones, however many classes. A class of the other
    circular has no pages at the moment.
    """
    found: dict[tuple[int, str], Progress] = {}
    if moment in TERMS:
        secondary = [c for c in classes if is_secondary(c.grade)]
        return _secondary(secondary, moment) if secondary else found
    primary = [c for c in classes if not is_secondary(c.grade)]
    return _primary(primary, moment) if primary and moment != Moment.SUMMER else found


def _primary(classes: Sequence[SchoolClass], moment: str) -> dict[tuple[int, str], Progress]:
    ids = [c.pk for c in classes]
    active = Q(enrolment__active=True, enrolment__school_class__in=ids)
    sizes = _counted(Enrolment.objects.filter(active=True, school_class__in=ids).values_list("school_class"))
    subjects = {
        (row["enrolment__school_class"], row["subject_code"]): row
        for row in SubjectResult.objects.filter(active, moment=moment)
        .values("enrolment__school_class", "subject_code")
        .annotate(
            level_only=Count("pk", filter=~Q(level="") | ~Q(exempt_reason="")),
            tested=Count("pk", filter=Q(score__isnull=False) & ~Q(level="") | ~Q(exempt_reason="")),
        )
    }
    traits = dict[int, dict[int, int]]()
    leveled = TraitResult.objects.filter(active, moment=moment).exclude(level="")
    for class_id, enrolment_id, count in leveled.values_list("enrolment__school_class", "enrolment").annotate(
        n=Count("pk")
    ):
        traits.setdefault(class_id, {})[enrolment_id] = count
    records = _counted(
        YearRecord.objects.filter(active, absent_excused__isnull=False, absent_unexcused__isnull=False)
        .exclude(homeroom_comment="")
        .values_list("enrolment__school_class")
    )
    found: dict[tuple[int, str], Progress] = {}
    for school_class in classes:
        programme = grade_programme(school_class.grade, school_class.school_year)
        size = sizes.get(school_class.pk, 0)
        for line in programme.lines:
            row = subjects.get((school_class.pk, line.code))
            tested = TestMoment(moment) in line.tests
            done = (row["tested"] if tested else row["level_only"]) if row else 0
            found[school_class.pk, line.code] = Progress(done, size)
        done = sum(n >= len(programme.traits) for n in traits.get(school_class.pk, {}).values())
        found[school_class.pk, TRAITS] = Progress(done, size)
        found[school_class.pk, RECORD] = Progress(records.get(school_class.pk, 0), size)
    return found


def _secondary(classes: Sequence[SchoolClass], moment: str) -> dict[tuple[int, str], Progress]:
    ids = [c.pk for c in classes]
    active = Q(enrolment__active=True, enrolment__school_class__in=ids)
    sizes = _counted(Enrolment.objects.filter(active=True, school_class__in=ids).values_list("school_class"))
    programmes = class_programme.of_classes(classes)
    counts = {f"with_{n}": Count("pk", filter=_whole(n)) for n in range(2, len(REGULAR_COLUMNS) + 1)}
    marks: dict[tuple[int, str], dict[str, Any]] = {
        (row["enrolment__school_class"], row["subject_code"]): dict(row)
        for row in SubjectMarks.objects.filter(active, moment=moment)
        .values("enrolment__school_class", "subject_code")
        .annotate(**counts)
    }
    records = _counted(
        YearRecord.objects.filter(active).filter(_RECORDED[moment]).values_list("enrolment__school_class")
    )
    found: dict[tuple[int, str], Progress] = {}
    for school_class in classes:
        own, size = programmes[school_class.pk], sizes.get(school_class.pk, 0)
        for subject in own.taught():
            row = marks.get((school_class.pk, subject.code))
            done = row[f"with_{subject.regular_count}"] if row else 0
            who = size if own.of_all(subject) else sum(own.studies(pk, subject.code) for pk in own.pupils)
            found[school_class.pk, subject.code] = Progress(done, who)
        found[school_class.pk, RECORD] = Progress(records.get(school_class.pk, 0), size)
    return found


_RECORDED = {
    Moment.TERM_ONE.value: ~Q(conduct_1=""),
    Moment.TERM_TWO.value: ~Q(conduct_2="")
    & Q(absent_excused__isnull=False, absent_unexcused__isnull=False)
    & ~Q(homeroom_comment=""),
}


def _whole(regular: int) -> Q:
    """Rows that lack nothing when so many regular marks are demanded."""
    full = ~Q(gk="") & ~Q(ck="")
    for name in REGULAR_COLUMNS[:regular]:
        full &= ~Q(**{name: ""})
    return full | ~Q(exempt_reason="") | ~Q(carried="")


def _counted(rows: Any) -> Mapping[int, int]:
    return dict(rows.order_by().annotate(n=Count("pk")))
