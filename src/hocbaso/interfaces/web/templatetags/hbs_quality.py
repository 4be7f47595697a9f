"""Scores as the pages of data quality show them."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hocbaso.core.quality import Part
from hocbaso.interfaces.web.templatetags.hbs import number, percent

register = template.Library()


@register.simple_tag
def part_cell(part: Part) -> SafeString:
    """``98,2%`` with ``540 / 550`` below: never a share without its numbers."""
    if not part.total:
        return SafeString("–")
    return format_html(
        '<span class="quality-part">{} <span class="small muted nowrap">{} / {}</span></span>',
        percent(part.done, part.total),
        number(part.done),
        number(part.total),
    )
