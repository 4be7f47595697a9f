"""The list of sheets and one sheet: for whom, in which state, which files."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.core.document.model import SignerRole
from tests.builders import make_school
from tests.unit.interfaces.web.sheets import closed_school, issued_school, post_of, sign, text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "class_name", "expected"),
    [
        (Role.HOMEROOM, "3A", 200),
        (Role.HOMEROOM, "3B", 404),
        (Role.PRINCIPAL, None, 200),
        (Role.SEAL_KEEPER, None, 200),
        (Role.DATA_CLERK, None, 404),
    ],
)
def test_a_sheet_is_shown_to_whom_the_policy_of_its_class_allows(inside, role, class_name, expected) -> None:
    school = closed_school(1, ("3A", "3B"))
    code = YearSheet.objects.get().code
    client = inside(post_of(school, role, class_name))
    for name in ("web:transcript", "web:transcript-pdf"):
        assert client.get(reverse(name, args=[code])).status_code == expected


def test_another_school_s_sheet_is_not_found(inside) -> None:
    closed_school(1)
    other = make_school("79000202", "Trường Tiểu học Sao Khuê")
    client = inside(post_of(other, Role.PRINCIPAL))
    assert client.get(reverse("web:transcript", args=[YearSheet.objects.get().code])).status_code == 404


def test_the_list_counts_each_state_and_filters_by_it(inside) -> None:
    school = closed_school(3)
    sign(school, SignerRole.HOMEROOM, limit=2)
    client = inside(post_of(school, Role.PRINCIPAL))
    page = text(client.get(reverse("web:transcripts")))
    assert "Tất cả 3" in page
    assert "Chờ chủ nhiệm ký 1" in page
    assert "Chờ hiệu trưởng ký 2" in page
    filtered = text(client.get(reverse("web:transcripts") + "?tinh-trang=frozen&lop=3A"))
    assert "1 học bạ, xếp theo lớp và số thứ tự" in filtered


def test_the_form_shows_the_stored_bytes_not_the_live_row(inside) -> None:
    school = closed_school(1)
    sheet = YearSheet.objects.get()
    name = sheet.pupil.full_name
    Pupil.objects.filter(pk=sheet.pupil_id).update(full_name="Tên Đã Sửa Sau")
    page = text(inside(post_of(school, Role.PRINCIPAL)).get(reverse("web:transcript", args=[sheet.code])))
    assert name in page
    assert "Tên Đã Sửa Sau" not in page
    assert "chưa phát hành" in page


def test_before_issue_there_is_a_preview_and_no_xml(inside) -> None:
    school = closed_school(1)
    code = YearSheet.objects.get().code
    client = inside(post_of(school, Role.HOMEROOM, "3A"))
    preview = client.get(reverse("web:transcript-pdf", args=[code]))
    assert preview.headers["Content-Type"] == "application/pdf"
    assert preview.headers["Content-Disposition"].startswith("inline")
    missing = client.get(reverse("web:transcript-xml", args=[code]))
    assert missing.status_code == 404
    assert "chưa phát hành" in text(missing)


def test_an_issued_sheet_offers_its_files_its_signatures_and_its_place_in_the_log(inside) -> None:
    school = issued_school(1)
    sheet = YearSheet.objects.get()
    client = inside(post_of(school, Role.SEAL_KEEPER))
    page = text(client.get(reverse("web:transcript", args=[sheet.code])))
    for words in (
        "Giáo viên chủ nhiệm lớp 3A",
        "Con dấu số của trường",
        "Mục số 0, sổ năm học 2025-2026",
        sheet.digest,
        f"/xac-thuc?c={sheet.code}",
    ):
        assert words in page
    xml = client.get(reverse("web:transcript-xml", args=[sheet.code])).content
    assert b"SignatureTimeStamp" in xml
    assert client.get(reverse("web:transcript-pdf", args=[sheet.code])).content.startswith(b"%PDF-")


def test_no_personal_number_stands_in_names_of_files(inside) -> None:
    school = issued_school(1)
    sheet = YearSheet.objects.get()
    client = inside(post_of(school, Role.SEAL_KEEPER))
    for name in ("web:transcript-xml", "web:transcript-pdf"):
        header = client.get(reverse(name, args=[sheet.code])).headers["Content-Disposition"]
        assert sheet.code in header
        assert sheet.pupil.code not in header
