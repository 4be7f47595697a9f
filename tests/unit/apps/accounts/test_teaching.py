"""Who teaches, stands in and signs: by class, subject and day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment, AssignmentProposal, Role, StaffMember
from hocbaso.apps.accounts.queries import signers_of, teachers_of
from hocbaso.apps.accounts.teaching import HOMEROOM_ROW, cell_history, classes_of, matrix
from hocbaso.apps.accounts.use_cases.assign import assign
from hocbaso.apps.accounts.use_cases.confirm_proposals import confirm_proposals, drop_proposals
from hocbaso.apps.accounts.use_cases.designate_signer import designate_signer, substitute_signer
from hocbaso.apps.accounts.use_cases.stand_in import replace_teacher, stand_in
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.accounts import people
from tests.unit.apps.intake.books import book, staff

pytestmark = pytest.mark.django_db
PAPERS = {"decision_number": "12/QĐ-THCS", "decision_signer": "Hiệu trưởng"}


class World:
    """Class 6A1 with a homeroom teacher and two who teach Khoa học tự nhiên together."""

    def __init__(self) -> None:
        self.school = people.school("79000201", "Trường THCS Sao Mai", levels=["thcs"])
        self.in_class = people.school_class(self.school, "6A1", 6)
        self.principal = people.actor(Role.PRINCIPAL, self.school)
        self.clerk = people.actor(Role.DATA_CLERK, self.school)
        self.an, self.binh, self.chi = (people.user(n, f"Cô {n.title()}") for n in ("an", "binh", "chi"))
        self.homeroom = people.post(self.an, self.school, Role.HOMEROOM, self.in_class)
        self.physics = self.teach(self.an, "khoa-hoc-tu-nhien")
        self.biology = self.teach(self.binh, "khoa-hoc-tu-nhien")

    def teach(self, user, code, **fields) -> Assignment:
        return people.post(
            user, self.school, Role.SUBJECT_TEACHER, self.in_class, subject_code=code, **fields
        )

    def may_enter(self, user, code) -> bool:
        posts = Assignment.objects.filter(user=user, school_class=self.in_class, role=Role.SUBJECT_TEACHER)
        target = ClassSubject(self.in_class, code)
        return any(allowed(Actor.of(post), "assessment.enter", target) for post in posts)


@pytest.fixture
def world() -> World:
    return World()


def names(refs):
    return [ref.name for ref in refs]


def refused(code, call, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        call(*args, **kwargs)
    assert error.value.code == code


def test_all_who_teach_a_subject_sign_it_until_one_is_designated(world):
    assert names(signers_of(world.in_class)["khoa-hoc-tu-nhien"]) == ["Cô An", "Cô Binh"]
    designate_signer(world.principal, assignment=world.biology)
    assert names(signers_of(world.in_class)["khoa-hoc-tu-nhien"]) == ["Cô Binh"]
    designate_signer(world.principal, assignment=world.physics)
    assert names(signers_of(world.in_class)["khoa-hoc-tu-nhien"]) == ["Cô An"]
    assert Assignment.objects.filter(signs=True).count() == 1
    with pytest.raises(NotAllowed):
        designate_signer(world.clerk, assignment=world.biology)
    refused("signer_not_teacher", designate_signer, world.principal, assignment=world.homeroom)


def test_the_class_teacher_signs_every_subject_that_nobody_is_named_for():
    school = people.school()
    in_class = people.school_class(school, "3A", 3)
    for name, code in (("hoa", "*"), ("lan", "tieng-anh"), ("mai", "tin-hoc")):
        people.post(
            people.user(name, name.title()), school, Role.SUBJECT_TEACHER, in_class, subject_code=code
        )
    found = {code: names(refs) for code, refs in signers_of(in_class).items()}
    assert found["toan"] == found["tieng-viet"] == ["Hoa"]
    assert (found["tieng-anh"], found["tin-hoc"]) == (["Lan"], ["Mai"])
    assert "*" not in found


def test_a_substitute_signs_for_one_who_left_and_both_are_named_but_he_enters_nothing(world):
    eve = clock.today() - timedelta(days=1)
    Assignment.objects.filter(pk__in=[world.physics.pk, world.biology.pk]).update(valid_to=eve)
    world.physics.refresh_from_db()
    assert "khoa-hoc-tu-nhien" not in signers_of(world.in_class)
    common = {
        "assignment": world.physics,
        "subject_code": "khoa-hoc-tu-nhien",
        "user": world.chi,
        "reason": "Đã chuyển trường",
    }
    refused("signer_decision", substitute_signer, world.principal, decision_number=" ", **common)
    with pytest.raises(NotAllowed):
        substitute_signer(world.clerk, decision_number="7", **common)
    substitute_signer(world.principal, decision_number="7/QĐ-THCS", **common)
    (ref,) = signers_of(world.in_class)["khoa-hoc-tu-nhien"]
    assert (ref.name, ref.responsible, ref.decision) == ("Cô Chi", "Cô An", "7/QĐ-THCS")
    assert ref.reason == "Đã chuyển trường"
    assert not world.may_enter(world.chi, "khoa-hoc-tu-nhien")
    refused("signer_twice", substitute_signer, world.principal, decision_number="8", **common)
    refused(
        "signer_same", substitute_signer, world.principal, decision_number="8", **common | {"user": world.an}
    )
    event = Event.objects.get(action="accounts.substitute_signer")
    assert (event.details["responsible"], event.details["signs"]) == ("an", "khoa-hoc-tu-nhien")


def test_a_substitute_takes_the_place_of_the_one_who_cannot_sign_and_not_of_colleagues(world):
    values = {"subject_code": "khoa-hoc-tu-nhien", "reason": "Chứng thư số hết hạn", "decision_number": "9"}
    substitute_signer(world.principal, assignment=world.physics, user=world.chi, **values)
    refs = signers_of(world.in_class)["khoa-hoc-tu-nhien"]
    assert [(r.name, r.responsible) for r in refs] == [("Cô Binh", ""), ("Cô Chi", "Cô An")]
    assert names(teachers_of(world.in_class)["khoa-hoc-tu-nhien"]) == ["Cô An", "Cô Binh"]
    designate_signer(world.principal, assignment=world.biology)
    assert names(signers_of(world.in_class)["khoa-hoc-tu-nhien"]) == ["Cô Binh"]


def test_a_stand_in_enters_marks_in_the_days_of_the_decision_and_no_other(world):
    today = clock.today()
    refused(
        "stand_in_reason",
        stand_in,
        world.clerk,
        assignment=world.physics,
        user=world.chi,
        first_day=today,
        last_day=today,
        reason=" ",
    )
    for first, last, may in ((-9, -1, False), (0, 3, True), (5, 9, False)):
        Assignment.objects.filter(user=world.chi).delete()
        stand_in(
            world.clerk,
            assignment=world.physics,
            user=world.chi,
            first_day=today + timedelta(days=first),
            last_day=today + timedelta(days=last),
            reason="Nghỉ thai sản",
            **PAPERS,
        )
        assert world.may_enter(world.chi, "khoa-hoc-tu-nhien") is may
    assert world.may_enter(world.an, "khoa-hoc-tu-nhien")  # the holder keeps the post


def test_a_stand_in_of_the_homeroom_teacher_gives_the_class_one_homeroom_teacher_a_day(world):
    first, last = date(2026, 1, 5), date(2026, 3, 1)
    new = stand_in(
        world.clerk,
        assignment=world.homeroom,
        user=world.chi,
        first_day=first,
        last_day=last,
        reason="Nghỉ thai sản",
        **PAPERS,
    )
    history = cell_history(world.in_class, HOMEROOM_ROW)
    spans = [(post.user.full_name, post.valid_from, post.valid_to) for post in history]
    assert spans == [
        ("Cô An", date(2026, 3, 2), None),
        ("Cô Chi", first, last),
        ("Cô An", people.START, date(2026, 1, 4)),
    ]
    assert new.stands_in_for == world.homeroom
    refused(
        "stand_in_nested",
        stand_in,
        world.clerk,
        assignment=new,
        user=world.binh,
        first_day=first + timedelta(days=1),
        last_day=last,
        reason="x",
    )


def test_a_successor_takes_the_post_over_with_the_designation_and_nobody_assigns_himself(world):
    designate_signer(world.principal, assignment=world.biology)
    world.biology.refresh_from_db()
    day = date(2026, 2, 1)
    new = replace_teacher(
        world.clerk, assignment=world.biology, user=world.chi, first_day=day, reason="Nghỉ hưu", **PAPERS
    )
    world.biology.refresh_from_db()
    assert world.biology.valid_to == date(2026, 1, 31)
    assert (new.subject_code, new.valid_from, new.signs) == ("khoa-hoc-tu-nhien", day, True)
    refused("stand_in_first_day", replace_teacher, world.clerk, assignment=new, user=world.an, first_day=day)
    refused(
        "assign_own",
        replace_teacher,
        world.clerk,
        assignment=new,
        user=world.clerk.user,
        first_day=day + timedelta(days=1),
    )
    new.refresh_from_db()
    assert new.valid_to is None  # refused as a whole


def test_the_matrix_takes_one_query_for_any_number_of_classes(world, django_assert_num_queries):
    for n in range(2, 8):
        in_class = people.school_class(world.school, f"6A{n}", 6)
        assign(
            world.clerk,
            user=world.an,
            organisation=world.school,
            role=Role.SUBJECT_TEACHER,
            school_class=in_class,
            subject_code="toan",
        )
    classes = classes_of(world.school, people.YEAR)
    with django_assert_num_queries(1):
        made = matrix(classes)
    rows = {row.code: row for row in made.rows}
    assert made.rows[0].code == HOMEROOM_ROW
    assert len(rows["toan"].cells) == 7
    assert [t.post.user.full_name for t in rows["khoa-hoc-tu-nhien"].cells[0].posts] == ["Cô An", "Cô Binh"]
    assert made.gaps == 9  # nobody named a decision
    empty = [(row.code, cell) for row in made.rows for cell in row.cells if cell.needed and not cell.posts]
    assert made.empty == len(empty)
    assert {"ngu-van", HOMEROOM_ROW} <= {code for code, _cell in empty}
    assert "ngoai-ngu-2" not in {code for code, _cell in empty}  # nobody has to teach what is optional


@pytest.mark.parametrize("query", [signers_of, teachers_of])
def test_who_teaches_and_signs_takes_two_queries(world, query, django_assert_num_queries):
    for n in range(9):
        world.teach(people.user(f"t{n}", f"Thầy {n}"), f"mon-{n}")
    with django_assert_num_queries(2):
        query(world.in_class)


def test_proposals_give_no_right_until_they_are_confirmed_by_a_decision(world):
    rows = [
        AssignmentProposal.objects.create(
            user=user,
            school_class=world.in_class,
            role=Role.SUBJECT_TEACHER,
            subject_code="toan",
            created_at=clock.now(),
        )
        for user in (world.chi, world.clerk.user)
    ]
    assert not world.may_enter(world.chi, "toan")
    chosen = [row.pk for row in rows]
    made = confirm_proposals(world.clerk, school=world.school, year=people.YEAR, chosen=chosen, **PAPERS)
    assert [post.user for post in made] == [world.chi]
    assert world.may_enter(world.chi, "toan")
    assert AssignmentProposal.objects.get().user == world.clerk.user  # nobody assigns himself
    assert drop_proposals(world.clerk, school=world.school, year=people.YEAR, chosen=chosen) == 1


def test_a_staff_list_ends_nobody_who_stands_in_by_a_decision(world):
    chi = StaffMember.objects.create(
        organisation=world.school, code="CB00GV001", user=world.chi, full_name="Cô Chi"
    )
    common = {"assignment": world.physics, "user": world.chi, "reason": "Nghỉ thai sản"}
    today = clock.today()
    post = stand_in(world.clerk, first_day=today, last_day=today + timedelta(days=30), **common, **PAPERS)
    import_workbook(
        Actor.operator(),
        kind=Kind.STAFF,
        school=world.school,
        year=people.YEAR,
        data=book([staff(1, **{"Mã_cán_bộ": chi.code})]),
        file_name="cb.xlsx",
    )
    post.refresh_from_db()
    assert post.valid_to == today + timedelta(days=30)
