"""An upload on the pages: kept while it is worked on, answered, confirmed, sent, ended."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePath

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity import background
from hocbaso.apps.identity.collection.models import State, Upload
from hocbaso.apps.identity.collection.report import report_of
from hocbaso.apps.identity.collection.use_cases.export_collection import PURPOSE
from hocbaso.apps.identity.collection.use_cases.import_collection import check, one_at_a_time, write
from hocbaso.apps.identity.models import Sending
from hocbaso.apps.identity.states import DUE
from hocbaso.apps.identity.use_cases.send import send, send_staff
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.watermark import mark_workbook
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.annotate import annotate

register(
    {
        "collection_not_found": ("Không có lần nộp tệp này.", "There is no such upload."),
        "collection_ended": (
            "Lần nộp tệp này đã xong nên không làm tiếp được. Thầy cô nộp tệp mới.",
            "This upload has ended.",
        ),
        "collection_moved": (
            "Có hồ sơ vừa được người khác sửa. Hệ thống đã kiểm tra lại tệp; thầy cô xem kết quả mới rồi "
            "ghi.",
            "A file was changed meanwhile; the workbook was checked again.",
        ),
        "collection_refused": (
            "Còn {count} dòng bị từ chối. Thầy cô sửa trong tệp rồi nộp lại, hoặc chọn ghi các dòng tốt "
            "trước.",
            "{count} rows are refused.",
        ),
        "collection_nothing": (
            "Tệp không có gì để ghi.",
            "There is nothing to write.",
        ),
        "collection_no_file": (
            "Tệp đã được xóa khỏi máy chủ sau khi ghi xong, để không giữ số định danh lâu hơn cần thiết.",
            "The workbook is no longer kept.",
        ),
        "collection_nobody_due": (
            "Không còn ai của lần nộp này phải gửi lại.",
            "Nobody of this upload is due.",
        ),
    }
)

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def find_upload(actor: Actor, upload_id: int) -> Upload:
    """The upload: one's own, or of the school for the clerk.

    :raises NotFound: ``collection_not_found``
    """
    found = Upload.objects.select_related("school").filter(pk=upload_id).first()
    if found is None or not may_handle(actor, found):
        raise NotFound("collection_not_found")
    return found


def may_handle(actor: Actor, upload: Upload) -> bool:
    """Who brought it, and whoever may collect for the whole school."""
    if not allowed(actor, "collection.view", upload.school):
        return False
    return allowed(actor, "collection.staff", upload.school) or upload.by == actor.label


def upload(actor: Actor, *, school: Organisation, year: str, data: bytes, file_name: str) -> Upload:
    """Check a workbook and keep it until it is written; an earlier one of the same person that was not ends.

    :raises NotAllowed, Unreadable, DomainError: as :func:`check`; nothing is stored then.
    """
    year = str(SchoolYear.parse(year))
    earlier = Upload.objects.filter(school=school, school_year=year, by=actor.label).order_by("-pk").first()
    answers = earlier.answers if earlier is not None else {}
    made, found = check(actor, school=school, year=year, data=data, answers=answers)
    name = _UNPRINTABLE.sub("", PurePath(file_name.replace("\\", "/")).name)[:200] or "tep.xlsx"
    with transaction.atomic():
        own = Upload.objects.filter(school=school, by=actor.label)
        own.filter(state=State.CHECKED).update(state=State.ENDED)
        own.update(content=None)
        kept = Upload.objects.create(
            school=school,
            school_year=year,
            file_name=name,
            digest=hashlib.sha256(data).hexdigest(),
            content=data,
            answers=dict(found.answers),
            report=report_of(made, found),
            by=actor.label,
            created_at=clock.now(),
        )
        chain.record(
            actor,
            "identity.collection_upload",
            f"collection:{kept.pk}",
            organisation=school.code,
            file=kept.digest,
        )
    return kept


def answer(actor: Actor, upload_id: int, answers: Mapping[str, bool | None]) -> Upload:
    """Keep answers to questions (None takes one back) and check again.

    :raises NotFound: no such upload for this actor. :raises DomainError: ``collection_ended``.
    """
    find_upload(actor, upload_id)
    with transaction.atomic():
        row = _open(upload_id)
        known = {question["key"] for question in row.report.get("questions", [])}
        kept = dict(row.answers)
        for key, value in answers.items():
            if key in known and value is not None:
                kept[key] = value
            elif key in known:
                kept.pop(key, None)
        row.answers = kept
        _check_again(actor, row)
    return row


def _check_again(actor: Actor, row: Upload) -> None:
    made, found = check(
        actor, school=row.school, year=row.school_year, data=_content(row), answers=row.answers
    )
    row.report = report_of(made, found)
    row.save(update_fields=["answers", "report"])


def confirm(actor: Actor, upload_id: int, *, accept_good_rows: bool = False) -> Upload:
    """Write the checked workbook.

    :raises NotFound: no such upload for this actor.
    :raises DomainError: ``collection_ended``, ``collection_moved`` (checked anew, nothing written),
        ``collection_refused``, ``collection_nothing``, and what the repair refuses.
    """
    upload_row = find_upload(actor, upload_id)
    with transaction.atomic():
        one_at_a_time(upload_row.school)
        row = _open(upload_id)
        data = _content(row)
        made, found = check(actor, school=row.school, year=row.school_year, data=data, answers=row.answers)
        moved = made.fingerprint != row.report.get("fingerprint")
        if moved:
            row.report = report_of(made, found)
            row.save(update_fields=["report"])
        else:
            if made.counts["refused"] and not accept_good_rows:
                raise DomainError("collection_refused", count=made.counts["refused"])
            if not made.writes:
                raise DomainError("collection_nothing")
            if not made.counts["refused"]:
                row.content = None
            write(actor, row, made, found)
    if moved:
        raise DomainError("collection_moved")
    return row


def end(actor: Actor, upload_id: int) -> Upload:
    """Give an upload up; its bytes go at once.

    :raises NotFound: no such upload for this actor. :raises DomainError: ``collection_ended``.
    """
    find_upload(actor, upload_id)
    with transaction.atomic():
        row = _open(upload_id)
        row.state, row.content = State.ENDED, None
        row.save(update_fields=["state", "content"])
    return row


def annotated(actor: Actor, upload_id: int) -> tuple[str, bytes]:
    """The school's own workbook with a note in each cell to look at: file name and bytes.

    :raises NotFound: no such upload for this actor. :raises DomainError: ``collection_no_file``.
    """
    row = find_upload(actor, upload_id)
    data = _content(row)
    made, _found = check(actor, school=row.school, year=row.school_year, data=data, answers=row.answers)
    content = mark_workbook(
        annotate(data, made.issues),
        actor,
        PURPOSE,
        what="collection",
        persons=len(made.rows),
        unit=row.school,
    )
    return f"{PurePath(row.file_name).stem}_ghi_chu.xlsx", content


def people_due(upload_row: Upload) -> tuple[list[Pupil], list[StaffMember]]:
    """Whom the upload changed and who waits to be sent. Two queries."""
    changes = upload_row.report.get("changes", [])
    codes = {staff: [c["code"] for c in changes if c["staff"] is staff] for staff in (False, True)}
    pupils = Pupil.objects.filter(code__in=codes[False], identity_state__in=DUE) if codes[False] else ()
    staff = (
        StaffMember.objects.filter(
            organisation=upload_row.school, code__in=codes[True], identity_state__in=DUE
        )
        if codes[True]
        else ()
    )
    return list(pupils), list(staff)


def send_again(actor: Actor, upload_id: int) -> list[Sending]:
    """Send whom the upload changed, in one click.

    :raises NotFound: no such upload for this actor.
    :raises NotAllowed: policies of :func:`send`. :raises DomainError: ``collection_nobody_due``.
    """
    row = find_upload(actor, upload_id)
    require(actor, "collection.view", row.school)
    with transaction.atomic():
        pupils, staff = people_due(row)
        if not pupils and not staff:
            raise DomainError("collection_nobody_due")
        sent = []
        if pupils:
            sent.append(send(actor, school=row.school, year=row.school_year, pupils=pupils))
        if staff:
            sent.append(send_staff(actor, school=row.school, year=row.school_year, staff=staff))
        Upload.objects.filter(pk=row.pk).update(sending=sent[0])
        transaction.on_commit(background.wake)
    return sent


def _open(upload_id: int) -> Upload:
    row = Upload.objects.select_for_update(of=("self",)).select_related("school").get(pk=upload_id)
    if row.state != State.CHECKED:
        raise DomainError("collection_ended")
    return row


def _content(row: Upload) -> bytes:
    if row.content is None:
        raise DomainError("collection_no_file")
    return bytes(row.content)
