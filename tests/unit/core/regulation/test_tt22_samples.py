"""Every pupil of the secondary sample school, from its mark books to promotion and title."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from hocbaso.core.regulation.tt22 import (
    SubjectYear,
    TermMarks,
    YearInput,
    YearOutcome,
    evaluate_year,
    kept_columns,
    mark_text,
    read_mark,
    read_rating,
)
from tests.unit.core.regulation.secondary_pupils import grade

SAMPLES = Path(__file__).parents[3] / "data" / "samples"
HEADER = 3  # row of the column headings


def expected() -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))[
        "results"
    ]["79000201"]
    return results


def read_marks(rows: list[list[Any]], form: Any) -> dict[str, TermMarks]:
    head = [str(cell) for cell in rows[HEADER]]
    places = [head.index(name) for name in head if name.startswith("TX")]
    places += [head.index("ĐĐGgk"), head.index("ĐĐGck")]
    books = {}
    for row in rows[HEADER + 1 :]:
        readings = [read_mark(row[place], form) for place in places]
        assert all(reading.exact or reading.empty for reading in readings), row
        texts = [reading.value or "" for reading in readings]
        books[str(row[1])] = TermMarks(tuple(texts[:-2]), texts[-2], texts[-1])
    columns = kept_columns(books.values())
    return {code: TermMarks(one.regular, one.mid, one.final, columns=columns) for code, one in books.items()}


def evaluate_book(class_name: str) -> dict[str, YearOutcome]:
    table = grade(int(class_name[0]))
    book = CalamineWorkbook.from_path(SAMPLES / "thcs" / f"so_diem_{class_name}.xlsx")
    marks: dict[tuple[str, int], dict[str, TermMarks]] = {}
    for sheet in book.sheet_names[:-1]:
        subject = table.find(sheet)
        assert subject is not None, sheet
        term = 1 if sheet.startswith("HKI ") else 2
        marks[subject.code, term] = read_marks(book.get_sheet_by_name(sheet).to_python(), subject.form)
    outcomes = {}
    for row in book.get_sheet_by_name("Rèn luyện").to_python()[HEADER + 1 :]:
        code = str(row[1])
        subjects = tuple(
            SubjectYear(one, marks[one.code, 1][code], marks[one.code, 2][code]) for one in table.compulsory
        )
        data = YearInput(
            table,
            subjects,
            read_rating(row[3]).value,
            read_rating(row[4]).value,
            absences=int(row[5]) + int(row[6]),
        )
        outcomes[code] = evaluate_year(data)
    return outcomes


def canonical(text: str) -> str:
    return mark_text(Decimal(text)) if text[0].isdigit() else text


def as_expected(outcome: YearOutcome) -> dict[str, Any]:
    assert outcome.study1
    assert outcome.study2
    assert outcome.study_year
    assert outcome.conduct_year
    names = {one.subject.name: one for one in outcome.subjects}
    return {
        "hk": {
            "1": {name: one.term1.text for name, one in names.items()},
            "2": {name: one.term2.text for name, one in names.items()},
        },
        "nam": {name: one.year_text for name, one in names.items()},
        "hk_ht": [outcome.study1.value, outcome.study2.value],
        "hoc_tap": outcome.study_year.value,
        "ren_luyen": outcome.conduct_year.value,
        "nghi": outcome.absences,
        "len_lop": outcome.promoted,
        "danh_hieu": outcome.title.value if outcome.title else "",
    }


def test_every_pupil_of_the_sample_school_gets_the_results_of_the_independent_reading() -> None:
    sample = expected()
    got = {
        code: as_expected(outcome)
        for class_name in ("6A1", "9A1")
        for code, outcome in evaluate_book(class_name).items()
    }
    assert len(got) == 69
    for code, pupil in sample.items():
        texts = {name: canonical(text) for name, text in pupil["nam"].items()}
        terms = {
            term: {name: canonical(text) for name, text in results.items()}
            for term, results in pupil["hk"].items()
        }
        wanted = {key: pupil[key] for key in got[code] if key in pupil} | {"nam": texts, "hk": terms}
        assert got[code] == wanted, code


def test_the_book_of_grade_9_keeps_fewer_regular_marks_than_the_circular_counts_and_says_so() -> None:
    outcomes = evaluate_book("9A1").values()
    assert all("Công nghệ: sổ điểm có 2 ĐĐGtx" in outcome.problems[0] for outcome in outcomes)
