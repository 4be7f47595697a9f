"""A pupil arrives in the course of the year, with the papers of the school that he comes from (A4, A19)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.states import first_state
from hocbaso.apps.identity.use_cases.send import send_arrival
from hocbaso.apps.matching import aliases
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import (
    Arrival,
    ArrivalTerm,
    Enrolment,
    Pupil,
    SchoolClass,
    StatusChange,
)
from hocbaso.apps.pupils.use_cases.decisions import REASON_LIMIT, require_day
from hocbaso.apps.pupils.use_cases.school_classes import require_open
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.dates import read_date
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.core.vietnamese.names import sort_key
from hocbaso.core.vietnamese.personal_number import parse

register(
    {
        "arrival_lacks": ("Cần ghi {what}.", "{what} is missing."),
        "arrival_too_long": (
            "{what} dài quá {limit} ký tự.",
            "{what} has at most {limit} characters.",
        ),
        "arrival_sex": ("Giới tính ghi Nam hoặc Nữ.", "Sex is Nam or Nữ."),
        "arrival_birth_date": ("Ngày sinh: {why}", "Birth date: {why}"),
        "arrival_number_taken": (
            "Số định danh này đã thuộc về một học sinh khác trong hệ thống. Thầy cô đối chiếu lại giấy tờ.",
            "Another pupil holds this personal number.",
        ),
        "arrival_code_taken": (
            "Mã học sinh {code} là của {name}, sinh ngày {birth}. Thầy cô kiểm tra lại mã.",
            "Pupil code {code} is {name}'s.",
        ),
        "arrival_still_elsewhere": (
            "{school} còn ghi {name} đang học lớp {class_name} năm học {year}. Trường đó ghi trạng thái "
            "“Chuyển đi” rồi thầy cô mới tiếp nhận được.",
            "{name} still studies at {school}.",
        ),
        "arrival_here_already": (
            "{name} đã có tên ở lớp {class_name} trong năm học này (trạng thái “{status}”). Nếu em xin học "
            "lại, thầy cô đổi trạng thái ở trang của lớp.",
            "{name} is enrolled in this year already.",
        ),
        "arrival_term": ("Chọn thời điểm đến: học kỳ I, học kỳ II hoặc trong hè.", "Choose when he came."),
    }
)

#: The sector's status for each time of arrival (domain 9.3).
STATUSES = {
    ArrivalTerm.ONE: "Chuyển đến kỳ 1",
    ArrivalTerm.TWO: "Chuyển đến kỳ 2",
    ArrivalTerm.SUMMER: "Chuyển đến trong hè",
}


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who arrives, as typed. A code that the node knows finds that pupil; the rest must then agree."""

    code: str
    full_name: str
    birth_date: str
    sex: str
    personal_number: str = ""
    ethnic_group: str = ""
    nationality: str = "Việt Nam"


@dataclass(frozen=True, slots=True)
class Source:
    """Where from, with which papers (giấy giới thiệu chuyển trường, or those of a pupil from abroad)."""

    school: str
    papers_number: str
    code: str = ""
    place: str = ""
    papers_date: date | None = None
    from_abroad: bool = False


def _clean(text: str, what: str, limit: int, *, needed: bool = True) -> str:
    text = collapse(nfc(text))
    if needed and not text:
        raise DomainError("arrival_lacks", what=what)
    if len(text) > limit:
        raise DomainError("arrival_too_long", what=what, limit=limit)
    return text


def _person(new: Newcomer, today: date) -> dict[str, str]:
    """The values of the pupil's file, read without guessing."""
    values = {
        "code": _clean(new.code, "mã học sinh", 20),
        "full_name": _clean(new.full_name, "họ và tên", 120),
        "sex": _clean(new.sex, "giới tính", 3),
        "ethnic_group": _clean(new.ethnic_group, "dân tộc", 40, needed=False),
        "nationality": _clean(new.nationality, "quốc tịch", 60, needed=False),
        "personal_number": collapse(new.personal_number).replace(" ", ""),
    }
    if values["sex"] not in ("Nam", "Nữ"):
        raise DomainError("arrival_sex")
    reading = read_date(_clean(new.birth_date, "ngày sinh", 20), latest=today)
    if not reading.exact or reading.value is None:
        raise DomainError("arrival_birth_date", why=reading.message or "")
    values["birth_date"] = reading.value
    if values["personal_number"]:
        parse(values["personal_number"])
    return values


def _known(values: dict[str, str]) -> Pupil | None:
    """The pupil whom the code names (or once named: a former code, a file that was merged), when the file
    agrees.

    :raises DomainError: ``arrival_code_taken``, ``arrival_number_taken``
    """
    current = aliases.find(values["code"])
    found = Pupil.objects.select_for_update().get(pk=current.pk) if current is not None else None
    if found is not None and (found.full_name, found.birth_date) != (
        values["full_name"],
        values["birth_date"],
    ):
        shown = "/".join(reversed(found.birth_date.split("-")))
        raise DomainError("arrival_code_taken", code=found.code, name=found.full_name, birth=shown)
    number = values["personal_number"]
    if number:
        holder = Pupil.objects.filter(personal_number=number).first()
        if holder is not None and (found is None or holder.pk != found.pk):
            raise DomainError("arrival_number_taken")
    return found


def _require_free(pupil: Pupil, school_class: SchoolClass) -> None:
    name = pupil.full_name
    rows = Enrolment.objects.filter(pupil=pupil, school_class__school_year__gte=school_class.school_year)
    for row in rows.select_related("school_class__school"):
        other = row.school_class
        if other.school_id != school_class.school_id and row.active:
            raise DomainError(
                "arrival_still_elsewhere",
                school=other.school.name,
                name=name,
                class_name=other.name,
                year=other.school_year,
            )
        if other.school_id == school_class.school_id and other.school_year == school_class.school_year:
            raise DomainError("arrival_here_already", name=name, class_name=other.name, status=row.status)


@transaction.atomic
def receive_pupil(
    actor: Actor,
    *,
    school_class: SchoolClass,
    newcomer: Newcomer,
    source: Source,
    term: str,
    arrived_on: date,
) -> Enrolment:
    """Enrol a pupil who comes from another school in the course of the year.

    A pupil whom the node knows keeps his file; one who is new gets one. The results of the old school are
    entered afterwards (:mod:`.carry_results`).

    :param term: of :class:`~hocbaso.apps.pupils.models.ArrivalTerm`.
    :raises NotAllowed: policy ``pupils.receive``
    :raises DomainError: ``arrival_*``, ``decision_day``, ``class_closed``, ``number.*``
    """
    require(actor, "pupils.receive", school_class.school)
    require_open(school_class)
    if term not in ArrivalTerm.values:
        raise DomainError("arrival_term")
    require_day(arrived_on, school_class.school_year)
    values = _person(newcomer, clock.today())
    school = _clean(source.school, "trường cũ", 200)
    papers = _clean(source.papers_number, "số giấy giới thiệu chuyển trường hoặc số hồ sơ", 120)
    pupil = _known(values)
    if pupil is None:
        pupil = _new_pupil(values)
    else:
        _require_free(pupil, school_class)
    status = STATUSES[ArrivalTerm(term)]
    enrolment = _enrol(pupil, school_class, status, arrived_on)
    Arrival.objects.create(
        enrolment=enrolment,
        term=term,
        arrived_on=arrived_on,
        source_school=school,
        source_code=_clean(source.code, "mã trường cũ", 20, needed=False),
        source_place=_clean(source.place, "nơi trường cũ đóng", 160, needed=False),
        from_abroad=source.from_abroad,
        papers_number=papers,
        papers_date=source.papers_date,
        created_at=clock.now(),
        created_by=actor.label,
    )
    _tell(actor, enrolment, status, arrived_on, papers)
    send_arrival(actor, enrolment)
    return enrolment


def _new_pupil(values: dict[str, str]) -> Pupil:
    try:
        with transaction.atomic():
            return Pupil.objects.create(
                **values,
                sort_key=sort_key(values["full_name"]),
                identity_state=first_state(values["personal_number"]),
                updated_at=clock.now(),
            )
    except IntegrityError:  # somebody else was faster
        raise DomainError("arrival_number_taken") from None


def _enrol(pupil: Pupil, school_class: SchoolClass, status: str, day: date) -> Enrolment:
    last = Enrolment.objects.filter(school_class=school_class).order_by("-order")
    number = _former_number(pupil, school_class.school)
    return Enrolment.objects.create(
        pupil=pupil,
        school_class=school_class,
        status=status,
        active=True,
        status_date=day.isoformat(),
        order=(last.values_list("order", flat=True).first() or 0) + 1,
        register_number=number,
    )


def _former_number(pupil: Pupil, school: Organisation) -> str:
    """Who comes back to the school keeps the number of the register that he had."""
    rows = Enrolment.objects.filter(pupil=pupil, school_class__school=school).exclude(register_number="")
    return rows.order_by("-pk").values_list("register_number", flat=True).first() or ""


def _tell(actor: Actor, enrolment: Enrolment, status: str, day: date, papers: str) -> None:
    StatusChange.objects.create(
        enrolment=enrolment,
        old="",
        new=status,
        day=day,
        reason="Tiếp nhận học sinh chuyển đến",
        decision=papers[:REASON_LIMIT],
        at=clock.now(),
        by=actor.label,
    )
    school_class = enrolment.school_class
    chain.record(
        actor,
        "pupils.receive",
        enrolment.pupil.code,
        organisation=school_class.school.code,
        year=school_class.school_year,
        class_name=school_class.name,
        status=status,
        day=day.isoformat(),
        papers=papers,
    )
