"""The secondary form as a page: every word of the sheet, long names, and what the public page tells."""

from __future__ import annotations

import dataclasses
import html
import re
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import YearSheet
from hocbaso.core.regulation.tt22 import show_mark
from hocbaso.engines.trust.verification import verify_document
from hocbaso.interfaces.web import paper, verdict_page
from hocbaso.interfaces.web.desk_results import subject_results
from tests.unit.core.document.secondary_sheets import TEACHERS, secondary
from tests.unit.core.document.sheets import grade_three
from tests.unit.engines.trust.secondary_support import new_school, sheet_of
from tests.unit.engines.trust.verify_support import NOW


@pytest.fixture(autouse=True)
def _vietnamese():
    with translation.override("vi"):
        yield


def page(sheet: YearSheet) -> str:
    text = render_to_string("web/transcripts/paper.html", {"paper": paper.tables(sheet), "public": True})
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


@pytest.mark.parametrize("grade", [6, 10])
def test_every_subject_with_its_marks_comment_and_teacher_stands_on_the_page(grade: int) -> None:
    sheet = secondary(grade)
    text = page(sheet)
    for line in sheet.subjects:
        marks = (line.term1, line.term2, line.year) if line.exempt is None else ("Miễn",) * 3
        marks = " ".join(show_mark(mark, places=1) for mark in marks)
        assert f"{line.name} {marks}" in text
        assert all(name in text for name in line.teachers)
    assert text.count(sheet.subjects[0].comment) == len(sheet.subjects) - 1
    assert "Được miễn: Học sinh không đăng ký học" in text


def test_results_promotion_awards_and_discipline_stand_on_the_page() -> None:
    text = page(secondary(6))
    assert "Kết quả rèn luyện Khá Tốt Tốt Kết quả học tập Khá Tốt Tốt" in text
    assert "Được lên lớp 7" in text
    for words in (
        "Học sinh Giỏi; Giấy khen của phường",
        "Chứng chỉ Tin học ứng dụng",
        "Giải Ba",
        "Kỷ luật: Không",
    ):
        assert words in text
    assert "Chiều cao" not in text
    assert "Phẩm chất" not in text


def test_re_assessment_and_the_school_of_the_first_semester_are_told() -> None:
    sheet = secondary(6)
    line = dataclasses.replace(
        sheet.subjects[1], year="4.5", retest="5.5", term1_school="Trường THCS Sao Mai", comment=None
    )
    after = dataclasses.replace(sheet.result, study_after=sheet.result.study_year, study2=None)
    changed = dataclasses.replace(
        sheet, subjects=(sheet.subjects[0], line, *sheet.subjects[2:]), result=after
    )
    text = page(changed)
    assert "Toán 9,0 9,5 4,5 5,5 Học kỳ I học tại Trường THCS Sao Mai." in text
    assert "Học tập sau đánh giá lại trong hè: Tốt" in text
    assert "Kết quả học tập Khá – Tốt" in text


def test_the_primary_page_keeps_its_own_sections() -> None:
    text = page(grade_three())
    assert "Những phẩm chất chủ yếu" in text
    assert "Điểm KTĐK" in text
    assert "Kết quả rèn luyện" not in text


def test_the_signature_list_names_the_subjects_of_each_teacher() -> None:
    school, sheet = new_school("W"), sheet_of(6)
    signature = SimpleNamespace(
        role="gvbm",
        text=school.teachers_of(sheet, emit(sheet))[0],
        certificate=SimpleNamespace(serial="3e9"),
        signer_name=TEACHERS[0],
        signed_at=NOW,
    )
    stored = SimpleNamespace(body=emit(sheet), school_class=SimpleNamespace(name="6A1"))
    line = paper.signature_line(signature, stored)
    assert line["role"] == "Giáo viên môn học: Ngữ văn, Giáo dục công dân"
    assert line["serial"] == "03 E9"


def test_the_public_page_tells_subjects_by_name_and_no_staff_code_or_pupil() -> None:
    school, sheet = new_school("W"), sheet_of(10)
    document = school.issue_secondary(sheet)
    verdict = verify_document(document, school.secondary_bundle(document, sheet), now=NOW)
    found = SimpleNamespace(verdict=verdict, issued=None, newest=None, event=None, qr_differs=False)
    shown = verdict_page.describe(found)
    signatures = next(answer["signatures"] for answer in shown["answers"] if "signatures" in answer)
    assert signatures[0]["role"] == "13 giáo viên môn học"
    assert f"Giáo dục kinh tế và pháp luật: {TEACHERS[5]}" in signatures[0]["who"]
    assert signatures[0]["ok"]
    said = repr(shown)
    assert "CB00" not in said
    assert sheet.pupil.full_name not in said
    assert sheet.subjects[0].comment not in said


def test_a_bad_teachers_signature_says_why_on_the_public_page() -> None:
    school, sheet = new_school("W"), sheet_of(10)
    document = school.issue_secondary(sheet)
    bundle = school.secondary_bundle(document, sheet, {"CB0002": {"subjects": ("tin-hoc",)}})
    verdict = verify_document(document, bundle, now=NOW)
    found = SimpleNamespace(verdict=verdict, issued=None, newest=None, event=None, qr_differs=False)
    answers = verdict_page.describe(found)["answers"]
    teachers = next(answer["signatures"] for answer in answers if "signatures" in answer)[0]
    assert not teachers["ok"]
    assert "không được giao ký môn Toán" in teachers["reason"]


def test_a_teacher_who_signs_sees_the_marks_of_the_own_subjects() -> None:
    stored = SimpleNamespace(body=emit(secondary(6)))
    maths = subject_results(stored, ("toan",))
    assert maths.startswith("HKI 9,0 · HKII 9,5 · Cả năm ")
    assert "Toán: HKI 9,0" in subject_results(stored, ("ngu-van", "toan"))
    assert subject_results(None, ("toan",)) == "–"
    assert subject_results(SimpleNamespace(body=emit(grade_three())), ("toan",)).startswith("Hoàn thành")
