"""Words for the pages of watching."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from hocbaso.apps.identity.queries import Row
from hocbaso.apps.identity.watching.inspect import differing as _differing

register = template.Library()


@register.filter
def differing(row: Row) -> str:
    """The fields of a person that differ, in words."""
    return _differing(row)


@register.filter
def value(sent: Mapping[str, str], name: str) -> str:
    """What a form sent under a name that a template cannot write."""
    return sent.get(name, "")
