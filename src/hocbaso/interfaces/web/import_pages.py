"""What the import pages show of a batch's report: parts of lists, words for kinds and states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hocbaso.apps.intake import queries
from hocbaso.apps.intake.models import Batch, Kind, State

PAGE = 50

KIND_LABELS = {
    Kind.PUPILS: gettext_lazy("Danh sách học sinh"),
    Kind.STAFF: gettext_lazy("Danh sách cán bộ, giáo viên"),
    Kind.RESULTS: gettext_lazy("Kết quả, sổ điểm"),
}
KIND_HINTS = {
    Kind.PUPILS: gettext_lazy(
        "Mẫu học sinh của cơ sở dữ liệu ngành: mã lớp, mã học sinh, họ tên, ngày sinh…"
    ),
    Kind.STAFF: gettext_lazy("Mã cán bộ, vị trí việc làm, lớp chủ nhiệm và phân công giảng dạy của năm học."),
    Kind.RESULTS: gettext_lazy(
        "Sổ điểm THCS, THPT (mỗi môn, học kỳ một trang tính) hoặc kết quả cuối năm tiểu học."
    ),
}
KIND_ROWS = {
    Kind.PUPILS: gettext_lazy("học sinh"),
    Kind.STAFF: gettext_lazy("cán bộ, giáo viên"),
    Kind.RESULTS: gettext_lazy("kết quả của học sinh"),
}
STATE_LABELS = {
    State.UPLOADED: ("busy", gettext_lazy("Chờ kiểm tra")),
    State.CHECKING: ("busy", gettext_lazy("Đang kiểm tra")),
    State.CHECKED: ("warn", gettext_lazy("Chưa ghi, chờ xác nhận")),
    State.APPLYING: ("busy", gettext_lazy("Đang ghi")),
    State.APPLIED: ("ok", gettext_lazy("Đã ghi")),
    State.FAILED: ("stop", gettext_lazy("Không đọc được")),
    State.CANCELLED: ("idle", gettext_lazy("Đã bỏ")),
    State.UNDONE: ("idle", gettext_lazy("Đã hoàn tác")),
}

#: code of an error → what people call the kind, and how to mend it. Others show their first sentence.
_ERRORS = {
    "short_number": (
        gettext_lazy("Số định danh không đủ 12 chữ số"),
        gettext_lazy("Ô dạng số làm mất số 0 đầu. Đổi ô sang dạng văn bản rồi ghi đủ 12 chữ số."),
    ),
    "bad_number": (
        gettext_lazy("Số định danh không đúng"),
        gettext_lazy("Số định danh cá nhân gồm đúng 12 chữ số."),
    ),
    "bad_date": (gettext_lazy("Ngày không có thật"), gettext_lazy("Ghi ngày/tháng/năm, ví dụ 09/02/2017.")),
    "duplicate_code": (
        gettext_lazy("Trùng mã trong tệp"),
        gettext_lazy("Mỗi người một dòng. Xóa dòng thừa hoặc sửa mã."),
    ),
    "duplicate_number": (
        gettext_lazy("Trùng số định danh trong tệp"),
        gettext_lazy("Mỗi người chỉ có một số. Đối chiếu giấy tờ rồi sửa dòng sai."),
    ),
    "unknown_ethnic": (
        gettext_lazy("Dân tộc không có trong danh mục"),
        gettext_lazy("Chọn đúng tên trong danh mục, ví dụ Khơ-me."),
    ),
    "unknown_status": (
        gettext_lazy("Trạng thái không có trong danh mục"),
        gettext_lazy("Chọn một trong 12 trạng thái của ngành."),
    ),
    "number_taken": (
        gettext_lazy("Số định danh đã thuộc người khác"),
        gettext_lazy("Đối chiếu giấy tờ của học sinh."),
    ),
    "other_school": (
        gettext_lazy("Học sinh đang thuộc trường khác"),
        gettext_lazy("Học sinh chuyển đến thì tiếp nhận ở mục Chuyển trường."),
    ),
    "not_enrolled": (
        gettext_lazy("Học sinh chưa có trong năm học"),
        gettext_lazy("Nhập danh sách học sinh trước, hoặc sửa mã học sinh."),
    ),
    "other_class": (gettext_lazy("Học sinh ở lớp khác"), gettext_lazy("Chuyển dòng sang đúng lớp.")),
    "locked": (gettext_lazy("Kết quả đã khóa"), gettext_lazy("Gửi yêu cầu mở khóa, hoặc bỏ dòng này.")),
    "bad_level": (
        gettext_lazy("Mức đạt được không đúng"),
        gettext_lazy("Môn học ghi T, H, C; phẩm chất, năng lực ghi T, Đ, C."),
    ),
    "bad_score": (gettext_lazy("Điểm không đúng"), gettext_lazy("Điểm là số nguyên từ 1 đến 10.")),
    "missing_column": (gettext_lazy("Thiếu cột"), gettext_lazy("Thêm cột còn thiếu vào dòng tiêu đề.")),
    "missing_value": (gettext_lazy("Thiếu dữ liệu bắt buộc"), gettext_lazy("Điền ô còn trống.")),
    "class_grade": (
        gettext_lazy("Lớp không thuộc cấp học của trường"),
        gettext_lazy("Kiểm tra cột Mã lớp."),
    ),
}


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One line of the table of error kinds."""

    code: str
    title: str
    rows: int
    width: str
    advice: str


def error_lines(report: dict[str, Any]) -> list[ErrorLine]:
    """The ten most frequent kinds, each with its part of the longest bar."""
    kinds = queries.error_kinds(report)
    most = max((kind.rows for kind in kinds), default=1)
    lines = []
    for kind in kinds[:10]:
        title, advice = _ERRORS.get(kind.code, (kind.example, ""))
        lines.append(
            ErrorLine(kind.code, str(title), kind.rows, f"{100 * kind.rows / most:.1f}", str(advice))
        )
    return lines


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a long list and what is left."""

    items: list[Any]
    shown: int
    total: int
    next_step: int

    @property
    def left(self) -> int:
        return self.total - self.shown


def part(items: list[Any], pages: int) -> Part:
    """The first ``pages`` × 50 items."""
    shown = items[: PAGE * max(1, pages)]
    return Part(shown, len(shown), len(items), max(1, pages) + 1)


def counts(report: dict[str, Any]) -> dict[str, Any]:
    """Numbers beside the four counts."""
    cells = sum(len(change["fields"]) for change in report["changes"])
    refused = {(i["sheet"], i["row"]) for i in report["issues"] if i["severity"] == "error"}
    answerable = {(q["sheet"], q["row"]) for q in report["questions"] if q["answer"] is None}
    mended = {
        (i["sheet"], i["row"]) for i in report["issues"] if i["severity"] == "error" and not i["proposal"]
    }
    return {
        "cells": cells,
        "answerable": len((refused & answerable) - mended),
        "writes": report["new"] + report["changed"],
    }


def state_of(batch: Batch) -> tuple[str, str]:
    """Colour and word of the batch's state."""
    kind, words = STATE_LABELS[State(batch.state)]
    return kind, str(words)


def summary(listed: queries.Listed) -> str:
    """``Mới 214 · thay đổi 37 · giữ nguyên 1.198 · bị từ chối 29`` for the list of batches."""
    if listed.counts is None:
        return listed.batch.failure
    new, changed, same, refused = listed.counts
    return _("Mới %(new)s · thay đổi %(changed)s · giữ nguyên %(same)s · bị từ chối %(refused)s") % {
        "new": new,
        "changed": changed,
        "same": same,
        "refused": refused,
    }
