"""What stands behind levels, reasons and alarms, in words for people."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from hocbaso.apps.common.clock import VIETNAM
from hocbaso.apps.preservation.standing import Alarm
from hocbaso.core.vietnamese.dates import format_vi

#: Level → what a sheet has at it.
LEVELS = {
    "B-B": gettext_noop("Chưa có dấu thời gian"),
    "B-T": gettext_noop("Có dấu thời gian: chứng minh được thời điểm phát hành"),
    "B-LT": gettext_noop("Kèm chứng thư và thông tin thu hồi: kiểm chứng được khi nơi cấp không còn trả lời"),
    "B-LTA": gettext_noop("Có dấu thời gian lưu trữ: giữ được giá trị khi chứng thư, thuật toán cũ hết hạn"),
}
_REASONS = {
    "tsa_ends": gettext_noop("chứng thư của nơi cấp dấu thời gian sắp hết hạn"),
    "algorithm_ends": gettext_noop("thuật toán của dấu thời gian sắp hết thời hạn tin cậy"),
    "asked": gettext_noop("có người yêu cầu"),
}
_ALARMS = {
    "lost": gettext_noop(
        "%(n)s tờ đã mất khả năng chứng minh từ %(day)s vì không được nối dấu thời gian kịp thời. Báo quản "
        "trị ngay; các tờ này cần bản ghi bằng chứng hoặc bản thay thế."
    ),
    "ends_soon": gettext_noop(
        "%(n)s tờ sẽ mất khả năng chứng minh từ %(day)s nếu không nối dấu thời gian. Bấm “Làm ngay”, rồi "
        "báo quản trị nếu vẫn còn."
    ),
    "overdue": gettext_noop(
        "%(n)s tờ đã đến hạn nối dấu thời gian mà chưa nối được; còn dùng được đến %(day)s."
    ),
    "not_extended": gettext_noop(
        "%(n)s tờ phát hành từ %(day)s vẫn chưa lấy đủ dữ liệu xác thực. Báo quản trị kiểm tra kết nối tới "
        "nơi cấp chứng thư số."
    ),
}


def level_words(level: str) -> str:
    """``B-LT`` → what it means."""
    return _(LEVELS[level])


def reason_words(reason: str) -> str:
    """Why a renewal is due."""
    return _(_REASONS.get(reason, reason))


def alarm_words(alarm: Alarm) -> str:
    """One sentence: what is wrong and what to do."""
    day = format_vi(alarm.day.astimezone(VIETNAM).date().isoformat()) if alarm.day is not None else ""
    return _(_ALARMS[alarm.code]) % {"n": alarm.sheets, "day": day}
