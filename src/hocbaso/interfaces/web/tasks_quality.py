"""Data quality on the home page: one line, one query."""

from __future__ import annotations

from datetime import datetime, time

from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment
from hocbaso.apps.common import clock
from hocbaso.apps.quality.queries import open_for
from hocbaso.interfaces.web.task import Task
from hocbaso.interfaces.web.templatetags.hbs import date_vi, number


def quality(actor: Actor, post: Assignment) -> list[Task]:
    """What the post must put right, explain or decide. At most one query."""
    n, due = open_for(actor.role, post.organisation, post.school_class)
    if not n:
        return []
    text = _("Lỗi thì sửa; điểm cần xem lại thì sửa hoặc giải trình.")
    late = due is not None and due < clock.today()
    if due is not None and late:
        text += " " + _("Việc lâu nhất đã quá hạn từ %(day)s.") % {"day": date_vi(due)}
    return [
        Task(
            _("Xử lý %(n)s việc về dữ liệu học sinh") % {"n": number(n)},
            text,
            _("Xem việc"),
            "/truong/chat-luong/" if actor.role == "hieu_truong" else "/truong/chat-luong/viec/",
            due=datetime.combine(due, time(23, 59), clock.VIETNAM) if due and not late else None,
        )
    ]
