"""Certificates on the home page: for the school's office, and for each person the own one.

Two queries while nothing is the matter, at most six."""

from __future__ import annotations

from datetime import date, datetime, time

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import SIGNING_ROLES, Assignment
from hocbaso.apps.common import clock
from hocbaso.apps.signing.readiness import ENDING, Alarm, Ready, alarm, own_warning
from hocbaso.interfaces.web.task import Task
from hocbaso.interfaces.web.templatetags.hbs import date_vi, number


def certificates(actor: Actor, post: Assignment) -> tuple[list[Task], list[Task]]:
    """What is urgent (a certificate was revoked, the own one is lost or ends), and what can wait."""
    school = post.organisation
    urgent, calm = [], list[Task]()
    if allowed(actor, "certificates.view", school):
        found = alarm(school)
        urgent += _revoked(found)
        if allowed(actor, "certificates.request", school):
            calm += _prepare(found)
    if post.role in SIGNING_ROLES and actor.user is not None:
        told = own_warning(school, actor.user)
        if told is not None:
            state, ends_on = told
            (calm if state in (Ready.DAYS_60, Ready.BEFORE_YEAR_END) else urgent).append(_own(state, ends_on))
    return urgent, calm


def _revoked(found: Alarm) -> list[Task]:
    if not found.revoked:
        return []
    names = ", ".join(found.revoked[:3])
    if len(found.revoked) > 3:
        names = _("%(some)s và %(n)s người khác") % {"some": names, "n": len(found.revoked) - 3}
    return [
        Task(
            _("Chứng thư số bị thu hồi: %(names)s") % {"names": names},
            _("Từ lúc thu hồi không ký được nữa. Hỏi người giữ khóa vì sao, rồi đề nghị cấp mới."),
            _("Xem chứng thư số"),
            "/truong/chung-thu/?loc=chua-ky-duoc",
        )
    ]


def _own(state: Ready, ends_on: date) -> Task:
    """One line for the person; the page says the one thing to do."""
    where = (_("Xem chứng thư số của tôi"), "/truong/chung-thu/cua-toi/")
    day = {"d": date_vi(ends_on)}
    if state in (Ready.REVOKED, Ready.BLOCKED):
        text = _("Thầy cô chưa ký được cho đến khi có chứng thư số mới.")
        title = _("Chứng thư số của thầy cô đã bị thu hồi hoặc khóa")
    elif state is Ready.EXPIRED:
        text = _("Hết hạn ngày %(d)s. Xin cấp mới rồi đăng ký để ký tiếp.") % day
        title = _("Chứng thư số của thầy cô đã hết hạn")
    elif state is Ready.BEFORE_YEAR_END:
        text = _("Hết hạn ngày %(d)s, trước khi ký học bạ cuối năm.") % day
        title = _("Gia hạn chứng thư số trước khi ký học bạ")
    else:
        left = max(0, (ends_on - clock.today()).days)
        title = ngettext(
            "Chứng thư số của thầy cô còn %(n)s ngày", "Chứng thư số của thầy cô còn %(n)s ngày", left
        ) % {"n": left}
        text = _("Hết hạn ngày %(d)s. Gia hạn trước ngày đó để không gián đoạn việc ký.") % day
    end = datetime.combine(ends_on, time.max, clock.VIETNAM)
    return Task(title, text, *where, due=end if state in ENDING else None)


def _prepare(found: Alarm) -> list[Task]:
    """For whoever asks for certificates: how many are lost or missing, how many end within 30 days."""
    if not found.stopped and found.first_end is None:
        return []
    text = ""
    if found.stopped:
        text = _("%(n)s người (hoặc con dấu) chưa ký được.") % {"n": number(found.stopped)}
    if found.first_end is not None:
        told = {"n": number(found.ending), "d": date_vi(found.first_end)}
        text += " " * bool(text) + _("%(n)s chứng thư số hết hạn trong 30 ngày, sớm nhất %(d)s.") % told
    return [Task(_("Chuẩn bị chứng thư số để ký học bạ"), text, _("Xem chứng thư số"), "/truong/chung-thu/")]
