"""What the pages of watching share: numbers in words, the trend as a drawing, the ways to look at a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from hocbaso.apps.identity.queries import FIELD_LABELS
from hocbaso.apps.identity.watching.board import TREND_DAYS, Line, Point
from hocbaso.apps.identity.watching.models import DIFFERS, Who
from hocbaso.apps.identity.watching.tally import Tally
from hocbaso.interfaces.web.templatetags.hbs import date_vi, number

#: What the address calls the people.
PEOPLE = {"": Who.PUPILS, "can-bo": Who.STAFF}


def states(tally: Tally) -> list[dict[str, Any]]:
    """The numbers that are left to do, each with the filter that finds where they are."""
    rows = (
        (_("Sai lệch"), tally.mismatch, "sai-lech", _("có trường thông tin khác với dữ liệu dân cư")),
        (_("Không tìm thấy"), tally.not_found, "khong-tim-thay", _("dữ liệu dân cư không có số này")),
        (_("Nhiều kết quả"), tally.multiple, "nhieu-ket-qua", _("chưa biết người nào là đúng")),
        (_("Chưa gửi"), tally.unsent, "chua-gui", _("gồm cả hồ sơ phải xác thực lại vì đã sửa")),
        (_("Đang chờ trả lời"), tally.waiting, "", _("hệ thống tự hỏi lại khi lỗi kết nối")),
        (_("Chưa có số định danh"), tally.no_number, "chua-co-so", _("tìm số, hoặc gia đình cung cấp")),
    )
    return [{"label": a, "value": n, "filter": f, "hint": h} for a, n, f, h in rows]


def fields(tally: Tally) -> list[tuple[str, int]]:
    """Who differs in which field."""
    return [(FIELD_LABELS[name], tally.numbers[column]) for name, column in DIFFERS.items()]


def address(**values: str | int) -> str:
    """``?loc=…&xep=…`` of what is chosen."""
    chosen = {name: value for name, value in values.items() if value}
    return "?" + urlencode({name.replace("_", "-"): value for name, value in chosen.items()})


def drawn(points: Sequence[Point]) -> dict[str, Any] | None:
    """Geometry of the trend: a bar a day, as high as what was left; None for fewer than two days."""
    if len(points) < 2:
        return None
    first = points[-1].day - timedelta(days=TREND_DAYS - 1)
    highest = max((p.total - p.verified for p in points), default=0) or 1
    bars: list[dict[str, Any]] = []
    for index, point in enumerate(points):
        left, x = point.total - point.verified, 2 + 11 * (point.day - first).days
        height = 40.5 * left / highest
        ends = index in (0, len(points) - 1)
        bars.append(
            {
                "x": x,
                "middle": x + 4,
                "y": f"{56 - height:.2f}",
                "height": f"{height:.2f}",
                "label_y": f"{53 - height:.2f}",
                "left": left,
                "point": point,
                "day": f"{point.day:%d/%m}",
                "named": ends,
                "anchor": "start" if index == 0 else "end",
            }
        )
    words = _("Số người còn lại từ %(first)s đến %(last)s: từ %(from)s xuống hoặc lên %(to)s") % {
        "first": date_vi(points[0].day),
        "last": date_vi(points[-1].day),
        "from": number(points[0].total - points[0].verified),
        "to": number(points[-1].total - points[-1].verified),
    }
    return {"bars": bars, "words": words, "change": bars[0]["left"] - bars[-1]["left"]}


def change_words(trend: dict[str, Any], people: str) -> str:
    """``30 ngày qua bớt 120 học sinh``."""
    change, first = trend["change"], trend["bars"][0]["day"]
    if change > 0:
        return _("Từ %(day)s: bớt %(n)s %(people)s") % {"day": first, "n": number(change), "people": people}
    if change < 0:
        return _("Từ %(day)s: thêm %(n)s %(people)s") % {"day": first, "n": number(-change), "people": people}
    return _("Từ %(day)s: không đổi") % {"day": first}


def filters(lines: Sequence[Line], chosen: str) -> list[dict[str, Any]]:
    """The filters that would leave something, with how many lines each leaves."""
    from hocbaso.apps.identity.watching.board import FILTERS

    labels = {
        "chua-xong": _("Chưa xong"),
        "sai-lech": _("Có sai lệch"),
        "khong-tim-thay": _("Có không tìm thấy"),
        "nhieu-ket-qua": _("Có nhiều kết quả"),
        "chua-gui": _("Còn chưa gửi"),
        "chua-co-so": _("Còn chưa có số"),
        "kien-nghi": _("Có kiến nghị"),
        "chua-dem": _("Chưa có số liệu"),
        "xong": _("Đã xong"),
    }
    counted = [(value, label, sum(map(FILTERS[value], lines))) for value, label in labels.items()]
    return [{"value": value, "label": label, "n": n} for value, label, n in counted if n or value == chosen]


def orders() -> list[tuple[str, str]]:
    """The orders of the lines, in words."""
    return [
        ("", _("tỉ lệ đã xác thực, thấp nhất trước")),
        ("con-lai", _("số người còn lại, nhiều nhất trước")),
        ("lau-nhat", _("hồ sơ chưa khớp lâu nhất trước")),
        ("kien-nghi", _("kiến nghị mở, nhiều nhất trước")),
        ("ten", _("tên")),
    ]
