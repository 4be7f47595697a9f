"""Public verification: what anybody may ask, what is told, what stays hidden, what is refused."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.ledger import queries as ledger
from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.models import IssuedSheet, StatusEvent
from hocbaso.apps.transcripts.use_cases.render import public_booklet
from hocbaso.core.document.codes import parse_code
from hocbaso.core.document.schema import schema_files
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.qr import qr_png, verification_url
from hocbaso.engines.trust.verification.published import verification_files
from hocbaso.engines.trust.verification.report import schema
from hocbaso.interfaces.web.limiter import Limiter
from hocbaso.interfaces.web.views import verification, verification_report
from tests.unit.engines.trust.json_schema import faults
from tests.unit.interfaces.web.sheets import closed_school, issued_school, text

pytestmark = pytest.mark.django_db
NAME, BIRTH = "Nguyễn Phúc Bảo Quỳnh Hương", "09/02/2017"


@pytest.fixture(autouse=True)
def _fresh_limits():
    verification.lookups.clear()
    verification.uploads.clear()


@pytest.fixture
def anybody():
    return Client(headers={"accept-language": "vi"})


@pytest.fixture
def issued():
    issued_school(1)
    return IssuedSheet.objects.select_related("sheet__school", "sheet__pupil", "sheet__school_class").get()


def xml_of(issued) -> bytes:
    (exported,) = documents.export([issued])
    return exported.xml


def upload(client, data: bytes, name="to_hoc_ba.xml"):
    return client.post("/xac-thuc/tep", {"tep": SimpleUploadedFile(name, data)})


def answers(page: str) -> list[str]:
    """The bold words of each separate answer."""
    found = re.findall(r'<div class="answer">.*?</svg><span>(.*?)</span>', page, re.DOTALL)
    return [re.sub(r"\s+", " ", words) for words in found]


def test_a_code_typed_by_hand_is_found_and_every_question_answered_apart(anybody, issued) -> None:
    typed = issued.code.lower().replace("-", " ")
    page = text(anybody.get("/xac-thuc", {"c": typed}))
    assert "Học bạ thử nghiệm, các bước kiểm tra đều đạt" in page
    assert "không có giá trị pháp lý" in page
    assert answers(page) == [
        "Không bị sửa",
        "Đủ 3 chữ ký, đúng thứ tự",
        "Ký đúng quyền",
        "Đang có hiệu lực",
        "Đã ghi sổ công khai",
    ]


def test_only_initials_school_year_and_status_are_told_without_the_date_of_birth(anybody, issued) -> None:
    for page in (
        text(anybody.get("/xac-thuc", {"c": issued.code})),
        text(upload(anybody, xml_of(issued))),
    ):
        assert "N. P. B. Q. H." in page
        assert NAME not in page
        assert issued.sheet.pupil.code not in page
        assert BIRTH not in page
        assert "Hoàn thành xuất sắc" not in page
        assert "lớp 3A" not in page


def test_the_date_of_birth_opens_the_whole_content_and_the_pdf_for_this_visitor_only(anybody, issued) -> None:
    asked = {"c": issued.code, "h": issued.digest[:16]}
    pdf = reverse("web:verify-pdf")
    assert anybody.get(pdf, asked).status_code == 403
    response = anybody.post(reverse("web:verify-open"), {**asked, "ngay-sinh": BIRTH}, follow=True)
    page = text(response)
    assert NAME in page
    assert "Hoàn thành xuất sắc" in page
    assert anybody.get(pdf, asked).content.startswith(b"%PDF-")
    assert Event.objects.filter(action="transcripts.opened_public", target=issued.code).count() == 1
    stranger = Client()
    assert stranger.get(pdf, asked).status_code == 403
    assert NAME not in text(stranger.get("/xac-thuc", asked))


def test_the_opening_ends_after_ten_minutes(anybody, issued) -> None:
    asked = {"c": issued.code, "h": issued.digest[:16]}
    anybody.post(reverse("web:verify-open"), {**asked, "ngay-sinh": BIRTH})
    with clock.standing_at(clock.now() + verification.OPEN_FOR + verification.OPEN_FOR):
        assert NAME not in text(anybody.get("/xac-thuc", asked))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("10/02/2017", "không khớp"),
        ("hôm qua", "Không đọc được ngày sinh"),
        ("", "Không đọc được ngày sinh"),
        ("2017", "không khớp"),
    ],
)
def test_a_wrong_date_of_birth_opens_nothing(anybody, issued, typed, words) -> None:
    asked = {"c": issued.code, "h": issued.digest[:16]}
    response = anybody.post(reverse("web:verify-open"), {**asked, "ngay-sinh": typed})
    assert response.status_code == 422
    assert words in text(response)
    assert NAME not in text(response)


def test_guessing_the_date_of_birth_is_slowed_down_even_for_the_right_one(anybody, issued) -> None:
    asked = {"c": issued.code}
    for day in range(1, 7):
        anybody.post(reverse("web:verify-open"), {**asked, "ngay-sinh": f"{day:02d}/01/2017"})
    for client in (anybody, Client(REMOTE_ADDR="198.51.100.7")):
        response = client.post(reverse("web:verify-open"), {**asked, "ngay-sinh": BIRTH})
        assert response.status_code == 429
        assert "Hãy chờ" in text(response)
        assert NAME not in text(response)


def test_a_sheet_that_is_not_issued_is_unknown_to_the_public(anybody) -> None:
    school = closed_school(1)
    sheet = school.unit.sheets.get()
    response = anybody.get("/xac-thuc", {"c": sheet.code})
    assert response.status_code == 404
    assert "Không có học bạ đã phát hành" in text(response)


def test_a_mistyped_code_is_told_apart_from_an_unknown_one(anybody, issued) -> None:
    last = "A" if issued.code[-1] != "A" else "B"
    wrong = issued.code[:-1] + last
    with pytest.raises(DomainError):
        parse_code(wrong)
    response = anybody.get("/xac-thuc", {"c": wrong})
    assert response.status_code == 400
    assert wrong in text(response)


def test_a_qr_whose_digest_was_never_issued_is_told_loudly(anybody, issued) -> None:
    page = text(anybody.get("/xac-thuc", {"c": issued.code, "h": "0" * 16}))
    assert "Mã QR không khớp bản đã phát hành" in page
    assert "verdict-stop" in page
    assert "Xem bản gốc theo mã" in page
    assert "Học bạ thử nghiệm, các bước kiểm tra đều đạt" not in page


@pytest.mark.parametrize("digits", ["1", "zz", "0" * 15, "%", "0" * 64])
def test_a_short_or_strange_digest_in_the_address_never_passes(anybody, issued, digits) -> None:
    page = text(anybody.get("/xac-thuc", {"c": issued.code, "h": digits}))
    assert "các bước kiểm tra đều đạt" not in page


def test_the_issued_xml_is_valid_and_every_changed_byte_of_it_is_not(anybody, issued) -> None:
    xml = xml_of(issued)
    assert "các bước kiểm tra đều đạt" in text(upload(anybody, xml))
    forged = xml.replace("Hương".encode(), "Hường".encode())
    assert forged != xml
    page = text(upload(anybody, forged))
    assert "Học bạ không hợp lệ: nội dung đã bị sửa" in page
    assert "Đã bị sửa sau khi ký" in page
    assert issued.code in page
    assert "Nhập ngày sinh" not in page, "a forged file opens no way to the true content"


def test_the_pdf_is_valid_and_a_changed_one_is_not(anybody, issued) -> None:
    pdf = public_booklet(issued)
    page = text(upload(anybody, pdf, "hoc_ba.pdf"))
    assert "các bước kiểm tra đều đạt" in page
    assert "Đúng bản trường đã đóng dấu" in page
    for place in (len(pdf) // 3, len(pdf) // 2):
        changed = bytearray(pdf)
        changed[place] ^= 1
        page = text(upload(anybody, bytes(changed), "hoc_ba.pdf"))
        assert "các bước kiểm tra đều đạt" not in page
        assert "bị sửa" in page or "Không đọc được tệp PDF" in page


def test_a_picture_of_the_qr_leads_to_the_answer_by_code(anybody, issued) -> None:
    picture = qr_png(verification_url("https://hocbaso.example", issued.code, issued.digest))
    response = upload(anybody, picture, "anh.png")
    assert response.headers["Location"] == f"/xac-thuc?c={issued.code}&h={issued.digest[:16]}"


def replaced(issued) -> None:
    StatusEvent.objects.create(
        code=issued.code,
        version=issued.version,
        status="replaced",
        replaced_by=2,
        reason="sửa nơi sinh theo giấy khai sinh",
        decision="57/QĐ-THHM",
        at=clock.now(),
        by="test",
    )


def test_a_replaced_version_is_genuine_but_not_to_be_used(anybody, issued) -> None:
    replaced(issued)
    page = text(anybody.get("/xac-thuc", {"c": issued.code}))
    assert "Học bạ thật, nhưng đã được thay bằng phiên bản 2" in page
    assert "Đã thay thế" in page
    assert "sửa nơi sinh theo giấy khai sinh" in page
    assert "57/QĐ-THHM" in page
    assert "verdict-warn" in page


def test_a_revoked_one_is_refused_with_its_reason(anybody, issued) -> None:
    StatusEvent.objects.create(
        code=issued.code, version=1, status="revoked", reason="cấp nhầm", at=clock.now(), by="test"
    )
    page = text(anybody.get("/xac-thuc", {"c": issued.code}))
    assert "Học bạ đã bị thu hồi" in page
    assert "cấp nhầm" in page
    assert "verdict-stop" in page


def test_a_document_of_another_node_is_not_called_valid(anybody, issued, monkeypatch) -> None:
    xml = xml_of(issued)
    monkeypatch.setattr(
        "hocbaso.apps.transcripts.public_verification.IssuedSheet.objects", IssuedSheet.objects.none()
    )
    page = text(upload(anybody, xml))
    assert "Chưa kết luận được" in page
    assert "các bước kiểm tra đều đạt" not in page


HOSTILE = {
    "empty": b"",
    "text": b"hello",
    "bomb": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><HocBaSo>&a;</HocBaSo>',
    "other xml": b"<invoice/>",
    "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF",
    "zip": b"PK\x03\x04" + b"\0" * 40,
    "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
    "jpeg": b"\xff\xd8\xff" + b"\0" * 40,
    "null": b"\0" * 1000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_and_strange_files_are_refused_with_one_sentence(anybody, kind) -> None:
    response = upload(anybody, HOSTILE[kind])
    assert response.status_code in (400, 422)
    assert "Chưa kiểm tra được" in text(response)
    assert "Traceback" not in text(response)


def test_no_file_and_too_large_a_file_are_refused(anybody, monkeypatch) -> None:
    assert "Hãy chọn một tệp" in text(anybody.post("/xac-thuc/tep", {}))
    monkeypatch.setattr(verification, "MAX_UPLOAD_MB", 1)
    response = upload(anybody, b"<" * (1024 * 1024 + 1))
    assert response.status_code == 400
    assert "lớn hơn 1 MB" in text(response)


def test_an_oversized_body_is_refused_before_it_is_read(anybody) -> None:
    class Unread(io.BytesIO):
        def read(self, *_):
            raise AssertionError("the body was read")

    response = anybody.generic(
        "POST",
        "/xac-thuc/tep",
        b"",
        content_type="multipart/form-data; boundary=x",
        **{"wsgi.input": Unread(), "CONTENT_LENGTH": str(2**31)},
    )
    assert response.status_code in (400, 413)
    assert "lớn" in text(response)


def test_too_many_uploads_from_one_address_wait_and_others_do_not(anybody) -> None:
    statuses = [upload(anybody, b"x").status_code for _ in range(13)]
    assert statuses[:12] == [400] * 12
    assert statuses[12] == 429
    other = Client(REMOTE_ADDR="198.51.100.9")
    assert upload(other, b"x").status_code == 400


def test_the_limiter_gives_tokens_back_and_forgets_the_oldest() -> None:
    limiter = Limiter(per_minute=60_000, burst=1, addresses=2)
    for address in ("a", "b", "c"):
        limiter.take(address)
    assert set(limiter._buckets) == {"b", "c"}
    slow = Limiter(per_minute=1, burst=1)
    slow.take("a")
    with pytest.raises(DomainError, match="chờ"):
        slow.take("a")


def test_proof_and_slip_hold_nothing_personal(anybody, issued) -> None:
    for name in ("web:verify-proof", "web:verify-slip"):
        response = anybody.get(reverse(name), {"c": issued.code})
        body = response.content.decode()
        assert response.headers["Content-Type"] == "application/json"
        assert issued.digest in body
        assert NAME not in body
        assert issued.sheet.pupil.code not in body


def test_the_page_is_never_kept_by_a_browser(anybody, issued) -> None:
    assert anybody.get("/xac-thuc", {"c": issued.code}).headers["Cache-Control"] == "no-store"


def test_the_log_is_served_as_static_files_without_a_session(anybody, issued) -> None:
    checkpoint = anybody.get("/log/2025-2026/checkpoint")
    assert checkpoint.content.decode() == ledger.latest_checkpoint("2025-2026")
    assert checkpoint.headers["Cache-Control"] == "no-cache"
    entries = anybody.get("/log/2025-2026/tile/entries/000.p/1")
    assert issued.digest.encode() in entries.content
    assert "immutable" in entries.headers["Cache-Control"]
    assert anybody.get("/log/2025-2026/tile/0/000.p/1").headers["Content-Type"] == "application/octet-stream"
    key = anybody.get("/log/2025-2026/key").content.decode().strip()
    assert key.split("+")[0] == ledger.origin("2025-2026")
    assert key in anybody.get("/log/key").content.decode()
    assert not checkpoint.cookies


@pytest.mark.parametrize(
    "path",
    [
        "/log/2030-2031/checkpoint",
        "/log/2025-2026/tile/0/999",
        "/log/2025-2026/tile/../../key",
        "/schemas/x.xsd",
    ],
)
def test_what_the_log_does_not_hold_is_not_found(anybody, issued, path) -> None:
    assert anybody.get(path).status_code == 404


def test_the_schema_is_published(anybody) -> None:
    response = anybody.get("/schemas/hocbaso-1.0.xsd")
    assert response.content == schema_files()["hocbaso-1.0.xsd"]
    assert response.headers["Content-Type"] == "application/xml"


# --- the report to keep ------------------------------------------------------------------------------------


def slip_in(page: str) -> str:
    found = re.search(r'name="phieu" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("way", ["code", "file"])
def test_what_was_looked_up_or_uploaded_has_a_report_without_anything_being_kept(
    anybody, issued, way
) -> None:
    page = text(
        anybody.get("/xac-thuc", {"c": issued.code}) if way == "code" else upload(anybody, xml_of(issued))
    )
    asked = {"phieu": slip_in(page), "dang": "json"}
    response = anybody.post(reverse("web:verify-report"), asked)
    made = json.loads(response.content)
    assert faults(made, json.loads(schema())) == []
    assert (made["verdict"], made["document"]["digest"]) == ("valid", issued.digest)
    assert made["validator"]["by"] == "khách, không đăng nhập"
    assert made["document"]["sha256"]
    pdf = anybody.post(reverse("web:verify-report"), asked | {"dang": "pdf"})
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["Cache-Control"] == "no-store"
    assert f"{issued.code}.bien-ban.pdf" in pdf.headers["Content-Disposition"]
    for words in (NAME, BIRTH, issued.sheet.pupil.code, "lớp 3A"):
        assert words not in response.content.decode()


def test_a_report_cannot_be_made_up_altered_or_asked_for_later(anybody, issued) -> None:
    slip = slip_in(text(anybody.get("/xac-thuc", {"c": issued.code})))
    address = reverse("web:verify-report")
    for wrong in ("", "x", slip[:-2] + ("AA" if not slip.endswith("AA") else "BB"), slip.replace(":", "", 1)):
        assert anybody.post(address, {"phieu": wrong}).status_code == 400
    assert anybody.post(address, {"phieu": slip}).status_code == 200
    with clock.standing_at(clock.now() + verification_report.KEPT + verification_report.KEPT):
        answer = anybody.post(address, {"phieu": slip})
        assert answer.status_code == 400
        assert "hết hạn" in text(answer)


def test_the_policies_and_the_schema_of_reports_are_published(anybody) -> None:
    for name, content in verification_files().items():
        response = anybody.get(f"/schemas/{name}")
        assert (response.status_code, response.content) == (200, content)
