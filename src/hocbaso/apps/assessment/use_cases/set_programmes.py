"""What pupils study: electives, topics, optional subjects, an individual plan, exemptions.

Whole programmes are the principal's decision (the clerk may enter it); every change stands in the pupils'
history of results and in the audit chain.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.class_programme import ClassProgramme, of_class
from hocbaso.apps.assessment.entries import Door, Entry, Sort
from hocbaso.apps.assessment.models import Moment, PupilProgramme, ResultChange, SubjectMarks
from hocbaso.apps.assessment.parts import PRIMARY_MOMENTS, TERMS, is_secondary
from hocbaso.apps.assessment.stored_rows import closed_years
from hocbaso.apps.assessment.use_cases.check_entry import grade_programme
from hocbaso.apps.assessment.use_cases.record_results import Answer, Saved, record
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.secondary import check_electives, pupil_subjects

register(
    {
        "programme_secondary_only": (
            "Chỉ lớp 6 đến lớp 12 có môn học lựa chọn và tự chọn của từng học sinh.",
            "Only grades 6 to 12 have pupils' own choices.",
        ),
        "programme_other_class": (
            "Các học sinh được chọn không cùng một lớp.",
            "The pupils are not of one class.",
        ),
        "programme_closed": (
            "Học bạ năm học của {name} đã chốt nên không đổi chương trình được nữa.",
            "The year of {name} is frozen.",
        ),
        "programme_has_marks": (
            "{name} đã có điểm môn {subject}; thầy cô xử lý điểm đó trước khi bỏ môn.",
            "{name} has marks in {subject}.",
        ),
        "programme_reason": ("Thầy cô ghi rõ lý do.", "A reason is needed."),
        "programme_decision": (
            "Thầy cô ghi số quyết định hoặc văn bản làm căn cứ.",
            "The decision's number is needed.",
        ),
        "programme_text": (
            "Nội dung dài {length} ký tự, chỉ được nhiều nhất {limit} ký tự.",
            "{length} characters, at most {limit}.",
        ),
    }
)

_REASON, _NOTE, _DECISION = 200, 300, 120
SOURCE = "office"


def plain(text: str, limit: int) -> str:
    """A line of text without stray spaces.

    :raises DomainError: ``programme_text``.
    """
    text = " ".join(text.split())
    if len(text) > limit:
        raise DomainError("programme_text", length=len(text), limit=limit)
    return text


@transaction.atomic
def set_electives(
    actor: Actor,
    *,
    enrolments: Sequence[Enrolment],
    electives: Collection[str] = (),
    topics: Collection[str] = (),
    optional: Collection[str] = (),
    decision: str = "",
) -> int:
    """Record what pupils of one class have chosen; the same choice for each of them.

    :param electives: codes of the subjects chosen (grades 10–12: four); ``topics``: subjects with a topic
        cluster (three); ``optional``: minority language, second foreign language.
    :returns: how many pupils' choices changed.
    :raises NotAllowed: neither principal nor clerk of the school.
    :raises DomainError: ``electives.*``, ``topics.*``, ``programme.*`` of the rules; ``programme_closed``,
        ``programme_has_marks``: a subject that would be dropped has marks.
    """
    school_class = _one_class(enrolments)
    require(actor, "assessment.programmes", school_class.school)
    if not is_secondary(school_class.grade):
        raise DomainError("programme_secondary_only")
    programme = of_class(school_class)
    for problem in check_electives(programme.grade, electives, topics) if electives or topics else ():
        raise DomainError(problem)
    pupil_subjects(programme.grade, electives=electives, optional=optional)
    order = [s.code for s in programme.grade.subjects]
    values = {
        "electives": sorted(electives, key=order.index),
        "topics": sorted(topics, key=order.index),
        "optional": sorted(optional, key=order.index),
        "decision": plain(decision, _DECISION),
    }
    _refuse_lost_marks(programme, enrolments, {*electives, *optional})
    return _save(actor, school_class, enrolments, values, "assessment.set_electives")


def _one_class(enrolments: Sequence[Enrolment]) -> SchoolClass:
    classes = {e.school_class_id: e.school_class for e in enrolments}
    if len(classes) != 1:
        raise DomainError("programme_other_class")
    return next(iter(classes.values()))


def _refuse_lost_marks(
    programme: ClassProgramme, enrolments: Sequence[Enrolment], chosen: Collection[str]
) -> None:
    """Marks of a subject that the pupil would no longer study must not vanish from the sheet in silence."""
    rows = SubjectMarks.objects.filter(enrolment__in=[e.pk for e in enrolments]).select_related(
        "enrolment__pupil"
    )
    for row in rows.exclude(subject_code__in=list(chosen)):
        code = row.subject_code
        if programme.grade.has(code) and not programme.of_all(programme.grade.subject(code)):
            name = row.enrolment.pupil.full_name
            subject = programme.grade.subject(code).short_name
            raise DomainError("programme_has_marks", name=name, subject=subject)


@transaction.atomic
def set_individual_plan(
    actor: Actor, *, enrolment: Enrolment, individual_plan: bool, note: str, decision: str
) -> PupilProgramme:
    """Record that a pupil is assessed by an individual plan (TT 27 Điều 8; TT 22 Điều 11), or no longer.

    :raises NotAllowed: neither principal nor clerk of the school.
    :raises DomainError: ``programme_reason``, ``programme_decision``, ``programme_closed``.
    """
    school_class = enrolment.school_class
    require(actor, "assessment.programmes", school_class.school)
    values = {
        "individual_plan": individual_plan,
        "plan_note": plain(note, _NOTE),
        "decision": plain(decision, _DECISION),
    }
    if not values["plan_note"]:
        raise DomainError("programme_reason")
    if not values["decision"]:
        raise DomainError("programme_decision")
    _save(actor, school_class, [enrolment], values, "assessment.set_individual_plan")
    return PupilProgramme.objects.get(enrolment=enrolment)


def _save(
    actor: Actor,
    school_class: SchoolClass,
    enrolments: Sequence[Enrolment],
    values: Mapping[str, Any],
    action: str,
) -> int:
    """Write programmes with their history and one audit event; how many changed."""
    closed = closed_years([e.pk for e in enrolments])
    now = clock.now()
    stored = {p.enrolment_id: p for p in PupilProgramme.objects.filter(enrolment__in=enrolments)}
    lines: list[ResultChange] = []
    changed = 0
    for enrolment in enrolments:
        row = stored.get(enrolment.pk) or PupilProgramme(enrolment=enrolment)
        new = {name: value for name, value in values.items() if getattr(row, name) != value}
        if not new:
            continue
        if enrolment.pk in closed:
            raise DomainError("programme_closed", name=enrolment.pupil.full_name)
        changed += 1
        for name, value in new.items():
            lines.append(_line(actor, enrolment, name, getattr(row, name), value))
            setattr(row, name, value)
        row.updated_at, row.updated_by = now, actor.label
        row.save()
    ResultChange.objects.bulk_create(lines)
    if changed:
        audit(
            actor,
            action,
            f"class:{school_class.school_year}:{school_class.name}",
            organisation=school_class.school.code,
            pupils=changed,
            **{name: value for name, value in values.items() if name != "plan_note"},
        )
    return changed


def _line(actor: Actor, enrolment: Enrolment, name: str, old: Any, new: Any) -> ResultChange:
    return ResultChange(
        enrolment=enrolment,
        moment=Moment.YEAR_END,
        field=f"programme:{name}",
        old=_text(old),
        new=_text(new),
        at=clock.now(),
        by=actor.label,
        source=SOURCE,
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "x" if value else "không"
    return ", ".join(value) if isinstance(value, list) else str(value)


@transaction.atomic
def exempt_pupil(
    actor: Actor, *, enrolment: Enrolment, subject_code: str, reason: str, decision: str
) -> list[Answer]:
    """Exempt a pupil from a subject for the year, or (empty reason) take an exemption back.

    The gradebook and the sheet show "Miễn" with the reason and the decision. Marks that stand stay in the
    book and are not counted. A part of the year that is closed stays as it is: the last moment decides.

    :raises NotAllowed: neither principal nor clerk of the school.
    :raises DomainError: ``programme_decision``, ``programme.subject``; ``results_locked`` in the words of the
        lock that is in the way.
    """
    school_class = enrolment.school_class
    require(actor, "assessment.programmes", school_class.school)
    reason, decision = plain(reason, _REASON), plain(decision, _DECISION)
    if not decision:
        raise DomainError("programme_decision")
    text = plain(f"{reason} ({decision})", _REASON) if reason else ""
    if is_secondary(school_class.grade):
        sort, moments = Sort.MARKS, tuple(TERMS)
    else:
        grade_programme(school_class.grade, school_class.school_year).line(subject_code)
        sort, moments = Sort.SUBJECT, tuple(m.value for m in PRIMARY_MOMENTS[:-1])
    entries = [Entry(enrolment.pk, sort, {"exempt_reason": text}, subject_code, m) for m in moments]
    answers = record(actor, entries, door=Door.OFFICE, source=SOURCE)
    last = answers[-1]
    refused = [a for a in answers if a.state is Saved.REFUSED]
    if refused or last.state not in (Saved.SAVED, Saved.SAME):
        raise NotWritten((refused or [last])[0].message)
    audit(
        actor,
        "assessment.exempt" if reason else "assessment.exempt_ended",
        enrolment.pupil.code,
        organisation=school_class.school.code,
        subject=subject_code,
        decision=decision,
        year=school_class.school_year,
    )
    return answers


@transaction.atomic
def decide_result(
    actor: Actor, *, enrolment: Enrolment, subject_code: str, value: str, reason: str
) -> Answer:
    """The principal decides a subject's year result where only one semester could be assessed (domain A4).

    :param value: canonical text of the subject's form ("6.5", "Đ"); empty takes the decision back.
    :raises NotAllowed: neither principal nor clerk of the school.
    :raises DomainError: ``programme_reason``; the door's own words.
    """
    school_class = enrolment.school_class
    require(actor, "assessment.programmes", school_class.school)
    reason = plain(reason, _REASON)
    if value and not reason:
        raise DomainError("programme_reason")
    values = {"decided": value, "decided_reason": reason if value else ""}
    entry = Entry(enrolment.pk, Sort.MARKS, values, subject_code, Moment.TERM_TWO.value)
    answer = record(actor, [entry], door=Door.OFFICE, source=SOURCE)[0]
    if answer.state not in (Saved.SAVED, Saved.SAME):
        raise NotWritten(answer.message)
    audit(
        actor,
        "assessment.decide_result",
        enrolment.pupil.code,
        organisation=school_class.school.code,
        subject=subject_code,
        year=school_class.school_year,
    )
    return answer


register({"results_not_written": ("Chưa ghi được vào sổ: {why}", "The book did not take it: {why}")})


class NotWritten(DomainError):
    """The one door refused; its own sentence is the message."""

    def __init__(self, why: str) -> None:
        super().__init__("results_not_written", why=why)
