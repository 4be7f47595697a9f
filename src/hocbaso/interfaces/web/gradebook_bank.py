"""The comment bank as pages need it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from hocbaso.apps.accounts.models import User
from hocbaso.apps.assessment.models import CommentTemplate
from hocbaso.interfaces.web.gradebook_place import Place

MOST = 300


def sentences(user: User, place: Place) -> list[dict[str, Any]]:
    """Codes and sentences that fit a page: the person's own first, then the school's. One query."""
    subject = place.part if place.is_subject else ""
    rows = CommentTemplate.objects.filter(
        Q(owner=user) | Q(owner__isnull=True),
        school=place.school_class.school,
        subject_code__in=["", subject],
    ).order_by("code", "pk")[:MOST]
    found = sorted(rows, key=lambda row: row.owner_id is None)
    return [{"code": row.code, "text": row.text, "own": row.owner_id is not None} for row in found]
