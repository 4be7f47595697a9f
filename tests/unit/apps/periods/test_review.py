"""Papers against marks: who checks, what is drawn, what is compared, and what signing waits for."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import SubjectMarks
from hocbaso.apps.organisations.models import DatedSetting
from hocbaso.apps.periods.models import Review, ReviewItem, ReviewMethod, ReviewState
from hocbaso.apps.periods.queries import review_block
from hocbaso.apps.periods.use_cases.review import (
    Paper,
    assign_review,
    cancel_review,
    draw,
    enter_papers,
    finish_review,
)
from hocbaso.core.errors import DomainError, NotAllowed
from tests.builders import START


@given(st.text(max_size=20), st.sets(st.integers(1, 10_000)), st.integers(1, 60))
def test_the_sample_can_be_drawn_again(seed, pupils, size):
    one, other = draw(seed, sorted(pupils), size), draw(seed, sorted(pupils, reverse=True), size)
    assert one == other
    assert len(one) == min(size, len(pupils))
    assert set(one) <= pupils
    assert draw(seed, one, size) == one


def assign(world, checker, *, actor=None, **scope) -> Review:
    scope = {"part": "toan", "moment": "hk1", "column": "gk", "method": ReviewMethod.BLIND, **scope}
    school_class = scope.pop("school_class", world.secondary)
    return assign_review(actor or world.principal, school_class=school_class, checker=checker.user, **scope)


def code_of(call, *args, **kwargs) -> str:
    with pytest.raises(DomainError) as refusal:
        call(*args, **kwargs)
    return refusal.value.code


@pytest.fixture
def head(world):
    return world.somebody(Role.GROUP_HEAD)


def test_blind_entry_finds_what_differs(world, head):
    review = assign(world, head)
    first, second = review.items.all()
    assert enter_papers(head, review=review, papers={first.pk: Paper("8,0"), second.pk: Paper("bảy")}) == {
        second.pk: "Không đọc được điểm “bảy”."
    }
    review.refresh_from_db()
    assert review.state == ReviewState.STARTED
    assert code_of(finish_review, head, review=review, confirm=True) == "review_unfinished"
    enter_papers(head, review=review, papers={second.pk: Paper("6,5", note="Cộng sót câu 4")})
    assert code_of(finish_review, head, review=review, confirm=True) == "review_mismatch"
    review = finish_review(head, review=review, confirm=False, comment="Bài số 2 cộng sót điểm.")
    assert (review.checked, review.mismatches, review.state) == (2, 1, ReviewState.RETURNED)
    items = [(i.paper, i.recorded, i.agrees) for i in review.items.all()]
    assert items == [("8", "8", True), ("6.5", "8", False)]


def test_what_was_compared_stays_as_it_was(world, head):
    review = assign(world, head, method=ReviewMethod.CHECKLIST)
    enter_papers(head, review=review, papers={i.pk: Paper(agrees=True) for i in review.items.all()})
    finish_review(head, review=review, confirm=True)
    SubjectMarks.objects.filter(moment="hk1").update(gk="1")
    assert {i.recorded for i in ReviewItem.objects.all()} == {"8"}
    for change in (
        lambda: ReviewItem.objects.update(recorded="1"),
        lambda: Review.objects.update(mismatches=5),
        lambda: ReviewItem.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_a_missing_paper_is_a_mismatch(world, head):
    review = assign(world, head)
    enter_papers(head, review=review, papers={i.pk: Paper("-") for i in review.items.all()})
    review = finish_review(head, review=review, confirm=True, comment="Lớp nộp bài muộn.")
    assert review.mismatches == 2


def test_regular_marks_are_not_checked(world, head):
    assert code_of(assign, world, head, column="tx1") == "review_scope"
    assert code_of(assign, world, head, column="gk", moment="hk2", part="tin-hoc") == "review_nothing"
    review = assign(world, head, school_class=world.primary, moment="cn", column="score")
    assert [i.enrolment_id for i in review.items.all()] == [e.pk for e in world.pupils["3A"]]


def test_absent_pupils_have_no_paper(world, head):
    SubjectMarks.objects.filter(enrolment=world.first, moment="hk1").update(gk="V")
    assert [i.enrolment_id for i in assign(world, head).items.all()] == [world.second.pk]


def test_nobody_checks_the_own_marks_and_no_plain_teacher_checks(world, head):
    assert code_of(assign, world, world.teacher) == "review_checker"
    for actor in (head, world.somebody(Role.DEPUTY_PRINCIPAL)):
        with pytest.raises(NotAllowed):
            assign(world, head, actor=actor)
    review = assign(world, head)
    for actor in (world.principal, world.somebody(Role.GROUP_HEAD)):
        with pytest.raises(NotAllowed):
            enter_papers(actor, review=review, papers={})
        with pytest.raises(NotAllowed):
            finish_review(actor, review=review, confirm=True)


def test_a_head_who_teaches_the_class_is_refused(world):
    from hocbaso.apps.accounts.models import Assignment

    teacher = world.teacher.user
    Assignment.objects.create(user=teacher, organisation=world.unit, role=Role.GROUP_HEAD, valid_from=START)
    assert code_of(assign, world, world.teacher) == "review_own"


def test_signing_waits_only_where_the_school_says_so(world, head):
    assert review_block(world.secondary) == ()
    DatedSetting.objects.create(
        organisation=world.unit,
        key="signing_waits_for_review",
        value="yes",
        valid_from=START,
        legal_basis="Kế hoạch năm học",
    )
    assert "chưa được giao kiểm tra" in review_block(world.secondary)[0]
    review = assign(world, head)
    assert review_block(world.secondary) == (
        f"Chưa xong kiểm tra bài với điểm: Toán, ĐĐGgk, Học kỳ I, người kiểm tra {head.user.full_name}.",
    )
    assert code_of(assign, world, head) == "review_double"
    papers = {i.pk: Paper("7") for i in review.items.all()}
    enter_papers(head, review=review, papers=papers)
    finish_review(head, review=review, confirm=False, comment="Lệch cả hai bài.")
    assert "trả lại giáo viên" in review_block(world.secondary)[0]
    SubjectMarks.objects.filter(moment="hk1").update(gk="7")
    again = assign(world, head)
    assert again.previous == review
    enter_papers(head, review=again, papers={i.pk: Paper("7") for i in again.items.all()})
    finish_review(head, review=again, confirm=True)
    assert review_block(world.secondary) == ()


def test_a_cancelled_review_holds_nobody_up(world, head):
    review = assign(world, head)
    cancel_review(world.principal, review=review)
    assert code_of(enter_papers, head, review=review, papers={}) == "review_step"
    assert assign(world, head).previous is None
