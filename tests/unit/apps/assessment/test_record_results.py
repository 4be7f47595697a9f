"""The one door through which marks are written."""

from __future__ import annotations

from datetime import date

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.assessment.models import Moment, ResultChange, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.use_cases.record_results import Answer, Door, Entry, Saved, Sort, record
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.core.errors import NotAllowed
from tests.unit.apps.intake.books import YEAR, school

pytestmark = pytest.mark.django_db


@pytest.fixture
def hoa_mai() -> Organisation:
    return school()


@pytest.fixture
def class_3a(hoa_mai: Organisation) -> SchoolClass:
    return SchoolClass.objects.create(school=hoa_mai, school_year=YEAR, name="3A", grade=3)


@pytest.fixture
def an(class_3a: SchoolClass) -> Enrolment:
    pupil = Pupil.objects.create(
        code="1000000001", full_name="Lê Minh An", birth_date="2017-01-01", sex="Nam", updated_at=clock.now()
    )
    return Enrolment.objects.create(pupil=pupil, school_class=class_3a, status="Đang học")


def teacher(name: str, school_class: SchoolClass, role: str, subject: str = "") -> Actor:
    user, _ = User.objects.get_or_create(username=name, defaults={"full_name": name})
    post = Assignment.objects.create(
        user=user,
        organisation=school_class.school,
        role=role,
        school_year=YEAR,
        school_class=school_class,
        subject_code=subject,
        valid_from=date(2025, 8, 1),
    )
    return Actor.of(post)


def save(actor: Actor, *entries: Entry, door: Door = Door.SCREEN) -> list[Answer]:
    return record(actor, list(entries), door=door, source="screen")


def toan(an: Enrolment, *, base: int | None = None, moment: str = Moment.YEAR_END, **values: object) -> Entry:
    return Entry(an.pk, Sort.SUBJECT, values, "toan", moment, base)


def test_every_field_leaves_a_line_of_history_and_every_write_counts_the_version_up(an: Enrolment) -> None:
    actor = teacher("hoa", an.school_class, Role.SUBJECT_TEACHER, "*")
    assert [a.version for a in save(actor, toan(an, level="T", score=9))] == [1]
    assert [a.version for a in save(actor, toan(an, score=10))] == [2]
    row = SubjectResult.objects.get()
    assert (row.level, row.score, row.version, row.updated_by, row.source) == ("T", 10, 2, "hoa", "screen")
    lines = list(ResultChange.objects.order_by("id").values_list("field", "old", "new", "by"))
    assert sorted(lines[:2]) == [
        ("subject:toan:level", "", "T", "hoa"),
        ("subject:toan:score", "", "9", "hoa"),
    ]
    assert lines[2:] == [("subject:toan:score", "9", "10", "hoa")]
    assert Event.objects.filter(action="assessment.record").count() == 2


def test_the_same_value_again_writes_nothing(an: Enrolment) -> None:
    actor = teacher("hoa", an.school_class, Role.SUBJECT_TEACHER, "*")
    save(actor, toan(an, level="T"))
    answer = save(actor, toan(an, level="T"))[0]
    assert (answer.state, answer.version) == (Saved.SAME, 1)
    assert ResultChange.objects.count() == 1


def test_an_empty_entry_for_a_pupil_without_a_row_makes_none(an: Enrolment) -> None:
    actor = teacher("hoa", an.school_class, Role.SUBJECT_TEACHER, "*")
    assert save(actor, toan(an, level="", score=None))[0].state is Saved.SAME
    assert not SubjectResult.objects.exists()


def test_a_locked_row_is_refused_with_a_sentence_and_keeps_its_value(an: Enrolment) -> None:
    actor = teacher("hoa", an.school_class, Role.SUBJECT_TEACHER, "*")
    save(actor, toan(an, level="T"))
    SubjectResult.objects.update(locked=True)
    answer = save(actor, toan(an, level="C"))[0]
    assert answer.state is Saved.LOCKED
    assert "khóa" in answer.message
    assert answer.current == {"level": "T"}
    assert SubjectResult.objects.get().level == "T"


def test_a_writer_who_saw_an_older_version_gets_a_conflict_with_the_other_value(an: Enrolment) -> None:
    actor = teacher("hoa", an.school_class, Role.SUBJECT_TEACHER, "*")
    save(actor, toan(an, level="T", base=0))
    answer = save(actor, toan(an, level="C", base=0))[0]
    assert (answer.state, answer.version, answer.current) == (Saved.CONFLICT, 1, {"level": "T"})
    assert "hoa" in answer.message
    assert save(actor, toan(an, level="C", base=1))[0].state is Saved.SAVED


def test_rights_come_from_the_assignment(an: Enrolment) -> None:
    music = teacher("nhac", an.school_class, Role.SUBJECT_TEACHER, "am-nhac")
    rest = teacher("hoa", an.school_class, Role.SUBJECT_TEACHER, "*")
    homeroom = teacher("hoa", an.school_class, Role.HOMEROOM)
    subject = Entry(an.pk, Sort.SUBJECT, {"level": "T"}, "am-nhac")
    trait = Entry(an.pk, Sort.TRAIT, {"level": "Đ"}, "pc-yeu-nuoc")
    states = {
        "music teacher, music": save(music, subject)[0].state,
        "music teacher, maths": save(music, toan(an, level="T"))[0].state,
        "all others, music": save(rest, Entry(an.pk, Sort.SUBJECT, {"level": "H"}, "am-nhac"))[0].state,
        "all others, maths": save(rest, toan(an, level="T"))[0].state,
        "subject post, trait": save(rest, trait)[0].state,
        "homeroom post, trait": save(homeroom, trait)[0].state,
    }
    assert states == {
        "music teacher, music": Saved.SAVED,
        "music teacher, maths": Saved.REFUSED,
        "all others, music": Saved.REFUSED,
        "all others, maths": Saved.SAVED,
        "subject post, trait": Saved.REFUSED,
        "homeroom post, trait": Saved.SAVED,
    }
    with pytest.raises(NotAllowed):
        save(rest, toan(an, level="H"), door=Door.IMPORT)


@pytest.mark.parametrize(
    ("sort", "code", "values", "moment"),
    [
        (Sort.SUBJECT, "toan", {"level": "Đ"}, "cn"),
        (Sort.SUBJECT, "toan", {"score": 0}, "cn"),
        (Sort.SUBJECT, "toan", {"score": 11}, "cn"),
        (Sort.SUBJECT, "toan", {"score": "9"}, "cn"),
        (Sort.SUBJECT, "toan", {"score": True}, "cn"),
        (Sort.SUBJECT, "toan", {"score": 9}, "ghk1"),  # grade 3 has no test in mid-semester
        (Sort.SUBJECT, "dao-duc", {"score": 9}, "cn"),  # no test at all
        (Sort.SUBJECT, "khoa-hoc", {"level": "T"}, "cn"),  # grade 4 and 5
        (Sort.SUBJECT, "toan", {"comment": "x" * 501}, "cn"),
        (Sort.TRAIT, "pc-yeu-nuoc", {"level": "H"}, "cn"),
        (Sort.TRAIT, "pc-lang-nhang", {"level": "T"}, "cn"),
        (Sort.RECORD, "", {"absent_excused": -1}, "cn"),
        (Sort.RECORD, "", {"homeroom_comment": "x" * 501}, "cn"),
        (Sort.RECORD, "", {"promoted_by_principal": True}, "cn"),
        (Sort.SUBJECT, "toan", {"locked": False}, "cn"),
    ],
)
def test_what_the_circular_does_not_allow_is_refused_with_words(
    an: Enrolment, sort: Sort, code: str, values: dict[str, object], moment: str
) -> None:
    answer = record(
        Actor.operator(), [Entry(an.pk, sort, values, code, moment)], door=Door.IMPORT, source="t"
    )[0]
    assert answer.state is Saved.REFUSED
    assert answer.message
    assert not any(table.objects.exists() for table in (SubjectResult, TraitResult, YearRecord))


def test_one_refused_entry_does_not_stop_the_others(an: Enrolment) -> None:
    good, bad = toan(an, level="T"), Entry(an.pk, Sort.SUBJECT, {"level": "X"}, "dao-duc")
    answers = record(Actor.operator(), [bad, good], door=Door.IMPORT, source="t")
    assert [a.state for a in answers] == [Saved.REFUSED, Saved.SAVED]


def test_two_entries_for_one_row_in_one_call_make_one_row(an: Enrolment) -> None:
    record(Actor.operator(), [toan(an, level="T"), toan(an, score=8)], door=Door.IMPORT, source="t")
    row = SubjectResult.objects.get()
    assert (row.level, row.score, row.version) == ("T", 8, 2)
