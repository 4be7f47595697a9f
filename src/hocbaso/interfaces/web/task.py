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

    @property
    def days(self) -> int:
        """Full days it has been waiting."""
        return (clock.now() - self.since).days if self.since else 0

    @property
    def is_late(self) -> bool:
        return self.days >= LONG

    @property
    def when(self) -> str:
        """Since when: ``Thứ Hai 18/05``."""
        if self.since is None:
            return _("Chưa có hạn")
        local = self.since.astimezone(clock.VIETNAM)
        return f"{weekday(local.date())} {local:%d/%m}"

    @property
    def waited(self) -> str:
        """``đã chờ 2 ngày``."""
        if self.since is None:
            return ""
        if not self.days:
            return _("chờ chưa đến 1 ngày")
        return ngettext("đã chờ %(n)s ngày", "đã chờ %(n)s ngày", self.days) % {"n": self.days}
