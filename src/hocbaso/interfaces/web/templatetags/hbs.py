"""Words, shapes and numbers as the reference screens show them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, Form
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from hocbaso.apps.common.clock import VIETNAM
from hocbaso.apps.privacy.masking import masked_number
from hocbaso.core.vietnamese import decimals
from hocbaso.core.vietnamese.dates import format_vi

register = template.Library()

#: state → the shape that goes with its colour and word.
STATE_ICONS = {
    "ok": "check",
    "warn": "warn",
    "stop": "cross",
    "busy": "sync",
    "idle": "clock",
    "sealed": "seal",
}
_NOTICES = {"success": "ok", "warning": "warn", "error": "stop"}


@register.simple_tag
def icon(name: str) -> SafeString:
    """``{% icon "check" %}``: a shape of the sprite; always stands beside a word."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def status(state: str, words: str, shape: str = "") -> SafeString:
    """``{% status "ok" "Đã ký" %}``: shape + word in the colour of ``state`` (never colour alone)."""
    return format_html(
        '<span class="status {}">{}<span>{}</span></span>', state, icon(shape or STATE_ICONS[state]), words
    )


@register.simple_tag
def bar(value: int, total: int, label: str, kind: str = "") -> SafeString:
    """A server-rendered bar. ``kind``: ``ok`` or ``seal`` for those colours."""
    width = min(100.0, 100 * value / total) if total else 0
    described = _("%(label)s: %(value)s trên %(total)s, %(percent)s") % {
        "label": label,
        "value": number(value),
        "total": number(total),
        "percent": percent(value, total),
    }
    return format_html(
        '<svg class="bar{}" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect width="{}" height="10"/></svg>',
        f" bar-{kind}" if kind else "",
        described,
        f"{width:.1f}",
    )


@register.inclusion_tag("web/parts/measure.html")
def measure(
    label: str,
    value: int,
    total: int,
    unit: str = "",
    time: datetime | None = None,
    link: str = "",
    link_text: str = "",
    kind: str = "",
) -> dict[str, Any]:
    """One line of progress: numerator / denominator, bar, per cent, as of when, link to what is left."""
    return {
        "label": label,
        "value": value,
        "total": total,
        "unit": unit,
        "time": time,
        "link": link,
        "link_text": link_text,
        "kind": kind,
    }


@register.simple_tag
def count_line(shown: int, what: str, total: int | None = None, order: str = "") -> str:
    """How many, of how many, in which order: ``35 / 45 học sinh, xếp theo số thứ tự; 10 không hiện``."""
    parts = [
        f"{number(shown)} / {number(total)} {what}"
        if total not in (None, shown)
        else f"{number(shown)} {what}"
    ]
    if order:
        parts.append(", " + _("xếp theo %(order)s") % {"order": order})
    if total is not None and total > shown:
        parts.append("; " + _("%(n)s không hiện") % {"n": number(total - shown)})
    return "".join(parts)


@register.simple_tag
def field(bound: BoundField, css: str = "") -> SafeString:
    """Label, hint, errors (same words as in the summary) and control of one form field."""
    described = [f"{bound.id_for_label}-goi-y"] if bound.help_text else []
    attributes: dict[str, Any] = {}
    if not isinstance(bound.field.widget, CheckboxInput):
        attributes["class"] = f"input {css}".strip()
    if bound.errors:
        described.append(f"{bound.id_for_label}-loi")
        attributes["aria-invalid"] = "true"
        if next(b.name for b in bound.form if b.errors) == bound.name:
            attributes["autofocus"] = True  # the first one that is wrong
    if described:
        attributes["aria-describedby"] = " ".join(described)
    control = bound.as_widget(attrs=attributes)
    return SafeString(render_to_string("web/parts/field.html", {"field": bound, "control": control}))


@register.inclusion_tag("web/parts/error_summary.html")
def error_summary(form: Form | None) -> dict[str, Any]:
    """What is wrong with the form, at its top: every line leads to its field."""
    entries = []
    if form is not None and form.is_bound:
        entries = [{"target": "", "text": text} for text in form.non_field_errors()]
        entries += [{"target": b.id_for_label, "text": text} for b in form for text in b.errors]
    return {"entries": entries}


@register.filter
def number(value: int | None) -> str:
    """``1482`` → ``1.482``."""
    return "" if value is None else f"{int(value):,}".replace(",", ".")


@register.filter
def decimal(value: Decimal | int | None) -> str:
    """``7.5`` → ``7,5``, as entered."""
    return "" if value is None else decimals.format_vi(value)


@register.filter
def percent(value: int, total: int) -> str:
    """``452|percent:468`` → ``96,6%``; never 100 % before all is done, never 0 % once something is."""
    if not total:
        return "0%"
    if value >= total:
        return "100%"
    tenths = value * 1000 // total
    if value and not tenths:
        tenths = 1
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths // 10},{tenths % 10}%"


def _local(moment: datetime) -> datetime:
    return moment.astimezone(VIETNAM)


@register.filter
def date_vi(value: date | datetime | str | None) -> str:
    """``dd/mm/yyyy`` of a date, a moment, or a (partial) ISO text."""
    if not value:
        return ""
    if isinstance(value, datetime):
        value = _local(value).date()
    return format_vi(value if isinstance(value, str) else value.isoformat())


@register.filter
def time_vi(value: datetime | None) -> str:
    """``HH:MM`` in Vietnam."""
    return f"{_local(value):%H:%M}" if value else ""


@register.filter
def datetime_vi(value: datetime | None) -> str:
    """``19/05/2026 lúc 21:08``."""
    if not value:
        return ""
    return _("%(date)s lúc %(time)s") % {"date": date_vi(value), "time": time_vi(value)}


def weekday(day: date) -> str:
    """Thứ Hai … Chủ Nhật."""
    names = (
        _("Thứ Hai"),
        _("Thứ Ba"),
        _("Thứ Tư"),
        _("Thứ Năm"),
        _("Thứ Sáu"),
        _("Thứ Bảy"),
        _("Chủ Nhật"),
    )
    return names[day.weekday()]


@register.filter
def weekday_vi(value: date | datetime | None) -> str:
    """``Thứ Tư, 20/05/2026``."""
    if not value:
        return ""
    day = _local(value).date() if isinstance(value, datetime) else value
    return f"{weekday(day)}, {date_vi(day)}"


@register.filter
def masked(value: str) -> str:
    """A personal number with its first three and last two digits (apps.privacy.masking)."""
    return masked_number(value or "")


@register.filter
def serial(value: str) -> str:
    """A certificate's serial number in hexadecimal as it is read aloud: ``54 0A 1F``."""
    digits = value.upper().zfill(len(value) + len(value) % 2)
    return " ".join(digits[i : i + 2] for i in range(0, len(digits), 2))


@register.filter
def notice_kind(level_tag: str) -> str:
    return _NOTICES.get(level_tag, "info")


@register.filter
def notice_icon(level_tag: str) -> str:
    return STATE_ICONS.get(_NOTICES.get(level_tag, ""), "info")
