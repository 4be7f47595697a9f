"""A whole number on a page of its own; who looked at whom, for principal, auditor and family."""

from __future__ import annotations

import html

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.privacy.models import Export, Purpose, ViewEntry, ViewKind
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
NUMBER = "079317394341"


def text(response) -> str:
    return html.unescape(response.content.decode())


@pytest.fixture
def in_class(school):
    return people.school_class(school)


@pytest.fixture
def pupil(in_class):
    return people.enrol(in_class, 1, "Lý Gia Hân", personal_number=NUMBER, phone="0903123456").pupil


def _asked(pupil, **values):
    return {"nguoi": f"hs-{pupil.pk}", "noi": "pupil", "ve": "/truong/hoc-sinh/", **values}


def test_the_number_stands_in_the_answer_alone(as_role, pupil):
    client, post = as_role(Role.DATA_CLERK)
    response = client.post("/truong/nhat-ky-xem/so-dinh-danh", _asked(pupil, **{"muc-dich": Purpose.COMPARE}))
    assert NUMBER in text(response)
    assert response["Cache-Control"].startswith("no-store")
    assert NUMBER not in str(dict(client.session))
    assert client.get("/truong/nhat-ky-xem/so-dinh-danh").status_code == 302
    entry = ViewEntry.objects.get(kind=ViewKind.REVEAL)
    assert (entry.user, entry.pupil) == (post.user, pupil)


@pytest.mark.parametrize("back", ["https://xau.example/", "//xau.example", "javascript:alert(1)", ""])
def test_the_way_back_stays_on_this_site(as_role, pupil, back):
    client, _post = as_role(Role.DATA_CLERK)
    page = text(client.post("/truong/nhat-ky-xem/so-dinh-danh", _asked(pupil, ve=back)))
    assert 'href="/truong/">' in page
    assert "xau.example" not in page


def test_without_a_purpose_the_form_comes_back_in_words(as_role, pupil):
    client, _post = as_role(Role.DATA_CLERK)
    response = client.post("/truong/nhat-ky-xem/so-dinh-danh", _asked(pupil, noi="<b>la</b>"))
    assert response.status_code == 422
    assert "chọn mục đích" in text(response)
    assert NUMBER not in text(response)


@pytest.mark.parametrize("role", [Role.SEAL_KEEPER, Role.DEPUTY_PRINCIPAL, Role.SUBJECT_TEACHER])
def test_who_needs_no_number_gets_none(as_role, in_class, pupil, role):
    client, _post = as_role(role, in_class if role == Role.SUBJECT_TEACHER else None)
    response = client.post("/truong/nhat-ky-xem/so-dinh-danh", _asked(pupil, **{"muc-dich": Purpose.COMPARE}))
    assert response.status_code == 403
    assert not ViewEntry.objects.filter(kind=ViewKind.REVEAL).exists()


@pytest.mark.parametrize("who", ["hs-0", "cb-999999", "xx-1", "", "hs-" + "9" * 30])
def test_nobody_is_looked_for_under_a_made_up_name(as_role, pupil, who):
    client, _post = as_role(Role.DATA_CLERK)
    assert client.post("/truong/nhat-ky-xem/so-dinh-danh", {"nguoi": who}).status_code == 404


def test_a_teacher_of_one_subject_sees_no_telephone_of_the_family(as_role, in_class, pupil):
    seen = {}
    for role in (Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.SEAL_KEEPER, Role.PRINCIPAL):
        own = in_class if role in (Role.HOMEROOM, Role.SUBJECT_TEACHER) else None
        client, _post = as_role(role, own)
        seen[role] = "0903123456" in text(client.get(f"/truong/hoc-sinh/{pupil.code}/"))
    assert seen == {
        Role.HOMEROOM: True,
        Role.SUBJECT_TEACHER: False,
        Role.SEAL_KEEPER: False,
        Role.PRINCIPAL: True,
    }


def test_principal_and_family_read_who_looked_alone_and_in_lists(as_role, in_class, pupil):
    other = people.enrol(in_class, 2, "Bùi Minh An").pupil
    teacher, post = as_role(Role.HOMEROOM, in_class)
    teacher.get(f"/truong/hoc-sinh/?lop={in_class.pk}")
    teacher.get(f"/truong/hoc-sinh/{pupil.code}/")
    teacher.get(f"/truong/hoc-sinh/{other.code}/")
    principal, _post = as_role(Role.PRINCIPAL)
    page = text(principal.get("/truong/nhat-ky-xem/"))
    assert "Hồ sơ học sinh" in page
    assert post.user.full_name in page
    page = text(principal.get(f"/truong/nhat-ky-xem/hoc-sinh/{pupil.code}/"))
    assert "2 lượt xem" in page
    assert "Danh sách học sinh, lớp 1A (2 người)" in page
    paper = text(principal.get(f"/truong/nhat-ky-xem/hoc-sinh/{pupil.code}/?in=1"))
    assert "Giáo viên chủ nhiệm" in paper
    assert Export.objects.get().number in paper


def test_an_auditor_reads_the_schools_under_the_own_unit_alone(as_role, school, pupil):
    elsewhere = people.school("01000102", "Trường Hà Nội", province_code="01", commune_code="00004")
    from hocbaso.apps.organisations.models import Organisation

    client, _post = as_role(Role.AUDITOR, unit=Organisation.objects.get(code="so-79"))
    listed = text(client.get("/quan-ly/nhat-ky-xem/"))
    assert school.name in listed
    assert elsewhere.name not in listed
    assert client.get(f"/quan-ly/nhat-ky-xem/{school.code}/?xem=xuat").status_code == 200
    assert client.get(f"/quan-ly/nhat-ky-xem/{school.code}/hoc-sinh/{pupil.code}/").status_code == 200
    assert client.get(f"/quan-ly/nhat-ky-xem/{elsewhere.code}/").status_code == 404
