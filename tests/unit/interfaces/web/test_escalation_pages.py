"""Pages of cases: what each side sees of names and what it can do next."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.identity.escalation.models import Act, Case, State
from hocbaso.apps.identity.escalation.use_cases.answer_case import answer_case
from hocbaso.apps.privacy.models import ViewEntry
from tests.unit.apps.accounts import people
from tests.unit.apps.identity.test_escalation import REASON, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def test_the_unit_answers_on_the_page_and_the_school_follows_it(inside, world):
    case = world.open()
    officer = inside(world.officer.assignment)
    address = reverse("web:escalation-managing", args=[case.number])
    page = officer.get(address).content.decode()
    assert world.wrong.full_name in page
    assert REASON in page
    refused = officer.post(address, {"viec": "tra-lai", "noi-dung": " "})
    assert (refused.status_code, "hướng dẫn cho trường" in refused.content.decode()) == (422, True)
    for act, text, state in (
        ("tiep-nhan", "", State.ACCEPTED),
        ("gia-han", "Chờ công an.", State.ACCEPTED),
        ("da-xong", "Đã sửa.", State.SOLVED),
    ):
        assert 'id="cau-tra-loi"' in officer.get(address).content.decode()
        answer = officer.post(address, {"viec": act, "noi-dung": text, "so-ngay": "2"})
        assert answer.status_code == 302, act
        case.refresh_from_db()
        assert case.state == state
    assert 'id="cau-tra-loi"' not in officer.get(address).content.decode()
    principal = inside(world.principal.assignment)
    own = reverse("web:escalation", args=[case.number])
    assert "sửa và gửi xác thực lại" in principal.get(own).content.decode()
    assert principal.post(own, {"viec": "gui-lai", "noi-dung": "Vẫn sai."}).status_code == 302
    case.refresh_from_db()
    assert case.state == State.WAITING


def test_the_ministry_follows_by_number_and_looks_at_nobody(inside, world):
    case = world.open()
    ministry = inside(people.actor(Role.MINISTRY_OFFICER, world.ministry).assignment)
    before = ViewEntry.objects.count()
    for address in (
        reverse("web:escalations-managing"),
        reverse("web:escalation-managing", args=[case.number]),
    ):
        page = ministry.get(address).content.decode()
        assert case.number in page
        assert world.wrong.full_name not in page
        assert "(tên được che)" in page
        assert REASON not in page  # what the school wrote may name the child
    assert ViewEntry.objects.count() == before


def test_lists_are_filtered_and_cost_the_same_for_many_cases(inside, world, django_assert_max_num_queries):
    case = world.open()
    answer_case(world.officer, case=world.open(world.without), act=Act.RETURNED, text="Xin thêm giấy.")
    officer = inside(world.officer.assignment)
    listed = reverse("web:escalations-managing")
    for chosen, numbers in (
        ("", {"1", "2"}),
        ("unit", {"1"}),
        ("school", {"2"}),
        ("late", set()),
        ("ended", set()),
    ):
        page = officer.get(listed, {"loc": chosen}).content.decode()
        assert {n for n in ("1", "2") if f"{world.school.unit.code}-000{n}" in page} == numbers, chosen
    Case.objects.filter(pk=case.pk).update(due_on=case.opened_at.date().replace(year=2020))
    assert "quá hạn" in officer.get(listed, {"loc": "late", "tim": case.number}).content.decode()
    with django_assert_max_num_queries(14):
        officer.get(listed)
