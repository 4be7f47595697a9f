"""Close a class: say exactly what is missing for whom, freeze the rest (experience.md: "Chốt lớp").

Pupils who have not completed wait for the summer unless the principal decides to close as is. Running again
freezes what has become ready and touches nothing that is frozen already.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.models import Moment, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.queries import YearVerdict, year_verdict
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.pupils.models import IdentityState, SchoolClass
from hocbaso.apps.transcripts.models import IssuedSheet, SheetState, YearSheet
from hocbaso.apps.transcripts.use_cases import build_sheet as build
from hocbaso.core.document import model
from hocbaso.core.document.codes import new_code
from hocbaso.core.document.emit import digest, emit
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation.programme import Programme, programme_for
from hocbaso.core.regulation.rule_sets import RuleSet, rule_set_for
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.rendering import require_printable_sheet

register(
    {
        "missing_results": ("Còn thiếu: {what}.", "Missing: {what}."),
        "summer_pending": (
            "Chưa hoàn thành chương trình lớp học, chờ đánh giá bổ sung trong hè ({what}).",
            "Has not completed the grade; waits for the summer re-assessment.",
        ),
        "no_homeroom_teacher": (
            "Lớp {name} chưa có giáo viên chủ nhiệm được phân công.",
            "Class {name} has no homeroom teacher.",
        ),
        "no_principal": ("Trường chưa có hiệu trưởng được phân công.", "The school has no principal."),
        "identity_not_verified": (
            "Danh tính chưa được xác thực với CSDL quốc gia về dân cư ({state}).",
            "The identity is not verified ({state}).",
        ),
        "absences_not_recorded": ("Chưa ghi số ngày nghỉ.", "Days of absence are not recorded."),
        "photo_missing": ("Chưa có ảnh 3×4.", "The portrait is missing."),
        "not_a_primary_class": (
            "Lớp {name} không thuộc cấp tiểu học; phiên bản này mới chốt được học bạ tiểu học.",
            "Class {name} is not a primary class.",
        ),
    }
)

TEMPLATE = "tieu-hoc-1"
CLOSED_AS_IS = "Hiệu trưởng quyết định chốt kết quả, không chờ đánh giá bổ sung trong hè"


@dataclass(frozen=True, slots=True)
class Blocked:
    """One pupil who cannot be closed yet, and exactly why."""

    pupil: str
    name: str
    class_name: str
    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        return {"pupil": self.pupil, "class": self.class_name, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Ready:
    """A pupil whose sheet can be frozen."""

    rows: build.PupilRows
    verdict: YearVerdict
    remarks: tuple[str, ...]


@dataclass(slots=True)
class CloseResult:
    """What closing did, or (``preview``) what it would do."""

    closed: int = 0
    already: int = 0
    blocked: list[Blocked] = field(default_factory=list)
    warnings: list[Blocked] = field(default_factory=list)
    ready: list[Ready] = field(default_factory=list)  # of a preview: who would be closed, in class order


@dataclass(frozen=True, slots=True)
class _Rules:
    programme: Programme
    rule_set: RuleSet
    identity_gate: str
    photo_gate: str


def _rules(school_class: SchoolClass) -> _Rules:
    year = SchoolYear.parse(school_class.school_year)
    if not 1 <= school_class.grade <= 5:
        raise DomainError("not_a_primary_class", name=school_class.name)
    return _Rules(
        programme_for(school_class.grade, year),
        rule_set_for(model.SchoolLevel.PRIMARY, year, grade=school_class.grade),
        units.setting(school_class.school, "identity_gate"),
        units.setting(school_class.school, "photo_gate"),
    )


def preview(actor: Actor, *, school_class: SchoolClass, include_incomplete: bool = False) -> CloseResult:
    """The check page: what would be closed and what blocks whom. Writes nothing."""
    require(actor, "transcripts.view_class", school_class)
    rules = _rules(school_class)
    people = build.responsible_people(school_class)
    result = CloseResult()
    for rows in _open_rows(school_class, result):
        ready = _examine(rows, school_class, rules, people, include_incomplete, result)
        if ready is not None:
            result.ready.append(ready)
    result.closed = len(result.ready)
    return result


def close_class(actor: Actor, *, school_class: SchoolClass, include_incomplete: bool = False) -> CloseResult:
    """Freeze the year sheets of every pupil of the class who is ready.

    :param include_incomplete: the principal closes those who have not completed as they are.
    :raises NotAllowed: not the class's homeroom teacher or the principal.
    :raises DomainError: ``not_a_primary_class``.
    """
    require(actor, "transcripts.close", school_class)
    if include_incomplete:
        require(actor, "transcripts.close_incomplete", school_class.school)
    rules = _rules(school_class)
    people = build.responsible_people(school_class)
    context = _context(school_class, rules, people)
    with transaction.atomic():
        _hold(school_class)
        result = CloseResult()
        frozen = []
        open_rows = _open_rows(school_class, result)
        issued = _newest_issued(open_rows)
        for rows in open_rows:
            ready = _examine(rows, school_class, rules, people, include_incomplete, result)
            if ready is None:
                continue
            try:
                frozen.append(_freeze(actor, context, ready, rules, issued.get(rows.enrolment.pk)))
            except DomainError as error:
                result.blocked.append(_blocked(rows, school_class, error.code, error.message))
        result.closed = len(frozen)
        if frozen:
            YearSheet.objects.bulk_create(frozen)
            _lock(frozen)
            record(
                actor,
                "transcripts.closed",
                f"class:{school_class.name}",
                organisation=school_class.school.code,
                year=school_class.school_year,
                sheets=[sheet.digest for sheet in frozen],
                include_incomplete=include_incomplete,
            )
    return result


def _context(
    school_class: SchoolClass, rules: _Rules, people: dict[SignerRole, model.ResponsiblePerson]
) -> build.ClassContext:
    school = build.school_snapshot(school_class.school)
    return build.ClassContext(
        school_class=school_class,
        school=school,
        programme=rules.programme.grade(school_class.grade),
        teachers=build.subject_teachers(school_class),
        responsible=tuple(people[r] for r in (SignerRole.HOMEROOM, SignerRole.PRINCIPAL) if r in people),
        place=school.commune,
    )


def _open_rows(school_class: SchoolClass, result: CloseResult) -> list[build.PupilRows]:
    """Rows of pupils who have no live sheet yet."""
    live = set(
        YearSheet.objects.filter(school_class=school_class)
        .exclude(state=SheetState.VOIDED)
        .values_list("enrolment_id", flat=True)
    )
    rows = build.rows_of_class(school_class)
    result.already = sum(r.enrolment.pk in live for r in rows)
    return [r for r in rows if r.enrolment.pk not in live]


def _blocked(rows: build.PupilRows, school_class: SchoolClass, code: str, message: str) -> Blocked:
    pupil = rows.enrolment.pupil
    return Blocked(pupil.code, pupil.full_name, school_class.name, code, message)


def _examine(
    rows: build.PupilRows,
    school_class: SchoolClass,
    rules: _Rules,
    people: dict[SignerRole, model.ResponsiblePerson],
    include_incomplete: bool,
    result: CloseResult,
) -> Ready | None:
    """All findings of one pupil into ``result``; Ready when nothing blocks."""
    reasons: list[tuple[str, str]] = []
    if SignerRole.HOMEROOM not in people:
        reasons.append(("no_homeroom_teacher", sentence("no_homeroom_teacher", name=school_class.name)))
    if SignerRole.PRINCIPAL not in people:
        reasons.append(("no_principal", sentence("no_principal")))
    verdict = year_verdict(
        school_class.grade,
        rows.subjects.values(),
        rows.traits.values(),
        rows.record,
        close_as_is=CLOSED_AS_IS if include_incomplete else None,
        programme=rules.programme,
    )
    reasons += _result_reasons(verdict, include_incomplete)
    remarks = _gates(rows, rules, reasons)
    for warning in verdict.contradictions:
        result.warnings.append(_blocked(rows, school_class, warning.code, warning.message))
    for code, message in reasons:
        result.blocked.append(_blocked(rows, school_class, code, message))
    return None if reasons else Ready(rows, verdict, remarks)


def _result_reasons(verdict: YearVerdict, include_incomplete: bool) -> list[tuple[str, str]]:
    if verdict.missing:
        return [("missing_results", sentence("missing_results", what="; ".join(verdict.missing)))]
    assert verdict.decision is not None
    if not verdict.decision.completed and not include_incomplete and not verdict.principal_decided:
        return [
            (
                "summer_pending",
                sentence("summer_pending", what=", ".join(verdict.blocking_names) or "kết quả năm học"),
            )
        ]
    return []


def _gates(rows: build.PupilRows, rules: _Rules, reasons: list[tuple[str, str]]) -> tuple[str, ...]:
    """Identity and photo: policy says whether they stop the sheet or are only recorded on it."""
    remarks = []
    pupil = rows.enrolment.pupil
    if pupil.identity_state != IdentityState.VERIFIED:
        message = sentence("identity_not_verified", state=IdentityState(pupil.identity_state).label.lower())
        (
            reasons.append(("identity_not_verified", message))
            if rules.identity_gate == "block"
            else remarks.append(message)
        )
    if pupil.photo is None:
        message = sentence("photo_missing")
        (
            reasons.append(("photo_missing", message))
            if rules.photo_gate == "block"
            else remarks.append(message)
        )
    record = rows.record
    if record is None or record.absent_excused is None or record.absent_unexcused is None:
        remarks.append(sentence("absences_not_recorded"))
    return tuple(remarks)


def _newest_issued(rows: list[build.PupilRows]) -> dict[int, IssuedSheet]:
    """What a new sheet would replace, by enrolment. One query."""
    keys = [r.enrolment.pk for r in rows]
    issued = IssuedSheet.objects.filter(sheet__enrolment__in=keys).select_related("sheet")
    return {i.sheet.enrolment_id: i for i in issued.defer("document", "sheet__body").order_by("version")}


def _freeze(
    actor: Actor, context: build.ClassContext, ready: Ready, rules: _Rules, issued: IssuedSheet | None
) -> YearSheet:
    """Build and check one year sheet, not stored yet.

    :param issued: the version that it replaces.
    :raises DomainError: text that a sheet cannot hold (``document_*``).
    """
    sheet = _model(context, ready, rules, issued)
    require_printable_sheet(sheet)
    body = emit(sheet)
    enrolment = ready.rows.enrolment
    result = sheet.result
    return YearSheet(
        code=sheet.code,
        version=sheet.version,
        enrolment=enrolment,
        pupil=enrolment.pupil,
        school=context.school_class.school,
        school_class=context.school_class,
        school_year=context.school_class.school_year,
        body=body,
        digest=digest(body),
        result={
            "overall": result.overall.value,
            "completed": result.completed,
            "promoted": result.promoted,
            "title": result.title.value if result.title else None,
        },
        frozen_at=clock.now(),
        frozen_by=actor.label,
    )


def _model(
    context: build.ClassContext, ready: Ready, rules: _Rules, issued: IssuedSheet | None
) -> model.YearSheet:
    rows, verdict, school_class = ready.rows, ready.verdict, context.school_class
    year = SchoolYear.parse(school_class.school_year)
    code = (
        issued.code
        if issued
        else new_code(
            model.SchoolLevel.PRIMARY,
            context.school.province_code,
            context.school.code,
            year.start,
            secrets.token_bytes(16),
        )
    )
    own = rows.record
    return model.YearSheet(
        code=code,
        version=issued.version + 1 if issued else 1,
        replaces=issued.digest if issued else None,
        replace_reason="Kết quả đánh giá lại" if issued else None,
        environment=settings.HOCBASO_ENVIRONMENT,
        rule_set=rules.rule_set.id,
        template=TEMPLATE,
        frozen_at=clock.iso_seconds(clock.now()),
        nonce=secrets.token_hex(32),
        school=context.school,
        school_level=model.SchoolLevel.PRIMARY,
        grade=school_class.grade,
        class_name=school_class.name,
        year=school_class.school_year,
        pupil=build.pupil_snapshot(rows.enrolment.pupil),
        history=build.study_history(rows),
        subjects=build.subject_lines(context, rows),
        traits=build.trait_lines(context, rows),
        days_absent_excused=own.absent_excused if own else None,
        days_absent_unexcused=own.absent_unexcused if own else None,
        height_cm=own.height_cm if own else None,
        weight_kg=own.weight_kg if own else None,
        result=verdict.result(),
        homeroom_comment=(own.homeroom_comment or None) if own else None,
        remarks=ready.remarks,
        place=context.place,
        responsible=context.responsible,
    )


def _hold(school_class: SchoolClass) -> None:
    """Hold the class's rows, so that nobody changes a mark between the check and the freeze.

    SQLite has one writer anyhow; on PostgreSQL the marks' door waits here and then finds the rows locked.
    """
    of_class = {"enrolment__school_class": school_class}
    for rows in (
        SubjectResult.objects.filter(**of_class, moment=Moment.YEAR_END),
        TraitResult.objects.filter(**of_class, moment=Moment.YEAR_END),
        YearRecord.objects.filter(**of_class),
    ):
        list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))


def _lock(sheets: list[YearSheet]) -> None:
    """What was frozen can no longer be changed in the live tables either."""
    keys = [s.enrolment_id for s in sheets]
    SubjectResult.objects.filter(enrolment__in=keys, moment=Moment.YEAR_END).update(locked=True)
    TraitResult.objects.filter(enrolment__in=keys, moment=Moment.YEAR_END).update(locked=True)
    YearRecord.objects.filter(enrolment__in=keys).update(locked=True)
