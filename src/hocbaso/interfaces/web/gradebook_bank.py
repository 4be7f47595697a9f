"""The comment bank as pages need it."""

from __future__ import annotations

from typing import Any

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.assessment.use_cases.comment_bank import bank
from hocbaso.interfaces.web.gradebook_place import Place

MOST = 300


def sentences(actor: Actor, place: Place) -> list[dict[str, Any]]:
    """Codes and sentences that fit a page: the person's own first, then the school's. One query."""
    school = place.school_class.school
    if not place.editable or not allowed(actor, "assessment.own_comments", school):
        return []
    rows = bank(actor, school, place.part if place.is_subject else "")
    return [{"code": row.code, "text": row.text, "own": row.owner_id is not None} for row in rows[:MOST]]
