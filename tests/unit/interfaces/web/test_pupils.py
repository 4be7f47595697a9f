"""The list by class, the pupil's file, portrait and register number."""

from __future__ import annotations

import html

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.pupils.models import Photo
from tests.unit.apps.accounts import people
from tests.unit.apps.pupils.test_set_photo import picture

pytestmark = pytest.mark.django_db
NUMBER = "079315000123"


def text(response) -> str:
    return html.unescape(response.content.decode())


@pytest.fixture
def in_class(school):
    return people.school_class(school)


@pytest.fixture
def pupil(in_class):
    return people.enrol(in_class, 1, "Bùi Minh An", personal_number=NUMBER)


def test_the_list_masks_personal_numbers(as_role, pupil):
    client, _post = as_role(Role.PRINCIPAL)
    page = text(client.get("/truong/hoc-sinh/"))
    assert "Bùi Minh An" in page
    assert "079•••••••23" in page
    assert NUMBER not in page
    assert "1 học sinh, xếp theo số thứ tự trong lớp" in page


def test_the_whole_number_stands_on_no_file_and_may_be_asked_for_by_those_who_keep_it(
    as_role, pupil, in_class
):
    path = f"/truong/hoc-sinh/{pupil.pupil.code}/"
    asks = {}
    for role in (Role.PRINCIPAL, Role.DATA_CLERK, Role.SEAL_KEEPER, Role.HOMEROOM):
        client, _post = as_role(role, in_class if role == Role.HOMEROOM else None)
        page = text(client.get(path))
        assert NUMBER not in page
        asks[role] = "Xem đủ số" in page
    assert asks == {Role.PRINCIPAL: True, Role.DATA_CLERK: True, Role.SEAL_KEEPER: False, Role.HOMEROOM: True}


def test_a_teacher_sees_the_own_class_only(as_role, school, in_class, pupil):
    other = people.enrol(people.school_class(school, "1B"), 1, "Võ Thị Thùy Dương")
    client, _post = as_role(Role.HOMEROOM, in_class)
    for query in ("", f"?lop={other.school_class_id}", "?tim=Dương", "?loc=thieu-anh"):
        assert "Võ Thị Thùy Dương" not in text(client.get(f"/truong/hoc-sinh/{query}"))
    assert client.get(f"/truong/hoc-sinh/{other.pupil.code}/").status_code == 404
    assert client.get(f"/truong/hoc-sinh/{other.pupil.code}/anh").status_code == 404


def test_a_pupil_of_another_school_is_not_found(as_role, pupil):
    elsewhere = people.school("79000102", "Trường Tiểu học Khác")
    client, _post = as_role(Role.PRINCIPAL, unit=elsewhere)
    response = client.get(f"/truong/hoc-sinh/{pupil.pupil.code}/")
    assert response.status_code == 404
    assert "Bùi Minh An" not in text(response)


def test_a_group_head_sees_no_pupils(as_role, pupil):
    client, _post = as_role(Role.GROUP_HEAD)
    assert client.get("/truong/hoc-sinh/").status_code == 403
    assert client.get(f"/truong/hoc-sinh/{pupil.pupil.code}/").status_code == 404


def test_filters_say_how_many_of_how_many(as_role, school, in_class, pupil):
    people.enrol(people.school_class(school, "1B"), 1, "Võ Thị Thùy Dương", identity_state="verified")
    client, _post = as_role(Role.DATA_CLERK)
    page = text(client.get("/truong/hoc-sinh/?loc=danh-tinh"))
    assert "Bùi Minh An" in page
    assert "Võ Thị Thùy Dương" not in page
    assert "lọc trong 2" in page
    page = text(client.get("/truong/hoc-sinh/?tim=duong thùy"))
    assert "Võ Thị Thùy Dương" in page
    assert "Không có học sinh nào khớp" in text(client.get("/truong/hoc-sinh/?tim=khongco"))


def test_what_is_typed_into_the_search_is_shown_as_text(as_role, pupil):
    client, _post = as_role(Role.DATA_CLERK)
    raw = client.get("/truong/hoc-sinh/", {"tim": "<script>x</script>"}).content.decode()
    assert "<script>" not in raw


def test_a_list_of_45_needs_few_queries(as_role, in_class, django_assert_max_num_queries):
    for n in range(1, 46):
        people.enrol(in_class, n)
    client, _post = as_role(Role.DATA_CLERK)
    client.get("/truong/hoc-sinh/")
    with django_assert_max_num_queries(7):  # one of them the log of views
        response = client.get("/truong/hoc-sinh/")
    assert "45 học sinh" in text(response)


def test_a_school_without_pupils_says_what_comes_first(as_role):
    clerk, _post = as_role(Role.DATA_CLERK)
    assert 'class="button" href="/truong/nhap-lieu/"' in text(clerk.get("/truong/hoc-sinh/"))


def test_a_portrait_is_taken_and_shown(as_role, pupil, in_class):
    client, _post = as_role(Role.HOMEROOM, in_class)
    path = f"/truong/hoc-sinh/{pupil.pupil.code}/"
    file = SimpleUploadedFile("anh.png", picture(kind="PNG"), "image/png")
    page = text(client.post(path, {"anh": file}, follow=True))
    assert "Đã lưu ảnh" in page
    response = client.get(path + "anh")
    assert response.headers["Content-Type"] == "image/jpeg"
    assert bytes(response.content) == bytes(Photo.objects.get().content)
    assert response.headers["Cache-Control"] == "no-store", "a face does not stay on a shared PC"
    assert "Đổi ảnh" in page


def test_a_bad_portrait_is_refused_at_its_field(as_role, pupil, in_class):
    client, _post = as_role(Role.HOMEROOM, in_class)
    path = f"/truong/hoc-sinh/{pupil.pupil.code}/"
    file = SimpleUploadedFile("anh.jpg", b"<html>", "image/jpeg")
    response = client.post(path, {"anh": file})
    assert response.status_code == 422
    assert text(response).count("Không đọc được tệp ảnh này") == 2
    assert client.post(path, {}).status_code == 422


def test_who_may_not_edit_has_no_form_and_no_way_around_it(as_role, pupil):
    client, _post = as_role(Role.PRINCIPAL)
    path = f"/truong/hoc-sinh/{pupil.pupil.code}/"
    assert 'type="file"' not in text(client.get(path))
    file = SimpleUploadedFile("anh.png", picture(kind="PNG"), "image/png")
    assert client.post(path, {"anh": file}).status_code == 403
    assert client.post(path, {"so-dang-bo": "12"}).status_code == 403


def test_a_register_number_is_kept_and_belongs_to_one_pupil(as_role, pupil, in_class):
    other = people.enrol(in_class, 2, "Võ Thị Thùy Dương")
    client, _post = as_role(Role.DATA_CLERK)
    page = text(
        client.post(f"/truong/hoc-sinh/{pupil.pupil.code}/", {"so-dang-bo": " 12/2019 "}, follow=True)
    )
    assert "Đã lưu số đăng bộ." in page
    assert "Đổi số đăng bộ" in page, "history"
    pupil.refresh_from_db()
    assert pupil.register_number == "12/2019"
    response = client.post(f"/truong/hoc-sinh/{other.pupil.code}/", {"so-dang-bo": "12/2019"})
    assert response.status_code == 422
    assert "đã ghi cho Bùi Minh An" in text(response)
