"""The secondary mark book: a sheet for each subject and semester, and one for conduct → :class:`MarkRow`.

Also a subject teacher's book with one sheet a class, and a single sheet as other software exports it
(domain sheet 9.2). Which class, subject and semester a sheet holds is said by its title, then by its name.
"""

from __future__ import annotations

from collections.abc import Sequence

from hocbaso.core.errors import Unreadable, register
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.annotate import NOTES_SHEET
from hocbaso.engines.workbooks.grid import Book, Sheet, column_letter
from hocbaso.engines.workbooks.mark_columns import CONDUCT, PageColumns, find_page
from hocbaso.engines.workbooks.mark_identity import Identifier, Identity, Page
from hocbaso.engines.workbooks.mark_key import SHEET as KEY_SHEET
from hocbaso.engines.workbooks.mark_key import read_key
from hocbaso.engines.workbooks.mark_record import MarkReader
from hocbaso.engines.workbooks.mark_titles import of_sheet_name
from hocbaso.engines.workbooks.model import Decisions, Issue, MarkRow, Reading, Severity, WorkbookKind
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.opening import check_header, note_no_records, spread_merges
from hocbaso.engines.workbooks.table import Records
from hocbaso.engines.workbooks.text import bare, is_blank, tidy
from hocbaso.engines.workbooks.unique import Persons

register(
    {
        "marks_no_page": (
            "Không tìm thấy bảng điểm nào trong tệp. Mỗi trang tính cần một dòng tiêu đề có Mã học sinh, Họ "
            "và tên và các cột điểm (TX1, TX2, ĐĐGgk, ĐĐGck).",
            "No mark table was found.",
        ),
        "marks_pages_hidden": (
            "Bảng điểm nằm ở trang tính đang ẩn “{sheet}”. Thầy cô bỏ ẩn trang tính này rồi tải lên lại.",
            "The mark table is on the hidden sheet {sheet!r}.",
        ),
    }
)

_REQUIRED = ("code", "full_name")
#: Columns that may stand on a page once only, or not at all.
_SINGLE = ("stated", "comment", "absent_excused", "absent_unexcused", "discipline", "class_name", *CONDUCT)
_COMPUTED = ("year_average", "conduct_year")
_LISTED = 20
#: So many cells are more than a title.
_FULL = 12


def mark_pages(book: Book) -> list[PageColumns]:
    """The sheets of the workbook that hold marks or conduct, hidden ones too."""
    return [page for sheet in book.sheets if (page := find_page(sheet)) is not None]


def holds_marks(book: Book) -> bool:
    """Whether any sheet is one of :func:`mark_pages`; looks no further than the first."""
    return any(find_page(sheet) is not None for sheet in book.sheets)


def read_mark_book(
    data: bytes | Book, *, year: SchoolYear | str, decisions: Decisions | None = None
) -> Reading[MarkRow]:
    """Read and validate a mark book.

    :param year: the school year it is read for; another one in a title refuses the sheet.
    :returns: every pupil's line on every page with ``ok``, issues in order of sheets and rows.
    :raises Unreadable: no workbook, or ``marks_no_page``, ``marks_pages_hidden``.
    """
    book = data if isinstance(data, Book) else Book(data)
    found = mark_pages(book)
    shown = [page for page in found if page.table.sheet.visible]
    if not shown:
        if found:
            raise Unreadable("marks_pages_hidden", sheet=found[0].table.sheet.name)
        raise Unreadable("marks_no_page")
    reader = _Reader(book, shown, SchoolYear.parse(year) if isinstance(year, str) else year)
    return reader.read(found, decisions)


class _Reader:
    """One reading of one workbook."""

    def __init__(self, book: Book, shown: list[PageColumns], year: SchoolYear) -> None:
        self.book = book
        self.year = year
        key = read_key(book)
        self.pages = [Page.of(columns, key) for columns in shown]
        classes = {bare(page.class_said): page.class_said for page in self.pages if page.class_said}
        self.identifier = Identifier(year, next(iter(classes.values())) if len(classes) == 1 else "")
        self.reading: Reading[MarkRow] = Reading(
            WorkbookKind.SECONDARY_MARKS, tuple(one.table.sheet.name for one in shown), key=key
        )
        self.persons: dict[tuple[str, str, str], Persons] = {}
        self.first: dict[tuple[str, str, str], str] = {}

    def read(self, found: Sequence[PageColumns], decisions: Decisions | None) -> Reading[MarkRow]:
        """Every page in the order of the workbook."""
        for number, page in enumerate(self.pages):
            notes = Notes(page.columns.table, decisions, main=number == 0)
            self.reading.headers.append(page.columns.table.position())
            if (
                self._header(notes, page.columns)
                and (identity := self.identifier.identify(notes, page)) is not None
            ):
                self._rows(notes, page.columns, identity)
            notes.issues.sort(key=_row)
            self.reading.issues.extend(notes.issues)
        self._sheets_not_read({page.table.sheet.name for page in found})
        return self.reading

    def _header(self, notes: Notes, columns: PageColumns) -> bool:
        """Note what is wrong with the header; False when the page cannot be read because of it."""
        once = (*columns.marks, *_SINGLE)
        readable = check_header(notes, (*_REQUIRED, *once), year=self.year, optional=once, other_year="error")
        readable = readable and not notes.bad
        table = columns.table
        notes.begin(table.last)
        for column in columns.guessed:
            field = next(name for name, index in table.columns.items() if index == column).upper()
            message = (
                f"Cột {column_letter(column)} không có tiêu đề, đứng sau cột điểm đánh giá thường xuyên nên "
                f"được đọc là {field}."
            )
            notes.ask(column, "untitled_column", message, "", field)
        for name in _COMPUTED:
            if (column_read := table.columns.get(name)) is not None:
                message = "Kết quả cả năm do hệ thống tự tính nên cột này không được nhập."
                notes.warn(column_read, "computed_column", message, table.titles[column_read])
        return readable and not notes.bad

    def _rows(self, notes: Notes, columns: PageColumns, identity: Identity) -> None:
        table = columns.table
        other = self.first.setdefault(identity.key, table.sheet.name)
        if other != table.sheet.name:
            notes.begin(table.first)
            notes.error(None, "page_twice", _twice(other, identity))
            self._refuse_first(other, table.sheet.name, identity)
            return
        spread_merges(notes, fill=("class_name",))
        records = Records(table, ("code", "full_name", "class_name", "birth_date"))
        persons = self.persons.setdefault(identity.key, Persons("học sinh"))
        reader = MarkReader(notes, columns, persons, identity)
        read: list[MarkRow] = []
        stopped, seen = False, 0
        for index, row in records:
            stopped = stopped or self._second_table(notes, records, seen, identity)
            seen = len(records.skipped)
            read.append(reader.refused(index) if stopped else reader.read(index, row))
        self.reading.rows.extend(read)
        self.reading.skipped.extend(records.skipped)
        if not read:
            note_no_records(notes, "học sinh")
        _note_few_columns(notes, columns, identity)
        _note_incomplete(notes, reader.incomplete)

    def _refuse_first(self, first: str, second: str, identity: Identity) -> None:
        """Which of two pages for one thing is right nobody knows: the first is not taken either."""
        if any(issue.code == "page_twice" and issue.sheet == first for issue in self.reading.issues):
            return
        for row in self.reading.rows:
            row.ok = row.ok and row.sheet != first
        header = next(one for one in self.reading.headers if one.sheet == first)
        message = _twice(second, identity)
        self.reading.issues.append(
            Issue(header.last_row, "", "", "page_twice", "error", message, "", None, first)
        )

    def _second_table(self, notes: Notes, records: Records, seen: int, identity: Identity) -> bool:
        """Whether a line between the records begins the table of another class, subject or semester."""
        for line in records.skipped[seen:]:
            if line.row <= notes.table.last or line.kind not in ("title", "class_line"):
                continue
            if self.identifier.begins_another(identity, line.text):
                message = (
                    f"Từ dòng này là một bảng khác (“{line.text[:80]}”). Mỗi trang tính chỉ chứa một bảng; "
                    "thầy cô tách bảng thứ hai sang trang tính riêng."
                )
                notes.at(line.row - 1, 0, "second_table", "error", message, line.text[:200])
                return True
        return False

    def _sheets_not_read(self, tables: set[str]) -> None:
        for sheet in self.book.sheets:
            hidden = sheet.name in tables and not sheet.visible
            severity: Severity | None = "warning" if hidden else _worth_telling(sheet)
            if severity is None or (sheet.name in tables and not hidden):
                continue
            message = (
                f"Trang tính đang ẩn “{sheet.name}” không được đọc. Thầy cô bỏ ẩn nếu cần nhập."
                if hidden
                else f"Trang tính “{sheet.name}” không có dòng tiêu đề của bảng điểm (Mã học sinh, Họ và "
                "tên, TX1, ĐĐGgk, ĐĐGck) nên không được đọc."
            )
            self.reading.issues.append(
                Issue(1, "", "", "sheet_not_read", severity, message, sheet.name, None, sheet.name)
            )


def _twice(other: str, identity: Identity) -> str:
    return (
        f"Trang tính “{other}” cũng ghi {identity.words} của lớp {identity.class_name}. Thầy cô chỉ để lại "
        "một trang."
    )


def _row(issue: Issue) -> int:
    return issue.row


def _note_few_columns(notes: Notes, columns: PageColumns, identity: Identity) -> None:
    """Fewer regular marks than the circular counts for the subject (TT 22/2021 Điều 6 khoản 2)."""
    subject, kept = identity.subject, sum(name.startswith("tx") for name in columns.marks)
    if subject is None or kept >= subject.regular_count:
        return
    message = (
        f"Trang tính có {kept} cột điểm đánh giá thường xuyên; môn {subject.name} có {subject.periods} tiết "
        f"một năm, cần {subject.regular_count} cột (Thông tư 22/2021/TT-BGDĐT, Điều 6 khoản 2)."
    )
    notes.begin(notes.table.last)
    notes.warn(None, "few_regular_columns", message)


def _note_incomplete(notes: Notes, rows: list[int]) -> None:
    if not rows:
        return
    listed = ", ".join(str(row + 1) for row in rows[:_LISTED]) + (" …" if len(rows) > _LISTED else "")
    message = (
        f"Có {len(rows)} học sinh chưa đủ cột điểm theo quy định (dòng {listed}). Điểm đã ghi vẫn được nhập; "
        "chưa đủ thì chưa tính được kết quả học kỳ."
    )
    notes.begin(notes.table.last)
    notes.warn(None, "missing_marks", message)


def _worth_telling(sheet: Sheet) -> Severity | None:
    """How much it weighs that a sheet is not read; None when nobody will believe that it was.

    A full sheet whose name tells a semester is a page of the book whose header was lost: refused.
    """
    if not sheet.visible or sheet.name == KEY_SHEET or sheet.name.startswith(NOTES_SHEET):
        return None
    filled = sum(1 for row in sheet.rows[:60] for cell in row if not is_blank(cell))
    said = of_sheet_name(tidy(sheet.name))
    if filled >= _FULL:
        return "error" if said.term else "warning"
    return "warning" if filled and (said.class_name or said.term) else None
