"""Words that the gradebook's script shows: it holds none of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment.class_sheet import Kind
from hocbaso.interfaces.web.gradebook_pages import Note, Page


def door_of(label: str) -> str:
    """An actor that is no person of the school."""
    return _("Người vận hành máy chủ") if label in ("operator", "system") else label


def source(text: str) -> str:
    """Through which door a change came."""
    kind, _colon, number = text.partition(":")
    if kind == "import":
        return _("Nhập từ tệp, đợt %(n)s") % {"n": number}
    if kind == "undo":
        return _("Hoàn tác đợt nhập %(n)s") % {"n": number}
    return _("Nhập ở sổ điểm") if kind == "screen" else text


def notes_of(notes: Iterable[Note]) -> list[dict[str, str]]:
    """Notes as the script reads them."""
    return [
        {"kind": n.kind, "icon": n.icon, "short": n.short, "long": n.long, "target": n.target} for n in notes
    ]


def for_script(page: Page, url: str, history: str, actor: Actor) -> dict[str, Any]:
    """The data block beside the grid."""
    assert actor.user is not None
    letters = {Kind.LEVEL: "THC", Kind.TRAIT: "TĐC"}
    return {
        "user": actor.user.pk,
        "url": url,
        "history": history,
        "signOut": reverse("web:sign-out"),
        "choosePost": reverse("web:choose-post"),
        "columns": {
            c.key: {
                "label": c.label,
                "kind": c.field.kind.value,
                "letters": letters.get(c.field.kind, ""),
                "required": c.field.required,
                "max": c.field.high if c.is_text else 0,
                "group": c.group,
            }
            for c in page.columns
        },
        "notes": {
            str(line.enrolment.pk): notes_of(n for n in line.notes if n.kind == "warn" and n.icon == "warn")
            for line in page.lines
            if any(n.target for n in line.notes)
        },
        "words": _words(),
    }


def _words() -> dict[str, str]:
    """``{0}``, ``{1}`` … are filled by the script."""
    return {
        "saved": _("Đã lưu lúc {0}"),
        "nothing": _("Chưa có gì thay đổi"),
        "saving": _("Đang lưu {0} ô"),
        "savingRow": _("Đang lưu"),
        "unsent": _("{0} ô chưa gửi"),
        "waiting": _("Đang chờ mạng, thử lại sau {0} giây"),
        "waitingRow": _("Chờ gửi: {0}"),
        "refused": _("{0} ô bị từ chối"),
        "conflicts": _("{0} ô có hai giá trị"),
        "asked": _("{0} ô cần xác nhận"),
        "asks": _("cần xác nhận"),
        "locked": _("đã khóa"),
        "hasTwo": _("có hai giá trị"),
        "row": _("Dòng {0}, {1}"),
        "fix": _("{0} chỗ cần xem lại"),
        "fixNone": _("Không có ô nào cần xem lại"),
        "more": _("và {0} chỗ khác"),
        "blank": _("{0}: còn {1} em trống"),
        "blanks": _("Còn {0} ô trống"),
        "blankNone": _("Đã nhập đủ"),
        "left": _("Còn {0} ký tự"),
        "over": _("Quá {0} ký tự"),
        "choose": _("Chọn giá trị"),
        "take": _("Nhận “{0}”"),
        "keepMine": _("Giữ “{0}” của tôi"),
        "takeTheirs": _("Lấy “{0}” đã lưu"),
        "empty": _("(trống)"),
        "conflictText": _("Tôi nhập “{0}”. {1} đã lưu “{2}” lúc {3}."),
        "conflictBare": _("Tôi nhập “{0}”. Người khác đã lưu “{2}”."),
        "historyOf": _("Lịch sử ô: {0}, {1}"),
        "historyNone": _("Ô này chưa được ghi lần nào."),
        "historyFail": _("Chưa tải được lịch sử. Thầy cô thử lại sau."),
        "fillText": _("Điền “{0}” cho {1} ô trống bên dưới, cột {2}?"),
        "fillNone": _("Bên dưới không còn ô trống nào ở cột này, hoặc ô đang chọn chưa có giá trị."),
        "undoNone": _("Không còn gì để hoàn tác."),
        "undone": _("Đã hoàn tác {0} ô"),
        "restored": _("Đã khôi phục {0} ô chưa gửi của lần trước"),
        "signOut": _("Còn {0} ô chưa lưu được. Đăng xuất và bỏ các ô này?"),
        "signIn": _("Đăng nhập lại"),
        "changePost": _("Đổi vị trí"),
        "signedOut": _("Phiên làm việc đã hết. Những gì thầy cô vừa nhập vẫn còn ở trang này."),
        "serverSaid": _("Máy chủ chưa nhận: {0}"),
        "trouble": _("Máy chủ gặp lỗi, thử lại sau {0} giây"),
    }
