"""A person answers what the register offered: this is the one, or another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence, ports
from hocbaso.apps.identity.states import Person
from hocbaso.apps.identity.use_cases.note_change import note_change
from hocbaso.apps.identity.use_cases.send import send, send_staff
from hocbaso.apps.matching.models import NumberSearch, SearchState
from hocbaso.apps.matching.use_cases.meet import meet
from hocbaso.apps.matching.use_cases.search import authorise, expired, latest, person_of, query
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.population import Outcome, PopulationPort

register(
    {
        "search_no_offer": (
            "Kết quả tìm này không còn hiệu lực. Thầy cô tìm lại.",
            "This offer does not stand any more.",
        ),
        "search_changed": (
            "Hồ sơ đã thay đổi từ lúc tìm. Thầy cô tìm lại.",
            "The file changed since the search.",
        ),
        "search_undisclosed": (
            "Hệ thống dân cư xác nhận có người này nhưng không cung cấp số. Thầy cô xin chính "
            "người này hoặc gia đình thông báo số định danh cá nhân rồi nhập vào hồ sơ.",
            "The register does not disclose the number; ask the person or the family.",
        ),
    }
)

ACCEPT = "nhan_so_dinh_danh"


@dataclass(frozen=True, slots=True)
class Taken:
    """What accepting an offer led to.

    :ivar outcome: "sent" (number written, asked about), "incomplete" (written; something is to be confirmed
        before it is sent) or "duplicate" (another file holds the number: ``pair`` is the case to look at).
    """

    person: Person
    outcome: Literal["sent", "incomplete", "duplicate"]
    pair_id: int | None = None


def accept(actor: Actor, pupil: Person, token: str, *, port: PopulationPort | None = None) -> Taken:
    """Somebody says: this is the one. The number comes from the register, and the file is sent to be checked.

    Not inside a transaction. A number that another file holds changes nothing but opens the pair of both.

    :param token: of the offer that ``search`` gave for the file as it is now.
    :raises NotAllowed: as ``search``
    :raises DomainError: ``search_no_offer``, ``search_changed``, ``search_undisclosed``; of a member of staff
        ``identity_number_taken``
    :raises PopulationUnavailable: nothing is known; the same may be tried again.
    """
    school, year = authorise(actor, pupil)
    row = _standing(pupil, token)
    told = (port or ports.population()).accept(query(row, row.accept_id, ACCEPT), token)
    if told.outcome is not Outcome.MATCHED:
        _end(actor, row, SearchState.LAPSED)
        raise DomainError("search_no_offer")
    if not told.personal_number:
        _end(actor, row, SearchState.UNDISCLOSED)
        raise DomainError("search_undisclosed")
    taken, pair = _write(actor, row, told.personal_number, told.result_id)
    person = person_of(row)
    if taken and isinstance(person, StaffMember):  # staff have no pairs; what was found is on record
        raise DomainError("identity_number_taken")
    if taken:
        return Taken(pupil, "duplicate", pair)
    for name in ("personal_number", "identity_state"):
        setattr(pupil, name, getattr(person, name))
    if isinstance(person, StaffMember):
        sending = send_staff(actor, school=school, year=year, staff=[person])
    else:
        sending = send(actor, school=school, year=year, pupils=[person])
    pupil.refresh_from_db(fields=["identity_state"])
    return Taken(pupil, "sent" if sending.queued else "incomplete")


def decline(actor: Actor, pupil: Person, token: str) -> None:
    """Somebody says: this is another person. The masked offer is forgotten; the file stays as it is.

    :raises NotAllowed: as ``search``
    :raises DomainError: ``search_no_offer``
    """
    authorise(actor, pupil)
    _end(actor, _standing(pupil, token, fresh=False), SearchState.DECLINED)


def _standing(person: Person, token: str, *, fresh: bool = True) -> NumberSearch:
    person.refresh_from_db()
    row = latest(person)
    if row is None or row.state != SearchState.ONE or not token or row.token != token:
        raise DomainError("search_no_offer")
    if fresh and expired(row):
        raise DomainError("search_no_offer")
    if fresh and (row.snapshot_hash != evidence.fields_of(person).digest or person.personal_number):
        raise DomainError("search_changed")
    return row


@transaction.atomic
def _end(actor: Actor, row: NumberSearch, state: SearchState, **details: str) -> None:
    row.state, row.token, row.offered = state, "", {}
    row.decided_at, row.decided_by = clock.now(), actor.label
    row.save()
    code = person_of(row).code
    chain.record(actor, f"matching.{state.value}", code, organisation=row.school.code, **details)


@transaction.atomic
def _write(actor: Actor, row: NumberSearch, number: str, result_id: str) -> tuple[bool, int | None]:
    """Write the number into the file; or (True, id of the pair of pupils) when another file holds it."""
    person = type(person_of(row))._default_manager.select_for_update().get(pk=person_of(row).pk)
    if evidence.fields_of(person).digest != row.snapshot_hash:
        raise DomainError("search_changed")
    holder = _holder(person, number)
    if holder is None:
        try:
            with transaction.atomic():
                person.personal_number = number
                _stamp(person)
                person.save()
        except IntegrityError:  # somebody else was faster
            holder = _holder(person, number)
    if holder is not None:
        _end(actor, row, SearchState.DUPLICATE)
        if isinstance(person, Pupil) and isinstance(holder, Pupil):
            return True, meet(actor, person, holder, organisation=row.school.code).pk
        return True, None
    if isinstance(person, Pupil):
        row.pupil = person
    else:
        row.staff = person
    note_change(actor, person, ["personal_number"], organisation=row.school.code, door="search")
    _end(actor, row, SearchState.ACCEPTED, result=result_id)
    return False, None


def _stamp(person: Person) -> None:
    if isinstance(person, Pupil):
        person.updated_at = clock.now()


def _holder(person: Person, number: str) -> Person | None:
    if isinstance(person, Pupil):
        return Pupil.objects.filter(personal_number=number).exclude(pk=person.pk).first()
    colleagues = StaffMember.objects.filter(personal_number=number, organisation=person.organisation)
    return colleagues.exclude(pk=person.pk).first()
