"""The rendition: PDF/A-3b, text as signed, the XML inside byte by byte, the same bytes every time."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from hocbaso.core.document.model import Photo, ResponsiblePerson, SignerRole, SubjectLine
from hocbaso.core.errors import DomainError
from hocbaso.engines.rendering import Booklet, SheetView, SignatureStamp, render_booklet, render_sheet
from tests.unit.engines.rendering import samples

LONG_COMMENT = ("Em chăm chỉ, biết lắng nghe. Cần đọc kĩ đề. " * 12)[:500]
HOSTILE = '#eval("1+1") ] $x$ *b* _i_ \\ @ref <l> `r` // /* */ \' " --- ~ #let'


@pytest.fixture(scope="module")
def issued() -> bytes:
    return render_sheet(samples.view())


def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text(pdf: bytes, *options: str) -> str:
    """What pdftotext reads, NFC, on one line."""
    out = subprocess.run(["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True).stdout
    return re.sub(r"\s+", " ", out.decode())


def rows(pdf: bytes) -> str:
    """The same with table rows kept together."""
    return text(pdf, "-layout")


def words_outside(pdf: bytes) -> list[str]:
    """Words that leave the printable area between the margins (A4: 595 × 842 points)."""
    out = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    boxes = re.findall(
        r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)<', out.decode()
    )
    left, right = 20 / 25.4 * 72 - 1, 595.28 - 15 / 25.4 * 72 + 1
    return [w for x0, y0, x1, y1, w in boxes if float(x0) < left or float(x1) > right or float(y1) > 842]


def test_the_file_says_that_it_is_pdf_a_3b_and_vietnamese(issued: bytes) -> None:
    metadata = reader(issued).trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert reader(issued).trailer["/Root"]["/Lang"] == "vi-VN"


def test_one_year_takes_two_pages_in_the_order_of_the_form(issued: bytes) -> None:
    assert len(reader(issued).pages) == 2
    shown = text(issued)
    headings = [
        "Kết quả năm học 2025-2026",
        "1. Các môn học và hoạt động giáo dục",
        "2. Những phẩm chất chủ yếu",
        "3. Những năng lực cốt lõi",
        "3.1. Năng lực chung",
        "3.2. Năng lực đặc thù",
        "4. Đánh giá kết quả giáo dục: Hoàn thành",
        "5. Khen thưởng: Thư khen vì tiến bộ rõ trong môn Toán",
        "6. Hoàn thành chương trình lớp học: Hoàn thành chương trình lớp 3, được lên lớp 4",
        "Phường Bình Thạnh, ngày 27 tháng 5 năm 2026",
    ]
    positions = [shown.index(heading) for heading in headings]
    assert positions == sorted(positions)


def test_every_subject_is_shown_with_level_score_and_comment(issued: bytes) -> None:
    shown = text(issued)
    for _, name, _, _, comment in samples.SUBJECTS:
        assert name in shown or name.split(" (")[0] in shown
        assert comment[:30] in shown


def test_times_are_shown_in_vietnam(issued: bytes) -> None:
    shown = text(issued)
    assert "Thời gian ký: 27/05/2026 16:20:41 +07:00" in shown  # 09:20:41 UTC
    assert "phát hành 08:00:12 ngày 28/05/2026" in shown


def test_every_page_says_rendition_code_version_digest_and_page(issued: bytes) -> None:
    for number, page in enumerate(("1", "2"), start=1):
        shown = text(issued, "-f", page, "-l", page)
        assert "Bản thể hiện của Học bạ số. Kiểm tra tại hocbaso.example/xac-thuc" in shown
        assert f"Mã học bạ: {samples.CODE}" in shown
        assert "Phiên bản 1" in shown
        assert "Mã tóm lược: C48E 07B2" in shown
        assert f"Trang {number}/2" in shown


def test_the_personal_number_is_never_printed() -> None:
    of = samples.with_pupil(samples.sheet(), personal_number="079317001234")
    pdf = render_booklet(Booklet(sheets=(samples.view(of),)))
    assert "079317001234" not in text(pdf)


def test_the_xml_is_attached_as_source_byte_by_byte() -> None:
    xml = '<HocBaSo xmlns="urn:hocbaso:1">Ễ &amp; "trích" \t\n cuối</HocBaSo>'.encode()
    pdf = reader(render_sheet(samples.view(xml=xml)))
    assert pdf.attachments == {"hocba.xml": [xml]}
    (associated,) = pdf.trailer["/Root"]["/AF"]
    assert associated.get_object()["/AFRelationship"] == "/Source"


def test_the_newest_year_is_hocba_xml_and_earlier_years_carry_their_year() -> None:
    older = samples.view(samples.sheet(year="2024-2025", grade=2), xml=b"<a/>")
    newest = samples.view(xml=b"<b/>")
    pdf = reader(render_booklet(Booklet(sheets=(newest, older))))
    assert pdf.attachments == {"hocba.xml": [b"<b/>"], "hocba-2024-2025.xml": [b"<a/>"]}


def test_the_same_sheet_gives_the_same_bytes_in_another_process(issued: bytes) -> None:
    program = (
        "import hashlib; from tests.unit.engines.rendering import samples;"
        "from hocbaso.engines.rendering import render_sheet;"
        "print(hashlib.sha256(render_sheet(samples.view())).hexdigest())"
    )
    root = Path(__file__).parents[4]
    again = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert again.stdout.strip() == hashlib.sha256(issued).hexdigest()


def test_another_issue_time_gives_other_bytes(issued: bytes) -> None:
    later = samples.view()
    assert later.seal is not None
    later = dataclasses.replace(later, seal=dataclasses.replace(later.seal, time="2026-05-28T01:00:13Z"))
    assert render_sheet(later) != issued


def test_hostile_text_is_printed_as_it_stands() -> None:
    subjects = (SubjectLine("a", HOSTILE, "T", 9, HOSTILE),)
    of = samples.with_pupil(samples.sheet(subjects=subjects, homeroom_comment=HOSTILE), full_name=HOSTILE)
    pdf = render_booklet(Booklet(sheets=(samples.view(of),)))
    assert text(pdf).count(HOSTILE) >= 3
    assert reader(pdf).metadata["/Title"].endswith(HOSTILE)


@pytest.mark.parametrize("character", ["中", "😀", "☐", "✓", "\x00", "\u200b", "\t"])
def test_a_character_without_glyph_is_refused_by_name(character: str) -> None:
    subjects = (SubjectLine("toan", "Toán", "T", 9, f"Giỏi {character}"),)
    with pytest.raises(DomainError, match=r"Nhận xét môn Toán") as refused:
        render_sheet(samples.view(samples.sheet(subjects=subjects)))
    assert refused.value.code == "character_not_printable"
    assert f"U+{ord(character):04X}" in refused.value.message


def test_thirteen_long_comments_break_over_pages_with_the_head_repeated_and_nothing_overflows() -> None:
    subjects = tuple(SubjectLine(f"s{n}", f"Môn số {n}", "T", 9, LONG_COMMENT) for n in range(13))
    traits = dataclasses.replace(
        samples.traits(),
        qualities_comment=LONG_COMMENT,
        general_comment=LONG_COMMENT,
        specific_comment=LONG_COMMENT * 4,
    )
    of = samples.with_pupil(
        samples.sheet(subjects=subjects, traits=traits, homeroom_comment=LONG_COMMENT),
        full_name="Công Tằng Tôn Nữ Hoàng Thị Nguyệt Minh Châu Huyền Trân Ngọc Diệp",
    )
    pdf = render_sheet(samples.view(of))
    assert words_outside(pdf) == []
    shown = text(pdf)
    assert shown.count("Môn học và hoạt động") >= 3  # the head of the table; the section says "môn học"
    assert shown.count("Cần đọc kĩ đề") >= 13 * 11
    assert all(f"Môn số {n}" in shown for n in range(13))


def test_a_word_without_end_is_broken_inside_its_cell() -> None:
    subjects = (SubjectLine("a", "W" * 60, "T", 9, "y" * 400),)
    of = samples.with_pupil(samples.sheet(subjects=subjects), father="x" * 200)
    assert words_outside(render_booklet(Booklet(sheets=(samples.view(of),)))) == []


def test_line_ends_in_a_comment_are_kept() -> None:
    subjects = (SubjectLine("a", "Toán", "T", 9, "Dòng một\nDòng hai"),)
    lines = subprocess.run(
        ["pdftotext", "-layout", "-", "-"],
        input=render_sheet(samples.view(samples.sheet(subjects=subjects))),
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert not any("Dòng một" in line and "Dòng hai" in line for line in lines.splitlines())


def test_an_exempt_subject_says_why() -> None:
    subjects = (SubjectLine("gdtc", "Giáo dục thể chất", None, exempt="khuyết tật vận động"),)
    shown = rows(render_sheet(samples.view(samples.sheet(subjects=subjects))))
    assert "Giáo dục thể chất Miễn – Được miễn: khuyết tật vận động" in shown


def test_a_draft_is_watermarked_on_every_page_and_names_no_issue_time() -> None:
    draft = render_sheet(samples.view(sealed=False, xml=b""))
    for page in ("1", "2"):
        shown = text(draft, "-f", page, "-l", page, "-raw")
        assert "BẢNXEMTRƯỚC–CHƯAPHÁTHÀNH" in shown.replace(" ", "")  # rotated: read letter by letter
        assert "Phiên bản 1, chưa phát hành" in shown
    assert "Chưa ký" in text(draft)
    assert "ngày …… tháng …… năm ……" in text(draft)
    assert reader(draft).attachments == {}


def test_an_issued_sheet_has_no_watermark(issued: bytes) -> None:
    assert "BẢNXEMTRƯỚC" not in text(issued).replace(" ", "")


def test_the_sandbox_is_named_on_every_page() -> None:
    pdf = render_booklet(Booklet(sheets=(samples.view(samples.sheet(environment="thu_nghiem")),)))
    pages = len(reader(pdf).pages)
    for page in range(1, pages + 1):
        assert "THỬ NGHIỆM – không có giá trị sử dụng" in text(pdf, "-f", str(page), "-l", str(page))


def test_the_genuine_environment_is_not_called_a_test(issued: bytes) -> None:
    assert "THỬ NGHIỆM" not in text(issued)


def test_the_booklet_holds_cover_guidance_person_history_and_a_sheet_a_year() -> None:
    years = [samples.view(samples.sheet(year=f"{y}-{y + 1}", grade=y - 2022)) for y in (2025, 2023, 2024)]
    pdf = render_booklet(Booklet(sheets=tuple(years)))
    assert len(reader(pdf).pages) == 3 + 3 * 2
    front = [text(pdf, "-f", str(page), "-l", str(page)) for page in (1, 2, 3)]
    assert "HỌC BẠ" in front[0]
    assert "Cấp Tiểu học" in front[0]
    assert "Hướng dẫn ghi học bạ" in front[1]
    assert "Ghi theo giấy khai sinh" in front[2]
    assert "QUÁ TRÌNH HỌC TẬP" in front[2]
    assert "2023-2024 1B Trường Tiểu học Hoa Mai 0142/2023 05/09/2023" in rows(pdf)
    shown = text(pdf)
    assert (
        shown.index("năm học 2023-2024") < shown.index("năm học 2024-2025") < shown.index("năm học 2025-2026")
    )
    assert "Trang 9/9" in shown


def portrait(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (90, 120), (40, 90, 160)).save(out, kind)
    return out.getvalue()


def with_photo(photo: bytes, digest: str | None = None) -> SheetView:
    named = Photo(digest or hashlib.sha256(photo).hexdigest(), "image/jpeg")
    return samples.view(samples.with_pupil(samples.sheet(), photo=named))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_portrait_named_by_the_sheet_is_shown(kind: str) -> None:
    photo = portrait(kind)
    pdf = reader(render_booklet(Booklet(sheets=(with_photo(photo),), photo=photo)))
    (image,) = pdf.pages[2].images
    assert image.image.size == (90, 120)


def test_without_portrait_the_frame_says_so() -> None:
    pdf = render_booklet(Booklet(sheets=(samples.view(),)))
    assert "Ảnh 3 × 4 (chưa có ảnh)" in text(pdf)


@pytest.mark.parametrize(
    ("booklet", "code"),
    [
        (Booklet(sheets=()), "booklet_without_sheets"),
        (Booklet(sheets=(samples.view(), samples.view())), "booklet_year_twice"),
        (
            Booklet(
                sheets=(
                    samples.view(),
                    samples.view(samples.with_pupil(samples.sheet(year="2024-2025"), code="7930000000")),
                )
            ),
            "booklet_of_two_pupils",
        ),
        (Booklet(sheets=(samples.view(),), photo=portrait("PNG")), "photo_not_signed"),
        (Booklet(sheets=(with_photo(portrait("PNG"), "0" * 64),), photo=portrait("PNG")), "photo_not_signed"),
        (Booklet(sheets=(with_photo(b"no image"),), photo=b"no image"), "booklet_photo_unreadable"),
        (Booklet(sheets=(samples.view(samples.sheet(template="thcs-9")),)), "template_unknown"),
    ],
)
def test_what_cannot_be_one_booklet_is_refused(booklet: Booklet, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        render_booklet(booklet)
    assert refused.value.code == code


def test_a_substitute_signs_with_title_and_decision() -> None:
    substitute = ResponsiblePerson(
        SignerRole.PRINCIPAL,
        "Trần Văn Nghĩa",
        "PHT1",
        "KT. Hiệu trưởng - Phó hiệu trưởng",
        "QĐ số 12/QĐ-THHM",
    )
    homeroom = samples.sheet().responsible[0]
    shown = text(render_sheet(samples.view(samples.sheet(responsible=(homeroom, substitute)))))
    assert "KT. Hiệu trưởng - Phó hiệu trưởng" in shown
    assert "(QĐ số 12/QĐ-THHM)" in shown


def test_subject_teachers_who_signed_are_listed() -> None:
    view = samples.view()
    stamp = SignatureStamp(
        SignerRole.SUBJECT_TEACHER, "Giáo viên Tiếng Anh", "Phan Thị Mơ", "2026-05-25T08:00:00Z"
    )
    shown = rows(render_sheet(dataclasses.replace(view, stamps=(stamp, *view.stamps))))
    assert "Giáo viên Tiếng Anh Phan Thị Mơ 25/05/2026 15:00:00 +07:00" in shown


def test_a_replacing_version_says_why() -> None:
    of = samples.sheet(version=2, replaces="ab" * 32, replace_reason="Nhập sai điểm môn Toán")
    shown = text(render_sheet(samples.view(of)))
    assert "Phiên bản 2 thay thế phiên bản đã phát hành trước đó. Lý do: Nhập sai điểm môn Toán." in shown


def test_a_seal_without_time_stamp_says_so() -> None:
    view = samples.view()
    assert view.seal is not None
    waiting = dataclasses.replace(view, seal=dataclasses.replace(view.seal, timestamp_ok=False))
    assert "Dấu thời gian: chưa có" in text(render_sheet(waiting))
