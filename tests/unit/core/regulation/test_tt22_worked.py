"""The hand-worked cases of docs/rules.md, read from the document itself."""

import re
from pathlib import Path

import pytest

from hocbaso.core.regulation.tt22 import (
    Form,
    Rating,
    SecondarySubject,
    Setting,
    SubjectYear,
    TermMarks,
    evaluate_year,
    read_mark,
    read_rating,
    study_rating,
    term_result,
    year_value,
)
from tests.unit.core.regulation.secondary_pupils import flat, grade, pupil

DOCUMENT = Path(__file__).parents[4] / "docs" / "rules.md"


def table(name: str) -> list[list[str]]:
    """Rows of the table after ``<!-- name -->``."""
    lines = DOCUMENT.read_text(encoding="utf-8").split(f"<!-- {name} -->\n")[1].splitlines()
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def ids(rows: list[list[str]]) -> list[str]:
    return [row[0] for row in rows]


def text(written: str) -> str:
    """Canonical text of a mark as the document writes it."""
    form = Form.COMMENT if written in ("Đ", "CĐ") else Form.SCORED
    value = read_mark(written, form).value
    assert value is not None, written
    return value


def unroll(cell: str) -> list[str]:
    """``8,0×6 6,5`` -> six 8 and one 6.5."""
    marks: list[str] = []
    for item in cell.split():
        mark, _, times = item.partition("×")
        marks += [text(mark)] * int(times or 1)
    return marks


def subject(number: int, form: Form, periods: int = 140) -> SecondarySubject:
    return SecondarySubject(f"mon-{form}-{number}", f"Môn {number}", f"M{number}", periods, form, True)


AVERAGES, YEARS, STUDY, YEAR = table("averages"), table("years"), table("study"), table("year")


def test_the_document_holds_more_than_forty_worked_study_cases() -> None:
    assert (len(AVERAGES), len(YEARS), len(STUDY), len(YEAR)) == (14, 8, 50, 26)


@pytest.mark.parametrize("row", AVERAGES, ids=ids(AVERAGES))
def test_semester_average_as_worked_by_hand(row: list[str]) -> None:
    regular = tuple(text(mark) for mark in row[1].split())
    periods = {2: 35, 3: 70, 4: 140}[len(regular)]
    result = term_result(subject(1, Form.SCORED, periods), TermMarks(regular, text(row[2]), text(row[3])))
    assert result.text == text(row[4])


@pytest.mark.parametrize("row", YEARS, ids=ids(YEARS))
def test_year_result_as_worked_by_hand(row: list[str]) -> None:
    one = subject(1, Form.COMMENT if "Đ" in row[1] else Form.SCORED)
    both = SubjectYear(one, flat(one, text(row[1])), flat(one, text(row[2])))
    assert year_value(both).year_text == text(row[3])


@pytest.mark.parametrize("row", STUDY, ids=ids(STUDY))
def test_study_level_as_worked_by_hand(row: list[str]) -> None:
    results = [
        (subject(number, form), mark)
        for form, cell in ((Form.SCORED, row[1]), (Form.COMMENT, row[2]))
        for number, mark in enumerate(unroll(cell))
    ]
    needed = re.search(r"min=(\d)", row[3])
    setting = Setting(
        adjust_includes_comment="no comment" not in row[3],
        adjust_reading="raised" if "raised" in row[3] else "left_out",
        min_scored=int(needed[1]) if needed else 6,
    )
    decision = study_rating(results, setting)
    assert (decision.value, decision.base) == (row[4], row[5])
    adjusted = row[4] != row[5]
    assert (decision.adjusted_by is not None) is adjusted
    assert decision.clause.startswith(f"TT 22/2021 Điều 9 khoản {3 if adjusted else 2}")


RETESTS = {"Tin học": "tin-hoc", "HĐTN": "hoat-dong-trai-nghiem"}


@pytest.mark.parametrize("row", YEAR, ids=ids(YEAR))
def test_year_summer_promotion_and_title_as_worked_by_hand(row: list[str]) -> None:
    number, scores, comments, conduct, absences, summer, study, promotion, title = row[1:10]
    ratings = [read_rating(one).value for one in conduct.split()]
    retests = {
        code: text(found[1])
        for name, code in RETESTS.items()
        if (found := re.search(rf"{name} (\S+)", summer))
    }
    trained = re.search(r"rèn luyện (\S+)", summer)
    data = pupil(
        int(number),
        unroll(scores),
        unroll(comments),
        conduct1=ratings[0],
        conduct2=ratings[1],
        absences=int(absences),
        retests=retests,
        summer_done="done" in summer,
        conduct_summer=read_rating(trained[1]).value if trained else None,
    )
    outcome = evaluate_year(data)
    final = outcome.study_final
    assert final is not None
    assert (final.value, outcome.promotion.value) == (study, promotion)
    assert (outcome.title.value if outcome.title else "") == title
    assert outcome.summer_pending is ("phải" in promotion)
    assert outcome.promoted is promotion.startswith(("Được", "Hoàn thành"))
    assert outcome.completed is outcome.promoted
    assert outcome.missing == ()


def test_every_subject_of_the_grades_used_is_marked() -> None:
    counts = {number: (len(unroll(row[2])), len(unroll(row[3]))) for row in YEAR for number in [int(row[1])]}
    expected = {6: (8, 4), 9: (8, 4), 10: (9, 3), 12: (9, 3)}
    assert counts == expected
    assert sum(1 for one in grade(6).compulsory if one.scored) == 8
    assert Rating.GOOD.rank == 3
