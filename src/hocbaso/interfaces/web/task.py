"""One line of "what I must do now"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hocbaso.apps.common import clock
from hocbaso.interfaces.web.templatetags.hbs import weekday

#: From so many days on, waiting is said with a warning.
LONG = 3


@dataclass(frozen=True, slots=True)
class Task:
    """One line: since when, what, why, and the button that leads there."""

    title: str
    text: str
    action: str  # on the button
    url: str
    since: datetime | None = None
    post: int | None = None  # the post that it is done in, where that is another one than the present
    due: datetime | None = None  # until when; told instead of since when
    past: str = ""  # what is told when that is over; otherwise that entry is locked

    @property
    def days(self) -> int:
        """Full days it has been waiting."""
        return (clock.now() - self.since).days if self.since and not self.due else 0

    @property
    def waits_long(self) -> bool:
        return self.days >= LONG

    @property
    def is_late(self) -> bool:
        """Told with a warning: waiting long, on its last day, or past its end."""
        return self.waits_long or (self.due is not None and (self.due - clock.now()).days < 1)

    @property
    def when(self) -> str:
        """Until when, or since when: ``Hôm nay, 17:00``, ``Thứ Hai 18/05``."""
        moment = self.due or self.since
        if moment is None:
            return _("Chưa có hạn")
        local = moment.astimezone(clock.VIETNAM)
        if self.due and local.date() == clock.today():
            return _("Hôm nay, %(time)s") % {"time": f"{local:%H:%M}"}
        return f"{weekday(local.date())} {local:%d/%m}"

    @property
    def waited(self) -> str:
        """``còn 2 ngày``, ``đã chờ 2 ngày``."""
        if self.due is not None:
            return (self.past if self.due <= clock.now() else "") or _left(self.due)
        if self.since is None:
            return ""
        if not self.days:
            return _("chờ chưa đến 1 ngày")
        return ngettext("đã chờ %(n)s ngày", "đã chờ %(n)s ngày", self.days) % {"n": self.days}


def _left(due: datetime) -> str:
    """``còn 6 giờ`` on the last day, else ``còn 4 ngày``; past: ``đã khóa nhập``."""
    left = due - clock.now()
    if left.total_seconds() <= 0:
        return _("đã khóa nhập")
    if left.days < 1:
        hours = max(1, left.seconds // 3600)
        return ngettext("còn %(n)s giờ", "còn %(n)s giờ", hours) % {"n": hours}
    return ngettext("còn %(n)s ngày", "còn %(n)s ngày", left.days) % {"n": left.days}
