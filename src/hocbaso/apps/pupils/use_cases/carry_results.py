"""Results of the school that a pupil came from (domain A4): carried beside the own ones, never mixed in.

They go through the one door for marks with ``Door.TRANSFER``, so that locks and history hold for them too.
What the old school assessed and this school's programme does not know is listed with the arrival.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.entries import Door, Entry, Saved, Sort
from hocbaso.apps.assessment.models import Moment, SubjectMarks, SubjectResult
from hocbaso.apps.assessment.use_cases.record_results import record
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.class_subjects import continuing, subjects_of_class
from hocbaso.apps.pupils.models import Arrival, ArrivalTerm, Enrolment, SchoolClass
from hocbaso.apps.pupils.use_cases.decisions import REASON_LIMIT
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation import tt22, tt27
from hocbaso.core.regulation.programme import PRIMARY_GRADES
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.core.vietnamese.reading import Reading
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "carry_no_arrival": (
            "{name} không phải học sinh chuyển đến trong năm học này.",
            "{name} did not arrive in the course of this year.",
        ),
        "carry_moment": (
            "Kết quả của trường cũ chỉ ghi cho thời điểm trước khi học sinh đến.",
            "Only results of the time before the arrival are carried.",
        ),
        "carry_subject": ("Lớp này không học môn {subject}.", "The class does not study {subject}."),
        "carry_confirm": ("{message} Thầy cô ghi lại cho rõ.", "{message}"),
        "single_term_reason": (
            "Cần ghi lý do chỉ đánh giá được một học kỳ.",
            "Say why one semester alone is assessed.",
        ),
        "single_term_carried": (
            "Đã có kết quả học kỳ I của trường cũ cho {count} môn nên không cần quyết định này.",
            "{count} subjects have carried results.",
        ),
    }
)

_PRIMARY_BEFORE = {
    ArrivalTerm.ONE: (Moment.MID_ONE,),
    ArrivalTerm.TWO: (Moment.MID_ONE, Moment.END_ONE, Moment.MID_TWO),
    ArrivalTerm.SUMMER: (Moment.MID_ONE, Moment.END_ONE, Moment.MID_TWO, Moment.YEAR_END),
}
_SECONDARY_BEFORE = {
    ArrivalTerm.ONE: (),
    ArrivalTerm.TWO: (Moment.TERM_ONE,),
    ArrivalTerm.SUMMER: (Moment.TERM_ONE, Moment.TERM_TWO),
}
_PRIMARY_FIELDS = ("level", "score", "comment")
CONDUCT = "ren-luyen"  # key of conduct among the values of a secondary semester


@dataclass(slots=True)
class Carried:
    """What became of the values; with problems nothing was written."""

    written: int = 0
    problems: dict[str, str] = field(default_factory=dict)  # subject (or "subject:field") → sentence
    missing: tuple[str, ...] = ()  # names of subjects without a carried result
    unmatched: tuple[tuple[str, str], ...] = ()  # what cannot be compared


def arrival_of(enrolment: Enrolment) -> Arrival:
    """:raises DomainError: ``carry_no_arrival``"""
    found = Arrival.objects.filter(enrolment=enrolment).first()
    if found is None:
        raise DomainError("carry_no_arrival", name=enrolment.pupil.full_name)
    return found


def moments_before(school_class: SchoolClass, arrival: Arrival) -> tuple[Moment, ...]:
    """The moments whose results the old school gave."""
    table = _PRIMARY_BEFORE if school_class.grade in PRIMARY_GRADES else _SECONDARY_BEFORE
    return table[ArrivalTerm(arrival.term)]


def carry_results(
    actor: Actor,
    *,
    enrolment: Enrolment,
    moment: str,
    values: Mapping[str, str | Mapping[str, str]],
    unmatched: Sequence[tuple[str, str]] = (),
) -> Carried:
    """Write one moment's results of the old school. All or nothing.

    :param values: secondary: subject code → average or level as typed, and :data:`CONDUCT`; primary: subject
        code → ``{"level", "score", "comment"}`` as typed. An empty text takes a value away.
    :param unmatched: subjects of the old school that the programme does not know, with their results.
    :raises NotAllowed: policy ``pupils.receive`` (and what the door for marks asks)
    :raises DomainError: ``carry_no_arrival``, ``carry_moment``
    """
    school_class = enrolment.school_class
    require(actor, "pupils.receive", school_class.school)
    arrival = arrival_of(enrolment)
    if moment not in moments_before(school_class, arrival):
        raise DomainError("carry_moment")
    if school_class.grade in PRIMARY_GRADES:
        entries, problems = _primary(enrolment, moment, values)
    else:
        entries, problems = _secondary(enrolment, moment, values, arrival.source_school)
    result = Carried(problems=problems)
    if problems:
        return result
    there = carried_values(enrolment, moment)
    entries = [e for e in entries if e.sort is Sort.RECORD or e.code in there or _says_something(e)]
    with transaction.atomic():
        answers = record(actor, entries, door=Door.TRANSFER, source=f"transfer:{arrival.pk}")
        for answer in answers:
            if answer.state not in (Saved.SAVED, Saved.SAME):
                result.problems[answer.entry.code or CONDUCT] = answer.message
        if result.problems:
            transaction.set_rollback(True)
            return result
        result.written = sum(answer.state is Saved.SAVED for answer in answers)
        _keep_unmatched(actor, arrival, enrolment, moment, unmatched, result.written)
    result.missing = missing_carried(enrolment, moment)
    result.unmatched = tuple((line["name"], line["value"]) for line in arrival.unmatched)
    return result


def _says_something(entry: Entry) -> bool:
    return any(value not in ("", None) for value in entry.values.values())


def _secondary(
    enrolment: Enrolment, moment: str, values: Mapping[str, Any], school: str
) -> tuple[list[Entry], dict[str, str]]:
    school_class = enrolment.school_class
    year = SchoolYear.parse(school_class.school_year)
    table = tt22.secondary_grade(school_class.grade, year, continuing=continuing(school_class))
    subjects = {subject.code: subject for subject in table.subjects}
    entries: list[Entry] = []
    problems: dict[str, str] = {}
    for code, raw in values.items():
        text = collapse(nfc(str(raw)))
        if code == CONDUCT:
            rating = tt22.read_rating(text)
            if _readable(rating, code, problems):
                value = rating.value.value if rating.value else ""
                fields = {"conduct_1" if moment == Moment.TERM_ONE else "conduct_2": value}
                entries.append(Entry(enrolment.pk, Sort.RECORD, fields, moment=moment))
            continue
        if code not in subjects:
            problems[code] = sentence("carry_subject", subject=code)
            continue
        mark = tt22.read_mark(text, subjects[code].form)
        if _readable(mark, code, problems):
            fields = {"carried": mark.value or "", "carried_school": school if mark.value else ""}
            entries.append(Entry(enrolment.pk, Sort.MARKS, fields, code=code, moment=moment))
    return entries, problems


def _primary(
    enrolment: Enrolment, moment: str, values: Mapping[str, Any]
) -> tuple[list[Entry], dict[str, str]]:
    known = {subject.code for subject in subjects_of_class(enrolment.school_class)}
    entries: list[Entry] = []
    problems: dict[str, str] = {}
    for code, raw in values.items():
        if code not in known:
            problems[code] = sentence("carry_subject", subject=code)
            continue
        given = {name: collapse(nfc(str(raw.get(name, "")))) for name in _PRIMARY_FIELDS}
        level = tt27.read_subject_level(given["level"])
        score = tt27.read_test_score(given["score"])
        fine = _readable(level, code, problems)
        if _readable(score, f"{code}:score", problems) and fine:
            fields = {
                "level": level.value.value if level.value else "",
                "score": score.value,
                "comment": given["comment"],
            }
            entries.append(Entry(enrolment.pk, Sort.SUBJECT, fields, code=code, moment=moment))
    return entries, problems


def _readable(reading: Reading[Any], key: str, problems: dict[str, str]) -> bool:
    if reading.exact or reading.empty:
        return True
    message = reading.message or ""
    problems[key] = message if reading.refused else sentence("carry_confirm", message=message)
    return False


def _keep_unmatched(
    actor: Actor,
    arrival: Arrival,
    enrolment: Enrolment,
    moment: str,
    unmatched: Sequence[tuple[str, str]],
    written: int,
) -> None:
    lines = [
        {"name": name, "value": collapse(nfc(value))[:40]}
        for raw, value in unmatched
        if (name := collapse(nfc(raw))[:80])
    ]
    if lines != arrival.unmatched:
        arrival.unmatched = lines
        arrival.save(update_fields=["unmatched"])
    elif not written:
        return
    chain.record(
        actor,
        "pupils.carry_results",
        enrolment.pupil.code,
        organisation=enrolment.school_class.school.code,
        year=enrolment.school_class.school_year,
        moment=moment,
        school=arrival.source_school,
        written=written,
        unmatched=len(lines),
    )


def carried_values(enrolment: Enrolment, moment: str) -> dict[str, Any]:
    """What is carried for one moment: subject code → stored row. One query."""
    if enrolment.school_class.grade in PRIMARY_GRADES:
        results = SubjectResult.objects.filter(enrolment=enrolment, moment=moment)
        return {row.subject_code: row for row in results}
    marks = SubjectMarks.objects.filter(enrolment=enrolment, moment=moment).exclude(carried="")
    return {row.subject_code: row for row in marks}


def missing_carried(enrolment: Enrolment, moment: str) -> tuple[str, ...]:
    """Names of the grade's compulsory subjects without a result of the old school. One query."""
    there = carried_values(enrolment, moment)
    subjects = subjects_of_class(enrolment.school_class)
    return tuple(s.name for s in subjects if s.compulsory and s.code not in there)


@transaction.atomic
def decide_single_term(actor: Actor, *, enrolment: Enrolment, reason: str) -> Arrival:
    """Only the semester at this school can be assessed: the people's decision, with its reason (A4).

    The year's results of the subjects are then decided one by one through the door for marks
    (``Door.OFFICE``: ``decided``, ``decided_reason``).

    :raises NotAllowed: policy ``pupils.single_term``
    :raises DomainError: ``single_term_*``, ``carry_no_arrival``
    """
    school_class = enrolment.school_class
    require(actor, "pupils.single_term", school_class)
    arrival = arrival_of(enrolment)
    reason = collapse(nfc(reason))[:REASON_LIMIT]
    if not reason:
        raise DomainError("single_term_reason")
    carried = SubjectMarks.objects.filter(enrolment=enrolment, moment=Moment.TERM_ONE).exclude(carried="")
    if count := carried.count():
        raise DomainError("single_term_carried", count=count)
    arrival.single_term_reason = reason
    arrival.single_term_by, arrival.single_term_at = actor.label, clock.now()
    arrival.save(update_fields=["single_term_reason", "single_term_by", "single_term_at"])
    chain.record(
        actor,
        "pupils.single_term",
        enrolment.pupil.code,
        organisation=school_class.school.code,
        year=school_class.school_year,
        reason=reason,
    )
    return arrival
