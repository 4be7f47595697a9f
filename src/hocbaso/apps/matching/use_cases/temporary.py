"""A code for a child who has none: random, local, never made from the person's data; replaced later."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.states import first_state
from hocbaso.apps.matching.homes import schools_of
from hocbaso.apps.matching.models import FormerCode, TemporaryCode, WhyTemporary
from hocbaso.apps.matching.use_cases.judge import text_of
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass, StatusChange
from hocbaso.apps.pupils.use_cases.decisions import require_day
from hocbaso.apps.pupils.use_cases.school_classes import require_open
from hocbaso.core.errors import DomainError, register
from hocbaso.core.matching.names import NameVerdict, compare_names
from hocbaso.core.vietnamese.dates import read_date
from hocbaso.core.vietnamese.names import normalise, sort_key
from hocbaso.core.vietnamese.reading import Severity

register(
    {
        "temporary_lacks": ("Cần ghi {what}.", "{what} is missing."),
        "temporary_value": ("{what}: {why}", "{what}: {why}"),
        "temporary_there": (
            "Lớp {name} đã có học sinh cùng họ tên, ngày sinh và giới tính (mã {code}). Thầy cô xem lại; nếu "
            "là em khác thì ghi ngày sinh đầy đủ.",
            "Class {name} has such a pupil already: {code}.",
        ),
        "temporary_why": ("Chọn lý do em chưa có mã học sinh.", "Choose why there is no code."),
        "rekey_code": (
            "Mã học sinh “{code}” không đúng khuôn dạng: 8 đến 20 chữ số hoặc chữ in hoa không dấu.",
            "{code!r} is not a pupil code.",
        ),
        "rekey_taken": (
            "Mã {code} là của một hồ sơ khác. Nếu là cùng một em thì đề nghị gộp hai hồ sơ.",
            "Code {code} is another file's.",
        ),
        "rekey_same": ("Em đã mang mã {code}.", "The code is {code} already."),
        "rekey_not_here": (
            "Em mang mã {code} nay học ở trường khác. Mã mới do trường em đang học ghi.",
            "{code} studies at another school now.",
        ),
        "rekey_number": (
            "Không đổi mã bằng số định danh cá nhân. Mã học sinh do Bộ cấp là một dãy khác.",
            "A personal number is not a pupil code.",
        ),
    }
)

#: Without 0, 1, I, L, O, U: nothing to misread, no words. 29 ** 9 codes a node.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "TAM"
_RANDOM = 9
_FORM = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, slots=True)
class Child:
    """Who is enrolled, as typed. The birth date may be partial or unknown to the day."""

    full_name: str
    birth_date: str
    sex: str
    nationality: str = ""
    ethnic_group: str = ""
    guardian_name: str = ""


def new_code() -> str:
    """``TAM7K3QX9WMB``: twelve characters, of which nine are random."""
    return PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(_RANDOM))


def is_temporary(code: str) -> bool:
    """Whether the code has the form of ours (a ministry code is digits)."""
    return len(code) == len(PREFIX) + _RANDOM and code.startswith(PREFIX) and set(code[3:]) <= set(ALPHABET)


@transaction.atomic
def enrol_without_code(
    actor: Actor, school_class: SchoolClass, child: Child, *, why: str, evidence: str, day: date
) -> Enrolment:
    """Open a file under a temporary code and enrol the child.

    :param why: of :class:`~hocbaso.apps.matching.models.WhyTemporary`.
    :param evidence: the commune's paper, the passport, … (domain 2.4).
    :raises NotAllowed: policy ``matching.temporary``
    :raises DomainError: ``temporary_*``, ``matching_too_long``, ``decision_day``, ``class_closed``
    """
    school = school_class.school
    require(actor, "matching.temporary", school)
    require_open(school_class)
    require_day(day, school_class.school_year)
    if why not in WhyTemporary.values:
        raise DomainError("temporary_why")
    evidence = text_of(evidence, "Căn cứ", 300)
    if not evidence:
        raise DomainError("temporary_lacks", what="căn cứ (giấy xác nhận của xã, hộ chiếu…)")
    values = _read(child)
    _require_new(school_class, values)
    pupil = _new_pupil(values)
    TemporaryCode.objects.create(
        code=pupil.code,
        pupil=pupil,
        school=school,
        why=why,
        evidence=evidence,
        at=clock.now(),
        by=actor.label,
    )
    last = Enrolment.objects.filter(school_class=school_class).order_by("-order").first()
    enrolment = Enrolment.objects.create(
        pupil=pupil,
        school_class=school_class,
        status="Đang học",
        status_date=day.isoformat(),
        order=(last.order if last else 0) + 1,
    )
    StatusChange.objects.create(
        enrolment=enrolment,
        new="Đang học",
        day=day,
        reason="Tiếp nhận học sinh chưa có mã",
        decision=evidence[:120],
        at=clock.now(),
        by=actor.label,
    )
    chain.record(actor, "matching.temporary", pupil.code, organisation=school.code, why=why)
    return enrolment


def _require_new(school_class: SchoolClass, values: dict[str, str]) -> None:
    """Whoever presses the button twice opens one file. The class is held until the file stands."""
    SchoolClass.objects.select_for_update(of=("self",)).get(pk=school_class.pk)
    same = {f"pupil__{name}": values[name] for name in ("full_name", "birth_date", "sex")}
    known = Enrolment.objects.filter(school_class=school_class, active=True, **same).select_related("pupil")
    there = known.first()
    if there is not None:
        raise DomainError("temporary_there", name=school_class.name, code=there.pupil.code)


def _read(child: Child) -> dict[str, str]:
    name = normalise(child.full_name)
    for found in name.findings:
        if found.severity is Severity.ERROR:
            raise DomainError("temporary_value", what="Họ tên", why=found.message)
    text_of(name.value, "Họ tên", 120)
    born = read_date(child.birth_date, latest=clock.today())
    if born.empty:
        raise DomainError("temporary_lacks", what="ngày sinh; chỉ biết năm thì ghi năm")
    if born.value is None or not born.exact:
        raise DomainError("temporary_value", what="Ngày sinh", why=born.message or "")
    if child.sex not in ("Nam", "Nữ"):
        raise DomainError("temporary_lacks", what="giới tính Nam hoặc Nữ")
    return {
        "full_name": name.value,
        "sort_key": sort_key(name.value),
        "birth_date": born.value,
        "sex": child.sex,
        "nationality": text_of(child.nationality, "Quốc tịch", 60),
        "ethnic_group": text_of(child.ethnic_group, "Dân tộc", 40),
        "guardian_name": text_of(child.guardian_name, "Người giám hộ", 120),
    }


def _new_pupil(values: dict[str, str]) -> Pupil:
    for attempt in range(5):
        try:
            with transaction.atomic():
                return Pupil.objects.create(
                    code=new_code(), identity_state=first_state(""), updated_at=clock.now(), **values
                )
        except IntegrityError:  # the same nine random characters: try others
            if attempt == 4:
                raise
    raise AssertionError("the last attempt returns or raises")


@transaction.atomic
def rekey(actor: Actor, pupil: Pupil, code: str, *, reason: str, school: Organisation) -> Pupil:
    """Give the pupil another code; the old one finds him for ever.

    :param reason: e.g. the ministry file by its name and date. :param school: where the pupil is now.
    :raises NotAllowed: policy ``matching.rekey``
    :raises DomainError: ``rekey_*``
    """
    require(actor, "matching.rekey", school)
    if school.pk not in {one.pk for one in schools_of([pupil.pk])}:
        raise DomainError("rekey_not_here", code=pupil.code)
    row = Pupil.objects.select_for_update().get(pk=pupil.pk)
    note_rekey(actor, row, code, reason=reason, organisation=school.code)
    row.code, row.updated_at = code, clock.now()
    try:
        with transaction.atomic():
            row.save(update_fields=["code", "updated_at"])
    except IntegrityError:
        raise DomainError("rekey_taken", code=code) from None
    pupil.code = code
    return row


def note_rekey(actor: Actor, pupil: Pupil, code: str, *, reason: str, organisation: str) -> FormerCode:
    """Check the new code and write down that the present one was borne once; the caller writes the code.

    :raises DomainError: ``rekey_*``
    """
    if not (8 <= len(code) <= 20 and set(code) <= _FORM):
        raise DomainError("rekey_code", code=code)
    if code == pupil.code:
        raise DomainError("rekey_same", code=code)
    if code == pupil.personal_number:
        raise DomainError("rekey_number")
    if Pupil.objects.filter(code=code).exclude(pk=pupil.pk).exists() or _former_of_another(pupil, code):
        raise DomainError("rekey_taken", code=code)
    made, _new = FormerCode.objects.get_or_create(
        code=pupil.code,
        defaults={
            "pupil": pupil,
            "replaced_by": code,
            "reason": text_of(reason, "Lý do", 200),
            "at": clock.now(),
            "by": actor.label,
        },
    )
    chain.record(actor, "matching.rekey", code, organisation=organisation, before=pupil.code)
    return made


def _former_of_another(pupil: Pupil, code: str) -> bool:
    return FormerCode.objects.filter(code=code).exclude(pupil=pupil).exists()


@dataclass(frozen=True, slots=True)
class MinistryLine:
    """One line of the file in which the Ministry gives codes."""

    code: str
    personal_number: str
    full_name: str
    birth_date: str  # partial ISO


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What became of one line."""

    line: MinistryLine
    outcome: Literal["rekeyed", "same", "unknown", "differs", "taken"]
    text: str
    before: str = ""


def rekey_all(
    actor: Actor, school: Organisation, lines: Iterable[MinistryLine], *, reason: str
) -> list[Rekeyed]:
    """Give the Ministry's codes to this school's pupils of temporary code, matched on the personal number.

    A line is taken only when name (in writing at most) and date of birth agree as well; the others are told.

    :raises NotAllowed: policy ``matching.rekey``
    """
    require(actor, "matching.rekey", school)
    return [_rekey_line(actor, school, line, reason) for line in lines]


def _rekey_line(actor: Actor, school: Organisation, line: MinistryLine, reason: str) -> Rekeyed:
    pupil = (
        Pupil.objects.filter(personal_number=line.personal_number, enrolments__school_class__school=school)
        .distinct()
        .first()
        if line.personal_number
        else None
    )
    if pupil is None:
        return Rekeyed(line, "unknown", "Trường không có học sinh mang số định danh này.")
    if pupil.code == line.code:
        return Rekeyed(line, "same", "Em đã mang mã này.", pupil.code)
    if not is_temporary(pupil.code):
        return Rekeyed(line, "differs", "Em đã có mã học sinh khác, không phải mã tạm.", pupil.code)
    named = compare_names(pupil.full_name, line.full_name)
    if named.verdict not in (NameVerdict.EXACT, NameVerdict.SOFT) or pupil.birth_date != line.birth_date:
        return Rekeyed(line, "differs", "Cùng số định danh nhưng họ tên hoặc ngày sinh khác.", pupil.code)
    before = pupil.code
    try:
        rekey(actor, pupil, line.code, reason=reason, school=school)
    except DomainError as refusal:
        return Rekeyed(line, "taken", refusal.message, before)
    return Rekeyed(line, "rekeyed", " ".join(named.texts), before)
