"""What the frame of every page needs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from hocbaso import __version__
from hocbaso.interfaces.web import nav


def frame(request: HttpRequest) -> dict[str, Any]:
    """Actor, menu and environment for ``base.html``."""
    actor = getattr(request, "actor", None)
    user = getattr(request, "user", None)
    return {
        "actor": actor,
        "signed_in": bool(user and user.is_authenticated),
        "nav": nav.menu(actor, request.path) if actor else [],
        "actor_post": nav.post_label(actor.assignment) if actor else "",
        "home_url": nav.home_url(actor),
        "is_sandbox": settings.HOCBASO_ENVIRONMENT == "thu_nghiem",
        "version": __version__,
    }
