"""Search the register for somebody without number; a person accepts what it offers (domain 2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence, ports
from hocbaso.apps.identity.models import Check
from hocbaso.apps.identity.states import Person, move
from hocbaso.apps.identity.use_cases.repair import place_of
from hocbaso.apps.matching.models import NumberSearch, SearchState
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
    }
)

Answered = Literal["one", "several", "none", "unavailable"]
_NEEDED = ("full_name", "birth_date", "sex", "province", "commune")
_ASKABLE = frozenset({IdentityState.NO_NUMBER, IdentityState.NOT_FOUND, IdentityState.MULTIPLE})
#: The register keeps an offer for a while; one that is older is asked for anew.
OFFER_LASTS = timedelta(days=2)
_SEARCH = "tim_so_dinh_danh"


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
            answers = (port or ports.population()).ask([query(row, row.request_id, _SEARCH) for row in part])
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
    row = latest(person)
    return told_of(row) if row is not None else None


def told_of(row: NumberSearch) -> Found | None:
    """What a search says of the person's present file; None when the file has changed or the offer is old."""
    if row.state not in _STANDING or row.snapshot_hash != evidence.fields_of(person_of(row)).digest:
        return None
    if row.state == SearchState.ONE and expired(row):
        return None
    return _told(row, "")


def person_of(row: NumberSearch) -> Person:
    """Whom the search is about."""
    person = row.pupil or row.staff
    assert person is not None
    return person


_STANDING = (SearchState.ONE, SearchState.SEVERAL, SearchState.NONE)


def latest(person: Person) -> NumberSearch | None:
    """The newest search for somebody. One query."""
    row = NumberSearch.objects.filter(**_key(person)).order_by("-pk").first()
    if isinstance(row, NumberSearch):
        setattr(row, "pupil" if isinstance(person, Pupil) else "staff", person)
        return row
    return None


def _key(person: Person) -> dict[str, Person]:
    return {"pupil" if isinstance(person, Pupil) else "staff": person}


def expired(row: NumberSearch) -> bool:
    """Whether the register has forgotten its offer."""
    return row.answered_at is None or clock.now() - row.answered_at > OFFER_LASTS


def _stands(row: NumberSearch) -> bool:
    """Its answer was lost, or its offer waits for somebody."""
    return row.state == SearchState.ASKING or (row.state == SearchState.ONE and not expired(row))


def authorise(actor: Actor, person: Person) -> tuple[Organisation, str]:
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
    school, _year = authorise(actor, person)
    current = type(person)._default_manager.select_for_update().get(pk=person.pk)
    if current.personal_number or current.identity_state not in _ASKABLE:
        raise DomainError("search_has_number", name=current.full_name)
    fields = evidence.fields_of(current)
    needed = _NEEDED if isinstance(current, Pupil) else _NEEDED[:3]
    lacks = [evidence.LABELS[name].lower() for name in needed if not getattr(fields, name)]
    if lacks:
        raise DomainError("search_lacks", name=current.full_name, fields=", ".join(lacks))
    last = latest(current)
    if last is not None and last.snapshot_hash == fields.digest and _stands(last):
        return last
    made = NumberSearch(
        school=school, snapshot_hash=fields.digest, asked_at=clock.now(), by=actor.label, **_key(current)
    )
    made.save()
    chain.record(actor, "matching.search", current.code, organisation=school.code)
    return made


def query(row: NumberSearch, request_id: object, purpose: str) -> Query:
    """What the register is asked about a search."""
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
