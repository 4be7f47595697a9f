"""Pages of certificates: a proof by clicks, a request with its papers, numbers above without names."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import DatedSetting, Kind, Management, Organisation
from hocbaso.apps.privacy.models import Export
from hocbaso.apps.signing import possession
from hocbaso.apps.signing.certificate_models import CertificateBlock, CertificateRequest, KeyEvent, Possession
from hocbaso.apps.signing.figures import recount
from hocbaso.apps.signing.models import Registration
from hocbaso.apps.signing.ports import key_provider
from tests.builders import make_pupil, make_school, make_user
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
    for wrong in ("hom-qua", "31/02/2026", f"1/1/{10**30}"):
        assert principal.get(BOARD + "so-dang-ky/", {"ngay": wrong}).status_code == 422
    typed = principal.get(BOARD + "so-dang-ky/", {"ngay": "31/05/2026"})
    assert typed.status_code == 200
    assert "ngày 31/05/2026" in typed.content.decode()


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


def test_an_ending_by_clicks_and_the_own_page_with_one_thing_to_do(inside, here):
    case = registered_teacher(here)
    teacher, clerk = client_of(inside, here, Role.HOMEROOM, "3A"), client_of(inside, here, Role.DATA_CLERK)
    own = teacher.get(BOARD + "cua-toi/").content.decode()
    assert "giáo viên chủ nhiệm 3A" in own
    assert "Chưa hỏi lần nào" in own
    assert clerk.get(BOARD + "ket-thuc/?chung-thu=" + "0" * 64).status_code == 404
    where = BOARD + "ket-thuc/"
    assert clerk.post(where, {"chung-thu": case.certificate_id, "ly-do": ""}).status_code == 422
    page = clerk.post(where, {"chung-thu": case.certificate_id, "ly-do": "Chuyển trường"}).headers["Location"]
    assert clerk.post(page, {"viec": "xac-nhan"}).status_code == 403
    principal = client_of(inside, here, Role.PRINCIPAL)
    assert "chờ xác nhận" in principal.get(BOARD).content.decode()
    assert principal.post(page, {"viec": "xac-nhan"}).status_code == 302
    assert "Đã kết thúc" in teacher.get(page).content.decode()
    other = client_of(inside, here, Role.HOMEROOM, "3B")
    assert other.get(page).status_code == 404
    again = clerk.post(where, {"chung-thu": case.certificate_id, "ly-do": "Nữa"})
    assert again.status_code == 404, "nothing stands any more"
    assert teacher.post(BOARD + "cua-toi/", {"ly-do": "Mất luôn"}).status_code == 302
    assert [one.act for one in KeyEvent.objects.order_by("id")] == ["registered", "ended"]


def test_the_holder_reports_the_loss_and_every_page_of_his_says_so(inside, here):
    registered_teacher(here)
    make_pupil(here, "3A", 1)
    teacher = client_of(inside, here, Role.HOMEROOM, "3A")
    refused = teacher.post(BOARD + "cua-toi/", {"ly-do": ""})
    assert refused.status_code == 422
    assert '<details class="field" open>' in refused.content.decode(), "its field is in sight"
    assert teacher.post(BOARD + "cua-toi/", {"ly-do": "Rơi trên xe buýt"}).status_code == 302
    page = teacher.get(BOARD + "cua-toi/").content.decode()
    assert "Đã khóa ở trường" in page
    assert "Rơi trên xe buýt" in page
    assert "Chứng thư số của thầy cô đã bị thu hồi hoặc khóa" in teacher.get("/truong/").content.decode()
    desk = teacher.get(f"/truong/ky/{here.classes['3A'].pk}/").content.decode()
    assert "đã bị khóa ở trường" in desk
    assert f'href="{BOARD}cua-toi/">Xem phải làm gì</a>' in desk


def test_red_is_for_whoever_must_sign_and_stands_above_those_who_sign_when_asked(inside, here):
    deputy = make_user("pho", "An Bình Phó")
    Assignment.objects.create(
        user=deputy, organisation=here.unit, role=Role.DEPUTY_PRINCIPAL, valid_from="2025-09-01"
    )
    page = client_of(inside, here, Role.PRINCIPAL).get(BOARD).content.decode()
    row = page[page.index("An Bình Phó") :]
    assert page.index(here.principal.full_name) < page.index("An Bình Phó")
    assert 'class="status idle"' in row
    assert 'class="status stop"' not in row


def test_whoever_confirms_sees_whom_the_certificate_names(inside, here):
    clerk = client_of(inside, here, Role.DATA_CLERK)
    teacher = here.homeroom["3A"]
    foreign = key_provider().authority.issue_person("Kẻ Mạo Danh", teacher.username, "x")
    case = possession.begin(here.actor(Role.DATA_CLERK), here.unit, teacher, foreign.certificate)
    page = clerk.get(f"{BOARD}dang-ky/{case.pk}/").content.decode()
    assert "Kẻ Mạo Danh" in page
    assert "Khác tên trong hồ sơ" in page


def test_managing_levels_go_down_to_the_school_and_open_names_for_a_purpose_alone(inside, here):
    registered_teacher(here)
    commune = Organisation.objects.create(
        code="xa-25747", kind=Kind.COMMUNE, name="Phường Sài Gòn", province_code="79", valid_from="2025-07-01"
    )
    Management.objects.create(organisation=here.unit, manager=commune, valid_from="2025-07-01")
    officer = inside(people.actor(Role.COMMUNE_OFFICER, commune).assignment)
    recount([here.unit.pk])
    top = officer.get("/quan-ly/chung-thu/").content.decode()
    assert "1 / 4" in top
    where = f"/quan-ly/chung-thu/don-vi/{here.unit.code}/"
    school = officer.get(where).content.decode()
    assert "Lê Nguyễn Phương" not in school
    assert officer.post(where, {"muc-dich": "xem", "can-cu": "KH 5"}).status_code == 422
    opened = officer.post(where, {"muc-dich": "Hỗ trợ trường chuẩn bị ký", "can-cu": "KH 5/2026"})
    assert here.principal.full_name in opened.content.decode()
    assert Event.objects.filter(action="signing.inspected").count() == 1
    file = officer.post("/quan-ly/chung-thu/don-vi/xa-25747/tep?loc=chua-ky-duoc")
    assert file.content.startswith(b"PK")
    assert Export.objects.get().what == "certificate-figures"
    away = make_school("79000109", "Trường khác xã")
    assert officer.get(f"/quan-ly/chung-thu/don-vi/{away.unit.code}/").status_code == 403


def test_the_setting_of_subject_teachers_wants_a_basis_and_no_past_day(inside, here):
    where = BOARD + "giao-vien-mon/"
    clerk, principal = client_of(inside, here, Role.DATA_CLERK), client_of(inside, here, Role.PRINCIPAL)
    good = {"chon": "co", "tu-ngay": clock.today().isoformat(), "can-cu": "Kế hoạch 12/KH-THHM"}
    assert clerk.post(where, good).status_code == 403
    for wrong in ({"can-cu": "x"}, {"tu-ngay": "2020-01-01"}, {"tu-ngay": "mai"}, {"chon": "khác"}):
        assert principal.post(where, good | wrong).status_code == 422
    assert principal.post(where, good).status_code == 302
    assert principal.post(where, good).status_code == 422, "it is so already"
    page = principal.get(where).content.decode()
    assert "Kế hoạch 12/KH-THHM" in page
    assert principal.post(where, good | {"chon": "theo-cap-tren"}).status_code == 302
    assert not DatedSetting.objects.exists(), "what never applied leaves nothing but its trace"
    assert Event.objects.filter(action="organisations.setting").count() == 2
