"""Schools of every level take their pupils; a class of another level is refused."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from tests.unit.apps.accounts import people
from tests.unit.apps.intake.books import YEAR, book, pupil

pytestmark = pytest.mark.django_db


def load(levels, *classes, births=("09/02/2019",) * 9):
    school = people.school("79000700", "Trường Thử", levels=list(levels))
    rows = [
        pupil(n, Mã_lớp=name, Ngày_sinh=births[n - 1], Số_định_danh_cá_nhân="")
        for n, name in enumerate(classes, start=1)
    ]
    return import_workbook(
        Actor.operator(), kind=Kind.PUPILS, school=school, year=YEAR, data=book(rows), file_name="hs.xlsx"
    )


@pytest.mark.parametrize(
    ("levels", "classes"),
    [
        (["mam_non"], {"Lá 1": 18, "Chồi 2": 17, "Mầm 2": 16, "Nhà trẻ 25-36 tháng": 15}),
        (["thcs"], {"6A1": 6, "9A2": 9}),
        (["gdtx"], {"6A1": 6, "10A1": 10, "12.6": 12}),
        (["mam_non", "tieu_hoc", "thcs", "thpt"], {"Lá 1": 18, "1A": 1, "6A1": 6, "10A1": 10}),
    ],
)
def test_classes_get_the_sectors_code_of_their_grade(levels, classes):
    load(levels, *classes)
    assert dict(SchoolClass.objects.values_list("name", "grade")) == classes
    assert Enrolment.objects.count() == len(classes)


@pytest.mark.parametrize(
    ("levels", "name"), [(["tieu_hoc"], "Lá 1"), (["mam_non"], "1A"), (["thcs"], "10A1")]
)
def test_a_class_of_another_level_is_refused(levels, name):
    outcome = load(levels, name)
    assert outcome.batch is None
    assert [i.code for i in outcome.plan.issues if i.severity == "error"] == ["class_grade"]


def test_a_name_longer_than_a_class_may_have_is_refused_with_a_sentence():
    outcome = load(["mam_non"], "Nhà trẻ 25-36 tháng nhóm A")
    assert [i.code for i in outcome.plan.issues if i.severity == "error"] == ["too_long"]


def test_the_age_of_a_kindergarten_child_is_no_question():
    births = ("09/02/2020", "09/02/2021", "09/02/2022", "09/02/2009")
    outcome = load(["mam_non"], "Lá 1", "Chồi 1", "Mầm 1", "Mầm 1", births=births)
    assert [i.row for i in outcome.plan.issues if i.code == "unlikely_age"] == [5]
