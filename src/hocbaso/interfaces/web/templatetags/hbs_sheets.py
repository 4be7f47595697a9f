"""Words of year sheets."""

from __future__ import annotations

from django import template

from hocbaso.core.document import emit

register = template.Library()


@register.filter
def short_digest(digest: str) -> str:
    """``C48E 07B2``: what people compare by eye."""
    return emit.short_digest(digest) if digest else ""
