"""Sổ sách: who is offered which book, the files behind the buttons, the way back from a printed sheet."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.books.page_codes import page_code
from tests.builders import finished_class, make_school
from tests.secondary import finished_secondary_class, make_secondary_school
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
SUMMARY, SUBJECT, WHOLE, REGISTER, HOMEROOM, ENTRY, SLIPS = (
    "bang-tong-hop",
    "so-mon-hoc",
    "so-lop-hoc",
    "so-dang-bo",
    "so-chu-nhiem",
    "phieu-nhap",
    "phieu-ket-qua",
)


@pytest.fixture
def primary():
    school = make_school()
    finished_class(school, "3A", 2)
    return school


@pytest.fixture
def secondary():
    school = make_secondary_school(classes=("7A2",))
    finished_secondary_class(school, "7A2", 2)
    return school


def offered(page: str) -> set[str]:
    """Slugs of the books whose buttons the page shows."""
    return set(re.findall(r"/truong/so-sach/tai/([a-z-]+)\?", page))


def shown(client, **query) -> str:
    response = client.get(reverse("web:books"), query)
    assert response.status_code == 200
    return response.content.decode()


def test_a_principal_chooses_a_class_and_is_offered_the_books_of_its_level(inside, secondary):
    client = inside(secondary.actor(Role.PRINCIPAL).assignment)
    first = shown(client)
    assert offered(first) == {REGISTER}
    assert "Thầy cô chọn lớp ở trên." in first
    of_class = shown(client, lop=secondary.classes["7A2"].pk)
    assert offered(of_class) == {WHOLE, REGISTER, HOMEROOM, ENTRY, SLIPS}
    assert "Thầy cô chọn môn học ở trên." in of_class
    assert "Bảng tổng hợp kết quả đánh giá giáo dục" not in of_class
    with_subject = shown(client, lop=secondary.classes["7A2"].pk, mon="toan", dot="hk1")
    assert SUBJECT in offered(with_subject)
    assert "Lớp 7A2 · Toán" in with_subject


def test_each_post_is_offered_its_own_books(inside, secondary):
    of_class = secondary.classes["7A2"]
    homeroom = shown(inside(secondary.actor(Role.HOMEROOM, "7A2").assignment))
    assert offered(homeroom) == {WHOLE, HOMEROOM, ENTRY, SLIPS}
    clerk = shown(inside(secondary.actor(Role.DATA_CLERK).assignment), lop=of_class.pk)
    assert offered(clerk) == {REGISTER, ENTRY}
    teacher = people.actor(Role.SUBJECT_TEACHER, secondary.unit, of_class, subject_code="toan").assignment
    page = shown(inside(teacher))
    assert offered(page) == {SUBJECT, ENTRY}
    assert 'value="toan"' in page
    assert 'value="ngu-van"' not in page


def test_the_list_costs_few_queries_whatever_the_number_of_pupils(
    inside, secondary, django_assert_max_num_queries
):
    client = inside(secondary.actor(Role.PRINCIPAL).assignment)
    with django_assert_max_num_queries(9):
        shown(client, lop=secondary.classes["7A2"].pk)


def test_every_button_of_the_page_gives_its_file(inside, primary, secondary):
    for school, name in ((primary, "3A"), (secondary, "7A2")):
        client = inside(school.actor(Role.PRINCIPAL).assignment)
        page = shown(client, lop=school.classes[name].pk, mon="toan")
        links = [u.replace("&amp;", "&") for u in re.findall(r'href="(/truong/so-sach/tai/[^"]+)"', page)]
        assert len(links) > 7
        for link in links:
            response = client.get(link)
            assert response.status_code == 200, link
            wanted = b"PK" if "dang=xlsx" in link else b"%PDF"
            assert response.content.startswith(wanted), link
            assert response.headers["Content-Disposition"].startswith("attachment")
            assert response.headers["Cache-Control"] == "no-store"


def test_a_book_of_another_school_or_without_right_is_not_given(inside, primary, secondary):
    client = inside(primary.actor(Role.PRINCIPAL).assignment)
    address = reverse("web:books-file", args=[WHOLE])
    assert client.get(address, {"lop": secondary.classes["7A2"].pk}).status_code == 404
    assert client.get(reverse("web:books-file", args=["so-khac"])).status_code == 404
    clerk = inside(secondary.actor(Role.DATA_CLERK).assignment)
    assert clerk.get(address, {"lop": secondary.classes["7A2"].pk}).status_code == 403
    for wrong in ("x", "9" * 30, "-1", "１"):
        assert client.get(address, {"lop": wrong}).status_code == 404


def test_what_is_missing_is_said_in_a_sentence(inside, primary):
    client = inside(primary.actor(Role.PRINCIPAL).assignment)
    response = client.get(reverse("web:books-file", args=[SUMMARY]), {"lop": primary.classes["3A"].pk})
    assert response.status_code == 422
    assert "Thầy cô hãy chọn thời điểm của sổ này" in response.content.decode()


def test_a_printed_code_leads_to_its_page_of_the_gradebook(inside, primary, secondary):
    of_class = primary.classes["3A"]
    code = page_code(of_class.pk, "toan", "chk1")
    target = reverse("web:gradebook-sheet", args=[of_class.pk, "toan"]) + "?dot=chk1"
    client = inside(primary.actor(Role.HOMEROOM, "3A").assignment)
    assert client.get(reverse("web:books-code", args=[code])).headers["Location"] == target
    typed = client.get(reverse("web:books-find"), {"ma": f" {code.lower()} "})
    assert typed.headers["Location"] == target
    wrong = client.get(reverse("web:books-find"), {"ma": "128-AAAAA"})
    assert wrong.status_code == 404
    assert "Mã phiếu" in wrong.content.decode()
    elsewhere = inside(secondary.actor(Role.PRINCIPAL).assignment)
    assert elsewhere.get(reverse("web:books-code", args=[code])).status_code == 404


def test_a_school_without_classes_is_told_what_comes_first(as_role):
    client, _post = as_role(Role.PRINCIPAL)
    page = shown(client)
    assert "Năm học này trường chưa có lớp nào." in page
    assert offered(page) == {REGISTER}
