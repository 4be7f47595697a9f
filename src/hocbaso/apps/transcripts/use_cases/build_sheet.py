"""From live rows to the frozen model of one year sheet: the last reader of live tables."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.assessment.models import Moment, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.policies import ALL_OTHERS
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.core import codelists
from hocbaso.core.document import model
from hocbaso.core.document.model import SignerRole
from hocbaso.core.regulation.programme import GradeProgramme, TraitGroup


@dataclass(frozen=True, slots=True)
class ClassContext:
    """What all sheets of a class share; read once."""

    school_class: SchoolClass
    school: model.School
    programme: GradeProgramme
    teachers: dict[str, str]  # subject code → full name; ALL_OTHERS → the class teacher
    responsible: tuple[model.ResponsiblePerson, ...]
    place: str


@dataclass(frozen=True, slots=True)
class PupilRows:
    """The live rows of one pupil's year."""

    enrolment: Enrolment
    subjects: dict[str, SubjectResult]
    traits: dict[str, TraitResult]
    record: YearRecord | None
    history: tuple[Enrolment, ...]


def school_snapshot(school: Organisation) -> model.School:
    """The school as it is today, with its former names. One query."""
    province = codelists.province(school.province_code)
    commune = codelists.commune(school.commune_code)
    assert province is not None, "create_school checked the codes"
    assert commune is not None, "create_school checked the codes"
    return model.School(
        code=school.code,
        name=school.name,
        commune_code=school.commune_code,
        commune=commune.name,
        province_code=school.province_code,
        province=province.name,
        former_names=tuple(f.name for f in school.former_names.order_by("valid_to")),
    )


def responsible_people(school_class: SchoolClass) -> dict[SignerRole, model.ResponsiblePerson]:
    """Homeroom teacher and principal of today, where they are assigned. Two queries."""
    posts = (
        Assignment.objects.filter(valid_on(clock.today()), organisation=school_class.school)
        .filter(role__in=[Role.PRINCIPAL, Role.HOMEROOM])
        .select_related("user")
    )
    codes = dict(StaffMember.objects.filter(organisation=school_class.school).values_list("user_id", "code"))
    people = {}
    for post in posts:
        if post.role == Role.PRINCIPAL:
            role, title = SignerRole.PRINCIPAL, "Hiệu trưởng"
        elif post.school_class_id == school_class.pk:
            role, title = SignerRole.HOMEROOM, "Giáo viên chủ nhiệm"
        else:
            continue
        people[role] = model.ResponsiblePerson(
            role=role,
            name=post.user.full_name,
            staff_code=codes.get(post.user_id, post.user.username),
            title=title,
            decision=post.decision_number or None,
        )
    return people


def subject_teachers(school_class: SchoolClass) -> dict[str, str]:
    """Subject code → names of the teachers assigned today ("*" for all other subjects). One query."""
    posts = Assignment.objects.filter(
        valid_on(clock.today()), school_class=school_class, role=Role.SUBJECT_TEACHER
    ).select_related("user")
    names: dict[str, list[str]] = {}
    for post in posts:
        names.setdefault(post.subject_code, []).append(post.user.full_name)
    return {code: ", ".join(sorted(people)) for code, people in names.items()}


def rows_of_class(school_class: SchoolClass) -> list[PupilRows]:
    """Every active pupil of the class with the year's rows. Five queries whatever the class's size."""
    enrolments = list(
        Enrolment.objects.filter(school_class=school_class, active=True)
        .select_related("pupil", "pupil__photo", "school_class")
        .defer("pupil__photo__content")
    )
    keys = [e.pk for e in enrolments]
    subjects: dict[int, dict[str, SubjectResult]] = {}
    for row in SubjectResult.objects.filter(enrolment__in=keys, moment=Moment.YEAR_END):
        subjects.setdefault(row.enrolment_id, {})[row.subject_code] = row
    traits: dict[int, dict[str, TraitResult]] = {}
    for trait in TraitResult.objects.filter(enrolment__in=keys, moment=Moment.YEAR_END):
        traits.setdefault(trait.enrolment_id, {})[trait.trait_code] = trait
    records = {r.enrolment_id: r for r in YearRecord.objects.filter(enrolment__in=keys)}
    history: dict[int, list[Enrolment]] = {}
    past = Enrolment.objects.filter(
        pupil__in=[e.pupil_id for e in enrolments], school_class__school_year__lte=school_class.school_year
    ).select_related("school_class", "school_class__school")
    for enrolment in past.order_by("school_class__school_year", "id"):
        history.setdefault(enrolment.pupil_id, []).append(enrolment)
    return [
        PupilRows(
            e, subjects.get(e.pk, {}), traits.get(e.pk, {}), records.get(e.pk), tuple(history[e.pupil_id])
        )
        for e in enrolments
    ]


def pupil_snapshot(pupil: Pupil) -> model.Pupil:
    """The pupil's file as the sheet freezes it."""
    photo = model.Photo(pupil.photo.digest, pupil.photo.media_type) if pupil.photo else None
    residence = ", ".join(part for part in (pupil.hamlet, pupil.commune, pupil.province) if part)
    return model.Pupil(
        code=pupil.code,
        full_name=pupil.full_name,
        birth_date=pupil.birth_date,
        sex=pupil.sex,
        ethnic_group=pupil.ethnic_group or "không",
        nationality=pupil.nationality or "không",
        birth_place=pupil.birth_place or None,
        home_town=pupil.home_town or None,
        residence=residence or None,
        current_address=pupil.current_address or None,
        father=pupil.father_name or None,
        mother=pupil.mother_name or None,
        guardian=pupil.guardian_name or None,
        personal_number=pupil.personal_number or None,
        identity_state=pupil.identity_state,
        photo=photo,
    )


def subject_lines(context: ClassContext, rows: PupilRows) -> tuple[model.SubjectLine, ...]:
    """The subjects in the order of the form; optional subjects only where the pupil has a result."""
    lines = []
    for line in context.programme.lines:
        row = rows.subjects.get(line.code)
        if row is None:
            continue
        teacher = context.teachers.get(line.code) or context.teachers.get(ALL_OTHERS)
        lines.append(
            model.SubjectLine(
                code=line.code,
                name=line.name,
                level=row.level or None,
                score=row.score,
                comment=row.comment or None,
                teacher=teacher,
                exempt=row.exempt_reason or None,
            )
        )
    return tuple(lines)


def trait_lines(context: ClassContext, rows: PupilRows) -> model.Traits:
    """Sections 2, 3.1 and 3.2 of the form."""

    def group(which: TraitGroup) -> tuple[model.TraitLine, ...]:
        return tuple(
            model.TraitLine(t.code, t.name, rows.traits[t.code].level or None)
            for t in context.programme.group(which)
            if t.code in rows.traits
        )

    record = rows.record
    return model.Traits(
        qualities=group(TraitGroup.QUALITY),
        general_competences=group(TraitGroup.GENERAL),
        specific_competences=group(TraitGroup.SPECIFIC),
        qualities_comment=(record.qualities_comment or None) if record else None,
        general_comment=(record.general_comment or None) if record else None,
        specific_comment=(record.specific_comment or None) if record else None,
    )


def study_history(rows: PupilRows) -> tuple[model.StudyYear, ...]:
    """QUÁ TRÌNH HỌC TẬP up to this year."""
    return tuple(
        model.StudyYear(
            year=e.school_class.school_year,
            class_name=e.school_class.name,
            school=e.school_class.school.name,
            register_number=e.register_number or None,
            entered=e.status_date or None,
        )
        for e in rows.history
    )
