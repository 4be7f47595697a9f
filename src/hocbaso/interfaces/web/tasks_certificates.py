"""Certificates on the home page: one line when somebody cannot sign or soon cannot. At most three queries."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment
from hocbaso.apps.signing.readiness import alarm
from hocbaso.interfaces.web.task import Task
from hocbaso.interfaces.web.templatetags.hbs import date_vi, number


def certificates(actor: Actor, post: Assignment) -> list[Task]:
    """For whoever asks for certificates: how many are lost or missing, how many end within 30 days."""
    if not allowed(actor, "certificates.request", post.organisation):
        return []
    found = alarm(post.organisation)
    if not found.stopped and found.first_end is None:
        return []
    text = ""
    if found.stopped:
        text = _("%(n)s người (hoặc con dấu) chưa ký được.") % {"n": number(found.stopped)}
    if found.first_end is not None:
        told = {"n": number(found.ending), "d": date_vi(found.first_end)}
        text += " " * bool(text) + _("%(n)s chứng thư số hết hạn trong 30 ngày, sớm nhất %(d)s.") % told
    return [Task(_("Chuẩn bị chứng thư số để ký học bạ"), text, _("Xem chứng thư số"), "/truong/chung-thu/")]
