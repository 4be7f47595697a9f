"""Close a class: say exactly what is missing for whom, freeze the rest (experience.md: "Chốt lớp").

Pupils who have not completed wait for the summer unless the principal decides to close as is. Running again
freezes what has become ready and touches nothing that is frozen already; a pupil whose sheet was issued and
whose results changed since (summer, unlock case) gets a version that replaces it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.freezing import hold_rows, lock_rows
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts.examine import Blocked, CloseResult, Gatekeeper, Ready
from hocbaso.apps.transcripts.forms import Form, PupilRows, form_of
from hocbaso.apps.transcripts.forms.base import Duty, Signers
from hocbaso.apps.transcripts.models import SheetState, SubjectDuty, YearSheet
from hocbaso.apps.transcripts.replacing import Earlier, changed_since, newest_issued, newest_sheets
from hocbaso.apps.transcripts.use_cases import build_sheet as build
from hocbaso.core.document import model
from hocbaso.core.document.codes import new_code
from hocbaso.core.document.emit import digest, emit
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.signers import SubjectSignature, subject_signatures
from hocbaso.core.errors import DomainError
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.rendering import require_printable_sheet

__all__ = ["CLOSED_AS_IS", "Blocked", "CloseResult", "Ready", "close_class", "preview"]

CLOSED_AS_IS = "Hiệu trưởng quyết định chốt kết quả, không chờ đánh giá bổ sung trong hè"


@dataclass(frozen=True, slots=True)
class _Class:
    """What all sheets of a class share; read once."""

    form: Form
    school: model.School
    people: dict[SignerRole, model.ResponsiblePerson]
    signers: Signers
    gate: Gatekeeper

    @classmethod
    def of(cls, school_class: SchoolClass) -> _Class:
        form, people = form_of(school_class), build.responsible_people(school_class)
        signers = form.signers()
        school = build.school_snapshot(school_class.school)
        return cls(form, school, people, signers, Gatekeeper.of(form, people, signers))


@dataclass(frozen=True, slots=True)
class _Made:
    """A sheet that can be frozen, with who must sign its subjects."""

    ready: Ready
    duties: tuple[Duty, ...]
    sheet: model.YearSheet


def preview(actor: Actor, *, school_class: SchoolClass, include_incomplete: bool = False) -> CloseResult:
    """The check page: what would be closed and what blocks whom. Writes nothing."""
    require(actor, "transcripts.view_class", school_class)
    result = CloseResult()
    result.ready = [one.ready for one in _make(_Class.of(school_class), include_incomplete, result)]
    result.closed = len(result.ready)
    return result


def close_class(actor: Actor, *, school_class: SchoolClass, include_incomplete: bool = False) -> CloseResult:
    """Freeze the year sheets of every pupil of the class who is ready.

    :param include_incomplete: the principal closes those who have not completed as they are.
    :raises NotAllowed: not the class's homeroom teacher or the principal.
    :raises DomainError: ``no_transcript_of_grade``.
    """
    require(actor, "transcripts.close", school_class)
    if include_incomplete:
        require(actor, "transcripts.close_incomplete", school_class.school)
    result = CloseResult()
    with transaction.atomic():
        hold_rows(school_class)
        of_class = _Class.of(school_class)  # read under the hold: no unlock case is allowed meanwhile
        frozen = []
        for one in _make(of_class, include_incomplete, result):
            try:
                frozen.append((_freeze(actor, school_class, one), one))
            except DomainError as error:
                result.blocked.append(Blocked.of(one.ready.rows, school_class, error.code, error.message))
        result.closed = len(frozen)
        if frozen:
            _store(actor, school_class, frozen, include_incomplete)
    return result


def _make(of_class: _Class, include_incomplete: bool, result: CloseResult) -> list[_Made]:
    """Every sheet that can be frozen; what blocks the others goes into ``result``."""
    open_rows = _open_rows(of_class.form, result, include_incomplete)
    issued = newest_issued([r.enrolment.pk for r in open_rows])
    found = []
    for rows in open_rows:
        earlier = issued.get(rows.enrolment.pk)
        seen = CloseResult()
        ready = of_class.gate.examine(rows, seen)
        made = _made(of_class, ready, earlier) if ready is not None else None
        if made is not None:
            found.append(made)
        elif earlier is not None:  # the issued version stands, and nothing is asked of anybody
            result.already += 1
            continue
        result.blocked += seen.blocked
        result.warnings += seen.warnings
    return found


def _made(of_class: _Class, ready: Ready, earlier: Earlier | None) -> _Made | None:
    """The sheet; None when the issued one says the same."""
    subjects = [one.code for one in ready.assessed.subjects if not one.exempt]
    duties = of_class.signers.duties(subjects)
    sheet = _model(of_class, ready, duties, earlier)
    return None if earlier is not None and earlier.same_results(sheet) else _Made(ready, duties, sheet)


def _store(
    actor: Actor,
    school_class: SchoolClass,
    frozen: list[tuple[YearSheet, _Made]],
    include_incomplete: bool,
) -> None:
    sheets = YearSheet.objects.bulk_create([sheet for sheet, _ in frozen])
    SubjectDuty.objects.bulk_create(
        _duty(sheet, place, signature, made)
        for sheet, (_, made) in zip(sheets, frozen, strict=True)
        for place, signature in enumerate(subject_signatures(made.sheet))
    )
    lock_rows([sheet.enrolment_id for sheet in sheets])
    record(
        actor,
        "transcripts.closed",
        f"class:{school_class.name}",
        organisation=school_class.school.code,
        year=school_class.school_year,
        sheets=[sheet.digest for sheet in sheets],
        include_incomplete=include_incomplete,
    )


def _duty(sheet: YearSheet, place: int, signature: SubjectSignature, made: _Made) -> SubjectDuty:
    """The row of one signature that the sheet asks for."""
    signer = next(duty.signer for duty in made.duties if duty.person() == signature.person)
    return SubjectDuty(
        sheet=sheet,
        signer_id=signer.user_id,
        subjects=list(signature.subjects),
        signature_id=signature.signature_id,
        number=signature.number,
        position=place,
    )


def _open_rows(form: Form, result: CloseResult, include_incomplete: bool) -> list[PupilRows]:
    """Rows of pupils who have no live sheet yet, or whose issued one no longer says what the rows say."""
    rows = build.rows_of_class(form.school_class)
    newest = newest_sheets([r.enrolment.pk for r in rows])
    changed = changed_since(newest.values())
    open_rows = [r for r in rows if r.enrolment.pk not in newest or r.enrolment.pk in changed]
    result.already = len(rows) - len(open_rows)
    form.load(open_rows, close_as_is=CLOSED_AS_IS if include_incomplete else None)
    return open_rows


def _freeze(actor: Actor, school_class: SchoolClass, made: _Made) -> YearSheet:
    """Check and write one year sheet, not stored yet.

    :raises DomainError: text that a sheet cannot hold (``document_*``).
    """
    require_printable_sheet(made.sheet)
    body = emit(made.sheet)
    enrolment = made.ready.rows.enrolment
    return YearSheet(
        code=made.sheet.code,
        version=made.sheet.version,
        enrolment=enrolment,
        pupil=enrolment.pupil,
        school=school_class.school,
        school_class=school_class,
        school_year=school_class.school_year,
        body=body,
        digest=digest(body),
        result=made.ready.assessed.summary(),
        state=SheetState.AWAITING_SUBJECTS if made.duties else SheetState.FROZEN,
        frozen_at=clock.now(),
        frozen_by=actor.label,
    )


def _model(made: _Class, ready: Ready, duties: tuple[Duty, ...], earlier: Earlier | None) -> model.YearSheet:
    form, rows, school_class = made.form, ready.rows, made.form.school_class
    own, assessed, issued = rows.record, ready.assessed, earlier.issued if earlier else None
    assert assessed.result is not None, "only a whole year is frozen"
    leaders = [made.people[r] for r in (SignerRole.HOMEROOM, SignerRole.PRINCIPAL) if r in made.people]
    return model.YearSheet(
        code=issued.code if issued else _new_code(made),
        version=issued.version + 1 if issued else 1,
        replaces=issued.digest if issued else None,
        replace_reason=earlier.reason if earlier else None,
        environment=settings.HOCBASO_ENVIRONMENT,
        rule_set=form.rule_set.id,
        template=form.template,
        frozen_at=clock.iso_seconds(clock.now()),
        nonce=secrets.token_hex(32),
        school=made.school,
        school_level=form.school_level,
        grade=school_class.grade,
        class_name=school_class.name,
        year=school_class.school_year,
        pupil=build.pupil_snapshot(
            rows.enrolment.pupil, with_occupations=assessed.traits is None, address=rows.address
        ),
        history=build.study_history(rows),
        subjects=assessed.subjects,
        traits=assessed.traits,
        days_absent_excused=own.absent_excused if own else None,
        days_absent_unexcused=own.absent_unexcused if own else None,
        height_cm=own.height_cm if own and assessed.traits else None,  # the secondary form has no such line
        weight_kg=own.weight_kg if own and assessed.traits else None,
        result=assessed.result,
        homeroom_comment=(own.homeroom_comment or None) if own else None,
        remarks=ready.remarks,
        place=made.school.commune,
        responsible=(*(duty.person() for duty in duties), *leaders),
    )


def _new_code(made: _Class) -> str:
    year = SchoolYear.parse(made.form.school_class.school_year)
    school = made.school
    return new_code(
        made.form.school_level, school.province_code, school.code, year.start, secrets.token_bytes(16)
    )
