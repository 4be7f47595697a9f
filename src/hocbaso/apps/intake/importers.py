"""The three kinds of workbook and who reads, plans, writes and puts back each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.use_cases import import_staff
from hocbaso.apps.assessment.use_cases import import_marks, import_results, write_import
from hocbaso.apps.intake.models import Change, Kind
from hocbaso.apps.intake.planning import Plan, Recorder
from hocbaso.apps.intake.use_cases.put_back import put_back
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.use_cases import import_pupils
from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.detect import detect
from hocbaso.engines.workbooks.grid import Book
from hocbaso.engines.workbooks.mark_book import holds_marks, read_mark_book
from hocbaso.engines.workbooks.model import Decisions, Reading, WorkbookKind
from hocbaso.engines.workbooks.pupils import read_pupils
from hocbaso.engines.workbooks.results import read_primary_results
from hocbaso.engines.workbooks.staff import read_staff

register(
    {
        "intake_no_results": (
            "Không tìm thấy bảng kết quả nào trong tệp. Hệ thống đọc biểu kết quả cuối năm cấp tiểu học và "
            "sổ điểm cấp trung học (mỗi trang tính một môn, một học kỳ), nhận ra qua dòng tiêu đề có Mã học "
            "sinh và Họ tên. Các trang tính đã xem: {seen}.",
            "No table of results was found; sheets looked at: {seen}.",
        ),
        "intake_other_form": (
            "Tệp này là {found}, không phải {wanted}. Thầy cô chọn lại loại tệp hoặc tệp.",
            "The workbook is {found}, not {wanted}.",
        ),
    }
)

_NAMES = {
    WorkbookKind.PUPILS: "danh sách học sinh",
    WorkbookKind.STAFF: "danh sách cán bộ, giáo viên",
    WorkbookKind.PRIMARY_RESULTS: "kết quả cuối năm cấp tiểu học",
    WorkbookKind.SECONDARY_MARKS: "sổ điểm cấp trung học",
}
_FORMS = {
    Kind.PUPILS: (WorkbookKind.PUPILS,),
    Kind.STAFF: (WorkbookKind.STAFF,),
    Kind.RESULTS: (WorkbookKind.PRIMARY_RESULTS, WorkbookKind.SECONDARY_MARKS),
}


@dataclass(frozen=True, slots=True)
class Importer:
    """How one kind of workbook goes in and out again."""

    read: Callable[..., Reading[Any]]
    plan: Callable[[Organisation, str, Reading[Any], Actor], Plan]
    apply: Callable[[Plan, Recorder, Organisation, str], None]
    put_back: Callable[[list[Change], Actor, str], None]
    refused: Callable[[Plan, Actor, Organisation], None] | None = None  # what refused rows lead to


def _for_anybody(
    plan: Callable[[Organisation, str, Reading[Any]], Plan],
) -> Callable[[Organisation, str, Reading[Any], Actor], Plan]:
    """A plan that is the same whoever imports."""
    return lambda school, year, reading, _actor: plan(school, year, reading)


def read_results(data: bytes, *, year: SchoolYear | str, decisions: Decisions | None = None) -> Reading[Any]:
    """Read the year-end form of primary classes or a secondary mark book, whichever it is.

    :raises Unreadable: no workbook, or neither form.
    """
    book = Book(data)
    if holds_marks(book):
        return read_mark_book(book, year=year, decisions=decisions)
    return read_primary_results(data, year=year, decisions=decisions)


def _plan_results(school: Organisation, year: str, reading: Reading[Any], actor: Actor) -> Plan:
    if reading.kind is WorkbookKind.SECONDARY_MARKS:
        return import_marks.plan(school, year, reading, actor)
    return import_results.plan(school, year, reading, actor)


IMPORTERS = {
    Kind.PUPILS: Importer(
        read_pupils,
        _for_anybody(import_pupils.plan),
        import_pupils.apply,
        put_back,
        import_pupils.note_refused,
    ),
    Kind.STAFF: Importer(read_staff, import_staff.plan, import_staff.apply, import_staff.put_back),
    Kind.RESULTS: Importer(read_results, _plan_results, write_import.apply, write_import.put_back),
}


def note_refused(kind: Kind, plan: Plan, actor: Actor, school: Organisation) -> None:
    """Let refused rows lead where they lead; inside the caller's transaction."""
    then = IMPORTERS[kind].refused
    if then is not None:
        then(plan, actor, school)


def read(kind: Kind, data: bytes, year: str, decisions: Decisions | None = None) -> Reading[Any]:
    """Read a workbook as the kind the person chose.

    :raises Unreadable: no workbook, or one of another form.
    """
    try:
        reading = IMPORTERS[kind].read(data, year=year, decisions=decisions)
    except Unreadable as error:
        if error.code == "workbook_no_table":
            _tell_other_form(kind, data)
            if kind is Kind.RESULTS:
                raise Unreadable("intake_no_results", seen=error.params["seen"]) from error
        raise
    except DomainError as error:  # no programme covers that year: nothing of the file can be used
        raise Unreadable(error.code, **error.params) from error
    if not reading.rows:
        _tell_other_form(kind, data)
    return reading


def _tell_other_form(kind: Kind, data: bytes) -> None:
    found = detect(data)
    if found in _NAMES and found not in _FORMS[kind]:
        raise Unreadable(
            "intake_other_form",
            found=_NAMES[found],
            wanted=" hoặc ".join(_NAMES[form] for form in _FORMS[kind]),
        )
