"""Which class, subject and semester a page holds: the title counts, doubt is asked."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.secondary import (
    SECONDARY_GRADES,
    SecondaryGrade,
    SecondarySubject,
    secondary_grade,
)
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.class_names import grade_of
from hocbaso.engines.workbooks.mark_columns import PageColumns
from hocbaso.engines.workbooks.mark_titles import (
    TERM_NAMES,
    Said,
    find_subject,
    of_line,
    of_sheet_name,
    of_title,
    part_of,
)
from hocbaso.engines.workbooks.model import WorkbookKey
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.text import bare

_EXAMPLE = "Thầy cô ghi ở dòng tiêu đề phía trên bảng, ví dụ “SỔ ĐIỂM MÔN TOÁN - LỚP 6A1 - HỌC KỲ I”."


@dataclass(frozen=True, slots=True)
class Identity:
    """What a page holds; no subject: conduct, absences and comment (``term`` then of its untitled column)."""

    class_name: str
    subject: SecondarySubject | None
    term: str

    @property
    def key(self) -> tuple[str, str, str]:
        """By which two pages are known to hold the same."""
        return self.class_name, self.subject.code if self.subject else "", self.term

    @property
    def words(self) -> str:
        """For sentences: ``môn Toán, học kỳ I``."""
        return f"môn {self.subject.name}, {TERM_NAMES[self.term]}" if self.subject else "rèn luyện"


@dataclass(slots=True)
class Page:
    """A sheet with a table and what title, name and hidden key say of it."""

    columns: PageColumns
    title: Said
    name: Said
    key_subject: str = ""

    @classmethod
    def of(cls, columns: PageColumns, key: WorkbookKey | None) -> Page:
        """Collect what is said, without judging it."""
        sheet = columns.table.sheet
        name, subject = of_sheet_name(sheet.name), ""
        if key and sheet.name in key.pages:
            class_name, subject, term = key.pages[sheet.name]
            name = Said(class_name, name.subject, term, text=sheet.name)
        return cls(columns, of_title(sheet.rows[: columns.table.first]), name, subject)

    @property
    def class_said(self) -> str:
        """The class that title or name tell; "" when neither does."""
        return self.title.class_name or self.name.class_name


class Identifier:
    """Finds out what each page of a workbook holds; notes what is doubtful or wrong."""

    def __init__(self, year: SchoolYear, only_class: str) -> None:
        """:param only_class: the one class that the workbook speaks of, "" when there are several."""
        self.year = year
        self.only_class = only_class

    def identify(self, notes: Notes, page: Page) -> Identity | None:
        """What the page holds; None when it cannot be told, with an error in ``notes``."""
        class_name = self._agreed(notes, page, "class_name", "lớp")
        term = self._agreed(notes, page, "term", "học kỳ")
        if class_name is None or term is None:
            return None
        class_name = class_name or self.only_class
        grade = self._grade(notes, class_name)
        if grade is None:
            return None
        if page.columns.conduct:
            return Identity(class_name, None, term) if self._conduct_known(notes, page, term) else None
        subject = self._subject(notes, page, grade)
        if subject is None or not self._term_known(notes, term):
            return None
        return Identity(class_name, subject, term)

    def begins_another(self, identity: Identity, text: str) -> bool:
        """Whether a line between the records names another class, subject or semester."""
        said = of_line(text)
        if said.class_name and bare(said.class_name) != bare(identity.class_name):
            return True
        if identity.subject is None:
            return False
        if said.term and said.term != identity.term:
            return True
        grade = grade_of(said.class_name or identity.class_name) or 0
        if grade not in SECONDARY_GRADES or not said.subject:
            return False
        other = find_subject(secondary_grade(grade, self.year), said.subject)
        return other is not None and other.code != identity.subject.code

    def _agreed(self, notes: Notes, page: Page, field: str, label: str) -> str | None:
        """What title and sheet name say; the title counts, a contradiction is asked. None: refused."""
        title, name = str(getattr(page.title, field)), str(getattr(page.name, field))
        if not title or not name or bare(title) == bare(name):
            return title or name
        if field == "term" and page.columns.conduct:
            return title
        mine, other = _words(field, title), _words(field, name)
        answer = self._contradiction(notes, page, f"other_{field}", f"{label} {mine}", other, mine)
        return None if answer is False else title

    def _contradiction(
        self, notes: Notes, page: Page, code: str, said: str, other: str, proposal: str
    ) -> bool | None:
        message = (
            f"Tiêu đề ghi {said}, tên trang tính “{page.columns.table.sheet.name}” lại ghi {other}; hệ thống "
            f"đọc theo tiêu đề. Có đúng là {proposal}?"
        )
        notes.begin(page.title.row)
        return notes.ask(page.title.column, code, message, page.title.text, proposal)

    def _grade(self, notes: Notes, class_name: str) -> SecondaryGrade | None:
        notes.begin(notes.table.first)
        grade = grade_of(class_name)
        if not class_name or grade is None:
            message = f"Không biết trang tính này là của lớp nào. {_EXAMPLE}"
            notes.error(None, "unknown_class", message, class_name)
            return None
        if grade not in SECONDARY_GRADES:
            message = f"Lớp {class_name} không phải lớp trung học (lớp 6 đến lớp 12)."
            notes.error(None, "not_secondary", message, class_name)
            return None
        try:
            return secondary_grade(grade, self.year)
        except DomainError as error:
            notes.error(None, "no_programme", error.message, class_name)
            return None

    def _subject(self, notes: Notes, page: Page, grade: SecondaryGrade) -> SecondarySubject | None:
        title = find_subject(grade, page.title.subject)
        name = find_subject(grade, page.name.subject)
        if page.key_subject:
            name = next((one for one in grade.subjects if one.code == page.key_subject), name)
        if title is None and (page.title.subject or name is None):
            return self._unknown_subject(notes, page, grade, name)
        if title is not None and name is not None and title.code != name.code:
            said = f"môn {title.name}"
            answer = self._contradiction(notes, page, "other_subject", said, name.name, title.name)
            return None if answer is False else title
        return title or name

    def _unknown_subject(
        self, notes: Notes, page: Page, grade: SecondaryGrade, name: SecondarySubject | None
    ) -> SecondarySubject | None:
        written = page.title.subject or page.name.subject
        notes.begin(page.title.row if page.title.subject else notes.table.first)
        column = page.title.column if page.title.subject else None
        if (whole := part_of(grade, written)) is not None:
            message = (
                f"“{written}” là một phần của môn {whole.name}; lớp {grade.grade} ghi một kết quả chung cho "
                f"cả môn. Thầy cô nhập sổ điểm của môn {whole.name}."
            )
            notes.error(column, "part_of_subject", message, written)
            return None
        message = f"Lớp {grade.grade} không có môn “{written}” trong chương trình."
        if not written:
            message = f"Không biết trang tính này là của môn nào. {_EXAMPLE}"
        if name is None:
            notes.error(column, "unknown_subject", message, written)
            return None
        told = f"{message} Tên trang tính là {name.name}. Có phải môn {name.name}?"
        yes = notes.ask(column, "unknown_subject", told, written, name.name, severity="error")
        return name if yes else None

    def _term_known(self, notes: Notes, term: str) -> bool:
        if term:
            return True
        notes.begin(notes.table.first)
        message = (
            "Không biết trang tính này là của học kỳ nào. Thầy cô ghi HỌC KỲ I hoặc HỌC KỲ II ở dòng tiêu đề "
            "phía trên bảng."
        )
        notes.error(None, "unknown_term", message)
        return False

    def _conduct_known(self, notes: Notes, page: Page, term: str) -> bool:
        table = page.columns.table
        if "conduct" not in table.columns or term:
            return True
        notes.begin(table.last)
        column = table.columns["conduct"]
        message = "Cột rèn luyện không ghi học kỳ nào. Thầy cô ghi “Rèn luyện HKI” hoặc “Rèn luyện HKII”."
        notes.error(column, "unknown_term", message, table.titles[column])
        return False


def _words(field: str, value: str) -> str:
    return TERM_NAMES[value].removeprefix("học kỳ ") if field == "term" else value
