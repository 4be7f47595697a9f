"""What the frame of every page needs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    """Actor and environment for ``base.html``."""
    return {
        "actor": getattr(request, "actor", None),
        "is_sandbox": settings.HOCBASO_ENVIRONMENT == "thu_nghiem",
    }
