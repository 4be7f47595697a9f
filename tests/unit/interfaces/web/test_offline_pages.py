"""Status lists and bundle for everybody; codes only for holders and those who may hand them out."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.transcripts.models import IssuedSheet, StatusEvent
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.offline_code import read_code
from hocbaso.engines.trust.qr import qr_png
from hocbaso.engines.trust.status_list import read_list
from hocbaso.interfaces.web.views import offline, verification
from tests.builders import School
from tests.unit.interfaces.web.sheets import issued_school, post_of, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued() -> IssuedSheet:
    offline.clear()
    verification.uploads.clear()
    verification.lookups.clear()
    issued_school(1)
    return IssuedSheet.objects.get()


def code_in(response) -> str:
    words = text(response)
    start = words.index(">HBS1:") + 1
    return words[start : words.index("</p>", start)]


def test_a_status_list_is_public_cached_a_quarter_of_an_hour_and_without_cookies(issued: IssuedSheet):
    answer = Client().get("/status/2025-1")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/vc+jwt")
    assert answer["Cache-Control"] == "public, max-age=900"
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    assert read_list(answer.content.decode()).content.name == "2025-1"
    for nothing in ("1999-1", "2025-0", "2025-1%00", "%2e%2e"):
        assert Client().get(f"/status/{nothing}").status_code == 404
    bundle = TrustBundle.from_json(Client().get("/xac-thuc/ngoai-tuyen/goi-tin-cay.json").content)
    assert bundle.status_lists == (answer.content.decode(),)


def test_the_worker_keeps_the_page_for_nobody_in_particular(issued: IssuedSheet):
    script = Client().get("/xac-thuc/ngoai-tuyen/tho.js")
    assert script["Service-Worker-Allowed"] == "/xac-thuc/ngoai-tuyen"
    assert '"/xac-thuc/ngoai-tuyen/goi-tin-cay.json"' in text(script)
    assert 'credentials: "omit"' in text(script)


def test_a_holder_gets_a_code_after_the_date_of_birth_and_the_one_that_says_less_unless_asked(
    issued: IssuedSheet,
):
    visitor, address = Client(), f"/xac-thuc/ma-qr?c={issued.code}"
    assert visitor.get(address).status_code == 403
    assert visitor.post("/xac-thuc/ma-qr", {"c": issued.code}).status_code == 403
    visitor.post("/xac-thuc/ngay-sinh", {"c": issued.code, "ngay-sinh": "09/02/2017"})
    brief = read_code(code_in(visitor.post("/xac-thuc/ma-qr", {"c": issued.code})))
    assert brief.content.results is None
    words = code_in(visitor.post("/xac-thuc/ma-qr", {"c": issued.code, "loai": "ket-qua"}))
    assert read_code(words).content.results is not None
    picture = SimpleUploadedFile("ma.png", qr_png(words, scale=4), "image/png")
    led = Client().post("/xac-thuc/tep", {"tep": picture})
    assert led["Location"] == f"/xac-thuc?c={issued.code}&h={issued.digest}"
    assert Event.objects.filter(action="offline.code_made", actor="system").count() == 2


@pytest.mark.parametrize(
    ("role", "status"), [(Role.HOMEROOM, 200), (Role.PRINCIPAL, 200), (Role.SUBJECT_TEACHER, 403)]
)
def test_who_hands_out_codes_finds_the_button_and_a_withdrawn_version_has_none(
    inside, issued: IssuedSheet, role: Role, status: int
):
    school = School(issued.sheet.school, *[issued.sheet.school] * 3)
    school.classes["3A"] = issued.sheet.school_class
    client = inside(post_of(school, role, "3A" if role is not Role.PRINCIPAL else None))
    page, code_page = f"/truong/hoc-ba/{issued.code}/", f"/truong/hoc-ba/{issued.code}/ma-qr"
    assert (code_page in text(client.get(page))) is (status == 200)
    assert client.post(code_page).status_code == status
    StatusEvent.objects.create(
        code=issued.code, version=1, status="revoked", reason="Cấp nhầm", at=clock.now(), by="ht"
    )
    assert code_page not in text(client.get(page))
    refused = client.post(code_page, {"loai": "danh-tinh"})
    assert refused.status_code != 200
    assert "HBS1:" not in text(refused)
