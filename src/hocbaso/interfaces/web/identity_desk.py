"""What the repair page of one person shows: state, differences explained, what to do now, history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.identity import queries, steps
from hocbaso.apps.identity.evidence import LABELS, MUST_CONFIRM, confirmed, warnings
from hocbaso.apps.identity.letters import reason_of
from hocbaso.apps.identity.models import ConfirmationKind, Wait
from hocbaso.apps.identity.queries import FIELD_LABELS, Row
from hocbaso.apps.identity.states import FAILED
from hocbaso.apps.identity.steps import Need
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import IdentityState, Pupil, SchoolClass
from hocbaso.core import codelists
from hocbaso.core.vietnamese import personal_number
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.core.vietnamese.names import other_spellings
from hocbaso.interfaces.web import identity_words as told

PAPERS = (
    "Giấy khai sinh",
    "Thông báo số định danh cá nhân",
    "Thẻ căn cước",
    "Giấy tờ khác",
)
#: compared field → the inputs that settle it.
_AT = {
    "ho_ten": "ho-ten",
    "ngay_sinh": "ngay-sinh",
    "gioi_tinh": "gioi-tinh",
    "so_dinh_danh": "so-dinh-danh",
    "thuong_tru": "tinh",
}


@dataclass(slots=True)
class Desk:
    """One person before one reader, and what he typed when it was refused."""

    request: HttpRequest
    actor: Actor
    school: Organisation
    row: Row
    in_class: SchoolClass | None
    may_repair: bool
    may_send: bool
    may_print: bool
    error: str = ""
    error_at: str = ""
    proposal: str = ""
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def person(self) -> Any:
        return self.row.person


def commune_name(person: Pupil) -> str:
    commune = codelists.commune(person.commune_code) if person.commune_code else None
    return commune.name if commune else person.commune


def context(desk: Desk) -> dict[str, Any]:
    row, person = desk.row, desk.person
    need = steps.need_of(row)
    staff = desk.in_class is None
    waits_for_answer = need is Need.WAIT and (row.job is None or row.job.wait == Wait.NONE)
    seen = confirmed(person, row.confirmations, ConfirmationKind.DIFFERENCE)
    letters = [] if staff else queries.letters_of(person)
    return {
        "desk": desk,
        "person": person,
        "in_class": desk.in_class,
        "staff": staff,
        "row": told.row_context(row, need),
        "need": need.value,
        "lead": _lead(need, row, staff=staff),
        "waits": waits_for_answer,
        "wait_text": _wait_text(row) if need is Need.WAIT else "",
        "differences": [_difference(row, name, seen) for name in row.differences],
        "unseen": [name for name in _in_question(row) if name not in seen],
        "not_found": row.state == IdentityState.NOT_FOUND and bool(person.personal_number),
        "seen_number": "so_dinh_danh" in seen,
        "warnings": odd_points(person),
        "must_confirm": bool(row.to_confirm),
        "lacks": [LABELS[name] for name in dict.fromkeys(row.missing)],
        "offers_zero": bool(with_zero(person, person.personal_number)),
        "values": _shown(desk),
        "provinces": codelists.provinces() if not staff else (),
        "communes": codelists.communes(_province_code(desk)) if not staff else (),
        "papers": PAPERS,
        "checks": queries.checks_of(person),
        "confirmations": sorted(row.confirmations, key=lambda c: -c.pk),
        "letters": letters,
        "letter": desk.may_print and reason_of(row, asked=True) is not None,
        "until": told.today_until(),
        **_ways(desk),
        "back": reverse("web:identity-staff")
        if staff
        else reverse("web:identity-class", args=[desk.in_class.pk]),  # type: ignore[union-attr]
        "fields": FIELD_LABELS,
        "can_send": desk.may_send and need in (Need.SEND, Need.SCHOOL, Need.GUARDIAN, Need.POLICE),
    }


def _ways(desk: Desk) -> dict[str, str]:
    """Pages of neighbouring areas about this person, as far as the reader may open them."""
    in_class, code, actor = desk.in_class, desk.person.code, desk.actor
    found = {"search": "", "escalate": "", "residence": ""}
    if in_class is None:
        if not desk.person.personal_number and desk.may_repair:
            found["search"] = reverse("web:number-search-staff", args=[code])
        return found
    if not desk.person.personal_number and allowed(actor, "matching.search_class", in_class):
        found["search"] = reverse("web:number-search", args=[code])
    if desk.row.state in FAILED and allowed(actor, "escalation.open", desk.school):
        found["escalate"] = told.with_query(reverse("web:escalation-new"), hs=code)
    if "thuong_tru" in desk.row.differences and allowed(actor, "residence.view_class", in_class):
        found["residence"] = reverse("web:residence-pupil", args=[code])
    return found


def _in_question(row: Row) -> list[str]:
    """What may be confirmed after seeing a paper."""
    if row.state == IdentityState.NOT_FOUND and row.person.personal_number:
        return ["so_dinh_danh"]
    return row.differences if row.state == IdentityState.MISMATCH else []


def _lead(need: Need, row: Row, *, staff: bool) -> str:
    """One sentence: where it stands and what to do now."""
    who = _("người có hồ sơ") if staff else _("gia đình")
    return {
        Need.NUMBER: _("Hồ sơ chưa có số định danh nên chưa gửi xác thực được. Nhập số theo giấy thông báo."),
        Need.COMPLETE: _("Hồ sơ còn thiếu thông tin nên chưa gửi xác thực được. Điền cho đủ rồi gửi."),
        Need.CONFIRM: _(
            "Số định danh hoặc ngày sinh có điểm lạ. Xem giấy tờ: hồ sơ sai thì sửa, "
            "đúng thì xác nhận, rồi gửi."
        ),
        Need.SEND: _("Hồ sơ đã đủ thông tin. Bấm gửi để hỏi Cơ sở dữ liệu quốc gia về dân cư."),
        Need.WAIT: _("Đã gửi, đang chờ trả lời. Thầy cô không phải gửi lại."),
        Need.SCHOOL: _(
            "Hồ sơ chưa khớp và có thể do nhà trường ghi chưa đúng. So với giấy tờ đang lưu, sửa rồi gửi lại."
        ),
        Need.GUARDIAN: _(
            "Hồ sơ chưa khớp; nhà trường không tự biết bên nào đúng. Cần %(who)s mang giấy tờ đến đối chiếu."
        )
        % {"who": who},
        Need.POLICE: _(
            "Giấy tờ và hồ sơ ghi như nhau, nên dữ liệu dân cư cần công an kiểm tra. Khi %(who)s báo đã "
            "chỉnh xong, bấm gửi lại."
        )
        % {"who": who},
        Need.DONE: _("Hồ sơ khớp với Cơ sở dữ liệu quốc gia về dân cư. Không phải làm gì thêm."),
    }[need]


def _wait_text(row: Row) -> str:
    if row.job is None or row.job.wait == Wait.NONE:
        return ""
    one = queries.SendingProgress(1, 0, 0, {row.job.wait: 1}, row.job.not_before)
    return " ".join(told.wait_words(one, told.now()))


def _difference(row: Row, name: str, seen: set[str]) -> dict[str, Any]:
    """One field that does not agree, explained; never what the register holds."""
    soft = row.check is not None and name in row.check.soft
    return {
        "name": name,
        "label": FIELD_LABELS[name],
        "at": _AT[name],
        "soft": soft,
        "seen": name in seen,
        "text": _soft_text(row, name) if soft else _hard_text(name),
        "spellings": other_spellings(row.person.full_name) if soft and name == "ho_ten" else (),
    }


def _soft_text(row: Row, name: str) -> str:
    if name == "ho_ten":
        return _(
            "Cùng một tên, chỉ khác cách viết: vị trí dấu thanh, chữ i hay y, dấu cách, chữ hoa hay thường. "
            "Xem giấy khai sinh: viết khác hồ sơ thì sửa theo giấy, viết như hồ sơ thì xác nhận."
        )
    if name == "ngay_sinh":
        return _("Hồ sơ chỉ ghi tháng hoặc năm sinh. Nếu giấy tờ có đủ ngày thì ghi cho đủ.")
    return _hard_text(name)


def _hard_text(name: str) -> str:
    return {
        "ho_ten": _("So từng chữ và dấu với giấy khai sinh."),
        "ngay_sinh": _("So với giấy khai sinh; hay gặp: ngày và tháng ghi đổi chỗ."),
        "gioi_tinh": _("So với giấy khai sinh."),
        "so_dinh_danh": _("So từng chữ số với giấy thông báo số định danh hoặc thẻ căn cước."),
        "thuong_tru": _(
            "Xem lại tỉnh, xã theo địa giới từ 01/07/2025. Không yêu cầu gia đình nộp giấy tờ về cư trú."
        ),
    }[name]


def odd_points(person: Any) -> list[str]:
    """What looks wrong in number and date, without the number itself."""
    shown = {*MUST_CONFIRM, "personal_number.province"}
    return [text for code, text in warnings(person).items() if code in shown]


def with_zero(person: Any, number: str) -> str:
    """The number with the zeros that a spreadsheet may have eaten, "" where none may be missing."""
    if not number or len(number) == personal_number.LENGTH:
        return ""
    found = personal_number.check(number, birth=person.birth_date or None, sex=person.sex or None)
    return next((str(f.proposal) for f in found.findings if f.proposal), "")


def _province_code(desk: Desk) -> str:
    return desk.typed.get("tinh") or str(getattr(desk.person, "province_code", ""))


def _shown(desk: Desk) -> dict[str, str]:
    """What stands in the inputs: what was typed when it was refused, else the file."""
    person = desk.person
    values = {
        "ho_ten": person.full_name,
        "ngay_sinh": format_vi(person.birth_date),
        "gioi_tinh": person.sex,
        "so_dinh_danh": "",
        "tinh": getattr(person, "province_code", ""),
        "xa": commune_name(person) if isinstance(person, Pupil) else "",
        "ghi_chu": "",
        "giay_to": "",
        "ngay_giay": "",
    }
    for key, typed in desk.typed.items():
        if key in desk.request.POST:
            values[key.replace("-", "_")] = typed
    return values
