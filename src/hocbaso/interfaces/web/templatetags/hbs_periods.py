"""Words and shapes of periods, unlock cases and reviews."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from hocbaso.apps.periods.calendar import GradeRow
from hocbaso.apps.periods.models import CaseState, Review, ReviewState, UnlockCase
from hocbaso.apps.periods.parts import COLUMN_NAMES, MOMENT_NAMES, column_names, part_name
from hocbaso.interfaces.web.templatetags.hbs import status

register = template.Library()


@register.simple_tag
def period_status(state: str) -> SafeString:
    """``before``, ``open`` or ``closed`` in shape and word."""
    if state == "closed":
        return status("idle", _("Đã khóa"), "lock")
    return status("ok", _("Đang mở")) if state == "open" else status("idle", _("Chưa đến ngày mở"))


@register.simple_tag
def case_status(case: UnlockCase) -> SafeString:
    """Where a case stands, and what it waits for."""
    if case.state == CaseState.GRANTED:
        if case.needs_manager and case.agreed_by_id is None:
            return status("busy", _("Đã cho phép, chờ cơ quan quản lý"), "clock")
        return status("busy", _("Đã cho phép, chờ biên bản đã ký"), "clock")
    words = {
        CaseState.REQUESTED: ("warn", _("Chờ duyệt"), "clock"),
        CaseState.IN_FORCE: ("warn", _("Đang mở"), "warn"),
        CaseState.CLOSED: ("ok", _("Đã khóa lại"), "lock"),
        CaseState.REFUSED: ("stop", _("Không cho phép"), ""),
        CaseState.WITHDRAWN: ("idle", _("Đã rút"), ""),
    }
    return status(*words[CaseState(case.state)])


@register.filter
def case_scope(case: UnlockCase) -> str:
    """``Lớp 6A1 · Toán · Học kỳ I · ĐĐGgk``."""
    return " · ".join(
        (
            _("Lớp %(name)s") % {"name": case.school_class.name},
            part_name(case.school_class, case.part),
            MOMENT_NAMES[case.moment],
            column_names(case.columns),
        )
    )


@register.simple_tag
def review_status(review: Review) -> SafeString:
    words = {
        ReviewState.ASSIGNED: ("warn", _("Chưa bắt đầu"), "clock"),
        ReviewState.STARTED: ("busy", _("Đang kiểm tra"), "sync"),
        ReviewState.CONFIRMED: ("ok", _("Đã xác nhận"), ""),
        ReviewState.RETURNED: ("stop", _("Trả lại giáo viên"), ""),
        ReviewState.CANCELLED: ("idle", _("Đã hủy"), ""),
    }
    return status(*words[ReviewState(review.state)])


@register.filter
def review_scope(review: Review) -> str:
    """``Toán · ĐĐGgk · Học kỳ I``."""
    return " · ".join(
        (
            part_name(review.school_class, review.part),
            COLUMN_NAMES[review.column],
            MOMENT_NAMES[review.moment],
        )
    )


@register.filter
def by_moments(rows: list[GradeRow]) -> list[dict[str, Any]]:
    """Rows that have the same moments, together: primary and secondary are tables of their own."""
    found: dict[tuple[str, ...], list[GradeRow]] = {}
    for row in rows:
        found.setdefault(tuple(cell.name for cell in row.cells), []).append(row)
    return [{"names": names, "rows": of_level} for names, of_level in found.items()]


@register.filter
def of(found: dict[int, str], key: int) -> str:
    """The value of a key, or an empty text."""
    return found.get(key, "")


@register.filter
def shown_mark(mark: str) -> str:
    """A canonical mark as people write it: ``7,5``."""
    return mark.replace(".", ",")
