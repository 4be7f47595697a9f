"""Who may take which book out."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.policies import class_assignments, teaches
from hocbaso.apps.books.kinds import BookTarget, Kind
from hocbaso.apps.organisations.models import Organisation

#: Results without the families' contacts, and nothing that is handed out: what an auditor compares.
_AUDITED = frozenset({Kind.CLASS_SUMMARY, Kind.SUBJECT_BOOK, Kind.CLASS_BOOK, Kind.REGISTER})
_CLERK = frozenset({Kind.REGISTER, Kind.ENTRY_SHEETS})
_TEACHER = frozenset({Kind.SUBJECT_BOOK, Kind.ENTRY_SHEETS})
_LEADERS = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL)
_SCHOOL = (*_LEADERS, Role.DATA_CLERK, Role.AUDITOR)


@rule("books.view", "xem sổ sách của trường", operator=True)
def may_view(actor: Actor, school: Organisation) -> bool:
    """The page that lists the books: everybody who may take at least one of them out. No query."""
    post = actor.assignment
    if holds(actor, school.pk, *_SCHOOL):
        return True
    return holds(actor, school.pk, Role.HOMEROOM, Role.SUBJECT_TEACHER) and bool(
        post and post.school_class_id
    )


@rule("books.export", "xuất sổ này", operator=True)
def may_export(actor: Actor, target: BookTarget) -> bool:
    """Leaders: every book. Clerk: register and empty sheets. Auditor: results and register. Teachers: the own
    class (homeroom: every book of it) or the own class and subject.
    """
    school_id = target.school.pk
    if holds(actor, school_id, *_LEADERS):
        return True
    if holds(actor, school_id, Role.DATA_CLERK):
        return target.kind in _CLERK
    if holds(actor, school_id, Role.AUDITOR):
        return target.kind in _AUDITED
    post, own = actor.assignment, target.school_class
    if post is None or own is None or post.school_class_id is None or post.school_class_id != own.pk:
        return False
    if post.role == Role.HOMEROOM:
        return target.kind is not Kind.REGISTER
    if post.role != Role.SUBJECT_TEACHER or target.kind not in _TEACHER or not target.subject:
        return False
    return teaches(class_assignments(own), target.subject, post.user_id)
