"""How the pages of identity say things: states, who must act, what comes next, why a sending waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.common import clock
from hocbaso.apps.identity.evidence import LABELS, warnings
from hocbaso.apps.identity.models import Wait
from hocbaso.apps.identity.queries import FIELD_LABELS, Row, SendingProgress
from hocbaso.apps.identity.steps import GROUP_OF, Group, Need, need_of
from hocbaso.apps.pupils.models import IdentityState, Pupil
from hocbaso.interfaces.web.templatetags.hbs import date_vi, datetime_vi, time_vi

S = IdentityState
#: state → colour and shape; the word stands beside.
LOOKS: dict[str, tuple[str, str]] = {
    S.VERIFIED: ("ok", "check"),
    S.MISMATCH: ("warn", "differ"),
    S.NOT_FOUND: ("stop", "cross"),
    S.MULTIPLE: ("warn", "warn"),
    S.NOT_SENT: ("idle", "clock"),
    S.NO_NUMBER: ("warn", "plus"),
    S.SENT: ("busy", "sync"),
    S.ERROR: ("busy", "warn"),
    S.REVERIFY: ("warn", "swap"),
}


def group_labels() -> dict[Group, str]:
    """Group of states → heading of its column."""
    return {
        Group.VERIFIED: _("Đã xác thực"),
        Group.DIFFERING: _("Sai lệch"),
        Group.NOT_FOUND: _("Không tìm thấy"),
        Group.NOT_SENT: _("Chưa gửi"),
        Group.NO_NUMBER: _("Chưa có số"),
        Group.WAITING: _("Đang chờ"),
    }


def who_words(need: Need, *, staff: bool = False) -> str:
    """Who must act."""
    if need is Need.DONE:
        return ""
    if need is Need.WAIT:
        return _("Hệ thống")
    if need is Need.GUARDIAN:
        return _("Người có hồ sơ") if staff else _("Phụ huynh")
    if need is Need.POLICE:
        return _("Công an (qua người có hồ sơ)") if staff else _("Công an (qua phụ huynh)")
    return _("Nhà trường")


def next_words(need: Need, row: Row, *, staff: bool = False) -> str:
    """What comes next for the person, as a link says it."""
    if need in (Need.GUARDIAN, Need.POLICE) and row.letter_at is not None:
        return _("Nhập theo giấy tờ") if need is Need.GUARDIAN else _("Gửi lại khi đã chỉnh")
    if need is Need.GUARDIAN:
        return _("Đối chiếu giấy tờ") if staff else _("In giấy báo")
    if need is Need.POLICE:
        return _("Xem việc cần làm") if staff else _("In giấy báo")
    return {
        Need.NUMBER: _("Nhập hoặc tìm số"),
        Need.COMPLETE: _("Điền cho đủ"),
        Need.CONFIRM: _("Xem và xác nhận"),
        Need.SEND: _("Gửi xác thực"),
        Need.WAIT: _("Chờ trả lời"),
        Need.SCHOOL: _("Xem lại và sửa"),
        Need.DONE: "",
    }[need]


def difference_words(row: Row) -> list[str]:
    """What does not agree or is missing, in words; never what the register holds."""
    soft = row.check.soft if row.check is not None else []
    words = [
        _("%(field)s (chỉ khác cách viết)") % {"field": FIELD_LABELS[name]}
        if name in soft
        else FIELD_LABELS[name]
        for name in row.differences
    ]
    if row.state == S.NOT_FOUND and row.person.personal_number:
        words.append(_("Không có người với số định danh này"))
    if row.state != S.VERIFIED:
        words += [
            _("Thiếu %(field)s") % {"field": _small(LABELS[name])} for name in dict.fromkeys(row.missing)
        ]
        if row.to_confirm:
            words.append(_("Số định danh hoặc ngày sinh cần xác nhận"))
    return words


def _small(label: str) -> str:
    return label[:1].lower() + label[1:]


def row_context(row: Row, need: Need | None = None) -> dict[str, Any]:
    """One person of a list."""
    need = need or need_of(row)
    person = row.person
    staff = not isinstance(person, Pupil)
    look, shape = LOOKS[row.state]
    return {
        "pk": person.pk,
        "code": person.code,
        "name": person.full_name,
        "number": person.personal_number,
        "order": row.enrolment.order if row.enrolment else None,
        "class": row.school_class.name if row.school_class else "",
        "state": look,
        "shape": shape,
        "words": row.state.label,
        "group": GROUP_OF[row.state].value,
        "differences": difference_words(row),
        "who": who_words(need, staff=staff),
        "need": need.value,
        "next": next_words(need, row, staff=staff),
        "url": person_url(person),
        "letter_at": row.letter_at,
        "warnings": list(warnings(person).values()) if need is Need.CONFIRM else [],
    }


def person_url(person: Any) -> str:
    """The repair page of a pupil or a member of staff."""
    name = "web:identity-person" if isinstance(person, Pupil) else "web:identity-member"
    return reverse(name, args=[person.code])


@dataclass(frozen=True, slots=True)
class Link:
    """A page of a neighbouring area."""

    url: str
    words: str
    note: str


def wait_words(progress: SendingProgress, now: datetime) -> list[str]:
    """Why requests wait and when it goes on; one sentence a reason."""
    sentences = []
    at = _when(progress.next_at, now)
    if progress.waiting.get(Wait.UNAVAILABLE):
        sentences.append(
            _(
                "%(n)s yêu cầu chờ vì hệ thống dân cư không trả lời. Hệ thống tự hỏi lại %(at)s; thầy cô "
                "không phải gửi lại, không ai bị hỏi hai lần."
            )
            % {"n": progress.waiting[Wait.UNAVAILABLE], "at": at}
        )
    if progress.waiting.get(Wait.LIMITED):
        sentences.append(_limited(progress.waiting[Wait.LIMITED], at, now))
    if progress.waiting.get(Wait.NONE):
        sentences.append(
            _("%(n)s yêu cầu đang được gửi và chờ trả lời.") % {"n": progress.waiting[Wait.NONE]}
        )
    return sentences


def _limited(count: int, at: str, now: datetime) -> str:
    window = settings.HOCBASO_POPULATION.window
    if window.allowed_at(now) > now:
        return _("%(n)s yêu cầu chờ đến giờ hệ thống dân cư nhận yêu cầu. Hệ thống tự gửi tiếp %(at)s.") % {
            "n": count,
            "at": at,
        }
    return _(
        "%(n)s yêu cầu chờ vì đã hết hạn mức của ngày hoặc hệ thống dân cư đang bận. Hệ thống tự gửi tiếp "
        "%(at)s."
    ) % {"n": count, "at": at}


def _when(moment: datetime | None, now: datetime) -> str:
    if moment is None or moment <= now:
        return _("ngay bây giờ")
    if date_vi(moment) == date_vi(now):
        return _("lúc %(time)s hôm nay") % {"time": time_vi(moment)}
    return datetime_vi(moment)


def filters(rows: Sequence[dict[str, Any]], chosen: str) -> list[dict[str, Any]]:
    """Filters of a list that catch somebody: work first, then states."""
    labels = group_labels()
    found = [("", _("Tất cả"), len(rows))]
    ours = sum(row["need"] in OURS for row in rows)
    theirs = sum(row["need"] in THEIRS for row in rows)
    found += [("nha-truong", _("Nhà trường cần làm"), ours), ("phu-huynh", _("Chờ gia đình"), theirs)]
    for group in Group:
        found.append((group.value, labels[group], sum(row["group"] == group.value for row in rows)))
    return [
        {"key": key, "words": words, "count": count, "current": key == chosen}
        for key, words, count in found
        if count or key == chosen or not key
    ]


OURS = frozenset({Need.NUMBER, Need.COMPLETE, Need.CONFIRM, Need.SEND, Need.SCHOOL})
THEIRS = frozenset({Need.GUARDIAN, Need.POLICE})


def filtered(rows: list[dict[str, Any]], chosen: str) -> list[dict[str, Any]]:
    """The rows that a filter keeps."""
    if chosen == "nha-truong":
        return [row for row in rows if row["need"] in OURS]
    if chosen == "phu-huynh":
        return [row for row in rows if row["need"] in THEIRS]
    if chosen in {group.value for group in Group}:
        return [row for row in rows if row["group"] == chosen]
    return rows


def with_query(url: str, **values: str) -> str:
    return f"{url}?{urlencode({k: v for k, v in values.items() if v})}"


def today_until() -> str:
    """The day papers are asked for by, as an input of dates holds it."""
    from hocbaso.apps.identity.use_cases.print_letters import default_until

    return default_until().isoformat()


def now() -> datetime:
    return clock.now()
