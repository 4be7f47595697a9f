"""A class's mark book, 45 pupils × 13 subjects × 2 semesters: read and validated, against openpyxl that only
reads it."""

from __future__ import annotations

import io
import random
from collections import Counter

import openpyxl
import xlsxwriter
from python_calamine import CalamineWorkbook

from benchmarks.harness import Contender, Experiment, Ratio
from hocbaso.core.regulation.secondary import SecondarySubject, secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks import read_mark_book

YEAR = "2025-2026"
PUPILS, SUBJECTS = 45, 13
ROWS = PUPILS * (SUBJECTS * 2 + 1)
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Đặng", "Bùi")
_GIVEN = ("An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Khuê", "Linh", "Ngân", "Quỳnh", "Thúy", "Yến")


def make_mark_book(pupils: int = PUPILS, subjects: int = SUBJECTS, *, seed: int = 1) -> bytes:
    """A mark book of class 6A1 in the sector's form: a sheet for each subject and semester, and conduct."""
    dice = random.Random(seed)
    people = [
        (f"{10**9 + n}", f"{dice.choice(_FAMILY)} {dice.choice(_GIVEN)} {dice.choice(_GIVEN)}")
        for n in range(pupils)
    ]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for term, words in (("HKI", "HỌC KỲ I"), ("HKII", "HỌC KỲ II")):
            for subject in secondary_grade(6, SchoolYear.parse(YEAR)).subjects[:subjects]:
                sheet = book.add_worksheet(f"{term} {subject.name}"[:31])
                title = f"SỔ ĐIỂM MÔN {subject.name.upper()} - LỚP 6A1 - {words} - NĂM HỌC {YEAR}"
                sheet.write_column(0, 0, ["Trường THCS Sao Khuê", title])
                regular = [f"TX{n}" for n in range(1, subject.regular_count + 1)]
                head = ["STT", "Mã học sinh", "Họ và tên", *regular, "ĐĐGgk", "ĐĐGck", "ĐTBmhk", "Nhận xét"]
                sheet.write_row(3, 0, head)
                for number, person in enumerate(people, start=1):
                    row = [number, *person, *_marks(dice, subject), "Tích cực, sáng tạo."]
                    sheet.write_row(3 + number, 0, row)
        sheet = book.add_worksheet("Rèn luyện")
        absences = ["Số buổi nghỉ có phép", "Số buổi nghỉ không phép"]
        head = ["STT", "Mã học sinh", "Họ và tên", "Rèn luyện HKI", "Rèn luyện HKII", *absences]
        sheet.write_row(3, 0, [*head, "Nhận xét của GVCN"])
        for number, person in enumerate(people, start=1):
            sheet.write_row(3 + number, 0, [number, *person, "Tốt", "Khá", 2, 0, "Có ý thức học tập."])
    return out.getvalue()


def _marks(dice: random.Random, subject: SecondarySubject) -> list[float | str]:
    count = subject.regular_count
    if not subject.scored:
        return ["Đ"] * (count + 3)
    marks = [dice.randint(40, 100) for _ in range(count + 2)]
    total = sum(marks[:count]) + 2 * marks[count] + 3 * marks[count + 1]
    average = (2 * total + count + 5) // (2 * (count + 5))  # half up, in tenths
    return [mark / 10 for mark in (*marks, average)]


def importing_marks() -> Experiment:
    """Rows a second."""
    data = make_mark_book()

    def ours() -> None:
        reading = read_mark_book(data, year=YEAR)
        if sum(row.ok for row in reading.rows) != ROWS or reading.issues:
            raise AssertionError(Counter(issue.code for issue in reading.issues))

    def calamine() -> None:
        for name in (book := CalamineWorkbook.from_filelike(io.BytesIO(data))).sheet_names:
            book.get_sheet_by_name(name).to_python()

    def peer(*, streaming: bool) -> None:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=streaming, data_only=True)
        for sheet in book.worksheets:
            for _ in sheet.iter_rows(values_only=True):
                pass

    return Experiment(
        title=f"Import: read and validate a mark book of {PUPILS} pupils × {SUBJECTS} subjects × 2 semesters",
        unit="rows",
        contenders=[
            Contender("hocbaso", ROWS, ours),
            Contender("calamine, reading only", ROWS, calamine),
            Contender("openpyxl, reading only", ROWS, lambda: peer(streaming=False)),
            Contender("openpyxl, streaming only", ROWS, lambda: peer(streaming=True)),
        ],
        ratios=[
            Ratio("÷ openpyxl that validates nothing", "hocbaso", "openpyxl, reading only"),
            Ratio("÷ openpyxl's streaming mode", "hocbaso", "openpyxl, streaming only"),
            Ratio("÷ calamine that validates nothing", "hocbaso", "calamine, reading only"),
        ],
    )
