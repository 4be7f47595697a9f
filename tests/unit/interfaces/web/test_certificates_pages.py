"""Pages of certificates: a proof by clicks, a request with its papers, numbers above without names."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.privacy.models import Export
from hocbaso.apps.signing import possession
from hocbaso.apps.signing.certificate_models import CertificateBlock, CertificateRequest, Possession
from hocbaso.apps.signing.models import Registration
from hocbaso.apps.signing.ports import key_provider
from tests.builders import make_pupil, make_school
from tests.unit.apps.accounts import people
from tests.unit.apps.signing.test_certificates import registered_teacher

pytestmark = pytest.mark.django_db
BOARD = "/truong/chung-thu/"


@pytest.fixture
def here():
    return make_school(classes=("3A", "3B"))


def client_of(inside, here, role, class_name=None):
    return inside(here.actor(role, class_name).assignment)


def test_a_teacher_proves_by_clicks_and_the_principal_confirms(inside, here):
    teacher = client_of(inside, here, Role.HOMEROOM, "3A")
    answer = teacher.post(BOARD + "dang-ky/", {"viec": "thiet-bi"})
    assert answer.status_code == 302
    page = teacher.get(answer.headers["Location"])
    assert "nguoi-giu=79000101-3a" in page.content.decode()
    assert teacher.post(answer.headers["Location"], {"viec": "thiet-bi"}).status_code == 302
    own = teacher.post(answer.headers["Location"], {"viec": "xac-nhan"})
    assert own.status_code == 403
    assert not Registration.objects.exists()
    principal = client_of(inside, here, Role.PRINCIPAL)
    assert "chờ người thứ hai xác nhận" in principal.get(BOARD).content.decode()
    assert principal.post(answer.headers["Location"], {"viec": "xac-nhan"}).status_code == 302
    assert Registration.objects.get().class_name == "3A"
    board = principal.get(BOARD).content.decode()
    assert "Hỏi tình trạng thu hồi" in board
    assert principal.post(BOARD).status_code == 302
    assert "Sẵn sàng" in principal.get(BOARD).content.decode()
    assert "Lê Nguyễn Phương 3A" in principal.get(BOARD + "so-dang-ky/").content.decode()


def test_a_file_with_a_key_a_wrong_value_and_a_bad_day_get_sentences(inside, here):
    from django.core.files.uploadedfile import SimpleUploadedFile

    teacher = client_of(inside, here, Role.HOMEROOM, "3A")
    key = SimpleUploadedFile("a.p12", b"\x30\x82\x05\x00\x02\x01\x03" + b"\0" * 60)
    refused = teacher.post(BOARD + "dang-ky/", {"viec": "tep", "tep": key})
    assert refused.status_code in (400, 422)
    assert "chứa khóa bí mật" in refused.content.decode()
    user = here.homeroom["3A"]
    own = possession.signer_for(key_provider(), here.unit, user).certificate
    good = SimpleUploadedFile("a.cer", own.public_bytes(Encoding.PEM))
    where = teacher.post(BOARD + "dang-ky/", {"viec": "tep", "tep": good}).headers["Location"]
    wrong = teacher.post(where, {"viec": "gui", "chu-ky": "AAAA" * 24})
    assert wrong.status_code in (400, 422)
    assert "không phải do khóa" in wrong.content.decode()
    assert Possession.objects.get().attempts == 1
    principal = client_of(inside, here, Role.PRINCIPAL)
    assert principal.get(BOARD + "so-dang-ky/?ngay=hom-qua").status_code == 422


def test_a_request_is_drafted_printed_sent_and_noted(inside, here):
    clerk = client_of(inside, here, Role.DATA_CLERK)
    people_asked = ["con-dau", str(here.principal.pk)]
    sent = {"viec": "lap", "loai": "new", "he-thong": "vgca", "nguoi": people_asked, "ly-do": "Năm học mới"}
    where = clerk.post(BOARD + "de-nghi/", sent).headers["Location"]
    letter = clerk.post(where, {"viec": "cong-van"})
    assert letter.content.startswith(b"%PDF")
    listed = clerk.post(where, {"viec": "danh-sach"})
    assert listed.content.startswith(b"PK")
    board = clerk.post(reverse("web:certificates-file"))
    assert board.content.startswith(b"PK")
    assert Export.objects.count() == 3
    assert clerk.post(where, {"viec": "gui", "so": ""}).status_code == 422
    assert clerk.post(where, {"viec": "gui", "so": "12/CV"}).status_code == 302
    line = CertificateRequest.objects.get().lines.get(user=None)
    assert clerk.post(where, {"viec": "da-cap", "dong": [line.pk]}).status_code == 302
    line.refresh_from_db()
    assert line.state == "issued"
    assert "công văn số 12/CV" in clerk.get(where).content.decode()


def test_a_loss_blocks_and_the_home_page_says_so(inside, here):
    registered_teacher(here)
    make_pupil(here, "3A", 1)
    clerk = client_of(inside, here, Role.DATA_CLERK)
    assert "Chuẩn bị chứng thư số" not in clerk.get("/truong/").content.decode()
    lost = {"viec": "bao-mat", "nguoi": here.homeroom["3A"].pk, "ly-do": "Mất thiết bị"}
    assert clerk.post(BOARD + "de-nghi/", lost).status_code == 302
    assert CertificateBlock.objects.count() == 1
    assert "Chuẩn bị chứng thư số" in clerk.get("/truong/").content.decode()


def test_managing_levels_see_numbers_and_no_names(inside, here):
    registered_teacher(here)
    make_school("79000102", "Trường Tiểu học Hướng Dương")
    ministry = Organisation.objects.get_or_create(
        code="bo-gddt",
        defaults={"kind": Kind.MINISTRY, "name": "Bộ Giáo dục và Đào tạo", "valid_from": "2000-01-01"},
    )[0]
    officer = people.actor(Role.MINISTRY_OFFICER, ministry)
    client = inside(officer.assignment)
    with CaptureQueriesContext(connection) as asked:
        page = client.get("/quan-ly/chung-thu/").content.decode()
    assert "Trường Tiểu học Hướng Dương" in page
    assert "Lê Nguyễn Phương" not in page
    assert len(asked) <= 20
