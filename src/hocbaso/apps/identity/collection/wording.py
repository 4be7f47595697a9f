"""A person's identity in words of the workbook: state, what differs, who must act, what to do."""

from __future__ import annotations

from hocbaso.apps.identity.evidence import LABELS
from hocbaso.apps.identity.queries import FIELD_LABELS, Row
from hocbaso.apps.pupils.models import IdentityState

S = IdentityState
#: who must act → (for a pupil, for a member of staff)
_WHO = {
    "": ("", ""),
    "school": ("Nhà trường", "Nhà trường"),
    "guardian": ("Gia đình", "Người có hồ sơ"),
    "police": ("Công an, qua gia đình", "Công an, qua người có hồ sơ"),
}
_TO_DO = {
    "school": "Đối chiếu giấy tờ trường đang giữ, ghi giá trị đúng.",
    "guardian": "Xin gia đình bản sao giấy tờ, ghi giá trị đúng.",
    "police": "Giấy tờ và hồ sơ đã khớp: đề nghị công an nơi thường trú sửa dữ liệu dân cư.",
}
_STAFF_TO_DO = _TO_DO | {"guardian": "Xin người có hồ sơ bản sao giấy tờ, ghi giá trị đúng."}


def state_words(row: Row) -> str:
    """``Sai lệch``."""
    return str(row.state.label)


def difference_words(row: Row) -> str:
    """``Họ tên; Ngày sinh``."""
    soft = row.check.soft if row.check is not None else []
    return "; ".join(
        FIELD_LABELS[name] + (" (chỉ khác cách viết)" if name in soft else "") for name in row.differences
    )


def who_words(row: Row, *, staff: bool) -> str:
    """``Gia đình``."""
    return _WHO[row.responsible][staff]


def to_do_words(row: Row, *, staff: bool) -> str:
    """What the school does next with this person."""
    if row.job is not None or row.state == S.SENT:
        return "Đang chờ trả lời, chưa phải làm gì."
    told = []
    if lacking := [LABELS[name] for name in row.missing]:
        told.append(f"Ghi {', '.join(lacking).lower()}.")
    if row.to_confirm:
        told.append("Số định danh và ngày sinh, giới tính có vẻ không khớp nhau: sửa, hoặc xác nhận đã đúng.")
    if not told and row.responsible:
        told.append((_STAFF_TO_DO if staff else _TO_DO)[row.responsible])
    if not told and row.state in (S.NOT_SENT, S.REVERIFY, S.ERROR):
        told.append("Đã đủ thông tin, chờ gửi xác thực.")
    return " ".join(told)
