"""What only the sandbox's pages show."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from hocbaso.apps.accounts.use_cases.second_factor import NextCode
from hocbaso.interfaces.web import demo
from hocbaso.interfaces.web.views import actor_or_none

register = template.Library()


@register.simple_tag(takes_context=True)
def demo_code(context: Context) -> NextCode | None:
    """``{% demo_code as shown %}``: the signed-in person's present code, in the sandbox's demo alone."""
    request: Any = context.get("request")
    return demo.code_of(request.user) if request is not None else None


@register.simple_tag(takes_context=True)
def demo_phone(context: Context) -> demo.Phone | None:
    """``{% demo_phone as phone %}``: what the trial signing service has sent to the acting person."""
    request: Any = context.get("request")
    return demo.phone_of(actor_or_none(request)) if request is not None else None


@register.filter
def six(code: str) -> str:
    """``123456`` → ``123 456``."""
    return f"{code[:3]} {code[3:]}"
