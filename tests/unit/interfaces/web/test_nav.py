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
BOOKS, CLASSES, PERIODS, CASES = "Sổ sách", "Lớp và phân công", "Đợt nhập", "Mở khóa"
PAPERS, PROGRAMMES, TRACES = "Kiểm tra bài", "Chương trình học", "Truy vết"
IDENTITY = "Xác thực danh tính"
SEARCH, TWICE = "Tìm số định danh", "Trùng hồ sơ"
RESIDENCE = "Cư trú"
COLLECT, ESCALATED = "Thu thập định danh", "Kiến nghị"
QUALITY = "Chất lượng dữ liệu"
PHOTOS, VIEWS = "Ảnh học sinh", "Nhật ký xem"
CAMPAIGNS = "Đợt xác thực"
KEYS = "Chứng thư số"
ARCHIVE = "Lưu trữ dài hạn"

MENUS = {
    Role.PRINCIPAL: [
        *(
            HOME,
            PUPILS,
            CLASSES,
            STAFF,
            IDENTITY,
            CAMPAIGNS,
            ESCALATED,
            TWICE,
            PHOTOS,
            VIEWS,
            RESIDENCE,
            QUALITY,
            MARKS,
            PERIODS,
            CASES,
            PAPERS,
            PROGRAMMES,
        ),
        *(CLOSE, SIGN, KEYS, SHEETS, ARCHIVE, BOOKS, TRACES, CHECK),
    ],
    Role.DEPUTY_PRINCIPAL: [
        *(
            HOME,
            PUPILS,
            CLASSES,
            STAFF,
            IDENTITY,
            CAMPAIGNS,
            ESCALATED,
            TWICE,
            PHOTOS,
            RESIDENCE,
            QUALITY,
            MARKS,
            PERIODS,
            CASES,
            PAPERS,
            KEYS,
            SHEETS,
            ARCHIVE,
            BOOKS,
            TRACES,
            CHECK,
        ),
    ],
    Role.SEAL_KEEPER: [HOME, PUPILS, IDENTITY, PERIODS, ISSUE, KEYS, SHEETS, ARCHIVE, CHECK],
    Role.GROUP_HEAD: [HOME, PERIODS, PAPERS, CHECK],
    Role.GROUP_DEPUTY: [HOME, PERIODS, PAPERS, CHECK],
    Role.HOMEROOM: [
        HOME,
        PUPILS,
        EXCEL,
        IDENTITY,
        SEARCH,
        PHOTOS,
        RESIDENCE,
        QUALITY,
        MARKS,
        PERIODS,
        OWN,
        SIGN,
        KEYS,
        SHEETS,
        BOOKS,
        CHECK,
    ],
    Role.SUBJECT_TEACHER: [HOME, PUPILS, EXCEL, MARKS, PERIODS, KEYS, SHEETS, BOOKS, CHECK],
    Role.DATA_CLERK: [
        HOME,
        PUPILS,
        EXCEL,
        CLASSES,
        STAFF,
        IDENTITY,
        CAMPAIGNS,
        COLLECT,
        ESCALATED,
        SEARCH,
        TWICE,
        PHOTOS,
        RESIDENCE,
        QUALITY,
        PERIODS,
        CASES,
        PROGRAMMES,
        KEYS,
        ARCHIVE,
        BOOKS,
        CHECK,
    ],
    Role.COMMUNE_OFFICER: ["Tiến độ", IDENTITY, ESCALATED, TWICE, QUALITY, CASES, KEYS, ARCHIVE, CHECK],
    Role.DEPARTMENT_OFFICER: [
        "Tiến độ",
        IDENTITY,
        ESCALATED,
        TWICE,
        QUALITY,
        CASES,
        PERIODS,
        KEYS,
        ARCHIVE,
        CHECK,
    ],
    Role.MINISTRY_OFFICER: ["Tiến độ", IDENTITY, ESCALATED, QUALITY, CASES, KEYS, ARCHIVE, CHECK],
    Role.AUDITOR: ["Tiến độ", IDENTITY, ESCALATED, VIEWS, QUALITY, CASES, KEYS, ARCHIVE, TRACES, CHECK],
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
    asked = 1 if role == Role.SUBJECT_TEACHER else 0  # whether subject teachers sign in primary
    with django_assert_num_queries(asked):
        assert [item.label for item in nav.items(actor, "/")] == MENUS[role]


def test_unlock_cases_stand_under_the_entry_periods_of_whoever_has_no_item_of_them(school):
    in_class = people.school_class(school)
    for role, mark in ((Role.SUBJECT_TEACHER, PERIODS), (Role.PRINCIPAL, CASES)):
        actor = people.actor(role, school, in_class if role == Role.SUBJECT_TEACHER else None)
        items = nav.items(actor, "/truong/mo-khoa/moi")
        assert [item.label for item in items if item.current] == [mark]


@pytest.mark.parametrize(
    ("group", "told"), [("Tổ Khoa học xã hội", "Khoa học xã hội"), ("Tổ 4-5", "tổ 4-5"), ("Toán", "Toán")]
)
def test_a_group_head_is_not_told_the_word_twice(school, group, told):
    post = people.actor(Role.GROUP_HEAD, school, group_name=group).assignment
    assert nav.post_label(post) == f"Tổ trưởng chuyên môn {told}"


def test_the_page_one_is_on_is_marked(school):
    items = nav.items(people.actor(Role.PRINCIPAL, school), "/truong/hoc-sinh/HS1/")
    assert [item.label for item in items if item.current] == [PUPILS]


def test_a_long_menu_stands_in_groups_and_opens_the_current_one(school):
    actor = people.actor(Role.PRINCIPAL, school)
    lines = nav.menu(actor, "/truong/mo-khoa/")
    assert [line.label for line in lines] == [
        HOME,
        "Học sinh và lớp",
        "Danh tính và dữ liệu",
        "Điểm và nhận xét",
        SHEETS,
        CHECK,
    ]
    (here,) = [line for line in lines if line.current]
    assert [(item.label, item.current) for item in here.items if item.current] == [(CASES, True)]
    assert sorted(i.url for line in lines for i in line.items or (line,)) == sorted(
        i.url for i in nav.items(actor, "/")
    )


def test_a_short_menu_stands_in_one_line(school):
    lines = nav.menu(people.actor(Role.GROUP_HEAD, school), "/truong/dot-nhap/")
    assert [line.label for line in lines] == MENUS[Role.GROUP_HEAD]
    assert all(line.items == () for line in lines)


def test_every_post_has_words(school):
    in_class = people.school_class(school, "2B", 2)
    words = {
        Role.HOMEROOM: "Giáo viên chủ nhiệm lớp 2B",
        Role.SUBJECT_TEACHER: "Giáo viên môn học lớp 2B",
    }
    for role, expected in words.items():
        assert nav.post_label(people.actor(role, school, in_class).assignment) == expected
