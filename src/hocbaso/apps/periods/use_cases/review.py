"""Checks of test papers against marks: assigned by the principal, done and judged by a checker."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, User
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import valid_on
from hocbaso.apps.periods.models import Review, ReviewItem, ReviewMethod, ReviewState
from hocbaso.apps.periods.papers import NO_PAPER, read_paper, recorded_marks
from hocbaso.apps.periods.parts import TEST_COLUMNS, parts_of
from hocbaso.apps.periods.policies import CHECKER_ROLES
from hocbaso.apps.periods.queries import review_title
from hocbaso.apps.periods.scope import columns_of, moments_of_grade
from hocbaso.apps.periods.states import OPEN_REVIEWS, REVIEW_STEPS
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, register

register(
    {
        "review_scope": ("Phạm vi kiểm tra chưa đúng: {what}.", "The scope is not right: {what}."),
        "review_checker": (
            "{name} không phải tổ trưởng, tổ phó chuyên môn hay lãnh đạo của trường.",
            "{name} is no head of a subject group nor leader of the school.",
        ),
        "review_own": (
            "{name} dạy môn này ở lớp này nên không tự kiểm tra bài mình chấm.",
            "{name} teaches this subject in this class.",
        ),
        "review_nothing": (
            "Chưa có điểm kiểm tra nào trong cột này để đối chiếu.",
            "There are no test marks to compare.",
        ),
        "review_step": (
            "Lần kiểm tra này đã kết thúc ({state}).",
            "The review is over ({state}).",
        ),
        "review_double": (
            "Cột này đang được kiểm tra bởi {who}.",
            "The column is being checked by {who}.",
        ),
        "review_unfinished": (
            "Còn {n} bài chưa ghi kết quả.",
            "{n} papers are not entered yet.",
        ),
        "review_comment": (
            "Trả lại giáo viên thì cần ghi nhận xét: sai ở đâu.",
            "Returning needs a comment.",
        ),
        "review_mismatch": (
            "Có {n} bài lệch với sổ điểm. Thầy cô trả lại giáo viên, hoặc ghi rõ vì sao vẫn xác nhận.",
            "{n} papers differ; return the review, or say why it is confirmed nevertheless.",
        ),
    }
)

DEFAULT_SAMPLE = 10


def draw(seed: str, enrolments: Sequence[int], size: int) -> list[int]:
    """The sample: those whose SHA-256 over seed and number comes first. Anybody can draw it again.

    :param seed: as stored with the review; :returns: at most ``size`` of ``enrolments``.
    """

    def lot(enrolment: int) -> str:
        return hashlib.sha256(f"{seed}:{enrolment}".encode()).hexdigest()

    return sorted(enrolments, key=lot)[:size]


def assign_review(
    actor: Actor,
    *,
    school_class: SchoolClass,
    part: str,
    moment: str,
    column: str,
    method: ReviewMethod,
    checker: User,
    size: int = DEFAULT_SAMPLE,
    due: date | None = None,
) -> Review:
    """Draw a sample of a column of test marks and give it to a checker.

    :param column: ``score`` (primary), ``gk``, ``ck``, ``retest``; regular marks are not checked (seed 004).
    :raises NotAllowed: not the principal; :raises DomainError: ``review_*``.
    """
    require(actor, "periods.assign_review", school_class.school)
    assert actor.user is not None
    _checked(school_class, part, moment, column, size)
    _check_checker(school_class, part, checker)
    with transaction.atomic():
        SchoolClass.objects.select_for_update(of=("self",)).get(pk=school_class.pk)
        marks = recorded_marks(school_class, part, moment, column)
        if not marks:
            raise DomainError("review_nothing")
        earlier = Review.objects.filter(
            school_class=school_class, part=part, moment=moment, column=column, next__isnull=True
        )
        before = earlier.exclude(state=ReviewState.CANCELLED).select_related("checker").first()
        if before is not None and before.state in OPEN_REVIEWS:
            raise DomainError("review_double", who=before.checker.full_name)
        review = Review.objects.create(
            school_class=school_class,
            part=part,
            moment=moment,
            column=column,
            method=method,
            checker=checker,
            assigned_by=actor.user,
            assigned_at=clock.now(),
            due=due,
            seed=secrets.token_hex(8),
            previous=before,
        )
        drawn = draw(review.seed, sorted(marks), size)
        in_order = [key for key in marks if key in set(drawn)]  # as the class list goes
        ReviewItem.objects.bulk_create(
            ReviewItem(review=review, enrolment_id=key, order=n) for n, key in enumerate(in_order, 1)
        )
        _tell(
            actor, "review.assigned", review, checker=checker.username, papers=len(in_order), seed=review.seed
        )
    return review


def _checked(school_class: SchoolClass, part: str, moment: str, column: str, size: int) -> None:
    wrong = ""
    if part not in dict(parts_of(school_class)):
        wrong = "lớp không học môn này"
    elif moment not in moments_of_grade(school_class.grade):
        wrong = "lớp không nhập kết quả vào thời điểm này"
    elif column not in TEST_COLUMNS or column not in columns_of(part, school_class.grade):
        wrong = "chỉ đối chiếu bài kiểm tra định kỳ"
    elif not 1 <= size <= 60:
        wrong = "chọn từ 1 đến 60 bài"
    if wrong:
        raise DomainError("review_scope", what=wrong)


def _check_checker(school_class: SchoolClass, part: str, checker: User) -> None:
    posts = Assignment.objects.filter(valid_on(clock.today()), organisation=school_class.school, user=checker)
    if not posts.filter(role__in=CHECKER_ROLES).exists():
        raise DomainError("review_checker", name=checker.full_name)
    if posts.filter(school_class=school_class, subject_code__in=(part, "*")).exists():
        raise DomainError("review_own", name=checker.full_name)


@dataclass(frozen=True, slots=True)
class Paper:
    """What the checker says of one paper: the mark found on it, or (check list) whether it agrees."""

    mark: str = ""  # as typed; "-": there is no paper
    agrees: bool | None = None
    note: str = ""


@transaction.atomic
def enter_papers(actor: Actor, *, review: Review, papers: Mapping[int, Paper]) -> dict[int, str]:
    """Keep what the checker found so far.

    :param papers: by number of the sample's item.
    :returns: what could not be kept, by item, in words; the rest is kept.
    :raises NotAllowed: not the checker; :raises DomainError: ``review_step``.
    """
    row = _held(review)
    require(actor, "periods.review", row)
    if row.state not in OPEN_REVIEWS:
        raise DomainError("review_step", state=ReviewState(row.state).label)
    wrong: dict[int, str] = {}
    items = {item.pk: item for item in row.items.all()}
    for pk, paper in papers.items():
        item = items.get(pk)
        if item is None:
            continue
        item.note = " ".join(paper.note.split())[:300]
        if row.method == ReviewMethod.CHECKLIST:
            item.agrees = paper.agrees
        else:
            read = read_paper(row.school_class, row.part, paper.mark)
            if read is None:
                wrong[pk] = f"Không đọc được điểm “{paper.mark[:10]}”."
                continue
            item.paper = read
        item.save(update_fields=["paper", "agrees", "note"])
    if row.state == ReviewState.ASSIGNED and any(i.paper or i.agrees is not None for i in items.values()):
        row.state = ReviewState.STARTED
        row.save(update_fields=["state"])
    return wrong


@transaction.atomic
def finish_review(actor: Actor, *, review: Review, confirm: bool, comment: str = "") -> Review:
    """Compare with what the system holds now, keep the comparison, and confirm or return to the teacher.

    Confirming against mismatches needs words.
    :raises NotAllowed: not the checker; :raises DomainError: ``review_*``.
    """
    row = _held(review)
    require(actor, "periods.review", row)
    comment = " ".join(comment.split())[:1000]
    to = ReviewState.CONFIRMED if confirm else ReviewState.RETURNED
    _step(row, to)
    items = list(row.items.all())
    blind = row.method == ReviewMethod.BLIND
    open_items = sum(not item.paper if blind else item.agrees is None for item in items)
    if open_items:
        raise DomainError("review_unfinished", n=open_items)
    marks = recorded_marks(
        row.school_class, row.part, row.moment, row.column, [i.enrolment_id for i in items]
    )
    for item in items:
        item.recorded = marks.get(item.enrolment_id, "")
        if blind:
            item.agrees = item.paper not in ("", NO_PAPER) and item.paper == item.recorded
    mismatches = sum(not item.agrees for item in items)
    if confirm and mismatches and not comment:
        raise DomainError("review_mismatch", n=mismatches)
    if not confirm and not comment:
        raise DomainError("review_comment")
    ReviewItem.objects.bulk_update(items, ["recorded", "agrees"])
    row.state, row.comment, row.ended_at = to, comment, clock.now()
    row.checked, row.mismatches = len(items), mismatches
    row.save()
    _tell(actor, f"review.{to}", row, papers=len(items), mismatches=mismatches, comment=comment)
    return row


@transaction.atomic
def cancel_review(actor: Actor, *, review: Review) -> Review:
    """The principal takes an assignment back that is not finished."""
    row = _held(review)
    require(actor, "periods.assign_review", row.school_class.school)
    _step(row, ReviewState.CANCELLED)
    row.state, row.ended_at = ReviewState.CANCELLED, clock.now()
    row.save()
    _tell(actor, "review.cancelled", row)
    return row


def _held(review: Review) -> Review:
    rows = Review.objects.select_for_update(of=("self",)).select_related("school_class__school", "checker")
    return rows.get(pk=review.pk)


def _step(review: Review, to: ReviewState) -> None:
    if to not in REVIEW_STEPS[ReviewState(review.state)]:
        raise DomainError("review_step", state=ReviewState(review.state).label)


def _tell(actor: Actor, action: str, review: Review, **details: object) -> None:
    school_class = review.school_class
    record(
        actor,
        action,
        f"review:{review.pk}",
        organisation=school_class.school.code,
        school_class=school_class.name,
        what=review_title(school_class, review),
        **details,
    )
