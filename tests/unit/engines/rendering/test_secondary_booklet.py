"""The secondary form: what is signed is printed, in full, with who signed which subject."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from hocbaso.core.document.model import (
    Photo,
    ResponsiblePerson,
    SchoolLevel,
    SecondarySubjectLine,
    SignerRole,
    YearSheet,
)
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.tt22 import show_mark
from hocbaso.engines.rendering import Booklet, SheetView, render_booklet, render_sheet, unprintable
from hocbaso.engines.rendering.forms import FORMS
from hocbaso.engines.trust.qr import read_qr
from tests.unit.core.document.sheets import year_sheets
from tests.unit.engines.rendering import samples as primary
from tests.unit.engines.rendering import secondary_samples as samples
from tests.unit.engines.rendering.test_booklet import reader, rows, text, words_outside

GOLDEN = Path(__file__).parent / "golden"
SECONDARY = (SchoolLevel.LOWER_SECONDARY, SchoolLevel.UPPER_SECONDARY)
TEMPLATES = {level: [name for name, form in FORMS.items() if form.level is level] for level in SECONDARY}


@cache
def issued(grade: int = 6) -> bytes:
    return render_sheet(samples.view(samples.sheet(grade)))


def lines(of: YearSheet) -> Iterator[SecondarySubjectLine]:
    for line in of.subjects:
        assert isinstance(line, SecondarySubjectLine)
        yield line


def squeezed(shown: str) -> str:
    """Without any space: cells break their words over lines."""
    return re.sub(r"\s+", "", shown)


@pytest.mark.parametrize("grade", [6, 10])
def test_one_year_takes_two_pages_the_table_and_the_results(grade: int) -> None:
    assert len(reader(issued(grade)).pages) == 2
    table, results = (text(issued(grade), "-f", page, "-l", page) for page in "12")
    assert "Kết quả năm học 2025-2026" in table
    assert "Kết quả rèn luyện và học tập năm học 2025-2026" in results
    for page in (table, results):
        assert f"Lớp: {grade}A1" in page
        assert "Năm học: 2025-2026" in page


@pytest.mark.parametrize("grade", [6, 10])
def test_every_subject_is_shown_with_its_averages_its_comment_and_its_signature(grade: int) -> None:
    of = samples.sheet(grade)
    shown = squeezed(text(issued(grade), "-l", "1"))
    minutes = {code: stamp.time[14:16] for stamp in samples.stamps(of) for code in stamp.subjects}
    for line in lines(of):
        assert squeezed(line.name.split(" (")[0]) in shown
        if line.exempt:
            continue
        assert squeezed(line.comment or "") in shown
        assert f"Kýsố:{squeezed(line.teachers[0])},25/05/202615:{minutes[line.code]}:00" in shown


def test_averages_keep_one_decimal_with_a_comma_and_comment_subjects_their_level() -> None:
    shown = rows(issued())
    assert re.search(r"Toán 9,0 9,5 9,3", shown)
    assert re.search(r"Tin học 10,0 9,8 9,9", shown)
    assert re.search(r"CĐ Đ Đ", shown)
    assert not re.search(r"\d\.\d\b(?!\d|:)", rows(issued()).split("Mã học bạ")[0])


def test_a_second_teacher_of_a_team_signs_in_the_same_cell() -> None:
    of = samples.sheet()
    second = ResponsiblePerson(
        SignerRole.SUBJECT_TEACHER, "Lê Thị Mĩ Thuật", "CB0900", "Giáo viên bộ môn", subjects=("nghe-thuat",)
    )
    of = dataclasses.replace(of, responsible=(second, *of.responsible))
    assert text(render_sheet(samples.view(of))).count("Ký số: ") == text(issued()).count("Ký số: ") + 1
    one_missing = [stamp for stamp in samples.stamps(of) if stamp.signer != "Lê Thị Mĩ Thuật"]
    shown = text(render_sheet(samples.view(of, stamps=tuple(one_missing))))
    assert "Chưa ký: Lê Thị Mĩ Thuật" in shown
    assert "Ký số: Trịnh Mĩ Nhạc" in shown


def test_an_unsigned_draft_names_who_has_not_signed() -> None:
    draft = render_sheet(samples.view(sealed=False))
    shown = text(draft)
    wanted = [line for line in lines(samples.sheet()) if not line.exempt]
    assert shown.count("Chưa ký: ") == len(wanted)
    assert "Chưa ký: Bùi Tin" in shown
    assert "Ký số: " not in shown
    assert "BẢNXEMTRƯỚC–CHƯAPHÁTHÀNH" in squeezed(text(draft, "-raw"))
    assert reader(draft).attachments == {}


def test_a_signature_that_names_no_subject_of_the_sheet_is_listed_not_dropped() -> None:
    stray = dataclasses.replace(samples.stamps(samples.sheet())[0], signer="Phan Lạc Môn", subjects=())
    shown = rows(render_sheet(samples.view(stamps=(stray, *samples.stamps(samples.sheet())))))
    assert "Giáo viên môn học Phan Lạc Môn 25/05/2026 15:00:00 +07:00" in shown


def test_a_subject_without_any_teacher_is_shown_as_unsigned() -> None:
    of = samples.sheet()
    of = dataclasses.replace(of, responsible=of.responsible[-2:])
    shown = text(render_sheet(samples.view(of)))
    assert shown.count("Chưa ký") == 12
    assert "Chưa ký:" not in shown


def test_an_exempt_subject_says_why_and_asks_for_no_signature() -> None:
    shown = rows(issued())
    assert "Miễn Miễn Miễn" in shown
    assert "Được miễn: Học sinh không đăng ký học." in text(issued())
    assert "Chưa ký" not in text(issued())


def test_a_first_semester_at_another_school_is_named() -> None:
    of = samples.with_lines(samples.sheet(), term1_school="Trường THCS Lê Lợi, tỉnh Lâm Đồng")
    shown = text(render_sheet(samples.view(of)))
    assert shown.count("Kết quả học kỳ I do Trường THCS Lê Lợi, tỉnh Lâm Đồng đánh giá.") == 12


def test_a_pupil_who_stays_down_is_shown_with_retests_and_the_summer() -> None:
    pdf = render_sheet(samples.view(samples.retained()))
    shown = rows(pdf)
    assert re.search(r"Toán 3,1 2,8 2,9 3,4", shown)
    assert re.search(r"CĐ CĐ CĐ Đ ", shown)
    assert "Không được lên lớp" in text(pdf, "-f", "2").replace("Không được lên lớp", "", 1)
    assert re.search(r"Học kỳ II Chưa đạt Chưa đạt", shown)
    assert re.search(r"39.*Có phép: 38.*Không phép: 1", text(pdf, "-f", "2"))
    assert "Kỷ luật (nếu có): Khiển trách trước lớp, tháng 3/2026" in text(pdf)
    assert "Khen thưởng (nếu có): Không" in text(pdf)


def test_absences_that_nobody_recorded_are_a_dash_never_a_nought() -> None:
    of = samples.sheet(days_absent_excused=None)
    shown = text(render_sheet(samples.view(of)), "-f", "2")
    assert re.search(r"– Có phép: – Không phép: 1", shown)


def test_awards_certificates_contests_comment_and_approval_stand_on_the_second_page() -> None:
    shown = text(issued(), "-f", "2")
    order = [
        "Chứng chỉ (nếu có): Chứng chỉ Tin học ứng dụng cơ bản",
        "Kết quả tham gia các cuộc thi (nếu có): Giải Ba cuộc thi Toán cấp phường",
        "Khen thưởng (nếu có): Học sinh Giỏi; Giấy khen của phường",
        "Kỷ luật (nếu có): Không",
        "Nhận xét của giáo viên chủ nhiệm",
        "Em chăm ngoan, học tốt; cần mạnh dạn hơn khi phát biểu.",
        "Thời gian ký: 26/05/2026 15:04:12 +07:00",
        "Phê duyệt của Hiệu trưởng",
        "Phường Bình Thạnh, ngày 27 tháng 5 năm 2026",
        "Thời gian ký: 27/05/2026 16:20:41 +07:00",
        "Con dấu số: Trường Trung học cơ sở Phượng Vĩ",
    ]
    positions = [shown.index(words) for words in order]
    assert positions == sorted(positions)


def test_several_certificates_are_listed_one_a_line() -> None:
    result = dataclasses.replace(samples.result_of(samples.sheet()), certificates=("Tin học A", "IELTS 6,5"))
    shown = text(render_sheet(samples.view(samples.sheet(result=result))))
    assert "Chứng chỉ (nếu có): – Tin học A – IELTS 6,5" in shown


def test_a_first_version_has_no_correction_and_a_later_one_says_why() -> None:
    assert "Trong bảng này có sửa chữa ở: 0 điểm, thuộc các môn học: không." in text(issued())
    of = samples.sheet(version=2, replaces="ab" * 32, replace_reason="Nhập sai điểm môn Toán")
    shown = text(render_sheet(samples.view(of)))
    assert "sửa chữa ở: Phiên bản 2 thay thế phiên bản đã phát hành trước đó. Lý do: Nhập sai điểm" in shown


def test_both_pages_name_who_confirms() -> None:
    table = text(issued(), "-l", "1")
    assert "Xác nhận của giáo viên chủ nhiệm" in table
    assert "Xác nhận của Hiệu trưởng" in table
    assert "Đã ký số, 27/05/2026 16:20:41 +07:00" in table
    assert "Lê Thị Hồng Gấm" in table


def test_a_substitute_signs_with_title_and_decision() -> None:
    of = samples.sheet()
    head = dataclasses.replace(
        of.responsible[-1], title="KT. Hiệu trưởng - Phó hiệu trưởng", decision="QĐ số 12/QĐ-PV"
    )
    of = dataclasses.replace(of, responsible=(*of.responsible[:-1], head))
    shown = text(render_sheet(samples.view(of)))
    assert "KT. Hiệu trưởng - Phó hiệu trưởng" in shown
    assert "(QĐ số 12/QĐ-PV)" in shown


@pytest.mark.parametrize("page", [1, 2])
def test_the_pages_of_grade_six_read_as_the_golden_text(page: int) -> None:
    out = subprocess.run(
        ["pdftotext", "-raw", "-f", str(page), "-l", str(page), "-", "-"],
        input=issued(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    shown = "\n".join(line.strip() for line in out.splitlines() if line.strip())
    golden = (GOLDEN / f"lop-6-trang-{page}.txt").read_text(encoding="utf-8")
    assert shown.replace("\f", "").strip() == golden.strip()


def test_every_page_says_rendition_code_version_digest_and_carries_the_qr() -> None:
    view = samples.view()
    pdf = render_booklet(Booklet(sheets=(view,)))
    for number in range(1, 6):
        page = str(number)
        shown = text(pdf, "-f", page, "-l", page)
        assert "Bản thể hiện của Học bạ số. Kiểm tra tại hocbaso.example/xac-thuc" in shown
        assert f"Mã học bạ: {view.sheet.code}" in shown
        assert "Phiên bản 1, phát hành 08:00:12 ngày 28/05/2026" in shown
        assert "Mã tóm lược: 7A31 F0C4" in shown
        assert f"Trang {number}/5" in shown
        drawn = subprocess.run(
            ["pdftoppm", "-png", "-r", "100", "-f", page, "-l", page, "-"],
            input=pdf,
            capture_output=True,
            check=True,
        ).stdout
        assert read_qr(drawn) == (view.verify_url,)


def test_the_sandbox_is_named_on_every_page() -> None:
    pdf = render_booklet(Booklet(sheets=(samples.view(samples.sheet(environment="thu_nghiem")),)))
    for page in map(str, range(1, 6)):
        assert "THỬ NGHIỆM – không có giá trị sử dụng" in text(pdf, "-f", page, "-l", page)


def test_the_file_is_pdf_a_3b_without_fault(tmp_path: Path) -> None:
    target = tmp_path / "hocba.pdf"
    target.write_bytes(issued(10))
    metadata = reader(issued(10)).trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    said = subprocess.run(["qpdf", "--check", str(target)], capture_output=True, text=True, check=True)
    assert "No syntax or stream encoding errors found" in said.stdout


def test_pdfdetach_gives_back_every_years_xml(tmp_path: Path) -> None:
    target = tmp_path / "hocba.pdf"
    views = samples.years()
    target.write_bytes(render_booklet(Booklet(sheets=views)))
    subprocess.run(["pdfdetach", "-saveall", "-o", str(tmp_path), str(target)], check=True)
    assert (tmp_path / "hocba.xml").read_bytes() == views[-1].xml
    for view in views[:-1]:
        assert (tmp_path / f"hocba-{view.sheet.year}.xml").read_bytes() == view.xml


def test_the_same_sheet_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import hashlib; from tests.unit.engines.rendering import secondary_samples as samples;"
        "from hocbaso.engines.rendering import render_sheet;"
        "print(hashlib.sha256(render_sheet(samples.view())).hexdigest())"
    )
    root = Path(__file__).parents[4]
    again = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert again.stdout.strip() == hashlib.sha256(issued()).hexdigest()


def test_the_booklet_holds_cover_guidance_person_and_every_year_of_the_level() -> None:
    pdf = render_booklet(Booklet(sheets=samples.years()[::-1]))
    assert len(reader(pdf).pages) == 3 + 4 * 2
    cover, guide, person = (text(pdf, "-f", page, "-l", page) for page in "123")
    assert "HỌC BẠ TRUNG HỌC CƠ SỞ" in cover
    assert "Thông tư 22/2021/TT-BGDĐT" in guide
    assert "ít nhất 6 môn từ 8,0 trở lên" in guide
    assert "Nghề nghiệp: Thợ điện" in person
    assert "Nghề nghiệp: Giáo viên" in person
    assert "diện chính sách khác: Con thương binh" in person
    assert "QUÁ TRÌNH HỌC TẬP" in person
    assert "2022-2023 6A1 Trường Trung học cơ sở Phượng Vĩ 112/2022 05/09/2022" in rows(pdf)
    shown = text(pdf)
    starts = [shown.index(f"Kết quả năm học {year}-{year + 1}") for year in range(2022, 2026)]
    assert starts == sorted(starts)
    assert "Hoàn thành chương trình trung học cơ sở" in text(pdf, "-f", "11")


def test_continuing_education_speaks_of_hoc_vien_and_giam_doc() -> None:
    pdf = render_booklet(Booklet(sheets=(samples.view(samples.continuing()),)))
    shown = text(pdf)
    assert "HỌC BẠ GIÁO DỤC THƯỜNG XUYÊN CẤP TRUNG HỌC PHỔ THÔNG" in shown
    assert "Họ và tên học viên:" in shown
    assert "Xác nhận của Giám đốc" in shown
    assert "Phê duyệt của Giám đốc" in shown
    assert "Thông tư 43/2021/TT-BGDĐT" in shown
    assert "ít nhất 5 môn từ 8,0 trở lên" in shown
    assert "Hiệu trưởng" not in shown
    assert "học sinh" not in text(pdf, "-l", "3")


def test_a_year_in_continuing_education_joins_the_same_level_with_its_own_words() -> None:
    general = samples.sheet(10, year="2024-2025")
    pdf = render_booklet(Booklet(sheets=(samples.view(general), samples.view(samples.continuing()))))
    assert "GIÁO DỤC THƯỜNG XUYÊN" in text(pdf, "-l", "1")
    assert "Xác nhận của Hiệu trưởng" in text(pdf, "-f", "4", "-l", "4")
    assert "Xác nhận của Giám đốc" in text(pdf, "-f", "6", "-l", "6")


def test_the_portrait_named_by_the_sheet_is_shown() -> None:
    out = io.BytesIO()
    Image.new("RGB", (90, 120), (40, 90, 160)).save(out, "JPEG")
    photo = out.getvalue()
    of = samples.with_pupil(samples.sheet(), photo=Photo(hashlib.sha256(photo).hexdigest(), "image/jpeg"))
    (image,) = reader(render_booklet(Booklet(sheets=(samples.view(of),), photo=photo))).pages[2].images
    assert image.image.size == (90, 120)


@pytest.mark.parametrize("grade", [6, 10])
def test_long_comments_and_names_go_on_over_the_pages_with_the_head_repeated_and_nothing_lost(
    grade: int,
) -> None:
    of = samples.with_lines(samples.sheet(grade), comment=samples.LONG_COMMENT)
    of = samples.with_pupil(of, full_name=samples.LONG_NAME, father="x" * 200, policy_family="W" * 90)
    of = dataclasses.replace(of, homeroom_comment=samples.LONG_COMMENT * 8)
    pdf = render_booklet(Booklet(sheets=(samples.view(of),)))
    assert words_outside(pdf) == []
    shown = text(pdf)
    assert shown.count("chữ ký của giáo viên môn học") >= 3
    count = sum(not line.exempt for line in lines(of))
    assert shown.count("Cần đọc kĩ đề") == (count + 8) * samples.LONG_COMMENT.count("Cần đọc kĩ đề")
    assert shown.count("Ký số: ") == count
    assert samples.LONG_NAME in text(pdf, "-f", "3", "-l", "3")


def test_a_row_taller_than_a_page_breaks_instead_of_being_cut() -> None:
    of = samples.sheet()
    first = dataclasses.replace(of.subjects[0], comment=" ".join(f"chữ{n}" for n in range(700)))
    of = dataclasses.replace(of, subjects=(first, *of.subjects[1:]))
    pdf = render_sheet(samples.view(of))
    shown = text(pdf)
    assert all(f"chữ{n} " in shown for n in (0, 350, 699))
    assert words_outside(pdf) == []


def test_the_personal_number_and_the_nonce_are_never_printed() -> None:
    shown = text(render_booklet(Booklet(sheets=(samples.view(),))))
    assert samples.sheet().pupil.personal_number == "079317000123"
    assert "079317000123" not in shown
    assert samples.sheet().nonce[:16] not in shown


_BAD = "☐"


def _spoilt(of: YearSheet, field: str) -> YearSheet:
    """The sheet with an unprintable character in one place."""
    if field.startswith("pupil."):
        return samples.with_pupil(of, **{field[6:]: _BAD})
    if field.startswith("line."):
        return samples.with_lines(of, **{field[5:]: _BAD})
    value: Any = (_BAD,)
    return dataclasses.replace(of, result=dataclasses.replace(samples.result_of(of), **{field: value}))


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("pupil.father_occupation", "Nghề nghiệp của cha"),
        ("pupil.mother_occupation", "Nghề nghiệp của mẹ"),
        ("pupil.policy_family", "Diện chính sách"),
        ("line.comment", "Nhận xét môn Ngữ văn"),
        ("line.term1_school", "Trường học học kỳ I môn Ngữ văn"),
        ("certificates", "Chứng chỉ"),
        ("contests", "Kết quả tham gia các cuộc thi"),
        ("discipline", "Kỷ luật"),
        ("other_awards", "Khen thưởng"),
    ],
)
def test_a_character_without_glyph_is_refused_wherever_it_stands(field: str, named: str) -> None:
    with pytest.raises(DomainError) as refused:
        render_sheet(samples.view(_spoilt(samples.sheet(), field)))
    assert refused.value.code == "character_not_printable"
    assert refused.value.params["field"] == named


@pytest.mark.parametrize(
    ("views", "code"),
    [
        ((samples.view(samples.sheet(template="tieu-hoc-1")),), "template_of_other_level"),
        ((samples.view(samples.sheet(template="thpt-1")),), "template_of_other_level"),
        ((primary.view(primary.sheet(template="thcs-1")),), "template_of_other_level"),
        ((samples.view(samples.sheet(template="thcs-9")),), "template_unknown"),
        (
            (
                primary.view(samples.with_pupil(primary.sheet(year="2024-2025"), code="79000202250001")),
                samples.view(),
            ),
            "booklet_of_two_levels",
        ),
    ],
)
def test_sheets_of_another_form_or_level_are_refused(views: tuple[SheetView, ...], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        render_booklet(Booklet(sheets=views))
    assert refused.value.code == code


def _printable(value: Any) -> Any:
    """The same frozen value with what the font lacks replaced."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {f.name: _printable(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(map(_printable, value))
    if isinstance(value, str) and type(value) is str:
        for character in unprintable(value):
            value = value.replace(character, "ễ")
    return value


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(year_sheets(levels=SECONDARY), st.data())
def test_any_valid_secondary_sheet_with_printable_text_is_rendered_whole(
    drawn: YearSheet, data: st.DataObject
) -> None:
    of = _printable(drawn)
    of = dataclasses.replace(of, template=data.draw(st.sampled_from(TEMPLATES[of.school_level])))
    pdf = render_booklet(Booklet(sheets=(samples.view(of, xml=b"<x/>"),)))
    assert len(PdfReader(io.BytesIO(pdf)).pages) >= 5
    assert words_outside(pdf) == []
    shown = squeezed(text(pdf))
    for line in lines(of):
        for value in (line.term1, line.term2, line.year, line.retest):
            assert value is None or show_mark(value, places=1) in shown
