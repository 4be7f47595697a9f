"""Who must be re-assessed in summer, and in what (TT 27/2020 Điều 11; TT 22/2021 Điều 13 and 14)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hocbaso.apps.assessment.models import Moment, SubjectMarks, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.year_outcomes import outcomes_of
from hocbaso.apps.assessment.year_rows import programme_of, verdicts_of
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import register, sentence
from hocbaso.core.regulation import tt22

register(
    {
        "summer_undetermined": (
            "Chưa xét được kết quả cả năm của học sinh nên chưa ghi kết quả đánh giá lại.",
            "The year is not determined yet; no re-assessment.",
        ),
        "summer_not_needed": (
            "Học sinh không phải đánh giá lại nội dung này.",
            "The pupil need not be re-assessed in this.",
        ),
        "summer_no_training": (
            "Học sinh không phải rèn luyện trong hè: kết quả rèn luyện cả năm không phải là Chưa đạt, hoặc "
            "đã nghỉ học quá {most} buổi.",
            "No training in summer is due.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Needs:
    """What one pupil's summer holds."""

    determined: bool
    items: tuple[str, ...] = ()  # codes of subjects and (primary) traits
    names: tuple[str, ...] = ()
    conduct: bool = False

    @property
    def any(self) -> bool:
        return bool(self.items) or self.conduct


def needs_of(school_class: SchoolClass, enrolment_ids: Collection[int]) -> dict[int, Needs]:
    """What each pupil must be re-assessed in. Five queries."""
    if is_secondary(school_class.grade):
        found = outcomes_of(school_class, enrolment_ids)
        return {pk: _secondary(outcome) for pk, outcome in found.items()}
    verdicts = verdicts_of(school_class, list(enrolment_ids), before_summer=True)
    table = programme_of(school_class).grade(school_class.grade)
    needs = {}
    for pk, verdict in verdicts.items():
        decision = verdict.decision
        if decision is None or decision.completed is None:
            needs[pk] = Needs(False)
            continue
        codes = () if decision.completed else decision.blocking
        names = tuple(
            table.trait(c).name if c.startswith(("pc-", "nl-")) else table.line(c).short_name for c in codes
        )
        needs[pk] = Needs(True, codes, names)
    return needs


def _secondary(outcome: tt22.YearOutcome) -> Needs:
    conduct = outcome.conduct_year
    trains = conduct is not None and conduct.rating is tt22.Rating.FAIL
    names = tuple(outcome.subject(code).subject.short_name for code in outcome.retests)
    return Needs(
        not outcome.missing,
        outcome.retests,
        names,
        trains and (outcome.absences or 0) <= tt22.MOST_ABSENCES,
    )


def refusal(needs: Needs | None, *, conduct: bool, code: str) -> str:
    """Why a summer result is not taken; empty when it is."""
    if needs is None or not needs.determined:
        return sentence("summer_undetermined")
    if conduct:
        return "" if needs.conduct else sentence("summer_no_training", most=tt22.MOST_ABSENCES)
    return "" if code in needs.items else sentence("summer_not_needed")


@dataclass(frozen=True, slots=True)
class SummerLine:
    """One pupil of the summer list, with what is done already."""

    enrolment: Enrolment
    needs: Needs
    done: tuple[str, ...]  # codes with a result at "he"; "conduct" for the training

    @property
    def open(self) -> bool:
        wanted = {*self.needs.items, *(("conduct",) if self.needs.conduct else ())}
        return bool(wanted - set(self.done))


def summer_list(
    school: Organisation, year: str, classes: Sequence[SchoolClass] | None = None
) -> list[SummerLine]:
    """Everybody who must be re-assessed, in class order. At most seven queries a class, three for all.

    :param classes: only these classes of the school.
    """
    wanted = classes
    if wanted is None:
        wanted = list(SchoolClass.objects.filter(school=school, school_year=year).select_related("school"))
    lines = []
    done = _done([c.pk for c in wanted])
    for school_class in wanted:
        pupils = list(school_class.enrolments.filter(active=True).select_related("pupil", "school_class"))
        needs = needs_of(school_class, [e.pk for e in pupils])
        lines += [
            SummerLine(e, needs[e.pk], tuple(sorted(done.get(e.pk, ()))))
            for e in pupils
            if e.pk in needs and needs[e.pk].any
        ]
    return lines


def _done(class_ids: list[int]) -> dict[int, set[str]]:
    """Codes with a result of the summer, by enrolment. Four queries."""
    found: dict[int, set[str]] = {}
    of_summer = {"enrolment__school_class__in": class_ids, "moment": Moment.SUMMER}
    rows = [
        *SubjectResult.objects.filter(**of_summer).exclude(level="").values_list("enrolment", "subject_code"),
        *TraitResult.objects.filter(**of_summer).exclude(level="").values_list("enrolment", "trait_code"),
        *SubjectMarks.objects.filter(**of_summer).exclude(retest="").values_list("enrolment", "subject_code"),
    ]
    trained = YearRecord.objects.filter(enrolment__school_class__in=class_ids).exclude(conduct_summer="")
    rows += [(pk, "conduct") for pk in trained.values_list("enrolment", flat=True)]
    for pk, code in rows:
        found.setdefault(pk, set()).add(code)
    return found
