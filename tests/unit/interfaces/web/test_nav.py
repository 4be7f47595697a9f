"""The menu offers what the policy allows, and nothing else."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.interfaces.web import nav
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db

HOME, PUPILS, EXCEL, STAFF = "Việc hôm nay", "Học sinh", "Nhập từ Excel", "Cán bộ"
MARKS, CLOSE, OWN = "Sổ điểm", "Tổng kết lớp", "Lớp chủ nhiệm"
SIGN, ISSUE, SHEETS, CHECK = "Ký học bạ", "Phát hành", "Học bạ", "Xác thực"
BOOKS = "Sổ sách"

MENUS = {
    Role.PRINCIPAL: [HOME, PUPILS, STAFF, MARKS, CLOSE, SIGN, SHEETS, BOOKS, CHECK],
    Role.DEPUTY_PRINCIPAL: [HOME, PUPILS, STAFF, MARKS, SHEETS, BOOKS, CHECK],
    Role.SEAL_KEEPER: [HOME, PUPILS, ISSUE, SHEETS, CHECK],
    Role.GROUP_HEAD: [HOME, CHECK],
    Role.GROUP_DEPUTY: [HOME, CHECK],
    Role.HOMEROOM: [HOME, PUPILS, MARKS, OWN, SIGN, SHEETS, BOOKS, CHECK],
    Role.SUBJECT_TEACHER: [HOME, PUPILS, MARKS, SHEETS, BOOKS, CHECK],
    Role.DATA_CLERK: [HOME, PUPILS, EXCEL, STAFF, BOOKS, CHECK],
    Role.COMMUNE_OFFICER: ["Tiến độ", CHECK],
    Role.DEPARTMENT_OFFICER: ["Tiến độ", CHECK],
    Role.MINISTRY_OFFICER: ["Tiến độ", CHECK],
    Role.AUDITOR: ["Tiến độ", BOOKS, CHECK],
    Role.SYSTEM_ADMIN: ["Tiến độ", CHECK],
}
_UNITS = {
    Role.COMMUNE_OFFICER: "xa-26929",
    Role.DEPARTMENT_OFFICER: "so-79",
    Role.MINISTRY_OFFICER: "bo-gddt",
}


@pytest.mark.parametrize("role", list(Role))
def test_menu_of(role, school, django_assert_num_queries):
    unit = Organisation.objects.get(code=_UNITS[role]) if role in _UNITS else school
    in_class = people.school_class(school) if role in (Role.HOMEROOM, Role.SUBJECT_TEACHER) else None
    actor = people.actor(role, unit, in_class)
    with django_assert_num_queries(0):
        assert [item.label for item in nav.items(actor, "/")] == MENUS[role]


def test_the_page_one_is_on_is_marked(school):
    items = nav.items(people.actor(Role.PRINCIPAL, school), "/truong/hoc-sinh/HS1/")
    assert [item.label for item in items if item.current] == [PUPILS]


def test_every_post_has_words(school):
    in_class = people.school_class(school, "2B", 2)
    words = {
        Role.HOMEROOM: "Giáo viên chủ nhiệm lớp 2B",
        Role.SUBJECT_TEACHER: "Giáo viên dạy môn học lớp 2B",
    }
    for role, expected in words.items():
        assert nav.post_label(people.actor(role, school, in_class).assignment) == expected
