"""What a signing desk shows: certificate, rows in words, counts, the notice of a batch that stopped."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import allowed
from hocbaso.apps.common import clock
from hocbaso.apps.signing.card import Card
from hocbaso.apps.signing.elsewhere import runs
from hocbaso.apps.signing.elsewhere.models import Place
from hocbaso.apps.transcripts.signing_board import Row, Standing, duties_of, own_subjects
from hocbaso.core.document.emit import short_digest
from hocbaso.core.document.model import SignerRole
from hocbaso.core.regulation.secondary import SECONDARY_GRADES
from hocbaso.interfaces.web import desk_key
from hocbaso.interfaces.web.desk_results import result_words, subject_results
from hocbaso.interfaces.web.posts import subject_names
from hocbaso.interfaces.web.signing_desk import FILTERS, MOST, READY, Desk
from hocbaso.interfaces.web.templatetags.hbs import date_vi, datetime_vi, number, time_vi

#: Most rows of pupils with whom nothing can be done here.
MOST_OTHERS = 300
_BLOCKED = (Standing.OPEN, Standing.EARLIER)


def row_line(desk: Desk, row: Row, own: tuple[str, ...] = ()) -> dict[str, Any]:
    """One row in words, with its icon, and the one thing that can be done.

    :param own: of a subject teacher: the subjects whose results are shown.
    """
    state, shape, text = _state(desk, row)
    link, link_text, new_tab = _link(desk, row)
    sheet = row.sheet
    return {
        "id": sheet.pk if sheet else None,
        "order": row.enrolment.order or "",
        "name": row.enrolment.pupil.full_name,
        "class": row.enrolment.school_class.name if desk.school_class is None else "",
        "result": subject_results(sheet, own) if own else result_words(sheet),
        "digest": short_digest(sheet.digest) if sheet else "",
        "state": state,
        "shape": shape,
        "text": text,
        "link": link,
        "link_text": link_text,
        "new_tab": new_tab,
        "selectable": row.selectable and desk.stopped is None,
        "authorised": row.standing is Standing.AUTHORISED,
        "blocked": row.standing in _BLOCKED or (row.selectable and desk.stopped is not None),
    }


def _state(desk: Desk, row: Row) -> tuple[str, str, str]:
    if row.standing is Standing.FAILED:
        return "stop", "cross", _("Chưa ký được: %(why)s") % {"why": row.reasons[0]}
    if row.standing is Standing.OPEN:
        return "warn", "lock", _("Bị chặn: %(why)s") % {"why": _why_open(row)}
    if row.standing is Standing.EARLIER:
        return "warn", "lock", _("Bị chặn: %(why)s") % {"why": _who_has_not_signed(row)}
    if row.standing is Standing.AUTHORISED:
        return "idle", "clock", _("Đã xác nhận, chưa ký")
    if row.standing is Standing.READY:
        return "idle", "clock", desk.words.ready
    if row.standing is Standing.SEALED and row.signed_at is not None:
        when = signed_words(row.signed_at)
        return "idle", "clock", _("Đã đóng dấu %(when)s, chờ dấu thời gian") % {"when": when}
    if desk.role is SignerRole.SEAL:
        when = datetime_vi(row.signed_at)
        return "sealed", "seal", _("Đã phát hành %(when)s") % {"when": when}
    if row.signed_at is None:
        return "ok", "check", _("Đã ký")
    return "ok", "check", _("Đã ký %(when)s") % {"when": signed_words(row.signed_at)}


def _who_has_not_signed(row: Row) -> str:
    """``hiệu trưởng chưa ký``; subject teachers by name, the first two of many."""
    if row.waits_for is SignerRole.SUBJECT_TEACHER:
        names = row.waits_for_names
        shown = ", ".join(names[:2])
        if len(names) > 2:
            shown = _("%(some)s và %(n)s giáo viên khác") % {"some": shown, "n": number(len(names) - 2)}
        return _("chờ %(names)s ký môn học") % {"names": shown}
    if row.waits_for is SignerRole.PRINCIPAL:
        return _("hiệu trưởng chưa ký")
    return _("chủ nhiệm chưa ký")


def signed_words(at: datetime) -> str:
    """``lúc 09:11:05`` today, else with the date."""
    local = at.astimezone(clock.VIETNAM)
    clock_time = f"{local:%H:%M:%S}"
    if local.date() == clock.today():
        return _("lúc %(time)s") % {"time": clock_time}
    return _("%(date)s lúc %(time)s") % {"date": date_vi(at), "time": f"{local:%H:%M}"}


def _why_open(row: Row) -> str:
    if row.returned and not row.reasons:
        return _("đã trả lại (%(why)s), chờ chốt lại") % {"why": row.returned}
    if row.returned:
        return _("đã trả lại: %(why)s") % {"why": row.returned}
    if row.reasons:
        return _briefly(row.reasons[0])
    return _("chưa chốt kết quả")


def _briefly(reason: str) -> str:
    """A reason inside a line: begun small, a long list cut after two pieces with the number of the rest."""
    pieces = reason.rstrip(".").split("; ")
    text = "; ".join(pieces[:2])
    if len(pieces) > 2:
        text = _("%(text)s và %(n)s chỗ nữa") % {"text": text, "n": number(len(pieces) - 2)}
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def _link(desk: Desk, row: Row) -> tuple[str, str, bool]:
    sheet = row.sheet
    if sheet is None:
        if allowed(desk.actor, "transcripts.close", row.enrolment.school_class):
            return (
                reverse("web:closing-class", args=[row.enrolment.school_class_id]),
                _("Xem và chốt lớp"),
                False,
            )
        return "", "", False
    preview_link = reverse("web:transcript-pdf", args=[sheet.code])
    page = reverse("web:transcript", args=[sheet.code])
    if row.standing is Standing.SIGNED:
        return page, _("Xem bản đã ký") if desk.role is not SignerRole.SEAL else _("Xem học bạ"), False
    if row.standing in (Standing.EARLIER, Standing.SEALED):
        return page, _("Xem học bạ"), False
    return preview_link, _("Xem bản sẽ ký"), True


def context(desk: Desk) -> dict[str, Any]:
    """Everything the page shows."""
    counts = Counter(row.standing for row in desk.in_view)
    groups = {
        "tat-ca": len(desk.in_view),
        "ky-duoc": sum(counts[s] for s in READY),
        "bi-chan": sum(counts[s] for s in _BLOCKED),
        "da-ky": counts[Standing.SIGNED],
    }
    shown, hidden = _shown(desk)
    own = _own_codes(desk)
    classes = _class_table(desk) if desk.school_class is None else []
    key = desk_key.context(desk)
    ready, done = groups["ky-duoc"], groups["da-ky"]
    count = len(desk.stopped.left) if desk.stopped else len(desk.selectable)
    return {
        "desk": desk,
        "words": desk.words,
        "role_words": _role_words(desk, own),
        "own_subjects": _own_duties(desk),
        "own_several": len(own) > 1,
        "waits_for": _waits_for(desk),
        **key,
        "seal": desk.role is SignerRole.SEAL,
        "lines": [row_line(desk, row, own) for row in shown],
        "hidden": hidden,
        "filters": _filters(desk, groups),
        "groups": groups,
        "ready": ready,
        "done": done,
        "eligible": ready + counts[Standing.SEALED] + done,
        "count": count,
        "may_sign": bool(count) and key["usable"],
        "fix_url": reverse("web:certificates" if desk.role is SignerRole.SEAL else "web:certificate-own"),
        "too_many": max(0, sum(r.selectable for r in desk.in_view) - MOST),
        "blocked_words": _blocked_words(desk),
        "classes": classes,
        "sealed": counts[Standing.SEALED],
        "teachers_sign": any(line["secondary"] or line["subjects"] for line in classes),
        "registered_words": _registered_words(desk, key["card"]),
        "previous": _previous_words(desk),
        "action": desk.request.get_full_path(),
        "texts": script_texts(desk),
    }


def _own_codes(desk: Desk) -> tuple[str, ...]:
    """The subjects that a subject teacher signs here; none for every other role."""
    user, of_class = desk.actor.user, desk.school_class
    if desk.role is not SignerRole.SUBJECT_TEACHER or user is None or of_class is None:
        return ()
    return own_subjects(user, of_class)


def _role_words(desk: Desk, own: tuple[str, ...]) -> str:
    """``giáo viên môn học: Toán, Tin học``: a teacher sees which subjects one code signs."""
    names = subject_names(own, desk.school_class.grade) if desk.school_class is not None else ""
    return f"{desk.words.role}: {names}" if names else desk.words.role


def _own_duties(desk: Desk) -> int:
    """Sheets on which the homeroom teacher still signs as subject teacher."""
    waits = any(row.waits_for is SignerRole.SUBJECT_TEACHER for row in desk.rows)
    if desk.role is not SignerRole.HOMEROOM or not waits or desk.school_class is None:
        return 0
    assert desk.actor.user is not None
    return duties_of(desk.actor.user, desk.school_class)[0]


def _waits_for(desk: Desk) -> list[tuple[str, int]]:
    """Every subject teacher whose signature the class lacks, and on how many sheets."""
    names = Counter(name for row in desk.in_view for name in row.waits_for_names)
    return list(names.items()) if desk.role is SignerRole.HOMEROOM else []


def script_texts(desk: Desk) -> dict[str, str]:
    """Sentences for ``signing.js``; ``{name}`` is filled in there."""
    sign, signed = desk.words.sign, desk.words.signed
    verb = sign.lower()
    return {
        "chosen": _("Đã chọn {n} học bạ"),
        "button": _("%(sign)s {n} học bạ") % {"sign": sign},
        "progress": _("%(signed)s {done} / {eligible} học bạ đủ điều kiện") % {"signed": signed},
        "running": _("Đã xong {finished} / {total} học bạ của lần này"),
        "paused": _("Tạm dừng. Còn {left} học bạ chưa %(verb)s") % {"verb": verb},
        "pausing": _("Đang dừng sau bước này"),
        "halted": _("Dừng lại sau {n} học bạ"),
        "nothing": _("Chưa %(verb)s gì") % {"verb": verb},
        "stopped": _("Mất kết nối với máy chủ. Những học bạ đã xong vẫn giữ nguyên."),
        "busy": _("Đang %(verb)s") % {"verb": verb},
        "waiting": _("Chờ đến lượt"),
    }


def _shown(desk: Desk) -> tuple[list[Row], int]:
    wanted: dict[str, tuple[Standing, ...]] = {
        "tat-ca": tuple(Standing),
        "ky-duoc": READY,
        "bi-chan": _BLOCKED,
        "da-ky": (Standing.SIGNED,),
    }
    rows = [r for r in desk.in_view if r.standing in wanted[desk.filter]]
    shown, others, ready = [], 0, 0
    for row in rows:
        if row.standing in READY:
            ready += 1
            keep = ready <= MOST
        else:
            others += 1
            keep = others <= MOST_OTHERS or desk.school_class is not None
        if keep:
            shown.append(row)
    return shown, len(rows) - len(shown)


def _filters(desk: Desk, groups: dict[str, int]) -> list[dict[str, Any]]:
    labels = {
        "tat-ca": _("Tất cả"),
        "ky-duoc": desk.words.ready_filter,
        "bi-chan": _("Bị chặn"),
        "da-ky": desk.words.done_filter,
    }
    query = f"&lop={desk.only_class}" if desk.only_class else ""
    return [
        {"label": labels[k], "n": groups[k], "url": f"?loc={k}{query}", "current": k == desk.filter}
        for k in FILTERS
    ]


def _blocked_words(desk: Desk) -> str:
    """``5 học bạ bị chặn: 3 chưa chốt, 2 chờ giáo viên chủ nhiệm ký``."""
    kinds: Counter[str] = Counter()
    for row in desk.in_view:
        if row.standing is Standing.OPEN:
            kinds[_("đã trả lại, chờ chốt lại") if row.returned else _("chưa chốt")] += 1
        elif row.standing is Standing.EARLIER:
            kinds[_waiting_words(row)] += 1
    if not kinds:
        return ""
    parts = ", ".join(f"{number(n)} {kind}" for kind, n in kinds.most_common())
    return _("%(n)s học bạ bị chặn: %(parts)s") % {"n": number(kinds.total()), "parts": parts}


def _waiting_words(row: Row) -> str:
    return {
        SignerRole.SUBJECT_TEACHER: _("chờ giáo viên môn học ký"),
        SignerRole.HOMEROOM: _("chờ giáo viên chủ nhiệm ký"),
    }.get(row.waits_for or SignerRole.HOMEROOM, _("chờ hiệu trưởng ký"))


def _class_table(desk: Desk) -> list[dict[str, Any]]:
    """Where each class stands for this role, in order of grade and name."""
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(
        desk.rows, key=lambda r: (r.enrolment.school_class.grade, r.enrolment.school_class.name)
    ):
        school_class = row.enrolment.school_class
        line = found.setdefault(
            school_class.name,
            {
                "id": school_class.pk,
                "name": school_class.name,
                "secondary": school_class.grade in SECONDARY_GRADES,
                "pupils": 0,
                "ready": 0,
                "open": 0,
                "subjects": 0,
                "homeroom": 0,
                "principal": 0,
                "sealed": 0,
                "done": 0,
                "current": school_class.name == desk.only_class,
                "may_close": allowed(desk.actor, "transcripts.close", school_class),
            },
        )
        line["pupils"] += 1
        line[_column(row)] += 1
    return list(found.values())


def _column(row: Row) -> str:
    if row.standing in READY:
        return "ready"
    if row.standing is Standing.OPEN:
        return "open"
    if row.standing is Standing.SEALED:
        return "sealed"
    if row.standing is Standing.EARLIER:
        return {SignerRole.PRINCIPAL: "principal", SignerRole.SUBJECT_TEACHER: "subjects"}.get(
            row.waits_for or SignerRole.HOMEROOM, "homeroom"
        )
    return "done"


def _registered_words(desk: Desk, card: Card | None) -> str:
    if card is None or not card.usable:
        return ""
    where = {
        SignerRole.SUBJECT_TEACHER: _("giáo viên môn học lớp %(name)s")
        % {"name": desk.school_class.name if desk.school_class else ""},
        SignerRole.HOMEROOM: _("chủ nhiệm %(name)s")
        % {"name": desk.school_class.name if desk.school_class else ""},
        SignerRole.PRINCIPAL: _("hiệu trưởng"),
        SignerRole.SEAL: _("con dấu của trường"),
    }[desk.role]
    if card.registered_from is not None:
        return _("Được ký vai trò %(role)s từ %(day)s") % {
            "role": where,
            "day": date_vi(card.registered_from),
        }
    return _("Hộp cát đăng ký chứng thư cho vai trò %(role)s khi ký lần đầu") % {"role": where}


def _previous_words(desk: Desk) -> dict[str, str] | None:
    """The notice of a batch that stopped, and why where that is known."""
    stopped = desk.stopped
    if stopped is None or (desk.error_at == "pin" and not stopped.signed):
        return None  # a PIN just refused is told where it is typed again
    if (waiting := desk_key.waiting_words(desk)) is not None:
        return waiting
    at = stopped.last_at or stopped.batch.authorised_at
    same_day = at.astimezone(clock.VIETNAM).date() == clock.today()
    when = _("lúc %(time)s") % {"time": time_vi(at)} if same_day else datetime_vi(at)
    verb = desk.words.sign.lower()
    done, left = number(stopped.signed), number(len(stopped.left))
    names = {"when": when, "n": number(stopped.signed + 1), "done": done, "left": left, "verb": verb}
    why = runs.last_stop(stopped.batch) if desk.held.place is not Place.NODE else None
    return {
        "why": why.stop_text if why else "",
        "heading": _("Lần %(verb)s %(when)s dừng ở học bạ thứ %(n)s") % names,
        "text": (
            _(
                "%(done)s học bạ đã %(verb)s vẫn giữ nguyên và không %(verb)s lại. "
                "Còn %(left)s học bạ %(verb)s tiếp được."
            )
            if stopped.signed
            else _("Chưa %(verb)s học bạ nào. Còn %(left)s học bạ %(verb)s tiếp được.")
        )
        % names,
    }
