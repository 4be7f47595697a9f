"""Small tools of the pages of identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hocbaso.interfaces.web.templatetags.hbs import icon

register = template.Library()
_ERROR = '<p class="error-text" id="{}-loi">{}<span>{}</span></p>'
_LOOKS = {"matched": "ok", "not_found": "stop"}


@register.filter
def get(mapping: Mapping[Any, Any], key: Any) -> Any:
    """The value of a key, or an empty text."""
    return mapping.get(key, "")


@register.filter
def answer_look(outcome: str) -> str:
    """The colour of an answer; its word stands beside."""
    return _LOOKS.get(outcome, "warn")


@register.simple_tag
def input_field(desk: Any, name: str, label: str, value: str, hint: str = "", listed: str = "") -> SafeString:
    """A line of the repair form with hint and, where it is the one refused, the refusal.

    :param listed: id of a datalist.
    """
    wrong = desk.error_at == name
    described = " ".join(f"{name}-{part}" for part, on in (("goi-y", hint), ("loi", wrong)) if on)
    return format_html(
        '<div class="field{}"><label for="{}">{}</label>{}{}'
        '<input class="input" id="{}" name="{}" value="{}" maxlength="300" autocomplete="off"{}{}{}></div>',
        " field-error" if wrong else "",
        name,
        label,
        format_html('<p class="hint" id="{}-goi-y">{}</p>', name, hint) if hint else "",
        format_html(
            '<p class="error-text" id="{}-loi">{}<span>{}</span></p>', name, icon("cross"), desk.error
        )
        if wrong
        else "",
        name,
        name,
        value,
        format_html(' aria-describedby="{}"', described) if described else "",
        SafeString(' aria-invalid="true" autofocus') if wrong else "",
        format_html(' list="{}"', listed) if listed else "",
    )
