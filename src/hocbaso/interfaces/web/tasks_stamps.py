"""The alarm of time stamps: sealed sheets that no authority has stamped yet. One query a unit."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.transcripts.waiting.queries import Waiting, waiting
from hocbaso.interfaces.web.task import Task
from hocbaso.interfaces.web.templatetags.hbs import date_vi, number


def since_words(found: Waiting) -> str:
    """``12 học bạ chờ dấu thời gian từ 09:14``; from another day with its date."""
    assert found.oldest is not None
    local = found.oldest.astimezone(clock.VIETNAM)
    when = f"{local:%H:%M}" if local.date() == clock.today() else f"{local:%H:%M} {date_vi(found.oldest)}"
    words = ngettext(
        "%(n)s học bạ chờ dấu thời gian từ %(when)s",
        "%(n)s học bạ chờ dấu thời gian từ %(when)s",
        found.count,
    )
    return words % {"n": number(found.count), "when": when}


def stamps(actor: Actor, post: Assignment) -> list[Task]:
    """For the leaders and the seal keeper: how many sheets wait, and that nobody has to do anything."""
    if not allowed(actor, "timestamps.watch", post.organisation):
        return []
    found = waiting([post.organisation])
    if not found.count:
        return []
    return [
        Task(
            since_words(found),
            _(
                "Đã đóng dấu, nhưng dịch vụ cấp dấu thời gian chưa trả lời nên chưa phát hành. Hệ thống tự "
                "hoàn tất; chờ quá một ngày thì thầy cô báo quản trị hệ thống."
            ),
            _("Xem các học bạ"),
            "/truong/hoc-ba/?tinh-trang=principal_signed",
            found.oldest,
        )
    ]


def of_unit(actor: Actor, unit: Organisation) -> str:
    """The same for whoever administers a managing unit: one line about the schools below, or nothing."""
    if actor.role != Role.SYSTEM_ADMIN or unit.is_school:
        return ""
    found = waiting(schools_under(unit))
    return since_words(found) if found.count else ""
