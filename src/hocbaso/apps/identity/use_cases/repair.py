"""Repair on the spot (seed 002 step 3): correct the fields, or stand by them after seeing a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence
from hocbaso.apps.identity.models import Confirmation, ConfirmationKind
from hocbaso.apps.identity.queries import FIELD_LABELS, last_check
from hocbaso.apps.identity.states import Person
from hocbaso.apps.identity.use_cases.note_change import note_change
from hocbaso.apps.identity.use_cases.typed_values import read_values
from hocbaso.apps.matching.use_cases.meet import meet_holder
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.core.residence import residence_paper
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.core.vietnamese.names import sort_key

register(
    {
        "identity_no_class": (
            "Học sinh không học ở trường nào trong năm học này nên không sửa được ở đây.",
            "The pupil studies nowhere now.",
        ),
        "identity_number_taken": (
            "Số định danh này đã thuộc về một người khác trong hệ thống. Thầy cô đối chiếu giấy tờ của hai "
            "người; nếu số trên giấy đúng, thầy cô báo đơn vị quản lý.",
            "Somebody else holds this personal number.",
        ),
        "identity_same": ("Các mục vừa nhập giống hồ sơ đang có.", "Nothing differs from the file."),
        "identity_note_long": ("Ghi chú dài quá {limit} ký tự.", "The note has at most {limit} characters."),
        "identity_paper": ("Cần ghi giấy tờ đã đối chiếu.", "Name the paper that was seen."),
        "identity_residence_paper": (
            "Nhà trường không dùng {paper} để đối chiếu (Nghị định 104/2022/NĐ-CP). Nơi cư trú khai thác từ "
            "dữ liệu dân cư ở mục Cư trú.",
            "No {paper}: residence comes from the register.",
        ),
        "identity_paper_date": (
            "Ngày của giấy tờ không thể ở tương lai.",
            "The paper's date cannot be in the future.",
        ),
        "identity_nothing_to_confirm": (
            "Hồ sơ này không có điểm nào cần xác nhận.",
            "There is nothing to confirm.",
        ),
    }
)

_NOTE = 300
_PAPER = 120


@dataclass(frozen=True, slots=True)
class Corrected:
    """The person after a correction, and what must still be confirmed before it can be sent."""

    person: Person
    changed: tuple[str, ...]
    warnings: Mapping[str, str]  # finding code → sentence


def place_of(pupil: Pupil) -> SchoolClass:
    """The class in which the pupil studies now (the latest year). One query.

    :raises NotFound: ``identity_no_class``
    """
    row = (
        Enrolment.objects.filter(pupil=pupil, active=True)
        .select_related("school_class__school")
        .order_by("-school_class__school_year", "-pk")
        .first()
    )
    if row is None:
        raise NotFound("identity_no_class")
    return row.school_class


def _authorise(actor: Actor, person: Person) -> Organisation:
    if isinstance(person, StaffMember):
        require(actor, "identity.repair_staff", person.organisation)
        return person.organisation
    school_class = place_of(person)
    require(actor, "identity.repair", school_class)
    return school_class.school


def correct(actor: Actor, person: Person, values: Mapping[str, str], note: str = "") -> Corrected:
    """Correct verified fields of a pupil or a member of staff; a checked identity then needs a new check.

    Nothing is mended in silence: what is not exact is refused with what would be right.

    :param values: field of ``typed_values.CORRECTABLE`` → what was typed; fields that are not named stay.
    :param note: what was seen (paper, date), for the record.
    :raises NotAllowed: policies ``identity.repair``, ``identity.repair_staff``
    :raises DomainError: ``identity_*``, ``personal_number.*``; nothing is changed then. A number that another
        pupil holds opens the pair of both files (``apps.matching``).
    """
    try:
        with transaction.atomic():
            return correct_for(actor, _authorise(actor, person), person, values, note)
    except DomainError as refusal:
        if refusal.code == "identity_number_taken" and isinstance(person, Pupil):
            meet_holder(actor, person, values["personal_number"])
        raise


def correct_for(
    actor: Actor,
    school: Organisation,
    person: Person,
    values: Mapping[str, str],
    note: str = "",
    *,
    door: str = "repair",
) -> Corrected:
    """:func:`correct` behind a door that has asked its own policy (the collection workbook); inside the
    caller's transaction.

    :param school: where the person is now. :param door: for the audit events.
    """
    note = _text(note, _NOTE, "identity_note_long")
    row = type(person)._default_manager.select_for_update().get(pk=person.pk)
    wanted = read_values(row, values)
    changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if not changed:
        raise DomainError("identity_same")
    _write(row, changed)
    note_change(actor, row, changed, organisation=school.code, door=door)
    for name in (*changed, "identity_state"):
        setattr(person, name, getattr(row, name))
    chain.record(
        actor,
        "identity.correct",
        row.code,
        organisation=school.code,
        fields=sorted(changed),
        note=note,
        staff=isinstance(row, StaffMember),
    )
    return Corrected(person, tuple(sorted(changed)), evidence.warnings(row))


def _write(row: Person, changed: dict[str, str]) -> None:
    for name, value in changed.items():
        setattr(row, name, value)
    fields = list(changed)
    if isinstance(row, Pupil):
        row.updated_at = clock.now()
        fields.append("updated_at")
        if "full_name" in changed:
            row.sort_key = sort_key(row.full_name)
            fields.append("sort_key")
    number = changed.get("personal_number")
    if number and type(row)._default_manager.filter(_same_number(row, number)).exclude(pk=row.pk).exists():
        raise DomainError("identity_number_taken")
    try:
        with transaction.atomic():
            row.save(update_fields=fields)
    except IntegrityError:  # somebody else was faster
        raise DomainError("identity_number_taken") from None


def _same_number(row: Person, number: str) -> Q:
    same = Q(personal_number=number)
    # A teacher may have a record in several schools; within one a number belongs to one person.
    return same & Q(organisation=row.organisation) if isinstance(row, StaffMember) else same


def _text(written: str, limit: int, code: str) -> str:
    text = masked_in(collapse(nfc(written)))
    if len(text) > limit:
        raise DomainError(code, limit=limit)
    return text


@transaction.atomic
def confirm_warnings(
    actor: Actor, person: Person, *, paper: str, paper_date: date | None = None, note: str = ""
) -> Confirmation:
    """Stand by number, birth date and sex as they are although their structure looks wrong; then they may be
    sent (domain 2.1 rule 3).

    :param paper: what was seen, e.g. "Thông báo số định danh cá nhân".
    :raises NotAllowed: policies as for :func:`correct`
    :raises DomainError: ``identity_nothing_to_confirm``, ``identity_paper*``, ``identity_note_long``
    """
    school = _authorise(actor, person)
    return confirm_warnings_for(actor, school, person, paper=paper, paper_date=paper_date, note=note)


def confirm_warnings_for(
    actor: Actor,
    school: Organisation,
    person: Person,
    *,
    paper: str,
    paper_date: date | None = None,
    note: str = "",
) -> Confirmation:
    """:func:`confirm_warnings` behind another door, as :func:`correct_for`."""
    person.refresh_from_db()
    codes = sorted(evidence.MUST_CONFIRM & evidence.warnings(person).keys())
    return _confirm(actor, school, person, ConfirmationKind.WARNING, codes, paper, paper_date, note)


@transaction.atomic
def confirm_difference(
    actor: Actor,
    person: Person,
    *,
    fields: Sequence[str] = (),
    paper: str,
    paper_date: date | None = None,
    note: str = "",
) -> Confirmation:
    """Note that the file agrees with a paper although the register does not: the register must be corrected,
    and :func:`~hocbaso.apps.identity.queries.who_must_act` says so from now on.

    :param fields: of ``engines.population.FIELDS``; all that differ when left out.
    :raises NotAllowed: policies as for :func:`correct`
    :raises DomainError: ``identity_nothing_to_confirm``, ``identity_paper*``, ``identity_note_long``
    """
    school = _authorise(actor, person)
    return confirm_difference_for(
        actor, school, person, fields=fields, paper=paper, paper_date=paper_date, note=note
    )


def confirm_difference_for(
    actor: Actor,
    school: Organisation,
    person: Person,
    *,
    fields: Sequence[str] = (),
    paper: str,
    paper_date: date | None = None,
    note: str = "",
) -> Confirmation:
    """:func:`confirm_difference` behind another door, as :func:`correct_for`."""
    person.refresh_from_db()
    check = last_check(person)
    open_fields = _in_question(person, check.outcome, check.differences) if check else []
    chosen = [name for name in FIELD_LABELS if name in open_fields and (not fields or name in fields)]
    return _confirm(actor, school, person, ConfirmationKind.DIFFERENCE, chosen, paper, paper_date, note)


def _in_question(person: Person, outcome: str, differences: Sequence[str]) -> Sequence[str]:
    if person.identity_state == "not_found" and outcome == "not_found":
        return ["so_dinh_danh"]
    return differences if person.identity_state == "mismatch" else []


def _confirm(
    actor: Actor,
    school: Organisation,
    person: Person,
    kind: ConfirmationKind,
    subjects: list[str],
    paper: str,
    paper_date: date | None,
    note: str,
) -> Confirmation:
    if not subjects:
        raise DomainError("identity_nothing_to_confirm")
    paper = _text(paper, _PAPER, "identity_note_long")
    if not paper:
        raise DomainError("identity_paper")
    named = residence_paper(f"{paper} {note}")
    if named:
        raise DomainError("identity_residence_paper", paper=named)
    if paper_date is not None and paper_date > clock.today():
        raise DomainError("identity_paper_date")
    key = "pupil" if isinstance(person, Pupil) else "staff"
    made = Confirmation.objects.create(
        kind=kind,
        subjects=subjects,
        snapshot_hash=evidence.fields_of(person).digest,
        paper=paper,
        paper_date=paper_date,
        note=_text(note, _NOTE, "identity_note_long"),
        at=clock.now(),
        by=actor.label,
        **{key: person},
    )
    chain.record(
        actor,
        "identity.confirm",
        person.code,
        organisation=school.code,
        kind=kind.value,
        subjects=subjects,
        paper=paper,
    )
    return made
