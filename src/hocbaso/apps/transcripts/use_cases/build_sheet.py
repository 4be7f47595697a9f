"""From live rows to the frozen model of one year sheet: the last reader of live tables."""

from __future__ import annotations

from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.assessment.class_programme import is_continuing
from hocbaso.apps.assessment.models import YearRecord
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.apps.residence.queries import Address, addresses_of
from hocbaso.apps.transcripts.forms.base import PupilRows
from hocbaso.core import codelists
from hocbaso.core.document import model
from hocbaso.core.document.model import SignerRole


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
            role, title = SignerRole.PRINCIPAL, _head_title(school_class)
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


def _head_title(school_class: SchoolClass) -> str:
    """A centre of continuing education has a director (Điều lệ)."""
    return "Giám đốc" if is_continuing(school_class.school, school_class.grade) else "Hiệu trưởng"


def rows_of_class(school_class: SchoolClass) -> list[PupilRows]:
    """Every active pupil of the class with record, earlier years and today's address. Four queries."""
    enrolments = list(
        Enrolment.objects.filter(school_class=school_class, active=True)
        .select_related("pupil", "pupil__photo", "school_class")
        .defer("pupil__photo__content")
    )
    keys = [e.pk for e in enrolments]
    records = {r.enrolment_id: r for r in YearRecord.objects.filter(enrolment__in=keys)}
    history: dict[int, list[Enrolment]] = {}
    past = Enrolment.objects.filter(
        pupil__in=[e.pupil_id for e in enrolments], school_class__school_year__lte=school_class.school_year
    ).select_related("school_class", "school_class__school")
    for enrolment in past.order_by("school_class__school_year", "id"):
        history.setdefault(enrolment.pupil_id, []).append(enrolment)
    addresses = addresses_of([e.pupil_id for e in enrolments], clock.today())
    return [
        PupilRows(e, records.get(e.pk), tuple(history[e.pupil_id]), addresses.get(e.pupil_id))
        for e in enrolments
    ]


def pupil_snapshot(
    pupil: Pupil, *, with_occupations: bool = False, address: Address | None = None
) -> model.Pupil:
    """The pupil's file as the sheet freezes it; the secondary form names the parents' occupations.

    :param address: the permanent residence on the day of freezing, where the dated history knows it; it
        counts only while it agrees with the commune of the file.
    """
    photo = model.Photo(pupil.photo.digest, pupil.photo.media_type) if pupil.photo else None
    residence = ", ".join(part for part in (pupil.hamlet, pupil.commune, pupil.province) if part)
    if address is not None and address.commune_code == pupil.commune_code:
        residence = address.text
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
        father_occupation=(pupil.father_occupation or None) if with_occupations else None,
        mother_occupation=(pupil.mother_occupation or None) if with_occupations else None,
        personal_number=pupil.personal_number or None,
        identity_state=pupil.identity_state,
        photo=photo,
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
