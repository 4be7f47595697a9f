"""Take a merge apart: every row as it was, as long as no sheet of the pupil has been issued since.

Who asks for it and who agrees is in :mod:`.undo_cases`; here it is looked at and carried out.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils.dateparse import parse_datetime

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import OPEN_JOBS, Job
from hocbaso.apps.identity.states import after_change, tell
from hocbaso.apps.matching.models import CaseState, MergeCase, MergeChange, PairState
from hocbaso.apps.matching.use_cases.merge import locked_pair
from hocbaso.apps.periods.models import ColumnLock
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.apps.transcripts.models import IssuedSheet, SheetState, YearSheet
from hocbaso.core.errors import DomainError, register

register(
    {
        "undo_not_merged": ("{number} không phải một lần gộp còn hiệu lực.", "{number} is not a merge."),
        "undo_issued": (
            "Sau khi gộp đã phát hành học bạ của em (năm học {year}) nên không tách lại được. Nếu gộp nhầm, "
            "thầy cô thu hồi học bạ đó và báo đơn vị quản lý.",
            "A sheet of {year} was issued since.",
        ),
        "undo_signing": (
            "Học bạ năm học {year} của em đang chờ ký. Thầy cô trả lại rồi mới tách hồ sơ.",
            "The sheet of {year} is being signed.",
        ),
        "undo_locked": (
            "Sau khi gộp, lớp {name} năm học {year} đã khóa điểm nên điểm không rời hồ sơ này được.",
            "Class {name} was locked since.",
        ),
        "undo_again": (
            "Hồ sơ này sau đó lại được gộp tiếp ({number}). Thầy cô tách lần gộp đó trước.",
            "It was merged again by {number}.",
        ),
        "undo_changed": (
            "{what} của hồ sơ {code} đã được sửa sau khi gộp. Thầy cô đưa về như lúc gộp rồi mới tách.",
            "{what} of {code} was changed since.",
        ),
        "undo_asked": (
            "Hồ sơ đang chờ trả lời xác thực. Thầy cô tách sau khi có kết quả.",
            "The file waits for an answer of the register.",
        ),
    }
)

#: Columns that decide what hangs where: whoever changed them since is not overruled.
_STRICT = {
    "code": "Mã học sinh",
    "personal_number": "Số định danh",
    "pupil_id": "Lớp",
    "active": "Lớp",
    "status": "Trạng thái",
}
_FOLLOWS = ("identity_state", "updated_at")


def locked_merge(case: MergeCase) -> MergeCase:
    """The case, locked. :raises DomainError: ``undo_not_merged``"""
    row = MergeCase.objects.select_for_update(of=("self",)).select_related("pair").get(pk=case.pk)
    if row.state != CaseState.MERGED:
        raise DomainError("undo_not_merged", number=row.number)
    return row


def require_free(case: MergeCase) -> tuple[tuple[Pupil, Pupil], list[MergeChange]]:
    """Whether the merge can be taken apart now: both files, locked, and what was changed, newest first.

    :raises DomainError: ``undo_*``
    """
    files = locked_pair(case.survivor_id, case.merged_id)
    changes = list(case.changes.order_by("-id"))
    _require_free(case, files, changes)
    return files, changes


def take_apart(actor: Actor, row: MergeCase, reason: str, *, organisation: str) -> None:
    """Put every row back that the merge changed; other values that somebody corrected since stay. Inside the
    caller's transaction, with the case locked.

    :raises DomainError: ``undo_*``; nothing may be kept then.
    """
    files, changes = require_free(row)
    try:
        with transaction.atomic():
            _put_back(actor, files, changes, organisation)
    except IntegrityError:
        raise DomainError("undo_changed", what="Lớp hoặc số định danh", code=files[0].code) from None
    row.state, row.undone_by, row.undone_at = CaseState.UNDONE, actor.label, clock.now()
    row.undo_reason = reason
    row.save(update_fields=["state", "undone_by", "undone_at", "undo_reason"])
    if row.pair is not None:
        row.pair.state = PairState.OPEN
        row.pair.save(update_fields=["state"])
    codes = sorted(Pupil.objects.filter(pk__in=[f.pk for f in files]).values_list("code", flat=True))
    chain.record(actor, "matching.undo", row.number, organisation=organisation, people=codes, reason=reason)


def _require_free(case: MergeCase, files: tuple[Pupil, Pupil], changes: list[MergeChange]) -> None:
    ids = [file.pk for file in files]
    later = MergeCase.objects.filter(merged__in=[case.survivor_id], state=CaseState.MERGED).first()
    if later is not None:
        raise DomainError("undo_again", number=later.number)
    issued = IssuedSheet.objects.filter(sheet__pupil__in=ids, issued_at__gt=case.ended_at).first()
    if issued is not None:
        raise DomainError("undo_issued", year=issued.sheet.school_year)
    signing = YearSheet.objects.filter(pupil__in=ids, frozen_at__gt=case.ended_at).exclude(
        state__in=[SheetState.VOIDED, SheetState.ISSUED]
    )
    open_sheet = signing.only("school_year").first()
    if open_sheet is not None:
        raise DomainError("undo_signing", year=open_sheet.school_year)
    if Job.objects.filter(pupil__in=ids, state__in=OPEN_JOBS).exists():
        raise DomainError("undo_asked")
    moved = [c.object_id for c in changes if c.model == Enrolment._meta.label and "pupil_id" in c.before]
    for row in Enrolment.objects.filter(pk__in=moved).select_related("school_class"):
        if ColumnLock.objects.filter(school_class=row.school_class_id).exists():
            raise DomainError("undo_locked", name=row.school_class.name, year=row.school_class.school_year)


def _put_back(
    actor: Actor, files: tuple[Pupil, Pupil], changes: list[MergeChange], organisation: str
) -> None:
    people = {file.pk: file for file in files}
    _loosen(people, changes)
    for change in changes:
        model = apps.get_model(change.model)
        row = people.get(change.object_id) if model is Pupil else None
        row = row or model._default_manager.select_for_update().get(pk=change.object_id)
        _restore(actor, row, change, organisation)


def _loosen(people: dict[int, Pupil], changes: list[MergeChange]) -> None:
    """Unique columns go back through a value that nobody bears."""
    for change in changes:
        if change.model != Pupil._meta.label:
            continue
        pupil = people[change.object_id]
        free: dict[str, Any] = {}
        for name in {"code", "personal_number"} & change.after.keys():
            if getattr(pupil, name) != change.after[name]:
                raise DomainError("undo_changed", what=_STRICT[name], code=pupil.code)
            free[name] = "" if name == "personal_number" else f"-{pupil.pk}"
        if free:
            Pupil.objects.filter(pk=pupil.pk).update(**free)


def _restore(actor: Actor, row: models.Model, change: MergeChange, organisation: str) -> None:
    wanted: dict[str, Any] = {}
    for name, after in change.after.items():
        if name in _FOLLOWS:
            continue
        if _plain(getattr(row, name)) == after:
            wanted[name] = change.before[name]
        elif name in _STRICT:
            raise DomainError("undo_changed", what=_STRICT[name], code=_code_of(row))
    if isinstance(row, Pupil):
        wanted |= _followers(actor, row, change, wanted, organisation)
    for name, value in wanted.items():
        setattr(row, name, value)
    row.save(update_fields=[name.removesuffix("_id") for name in wanted])


def _followers(
    actor: Actor, row: Pupil, change: MergeChange, wanted: dict[str, Any], organisation: str
) -> dict[str, Any]:
    """The identity state and the time of change: as before when nobody touched the file since."""
    told: dict[str, Any] = {"updated_at": clock.now()}
    old = row.identity_state
    untouched = all(_plain(getattr(row, name)) == value for name, value in change.after.items())
    if untouched:
        told["updated_at"] = parse_datetime(change.before["updated_at"])
    if old == change.after.get("identity_state", old) and untouched:
        state = change.before.get("identity_state", old)  # the evidence of then speaks of these values
    else:
        changed = [name for name in wanted if name != "code"]
        state = after_change(old, changed, wanted.get("personal_number", row.personal_number)).value
    if state != old:
        told["identity_state"] = state
        tell(actor, state, {old: [row.code]}, organisation=organisation, door="undo")
    return told


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _code_of(row: models.Model) -> str:
    pupil = row.pupil if isinstance(row, Enrolment) else row
    return str(getattr(pupil, "code", ""))
