"""Look for files that may be one person, in a school and between schools; keep what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import QuerySet

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.matching.compare import digest_of, kept, profiles
from hocbaso.apps.matching.models import CaseState, MergeCase, Pair, PairKind, PairState, Scan
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.core.matching import LIKELY, Likeness, Pairing, Profile, candidate_pairs, keys_of, likeness
from hocbaso.core.matching.likeness import hopeless

_CHUNK = 500


@dataclass(slots=True)
class _Found:
    """Pairs of one run: places of the files in the list."""

    pairs: dict[tuple[int, int], Likeness] = field(default_factory=dict)
    told: Pairing = field(default_factory=Pairing)


def scan(actor: Actor, unit: Organisation) -> Scan:
    """Compare every file of the unit's schools with every other that shares a key (no n²).

    A school is also compared with files of other schools that bear the name of one of its pupils; the rest
    between schools is found by scanning the unit above. A pair once judged to be two persons is not shown
    again unless what was compared has changed.

    :raises NotAllowed: policy ``matching.scan``
    """
    require(actor, "matching.scan", unit)
    started = clock.now()
    files, own = _files(unit)
    found = _compare(files, own)
    return _keep(actor, unit, files, found, started)


def _files(unit: Organisation) -> tuple[list[Profile], int]:
    """The files to compare: those of the unit first, and how many these are."""
    gone = MergeCase.objects.filter(state=CaseState.MERGED).values("merged")
    enrolled = Enrolment.objects.filter(school_class__school__in=schools_under(unit)).values("pupil")
    inside = Pupil.objects.filter(pk__in=enrolled).exclude(pk__in=gone)
    files = list(profiles(inside))
    own = len(files)
    if unit.kind == Kind.SCHOOL:
        known = {file.ref for file in files}
        names = sorted({file.name for file in files})
        for part in _parts(names):
            same: QuerySet[Pupil] = Pupil.objects.filter(full_name__in=part).exclude(pk__in=gone)
            files += [file for file in profiles(same) if file.ref not in known]
    return files, own


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(values)
    while part := list(islice(rest, _CHUNK)):
        yield part


def _compare(files: list[Profile], own: int) -> _Found:
    found = _Found()
    for i, j in candidate_pairs(map(keys_of, files), found.told):
        if i >= own or hopeless(files[i], files[j]):  # i < j: both of other schools
            continue
        result = likeness(files[i], files[j])
        if result.score >= LIKELY:
            found.pairs[i, j] = result
    return found


@transaction.atomic
def _keep(actor: Actor, unit: Organisation, files: list[Profile], found: _Found, started: datetime) -> Scan:
    refs = [file.ref for file in files]
    by_ids: dict[tuple[int, int], tuple[Profile, Profile, Likeness]] = {}
    for (i, j), result in found.pairs.items():
        first, second = sorted((files[i], files[j]), key=lambda one: one.ref)
        by_ids[first.ref, second.ref] = (first, second, result)
    stored = _stored(refs)
    opened = _update(by_ids, stored)
    lapsed = [
        pair.pk
        for ids, pair in stored.items()
        if ids not in by_ids and pair.state == PairState.OPEN and pair.kind != PairKind.NUMBER
    ]
    for part in (lapsed[n : n + _CHUNK] for n in range(0, len(lapsed), _CHUNK)):
        Pair.objects.filter(pk__in=part).update(state=PairState.LAPSED)
    made = Scan.objects.create(
        unit=unit,
        files=len(files),
        compared=found.told.pairs,
        opened=opened,
        lapsed=len(lapsed),
        skipped=found.told.skipped_files,
        started_at=started,
        finished_at=clock.now(),
        by=actor.label,
    )
    chain.record(
        actor,
        "matching.scan",
        f"scan:{made.pk}",
        organisation=unit.code,
        files=made.files,
        opened=made.opened,
        lapsed=made.lapsed,
    )
    return made


def _stored(refs: list[int]) -> dict[tuple[int, int], Pair]:
    """Pairs that are known already, both of whose files were compared."""
    compared = set(refs)
    rows = Pair.objects.all()
    if len(refs) < _CHUNK:
        rows = rows.filter(first__in=refs, second__in=refs)
    return {
        (row.first_id, row.second_id): row
        for row in rows.iterator(chunk_size=2000)
        if row.first_id in compared and row.second_id in compared
    }


def _update(
    found: dict[tuple[int, int], tuple[Profile, Profile, Likeness]], stored: dict[tuple[int, int], Pair]
) -> int:
    """Write what is new or compares otherwise; how many pairs are open that were not."""
    new: list[Pair] = []
    changed: list[Pair] = []
    opened = 0
    now = clock.now()
    for ids, (first, second, result) in found.items():
        pair = stored.get(ids)
        if pair is not None and (
            pair.state in (PairState.PROPOSED, PairState.MERGED)
            or (pair.digest == digest_of(first, second) and pair.state != PairState.LAPSED)
        ):
            continue
        row = pair or Pair(first_id=ids[0], second_id=ids[1], kind=result.kind)
        opened += row.pk is None or row.state != PairState.OPEN
        _fill(row, first, second, result, now)
        (changed if row.pk else new).append(row)
    Pair.objects.bulk_create(new, batch_size=_CHUNK, ignore_conflicts=True)  # another run may be as far
    Pair.objects.bulk_update(changed, _WRITTEN, batch_size=_CHUNK)
    return opened


_WRITTEN = (
    *("kind", "state", "score", "explanation", "digest", "found_at"),
    *("judged_at", "judged_by", "reason", "said_different"),
)


def _fill(row: Pair, first: Profile, second: Profile, result: Likeness, now: datetime) -> None:
    stored = kept(first, second, result)
    if row.kind != PairKind.NUMBER:
        row.kind = PairKind(result.kind)
        row.score = result.score
    row.state, row.found_at = PairState.OPEN, now
    row.explanation, row.digest = stored.explanation, stored.digest
    row.judged_at, row.judged_by, row.reason, row.said_different = None, "", "", []
