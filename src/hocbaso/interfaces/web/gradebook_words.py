"""Words that the gradebook's script shows: it holds none of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment.sheet_fields import TERM_RESULT, Kind
from hocbaso.interfaces.web.gradebook_columns import Column, rule
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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the script needs beside the page itself."""

    url: Callable[..., str]  # of the page's addresses, by name
    actor: Actor
    queue_key: str


def for_script(page: Page, around: Surroundings) -> dict[str, Any]:
    """The data block beside the grid."""
    actor = around.actor
    assert actor.user is not None
    assert actor.assignment is not None
    rated = (TERM_RESULT.key, "level") if page.averages else ("level",)
    return {
        "user": actor.user.pk,
        "username": actor.user.username,
        "fullName": actor.user.full_name,
        "post": actor.assignment.pk,
        "url": around.url(),
        "history": around.url("web:gradebook-history"),
        "around": around.url("web:gradebook-around"),
        "signOut": reverse("web:sign-out"),
        "signInAgain": reverse("web:gradebook-sign-in"),
        "choosePost": reverse("web:choose-post"),
        "queueKey": around.queue_key,
        "closesIn": page.gates.seconds_left(),
        "unlock": page.gates.unlock_url(),
        "subject": page.title,
        "rating": rated[0],
        "bankUrl": reverse("web:gradebook-bank"),
        "columns": {c.key: _column(c) for c in page.columns},
        "pupils": {
            line.enrolment.pk: [line.enrolment.pupil.code, line.enrolment.pupil.full_name]
            for line in page.lines
        },
        "notes": {
            str(line.enrolment.pk): notes_of(n for n in line.notes if n.kind == "warn" and n.icon == "warn")
            for line in page.lines
            if any(n.target for n in line.notes)
        },
        "words": _words(),
    }


def _column(column: Column) -> dict[str, Any]:
    letters = {Kind.LEVEL: "THC", Kind.TRAIT: "TĐC"}
    limits = {Kind.MARK: (0, 10)}.get(column.field.kind, (column.field.low, column.field.high))
    return {
        "label": column.label,
        "kind": column.field.kind.value,
        "letters": letters.get(column.field.kind, ""),
        "required": column.field.required,
        "max": column.field.high if column.is_text else 0,
        "low": limits[0],
        "high": limits[1],
        "hint": column.hint,
        "rule": rule(column.field),
        "group": column.group,
    }


def _words() -> dict[str, str]:
    """``{0}``, ``{1}`` … are filled by the script."""
    words = {
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
        "conflictHint": _("Chưa có giá trị nào bị ghi đè. Thầy cô chọn một giá trị; lịch sử giữ cả hai."),
        "conflictText": _("Tôi nhập “{0}”. {1} đã lưu “{2}” lúc {3}."),
        "conflictBare": _("Tôi nhập “{0}”. Người khác đã lưu “{2}”."),
        "historyOf": _("Lịch sử ô: {0}, {1}"),
        "historyNone": _("Ô này chưa được ghi lần nào."),
        "historyFail": _("Chưa tải được lịch sử. Thầy cô thử lại sau."),
        "fillTitle": _("Điền xuống"),
        "fillDo": _("Điền các ô trống"),
        "fillText": _("Điền “{0}” cho {1} ô trống bên dưới, cột {2}?"),
        "fillNone": _("Bên dưới không còn ô trống nào ở cột này, hoặc ô đang chọn chưa có giá trị."),
        "undoNone": _("Không còn gì để hoàn tác."),
        "undone": _("Đã hoàn tác {0} ô"),
        "badText": _("“{0}” không nhận được: {1}"),
        "oneDecimal": _("chỉ 1 số thập phân"),
        "line": _("Dòng {0}"),
        "lateCells": _("{0} ô đến sau khi khóa"),
        "lateKept": _("Chưa được ghi; giá trị còn giữ trên máy này."),
        "askUnlock": _("Xin mở khóa"),
        "drop": _("Bỏ giá trị này"),
        "restored": _("Đã khôi phục {0} ô chưa gửi của lần trước"),
        "signOut": _("Còn {0} ô chưa lưu được. Đăng xuất và bỏ các ô này?"),
        "changePost": _("Đổi vị trí"),
        "serverSaid": _("Máy chủ chưa nhận: {0}"),
        "trouble": _("Máy chủ gặp lỗi, thử lại sau {0} giây"),
    }
    return words | _session_words() | _bank_words() | _paste_words()


def _session_words() -> dict[str, str]:
    return {
        "signIn": _("Đăng nhập lại"),
        "signInWho": _("{0} ({1}). Các ô chưa gửi còn nguyên ở trang này và được gửi ngay sau đó."),
        "signInPage": _("Đến trang đăng nhập"),
        "password": _("Mật khẩu"),
        "code": _("Mã xác nhận trên điện thoại"),
        "noNetwork": _("Chưa nối được máy chủ. Thầy cô thử lại khi có mạng."),
        "signedOut": _("Phiên làm việc đã hết. Những gì thầy cô vừa nhập vẫn còn ở trang này."),
        "sessionSoon": _("Phiên làm việc còn {0} phút. Đăng nhập lại ngay để khỏi gián đoạn."),
        "leftHours": _("Còn {0} giờ {1} phút"),
        "leftMinutes": _("Còn {0} phút"),
        "closedNow": _("Đã đến giờ khóa"),
    }


def _bank_words() -> dict[str, str]:
    return {
        "bankTitle": _("Mẫu nhận xét: {0}"),
        "bankSearch": _("Tìm theo mã hoặc nội dung"),
        "bankNone": _("Không có câu nào khớp."),
        "bankOwn": _("của tôi"),
        "bankSchool": _("của trường"),
        "bankManage": _("Thêm, sửa mẫu nhận xét"),
        "sameText": _("{0} học sinh đang có nhận xét giống hệt nhau. Thầy cô viết riêng cho từng em."),
    }


def _paste_words() -> dict[str, str]:
    return {
        "pasteTitle": _("Dán từ Excel"),
        "pasteHelp": _("Dán (Ctrl+V) khối ô đã chép từ Excel vào đây. Chưa có gì được ghi."),
        "pasteField": _("Khối ô chép từ Excel"),
        "pasteLook": _("Xem trước"),
        "pasteDo": _("Dán {0} ô"),
        "pasteNothing": _("Không có ô nào để ghi."),
        "pasteHeads": _("STT|Họ và tên|Cột|Đang có|Sẽ ghi|Kết quả"),
        "pasteRead": _("{0} (tệp ghi “{1}”)"),
        "pasteRefused": _("{0} ô bị từ chối giữ nguyên giá trị đang có."),
        "paste_new": _("{0} mới"),
        "paste_changed": _("{0} thay đổi"),
        "paste_same": _("{0} giữ nguyên"),
        "paste_refused": _("{0} bị từ chối"),
        "state_new": _("mới"),
        "state_changed": _("thay đổi"),
        "state_same": _("giữ nguyên"),
        "pasteOrder": _("Khối không có mã học sinh nên ghép theo thứ tự, từ dòng {0}. Thầy cô so lại."),
        "pasteNames": _("Khối không có mã học sinh nên ghép theo thứ tự; {0} tên không khớp với sổ."),
        "pasteName": _("Dòng {0}: tệp ghi “{1}”, sổ ghi “{2}”."),
        "pasteStrangers": _("{0} dòng có mã không thuộc lớp này, bỏ qua: {1}"),
        "pasteTwice": _("Mã lặp lại trong khối, chỉ lấy dòng đầu: {0}"),
        "pasteSurplus": _("{0} dòng thừa so với danh sách lớp, bỏ qua."),
        "pasteWide": _("{0} cột thừa so với bảng, bỏ qua."),
        "slipUp": _(
            "{0} có thể bị lệch: từ dòng {1} đến {2} xa các điểm khác của cùng em, dời lên một dòng thì khớp."
        ),
        "slipDown": _(
            "{0} có thể bị lệch: từ dòng {1} đến {2} xa các điểm khác của cùng em, "
            "dời xuống một dòng thì khớp."
        ),
        "tryUp": _("Xem thử khi dời lên"),
        "tryDown": _("Xem thử khi dời xuống"),
        "slipMoved": _("{0}: đã dời một dòng từ dòng {1} trong bản xem trước này."),
    }
