"""Many portraits at once: taken in, matched, looked through, saved together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Q, QuerySet

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import (
    Enrolment,
    PhotoBatch,
    PhotoBatchState,
    PhotoItem,
    PhotoItemState,
    SchoolClass,
)
from hocbaso.apps.pupils.use_cases.photos_match import Match, NameBook, shown_name
from hocbaso.core.errors import DomainError, NotFound, register, sentence
from hocbaso.engines.images import Frame, Source, cut, prepare
from hocbaso.engines.images.archive import Entry, files_of

register(
    {
        "photo_batch_closed": (
            "Đợt ảnh này đã đóng. Thầy cô mở đợt mới để thêm ảnh.",
            "The batch is closed.",
        ),
        "photo_no_such_item": ("Đợt này không có ảnh ấy.", "No such photo in the batch."),
        "photo_not_in_batch": (
            "Học sinh này không thuộc phạm vi của đợt ảnh. Thầy cô chọn trong danh sách.",
            "The pupil is outside the batch.",
        ),
        "photo_nothing": (
            "Chưa có tệp ảnh nào được chọn. Thầy cô chọn ảnh hoặc tệp ZIP rồi tải lên.",
            "No file was chosen.",
        ),
        "photo_batch_full": (
            "Một đợt nhận đến {limit} ảnh. Thầy cô lưu đợt này rồi mở đợt mới.",
            "A batch takes {limit} photos.",
        ),
    }
)

MAX_ITEMS = 3000
_ZIP = b"PK\x03\x04"
#: An open batch that nobody touches keeps faces for no reason: then it is cancelled.
OPEN_DAYS = 14


@dataclass(slots=True)
class Taken:
    """What happened to the files of one upload."""

    matched: int = 0
    asked: int = 0
    refused: int = 0
    same: int = 0  # sent before in this batch
    codes: list[str] = field(default_factory=list)


def open_batch(
    actor: Actor, *, school: Organisation, year: str, school_class: SchoolClass | None = None
) -> PhotoBatch:
    """A new batch; forgotten ones of the school are cancelled first.

    :param school_class: only its pupils; None: the whole school.
    :raises NotAllowed: policy ``pupils.photos``
    """
    require(actor, "pupils.photos", school_class or SchoolClass(pk=0, school=school))
    now = clock.now()
    with transaction.atomic():
        for old in PhotoBatch.objects.filter(
            school=school, state=PhotoBatchState.OPEN, created_at__lt=now - timedelta(days=OPEN_DAYS)
        ):
            close(old, PhotoBatchState.CANCELLED)
        return PhotoBatch.objects.create(
            school=school,
            school_year=year,
            school_class=school_class,
            created_by=actor.label,
            created_at=now,
        )


def close(batch: PhotoBatch, state: PhotoBatchState, saved: int = 0) -> None:
    """The batch ends; the pictures that waited in it are gone."""
    batch.items.update(source=b"", portrait=b"")
    batch.state, batch.saved, batch.closed_at = state, saved, clock.now()
    batch.save(update_fields=["state", "saved", "closed_at"])


def scope(batch: PhotoBatch) -> QuerySet[Enrolment]:
    """The pupils that the batch may be about, with pupil and class."""
    rows = Enrolment.objects.filter(
        active=True, school_class__school_id=batch.school_id, school_class__school_year=batch.school_year
    )
    if batch.school_class_id is not None:
        rows = rows.filter(school_class_id=batch.school_class_id)
    return rows.select_related("pupil", "school_class").order_by(
        "school_class__grade", "school_class__name", "order", "pupil__sort_key"
    )


def require_open(actor: Actor, batch: PhotoBatch) -> None:
    """:raises NotAllowed: policy ``pupils.photos``. :raises DomainError: ``photo_batch_closed``"""
    require(actor, "pupils.photos", batch.school_class or SchoolClass(pk=0, school=batch.school))
    if batch.state != PhotoBatchState.OPEN:
        raise DomainError("photo_batch_closed")


def entries_of(files: Iterable[tuple[str, bytes | Path]]) -> Iterable[Entry]:
    """Files as they were sent; an archive (always one, when it is a path) gives its own.

    :raises DomainError: ``photo_zip_*``
    """
    for name, content in files:
        if isinstance(content, Path) or name.lower().endswith(".zip") or content.startswith(_ZIP):
            yield from files_of(content)
        else:
            yield Entry(name, content)


def add_files(
    actor: Actor,
    *,
    batch: PhotoBatch,
    files: Iterable[tuple[str, bytes | Path]],
    enrolment: Enrolment | None = None,
) -> Taken:
    """Take files into an open batch: each is read, matched and cut, or refused with its reason.

    Every file is stored as soon as it is read: an upload that breaks off goes on where it stopped, and the
    same file sent again changes nothing.

    :param enrolment: whose photo it is, where the person has said so (one pupil's page).
    :raises NotAllowed: policy ``pupils.photos``
    :raises DomainError: ``photo_batch_*``, ``photo_zip_*``, ``photo_nothing``
    """
    require_open(actor, batch)
    known = set(batch.items.values_list("digest", flat=True))
    pupils = {row.pk: row for row in scope(batch)}
    book = NameBook.of(pupils.values())
    given: set[int | None] = set(
        batch.items.filter(state=PhotoItemState.MATCHED).values_list("enrolment_id", flat=True)
    )
    taken = Taken()
    for entry in entries_of(files):
        digest = hashlib.sha256(entry.content or entry.name.encode()).hexdigest()
        if digest in known:
            taken.same += 1
            continue
        if len(known) >= MAX_ITEMS:
            raise DomainError("photo_batch_full", limit=MAX_ITEMS)
        known.add(digest)
        item = PhotoItem(batch=batch, name=shown_name(entry.name), digest=digest)
        _read(item, entry)
        if item.state != PhotoItemState.REFUSED:
            _match(item, entry.name, book, pupils, given, enrolment)
        item.save()
        _count(taken, item)
    if not (taken.same or taken.codes or taken.matched):
        raise DomainError("photo_nothing")
    return taken


def _count(taken: Taken, item: PhotoItem) -> None:
    if item.state == PhotoItemState.MATCHED:
        taken.matched += 1
        return
    if item.state == PhotoItemState.REFUSED:
        taken.refused += 1
    else:
        taken.asked += 1
    taken.codes.append(item.code)


def _read(item: PhotoItem, entry: Entry) -> None:
    """Source and portrait, or the refusal."""
    try:
        if entry.refusal is not None:
            raise entry.refusal
        source = prepare(entry.content, entry.name)
    except DomainError as refusal:
        item.state, item.code, item.message = PhotoItemState.REFUSED, refusal.code, refusal.message
        return
    item.source, item.width, item.height = source.content, source.width, source.height
    set_frame(item, Frame.proposed(source))


def source_of(item: PhotoItem) -> Source:
    return Source(bytes(item.source), item.width, item.height)


def set_frame(item: PhotoItem, frame: Frame) -> None:
    """Cut the portrait anew; not saved yet."""
    made = cut(source_of(item), frame)
    item.frame = [frame.x, frame.y, frame.size]
    item.portrait, item.warnings = made.content, list(made.warnings)


def _match(
    item: PhotoItem,
    path: str,
    book: NameBook,
    pupils: dict[int, Enrolment],
    given: set[int | None],
    chosen: Enrolment | None,
) -> None:
    """Set whom the photo shows, or what is asked. ``given``: who has a photo in the batch already."""
    match = Match((chosen.pk,), "chosen") if chosen is not None else book.match(path)
    found, how = match.found, match.how
    item.candidates = list(found)
    item.state = PhotoItemState.ASKED
    if len(found) != 1:
        item.code = "photo_ambiguous" if found else "photo_unmatched"
        item.message = sentence(item.code, count=len(found))
    elif found[0] in given:
        item.code = "photo_second"
        item.message = sentence(item.code, name=pupils[found[0]].pupil.full_name)
    else:
        item.state, item.how, item.enrolment = PhotoItemState.MATCHED, how, pupils[found[0]]
        given.add(found[0])


def item_of(batch: PhotoBatch, number: int) -> PhotoItem:
    """:raises NotFound: ``photo_no_such_item``"""
    found = (
        batch.items.select_related("enrolment__pupil", "enrolment__school_class").filter(pk=number).first()
    )
    if found is None:
        raise NotFound("photo_no_such_item")
    found.batch = batch
    return found


def batch_counts(batch: PhotoBatch) -> dict[str, int]:
    """How many items stand in each state. One query."""
    counts = dict.fromkeys(PhotoItemState.values, 0)
    for state in batch.items.values_list("state", flat=True):
        counts[state] += 1
    return counts


def open_batches(school: Organisation, school_class_id: int | None, *, whole: bool) -> QuerySet[PhotoBatch]:
    """Batches that wait for somebody, newest first; a homeroom teacher's own class alone."""
    mine = Q() if whole else Q(school_class_id=school_class_id or 0)
    return PhotoBatch.objects.filter(mine, school=school, state=PhotoBatchState.OPEN).select_related(
        "school_class"
    )
