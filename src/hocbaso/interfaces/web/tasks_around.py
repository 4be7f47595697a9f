"""What waits beyond the chosen post's own class: signatures elsewhere, unlock cases, samples of papers."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import valid_on
from hocbaso.apps.periods.models import CaseState, Review, ReviewState, UnlockCase
from hocbaso.apps.transcripts.signing_board import duties_elsewhere
from hocbaso.interfaces.web.task import Task
from hocbaso.interfaces.web.templatetags.hbs import number


def elsewhere(actor: Actor) -> list[Task]:
    """Sheets of other classes of the school that wait for the person's signature. At most two queries."""
    user, post = actor.user, actor.assignment
    assert user is not None
    assert post is not None
    waiting = duties_elsewhere(user, post.organisation, post.school_class)
    if not waiting:
        return []
    posts = dict(
        Assignment.objects.filter(
            valid_on(clock.today()), user=user, school_class__in=[one.class_id for one in waiting]
        )
        .order_by("role")  # the homeroom post last: the own subjects come with it
        .values_list("school_class", "pk")
    )
    return [
        Task(
            _("Ký môn học trong %(n)s học bạ lớp %(class)s") % {"n": number(one.n), "class": one.name},
            _("Kết quả đã chốt. Giáo viên chủ nhiệm ký sau khi thầy cô ký."),
            _("Ký môn học"),
            f"/truong/ky/mon/{one.class_id}/",
            one.since,
            posts[one.class_id],
        )
        for one in waiting
        if one.class_id in posts
    ]


def unlock_cases(actor: Actor, post: Assignment) -> list[Task]:
    """Requests to open locked marks that wait for the principal. One query."""
    cases = [
        case
        for case in UnlockCase.objects.filter(school=post.organisation, state=CaseState.REQUESTED)
        .select_related("school_class", "requested_by", "school")
        .order_by("requested_at")
        if allowed(actor, "periods.decide_unlock", case)
    ]
    if not cases:
        return []
    first = cases[0]
    who = {"who": first.requested_by.full_name, "class": first.school_class.name}
    return [
        Task(
            _("Quyết định %(n)s yêu cầu mở khóa điểm") % {"n": number(len(cases))},
            _("%(who)s xin sửa điểm lớp %(class)s.") % who
            if len(cases) == 1
            else _("Lâu nhất: %(who)s xin sửa điểm lớp %(class)s.") % who,
            _("Xem yêu cầu"),
            "/truong/mo-khoa/",
            first.requested_at,
        )
    ]


def reviews(actor: Actor, post: Assignment) -> list[Task]:
    """Samples of test papers that the person was asked to compare with the marks. One query."""
    found = Review.objects.filter(
        checker=actor.user,
        school_class__school=post.organisation,
        state__in=(ReviewState.ASSIGNED, ReviewState.STARTED),
    ).order_by("assigned_at")
    waiting = list(found.values_list("school_class__name", "assigned_at", "due"))
    if not waiting:
        return []
    classes = ", ".join(dict.fromkeys(name for name, _at, _due in waiting))
    due = min((day for _name, _at, day in waiting if day), default=None)
    text = _("Lớp %(classes)s: đối chiếu bài kiểm tra với điểm đã nhập.") % {"classes": classes}
    if due:
        text += " " + _("Hạn %(day)s.") % {"day": f"{due:%d/%m/%Y}"}
    return [
        Task(
            _("Kiểm tra bài của %(n)s cột điểm") % {"n": number(len(waiting))},
            text,
            _("Kiểm tra bài"),
            "/truong/kiem-tra/",
            waiting[0][1],
        )
    ]
