"""Search the register for somebody without number; a person accepts what it offers (domain 2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence, ports
from hocbaso.apps.identity.models import Check
from hocbaso.apps.identity.states import Person, move
from hocbaso.apps.identity.use_cases.note_change import note_change
from hocbaso.apps.identity.use_cases.repair import place_of
from hocbaso.apps.identity.use_cases.send import send, send_staff
from hocbaso.apps.matching.models import NumberSearch, SearchState
from hocbaso.apps.matching.use_cases.meet import meet
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import IdentityState, Pupil, SchoolClass
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.population import (
    FIELDS,
    MAX_BATCH,
    Answer,
    Fault,
    FieldAnswer,
    Outcome,
    PopulationPort,
    PopulationUnavailable,
    Purpose,
    Query,
    Subject,
)

register(
    {
        "search_has_number": (
            "{name} đã có số định danh trong hồ sơ nên không tìm ở đây. Thầy cô gửi xác thực.",
            "{name} has a number already.",
        ),
        "search_lacks": (
            "Chưa tìm được số của {name}: hồ sơ còn thiếu {fields}. Thầy cô bổ sung rồi tìm lại.",
            "The search needs {fields} of {name}.",
        ),
        "search_no_offer": (
            "Kết quả tìm này không còn hiệu lực. Thầy cô tìm lại.",
            "This offer does not stand any more.",
        ),
        "search_changed": (
            "Hồ sơ đã thay đổi từ lúc tìm. Thầy cô tìm lại.",
            "The file changed since the search.",
        ),
        "search_undisclosed": (
            "Hệ thống dân cư xác nhận có người này nhưng không cung cấp số. Thầy cô xin gia đình "
            "thông báo số định danh cá nhân rồi nhập vào hồ sơ.",
            "The register does not disclose the number; ask the family.",
        ),
    }
)

Answered = Literal["one", "several", "none", "unavailable"]
_NEEDED = ("full_name", "birth_date", "sex", "province", "commune")
_ASKABLE = frozenset({IdentityState.NO_NUMBER, IdentityState.NOT_FOUND, IdentityState.MULTIPLE})
#: The register keeps an offer for a while; one that is older is asked for anew.
OFFER_LASTS = timedelta(days=2)
_SEARCH, _ACCEPT = "tim_so_dinh_danh", "nhan_so_dinh_danh"


@dataclass(frozen=True, slots=True)
class Offer:
    """The one person whom the register offers, masked by it."""

    masked_name: str
    masked_number: str
    birth_year: str
    sex: str
    commune: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave; ``offered`` and ``token`` only with "one"."""

    person: Person
    outcome: Answered
    offered: Offer | None = None
    token: str = ""
    search_id: int = 0  # of the row that holds the offer
    soft: tuple[str, ...] = ()  # compared fields that differ in writing only
    reason: str = ""  # with "none": the field that the register could not read
    sentence: str = ""  # with "unavailable": why


@dataclass(frozen=True, slots=True)
class Taken:
    """What accepting an offer led to.

    :ivar outcome: "sent" (number written, asked about), "incomplete" (written; something is to be confirmed
        before it is sent) or "duplicate" (another file holds the number: ``pair`` is the case to look at).
    """

    person: Person
    outcome: Literal["sent", "incomplete", "duplicate"]
    pair_id: int | None = None


def search(actor: Actor, pupil: Person, *, port: PopulationPort | None = None) -> Found:
    """Ask the register about one pupil (or member of staff) without number. Not inside a transaction.

    Asking again with the same file while an offer stands gives that offer and asks nobody.

    :param port: the registry; the node's own when left out.
    :raises NotAllowed: policies ``matching.search_class``, ``identity.repair_staff``
    :raises DomainError: ``search_has_number``, ``search_lacks``
    """
    return search_many(actor, [pupil], port=port)[0]


def search_many(actor: Actor, people: Sequence[Person], *, port: PopulationPort | None = None) -> list[Found]:
    """The same for several, in messages of at most a hundred; answers in the order given."""
    rows = [_prepared(actor, person) for person in people]
    asking = [row for row in rows if row.state == SearchState.ASKING]
    failed: dict[int, str] = {}
    for start in range(0, len(asking), MAX_BATCH):
        part = asking[start : start + MAX_BATCH]
        try:
            answers = (port or ports.population()).ask([_query(row, row.request_id, _SEARCH) for row in part])
        except PopulationUnavailable as error:
            failed |= dict.fromkeys((row.pk for row in asking[start:]), str(error))
            break
        for row, answer in zip(part, answers, strict=True):
            _keep(actor, row, answer)
            if not answer.outcome.final:
                failed[row.pk] = PopulationUnavailable(Fault.UNAVAILABLE, "one subject").message
    return [_told(row, failed.get(row.pk, "")) for row in rows]


def waiting_offer(person: Person) -> Found | None:
    """What the latest search about the person's present file gave; None when none stands. One query."""
    row = _latest(person)
    return told_of(row) if row is not None else None


def told_of(row: NumberSearch) -> Found | None:
    """What a search says of the person's present file; None when the file has changed or the offer is old."""
    if row.state not in _STANDING or row.snapshot_hash != evidence.fields_of(person_of(row)).digest:
        return None
    if row.state == SearchState.ONE and _old(row):
        return None
    return _told(row, "")


def person_of(row: NumberSearch) -> Person:
    """Whom the search is about."""
    person = row.pupil or row.staff
    assert person is not None
    return person


_STANDING = (SearchState.ONE, SearchState.SEVERAL, SearchState.NONE)


def _latest(person: Person) -> NumberSearch | None:
    row = NumberSearch.objects.filter(**_key(person)).order_by("-pk").first()
    if isinstance(row, NumberSearch):
        setattr(row, "pupil" if isinstance(person, Pupil) else "staff", person)
        return row
    return None


def _key(person: Person) -> dict[str, Person]:
    return {"pupil" if isinstance(person, Pupil) else "staff": person}


def _old(row: NumberSearch) -> bool:
    return row.answered_at is None or clock.now() - row.answered_at > OFFER_LASTS


def _stands(row: NumberSearch) -> bool:
    """Its answer was lost, or its offer waits for somebody."""
    return row.state == SearchState.ASKING or (row.state == SearchState.ONE and not _old(row))


def _authorise(actor: Actor, person: Person) -> tuple[Organisation, str]:
    """The school in whose name it is asked, and the school year."""
    if isinstance(person, StaffMember):
        require(actor, "identity.repair_staff", person.organisation)
        return person.organisation, str(SchoolYear.of(clock.today()))
    school_class: SchoolClass = place_of(person)
    require(actor, "matching.search_class", school_class)
    return school_class.school, school_class.school_year


@transaction.atomic
def _prepared(actor: Actor, person: Person) -> NumberSearch:
    """The row under whose id is asked: one whose answer was lost, one that offers still, or a new one."""
    school, _year = _authorise(actor, person)
    current = type(person)._default_manager.select_for_update().get(pk=person.pk)
    if current.personal_number or current.identity_state not in _ASKABLE:
        raise DomainError("search_has_number", name=current.full_name)
    fields = evidence.fields_of(current)
    needed = _NEEDED if isinstance(current, Pupil) else _NEEDED[:3]
    lacks = [evidence.LABELS[name].lower() for name in needed if not getattr(fields, name)]
    if lacks:
        raise DomainError("search_lacks", name=current.full_name, fields=", ".join(lacks))
    last = _latest(current)
    if last is not None and last.snapshot_hash == fields.digest and _stands(last):
        return last
    made = NumberSearch(
        school=school, snapshot_hash=fields.digest, asked_at=clock.now(), by=actor.label, **_key(current)
    )
    made.save()
    chain.record(actor, "matching.search", current.code, organisation=school.code)
    return made


def _query(row: NumberSearch, request_id: object, purpose: str) -> Query:
    basis = ports.STAFF_PURPOSE if row.staff_id else ports.PUPIL_PURPOSE
    subject = evidence.fields_of(person_of(row)).as_json() | {"personal_number": ""}
    return Query(
        request_id=str(request_id),
        subject=Subject(**subject),
        purpose=Purpose(purpose, basis.legal_basis),
        requester_unit=row.school.code,
        requester_user=row.by,
    )


@transaction.atomic
def _keep(actor: Actor, row: NumberSearch, answer: Answer) -> None:
    """The evidence, the offer and the state that follow from an answer."""
    if not answer.outcome.final:
        return
    now = clock.now()
    row.answered_at = now
    row.reason = answer.reason
    row.soft = [name for name in FIELDS if name in answer.soft]
    row.state = _state_after(answer)
    if row.state == SearchState.ONE:
        offered = answer.offered[0]
        row.token = offered.token
        row.offered = {name: getattr(offered, name) for name in Offer.__slots__}
    _evidence(actor, row, answer, _SEARCH)
    row.save()
    person = type(person_of(row))._default_manager.select_for_update().get(pk=person_of(row).pk)
    to = {
        SearchState.NONE: IdentityState.NOT_FOUND,
        SearchState.SEVERAL: IdentityState.MULTIPLE,
    }.get(SearchState(row.state))
    if to is None or person.personal_number or person.identity_state == to:
        return
    if evidence.fields_of(person).digest == row.snapshot_hash:
        move(actor, person, to, organisation=row.school.code, search=True)
        person_of(row).identity_state = to


def _state_after(answer: Answer) -> SearchState:
    if answer.offered and set(answer.differences) <= answer.soft:
        return SearchState.ONE
    return SearchState.SEVERAL if answer.outcome is Outcome.MULTIPLE else SearchState.NONE


def _evidence(actor: Actor, row: NumberSearch, answer: Answer, purpose: str) -> None:
    Check.objects.create(
        request_id=answer.request_id,
        school=row.school,
        purpose=purpose,
        legal_basis=ports.PUPIL_PURPOSE.legal_basis,
        sent_at=row.asked_at,
        answered_at=answer.answered_at,
        recorded_at=clock.now(),
        outcome=answer.outcome.value,
        differences=list(answer.differences),
        soft=[name for name in FIELDS if name in answer.soft],
        not_compared=[n for n in FIELDS if answer.fields.get(n) is FieldAnswer.NOT_COMPARED],
        reason=answer.reason,
        result_id=answer.result_id,
        request_digest=answer.request_digest,
        answer_digest=answer.raw_digest,
        snapshot_hash=row.snapshot_hash,
        by=actor.label,
        **_key(person_of(row)),
    )


def _told(row: NumberSearch, failed: str) -> Found:
    person = person_of(row)
    if row.state == SearchState.ONE:
        return Found(person, "one", Offer(**row.offered), row.token, row.pk, tuple(row.soft))
    if row.state == SearchState.SEVERAL:
        return Found(person, "several")
    if row.state == SearchState.NONE:
        return Found(person, "none", reason=row.reason)
    return Found(person, "unavailable", sentence=failed)


def accept(actor: Actor, pupil: Person, token: str, *, port: PopulationPort | None = None) -> Taken:
    """Somebody says: this is the one. The number comes from the register, and the file is sent to be checked.

    Not inside a transaction. A number that another file holds changes nothing but opens the pair of both.

    :param token: of the offer that :func:`search` gave for the file as it is now.
    :raises NotAllowed: as :func:`search`
    :raises DomainError: ``search_no_offer``, ``search_changed``, ``search_undisclosed``
    :raises PopulationUnavailable: nothing is known; the same may be tried again.
    """
    school, year = _authorise(actor, pupil)
    row = _standing(pupil, token)
    told = (port or ports.population()).accept(_query(row, row.accept_id, _ACCEPT), token)
    if told.outcome is not Outcome.MATCHED:
        _end(actor, row, SearchState.LAPSED)
        raise DomainError("search_no_offer")
    if not told.personal_number:
        _end(actor, row, SearchState.UNDISCLOSED)
        raise DomainError("search_undisclosed")
    pair = _write(actor, row, told.personal_number, told.result_id)
    if pair is not None:
        return Taken(pupil, "duplicate", pair)
    person = person_of(row)
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

    :raises NotAllowed: as :func:`search`
    :raises DomainError: ``search_no_offer``
    """
    _authorise(actor, pupil)
    _end(actor, _standing(pupil, token, fresh=False), SearchState.DECLINED)


def _standing(person: Person, token: str, *, fresh: bool = True) -> NumberSearch:
    person.refresh_from_db()
    row = _latest(person)
    if row is None or row.state != SearchState.ONE or not token or row.token != token:
        raise DomainError("search_no_offer")
    if fresh and _old(row):
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
def _write(actor: Actor, row: NumberSearch, number: str, result_id: str) -> int | None:
    """Write the number into the file; the id of the pair when another file holds it."""
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
            return meet(actor, person, holder, organisation=row.school.code).pk
        raise DomainError("identity_number_taken")
    if isinstance(person, Pupil):
        row.pupil = person
    else:
        row.staff = person
    note_change(actor, person, ["personal_number"], organisation=row.school.code, door="search")
    _end(actor, row, SearchState.ACCEPTED, result=result_id)
    return None


def _stamp(person: Person) -> None:
    if isinstance(person, Pupil):
        person.updated_at = clock.now()


def _holder(person: Person, number: str) -> Person | None:
    if isinstance(person, Pupil):
        return Pupil.objects.filter(personal_number=number).exclude(pk=person.pk).first()
    colleagues = StaffMember.objects.filter(personal_number=number, organisation=person.organisation)
    return colleagues.exclude(pk=person.pk).first()
