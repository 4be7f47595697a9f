"""The photos' pages: who lacks one, many at once, one by phone."""

from __future__ import annotations

import html

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.privacy.models import ViewEntry
from hocbaso.apps.pupils.models import PhotoBatch
from tests.unit.apps.accounts import people
from tests.unit.apps.pupils.test_set_photo import picture

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return html.unescape(response.content.decode())


def sent(name: str, colour: str = "red") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture((200, 280), colour=colour), "image/jpeg")


@pytest.fixture
def in_class(school):
    return people.school_class(school, "3A", 3)


@pytest.fixture
def pupils(in_class):
    return [people.enrol(in_class, n, f"Trần Thị {name}") for n, name in enumerate(("An", "Bình"), start=1)]


def test_many_photos_are_looked_through_and_then_saved(as_role, in_class, pupils):
    client, _post = as_role(Role.HOMEROOM, in_class)
    files = [sent("Trần Thị An.jpg"), sent("DSC1.jpg", "blue"), SimpleUploadedFile("x.svg", b"<svg/>")]
    response = client.post("/truong/anh/", {"lop": in_class.pk, "tep": files})
    batch = PhotoBatch.objects.get()
    assert response.headers["Location"] == f"/truong/anh/dot/{batch.pk}/"
    page = text(client.get(response.headers["Location"]))
    assert "Lưu 1 ảnh" in page
    assert "hình vẽ SVG" in page
    asked = batch.items.get(state="asked")
    client.post(f"/truong/anh/dot/{batch.pk}/", {"viec": "chon", "anh": asked.pk, "hoc-sinh": pupils[1].pk})
    moved = client.post(f"/truong/anh/dot/{batch.pk}/{asked.pk}/", {"viec": "nearer"})
    assert moved.status_code == 302
    image = client.get(f"/truong/anh/dot/{batch.pk}/{asked.pk}/anh")
    assert image["Content-Type"] == "image/jpeg"
    assert "no-store" in image["Cache-Control"]
    assert client.post(f"/truong/anh/dot/{batch.pk}/", {"viec": "luu"}).status_code == 302
    page = text(client.get(f"/truong/anh/lop/{in_class.pk}/"))
    assert "Cả lớp đã có ảnh" in page
    assert client.get(f"/truong/anh/dot/{batch.pk}/{asked.pk}/anh").status_code == 404


def test_one_photo_by_phone_is_seen_before_it_is_saved(as_role, in_class, pupils):
    client, _post = as_role(Role.HOMEROOM, in_class)
    address = f"/truong/anh/hoc-sinh/{pupils[0].pupil.code}/"
    refused = client.post(address, {"tep": SimpleUploadedFile("a.jpg", b"x")})
    assert refused.status_code == 422
    assert "Không đọc được tệp ảnh" in text(refused)
    seen = client.post(address, {"tep": sent("IMG_0001.jpg")}, follow=True)
    assert "Lưu ảnh này" in text(seen)
    saved = client.post(seen.redirect_chain[-1][0], {"viec": "luu"}, follow=True)
    assert "Đã lưu ảnh." in text(saved)
    pupils[0].pupil.refresh_from_db()
    assert pupils[0].pupil.photo_id
    assert not PhotoBatch.objects.filter(state="open").exists()


def test_the_script_sends_one_by_one_and_may_go_on(as_role, in_class, pupils):
    client, _post = as_role(Role.HOMEROOM, in_class)
    begun = client.post("/truong/anh/", {"lop": in_class.pk, "trong": "1"})
    by_script = {"accept": "application/json"}
    for _again in range(2):
        reply = client.post(begun.headers["Location"], {"tep": sent("Trần Thị An.jpg")}, headers=by_script)
    assert reply.json() == {"matched": 0, "asked": 0, "refused": 0}
    assert PhotoBatch.objects.get().items.count() == 1


def test_nothing_chosen_is_said_and_leaves_no_open_batch(as_role, in_class, pupils):
    client, _post = as_role(Role.DATA_CLERK)
    response = client.post("/truong/anh/", {"lop": ""})
    assert response.status_code == 422
    assert "Chưa có tệp ảnh nào được chọn" in text(response)
    assert not PhotoBatch.objects.filter(state="open").exists()


def test_a_class_of_45_costs_few_queries_one_of_them_the_log(
    as_role, in_class, django_assert_max_num_queries
):
    for n in range(45):
        people.enrol(in_class, n + 1, "Nguyễn Phúc Bảo Quỳnh Hương")
    client, _post = as_role(Role.HOMEROOM, in_class)
    with django_assert_max_num_queries(6):
        client.get(f"/truong/anh/lop/{in_class.pk}/")
    entry = ViewEntry.objects.get()
    assert (entry.count, entry.school_class, entry.pupil) == (45, in_class, None)
