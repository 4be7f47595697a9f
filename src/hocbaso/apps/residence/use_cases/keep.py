"""Keep what the register answered: evidence, stays that agree with the file, and what a person must see."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from django.db import connection, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import JobState, Wait
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.residence.models import Answer, Kind, Lookup, Source, Stay, Told, ToldState
from hocbaso.apps.residence.queries import live_stays
from hocbaso.core import codelists
from hocbaso.core.residence import Outcome as Mapped
from hocbaso.core.residence import full_address, map_address, map_code, same_detail
from hocbaso.engines.population import ResidenceAnswer, ResidenceEntry

_DETAIL, _RELATION = 300, 60
_SYSTEM = Actor.system()


@dataclass(frozen=True, slots=True)
class Place:
    """A stay as the register told it, with today's units where they are certain."""

    kind: str
    detail: str
    commune: str
    commune_code: str
    province: str
    province_code: str
    mapped: str
    since: str
    until: str
    relation: str
    head_masked: str

    @property
    def digest(self) -> str:
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def place_of(entry: ResidenceEntry) -> Place:
    """The entry with today's units: by its codes, else by its words where they mean one commune."""
    found = codelists.commune(entry.commune_code)
    mapped = ""
    if found is None:
        read = map_code(entry.commune_code) if entry.commune_code else None
        if read is None or read.outcome is not Mapped.ONE:
            read = map_address(entry.commune, province=entry.province)
        if read.outcome is Mapped.ONE and read.exact:
            found, mapped = read.commune, read.text
    province = codelists.province(found.province_code) if found else None
    return Place(
        kind=entry.kind,
        detail=entry.address[:_DETAIL],
        commune=found.name if found else entry.commune[:80],
        commune_code=found.code if found else "",
        province=province.name if province else entry.province[:80],
        province_code=province.code if province else "",
        mapped=mapped[:400],
        since=entry.since[:10],
        until=entry.until[:10],
        relation=entry.relation[:_RELATION],
        head_masked=entry.head_masked[:20],
    )


@transaction.atomic
def keep_answer(worker: int, job: Lookup, told: ResidenceAnswer) -> int | None:
    """Write down a final answer.

    :returns: how many stays wait for a person now; None when the look-up is no longer this worker's.
    """
    rows = Lookup.objects.filter(pk=job.pk, worker=worker, state=JobState.SENT)
    pupils = Pupil.objects.filter(pk=job.pupil_id)
    if connection.vendor == "postgresql":
        rows, pupils = rows.select_for_update(of=("self",)), pupils.select_for_update()
    if not rows.exists():
        return None
    pupil = pupils.get()
    now = clock.now()
    order = job.order
    answer = Answer.objects.create(
        pupil=pupil,
        request_id=job.request_id,
        school=order.school,
        purpose=order.purpose,
        legal_basis=order.legal_basis,
        sent_at=job.sent_at or now,
        answered_at=told.answered_at,
        recorded_at=now,
        outcome=told.outcome.value,
        reason=told.reason,
        entries=len(told.entries),
        result_id=told.result_id,
        request_digest=told.request_digest,
        answer_digest=told.raw_digest,
        snapshot_hash=job.snapshot_hash,
        attempt=job.attempts,
        by=order.by,
    )
    Lookup.objects.filter(pk=job.pk).update(
        state=JobState.DONE, finished_at=now, worker=None, asked={}, wait=Wait.NONE
    )
    places = [place_of(entry) for entry in told.entries if entry.kind in Kind.values]
    recorded, waiting = _sort(pupil, answer, places)
    chain.record(
        _SYSTEM,
        "residence.answer",
        pupil.code,
        organisation=order.school.code,
        outcome=told.outcome.value,
        recorded=recorded,
        waiting=waiting,
    )
    return waiting


def _sort(pupil: Pupil, answer: Answer, places: list[Place]) -> tuple[int, int]:
    """Record what the file does not contradict; let a person decide on the rest."""
    live = list(live_stays([pupil.pk]).filter(source=Source.POPULATION))
    stated = list(live_stays([pupil.pk]).filter(source=Source.STATEMENT))
    today = clock.today().isoformat()
    recorded = waiting = 0
    for place in places:
        if any(_same(stay, place) for stay in live):
            continue
        ended = bool(place.until) and place.until < today
        if ended or _agrees(pupil, stated, place):
            stay_of(pupil, answer, place, by=answer.by, replaces=_same_stay(live, place))
            recorded += 1
        elif _offer(pupil, answer, place):
            waiting += 1
    return recorded, waiting


def _same(stay: Stay, place: Place) -> bool:
    return all(
        getattr(stay, name) == getattr(place, name)
        for name in ("kind", "commune_code", "commune", "detail", "since", "until")
    )


def _same_stay(live: list[Stay], place: Place) -> Stay | None:
    """The register's earlier word about the same stay, e.g. before it ended."""
    keys = (place.kind, place.since, place.commune_code)
    return next((s for s in live if s.since and (s.kind, s.since, s.commune_code) == keys), None)


def _agrees(pupil: Pupil, stated: list[Stay], place: Place) -> bool:
    """Whether neither the file nor a statement says anything else."""
    if place.kind == Kind.TEMPORARY:
        return True
    if place.kind == Kind.PERMANENT:
        return (
            bool(place.commune_code)
            and place.commune_code == pupil.commune_code
            and (
                not pupil.hamlet
                or same_detail(pupil.hamlet, place.detail, commune=place.commune, province=place.province)
            )
        )
    text = full_address(place.detail, place.commune, place.province)
    said = [full_address(s.detail, s.commune, s.province) for s in stated if s.kind == place.kind]
    others = [*said, pupil.current_address] if pupil.current_address else said
    return bool(place.commune_code) and all(
        same_detail(other, text, commune=place.commune, province=place.province) for other in others
    )


def stay_of(pupil: Pupil, answer: Answer, place: Place, *, by: str, replaces: Stay | None = None) -> Stay:
    """Record the register's stay."""
    return Stay.objects.create(
        pupil=pupil,
        source=Source.POPULATION,
        answer=answer,
        supersedes=replaces,
        recorded_at=clock.now(),
        recorded_by=by,
        **asdict(place),
    )


def _offer(pupil: Pupil, answer: Answer, place: Place) -> bool:
    """Let a person decide, unless the same was decided before; whether something waits."""
    earlier = Told.objects.filter(pupil=pupil, kind=place.kind)
    if earlier.filter(entry_hash=place.digest, state=ToldState.KEPT).exists():
        return False
    open_rows = earlier.filter(state=ToldState.OPEN)
    if open_rows.filter(entry_hash=place.digest).exists():
        return True
    open_rows.update(state=ToldState.GONE, entry={}, decided_at=clock.now(), decided_by=answer.by)
    Told.objects.create(
        pupil=pupil,
        answer=answer,
        kind=place.kind,
        entry=asdict(place),
        entry_hash=place.digest,
        units_differ=place.kind == Kind.PERMANENT and place.commune_code != pupil.commune_code,
    )
    return True
