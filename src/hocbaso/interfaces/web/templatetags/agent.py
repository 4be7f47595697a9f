"""The local agent's panel: ``{% agent_panel as link %}``, in views under ``agent_link.reaches_agent``."""

from __future__ import annotations

from typing import Any

from django import template

from hocbaso.interfaces.web.agent_link import panel

register = template.Library()


@register.simple_tag(takes_context=True)
def agent_panel(context: dict[str, Any]) -> dict[str, str]:
    """Addresses for the panel's script."""
    return panel(context["request"])
