"""The teacher's own import: his pages only, by the very rights of the screen."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Organisation


@rule("assessment.import_own", "nhập sổ điểm của môn, lớp được phân công từ tệp Excel")
def may_import_own(actor: Actor, school: Organisation) -> bool:
    """A subject or homeroom teacher of the school; which pages he may write is asked page by page, as on the
    screen (see :class:`hocbaso.apps.assessment.import_check.Writers`).
    """
    return holds(actor, school.pk, Role.SUBJECT_TEACHER, Role.HOMEROOM)
