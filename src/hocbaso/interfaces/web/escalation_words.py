"""Cases in words, for lists and for one case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.identity.collection.wording import difference_words, to_do_words
from hocbaso.apps.identity.escalation.models import Act, Case, Message, Special, State
from hocbaso.apps.identity.escalation.queries import age_of, is_late, working_days_left
from hocbaso.apps.identity.escalation.states import AT_UNIT, waits_for
from hocbaso.apps.identity.escalation.use_cases.write import term
from hocbaso.apps.identity.models import Outcome
from hocbaso.apps.identity.queries import FIELD_LABELS, Row
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import IdentityState
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.interfaces.web.nav import role_label

FILTERS = (
    ("", gettext_lazy("Đang mở")),
    ("unit", gettext_lazy("Chờ cấp trên trả lời")),
    ("school", gettext_lazy("Chờ trường làm tiếp")),
    ("late", gettext_lazy("Quá hạn")),
    ("special", gettext_lazy("Trường hợp đặc biệt")),
    ("ended", gettext_lazy("Đã khép lại")),
)
_COLOURS = {
    State.WAITING: "warn",
    State.ACCEPTED: "busy",
    State.RETURNED: "stop",
    State.SOLVED: "busy",
    State.RECORDED: "idle",
    State.CLOSED: "ok",
    State.WITHDRAWN: "idle",
}
DONE = {
    "tiep-nhan": gettext_lazy("Đã tiếp nhận. Trường thấy ngay trong kiến nghị."),
    "tra-lai": gettext_lazy("Đã trả lại kèm hướng dẫn."),
    "da-xong": gettext_lazy("Đã báo giải quyết. Trường sẽ gửi xác thực lại."),
    "chuyen-len": gettext_lazy("Đã chuyển lên cấp trên."),
    "ghi-nhan": gettext_lazy("Đã ghi nhận trường hợp đặc biệt."),
    "gia-han": gettext_lazy("Đã gia hạn."),
    "trao-doi": gettext_lazy("Đã gửi trao đổi."),
    "gui-lai": gettext_lazy("Đã gửi lại kiến nghị."),
    "rut": gettext_lazy("Đã rút kiến nghị."),
}


def line(case: Case, today: date, actor: Actor, *, names: bool) -> dict[str, Any]:
    """One case in a list."""
    return {
        "case": case,
        "name": case.pupil.full_name if names else _("(tên được che)"),
        "colour": _COLOURS[State(case.state)],
        "state": State(case.state).label,
        "days": age_of(case, today),
        "late": is_late(case, today),
        "clock": clock_words(case, today),
        "special": Special(case.special).label if case.special else "",
        "to_do": _to_do(case, actor),
    }


def clock_words(case: Case, today: date) -> str:
    """``còn 3 ngày làm việc``, ``quá hạn 2 ngày làm việc``; "" while no clock runs."""
    if case.due_on is None:
        return ""
    left = working_days_left(case, today)
    if case.due_on < today:
        return _("quá hạn %(n)s ngày làm việc") % {"n": max(-left, 1)}
    return _("còn %(n)s ngày làm việc") % {"n": left} if left else _("hết hạn hôm nay")


def _to_do(case: Case, actor: Actor) -> str:
    """What the reader could do about it now."""
    if case.state in AT_UNIT and allowed(actor, "escalation.answer", case):
        return _("Chờ thầy cô trả lời") if case.state == State.WAITING else _("Đang xử lý")
    if waits_for(case.state) == "school" and allowed(actor, "escalation.reply", case):
        return _("Trường làm tiếp")
    return ""


def candidate(row: Row, chosen: bool) -> dict[str, Any]:
    """A pupil who may be put before the unit above."""
    return {
        "code": row.person.code,
        "name": row.person.full_name,
        "class": row.school_class.name if row.school_class else "",
        "state": row.state.label,
        "differences": difference_words(row),
        "to_do": to_do_words(row, staff=False),
        "checked_at": row.check.answered_at if row.check else None,
        "papers": "; ".join(dict.fromkeys(given.paper for given in row.confirmations)),
        "ready": row.responsible == "police" or row.state == IdentityState.NO_NUMBER,
        "chosen": chosen,
    }


def term_words(school: Organisation) -> str:
    """Until when the unit has to answer a case that is opened today."""
    return term(school).strftime("%d/%m/%Y")


def field_of_error(reason: str, chosen: Iterable[str]) -> str:
    """The field that an error of the form most likely speaks of."""
    return "hs" if not list(chosen) else ("ly-do" if not reason.strip() else "hs")


def evidence_words(thread: list[Message], *, names: bool) -> list[tuple[str, str]]:
    """(what, value) of the evidence that lay before the unit last; papers in the school's own words as
    :func:`message`.
    """
    found: dict[str, Any] = next((m.evidence for m in reversed(thread) if m.evidence), {})
    told = []
    if state := found.get("state"):
        told.append((_("Trạng thái"), str(IdentityState(state).label)))
    if found.get("differences"):
        told.append((_("Điểm sai lệch"), "; ".join(FIELD_LABELS[name] for name in found["differences"])))
    if outcome := found.get("outcome"):
        told.append((_("Kết quả tra cứu"), str(Outcome(outcome).label)))
    if at := found.get("checked_at"):
        told.append((_("Lần xác thực gần nhất"), format_vi(at[:10])))
    papers = [
        p["paper"] + (f" ({format_vi(p['date'])})" if p["date"] else "") for p in found.get("papers", [])
    ]
    if not names:
        return told
    if seen := next((m.evidence["papers_seen"] for m in reversed(thread) if "papers_seen" in m.evidence), ""):
        papers.append(seen)
    told.append((_("Giấy tờ trường đã xem"), "; ".join(papers) or _("Chưa ghi giấy tờ nào")))
    return told


def message(one: Message, *, names: bool) -> dict[str, Any]:
    """One message of the thread. What people wrote may name the child: it is for whoever may see the name."""
    return {
        "act": Act(one.act).label,
        "text": one.text if names or not one.text else _("(nội dung được che)"),
        "who": one.by.full_name if one.by else _("Hệ thống"),
        "role": role_label(one.role) if one.by and one.role else "",
        "unit": one.unit.name if one.unit else "",
        "to": one.to_unit.name if one.to_unit else "",
        "due_on": one.due_on,
        "at": one.at,
    }
