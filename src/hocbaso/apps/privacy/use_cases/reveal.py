"""Look at one whole personal number: with a purpose, on record, so many a day."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import StaffMember, User
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.queries import setting
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.privacy.models import Purpose, ViewEntry, ViewKind
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse

register(
    {
        "reveal_purpose": (
            "Thầy cô chọn mục đích xem số định danh trong danh sách.",
            "Choose a purpose of the list.",
        ),
        "reveal_note": (
            "Thầy cô ghi rõ việc cần xem số định danh, ít nhất {least} chữ cái.",
            "Write down why the number is needed, at least {least} letters.",
        ),
        "reveal_no_number": (
            "{name} chưa có số định danh để xem.",
            "{name} has no personal number to show.",
        ),
        "reveal_too_often": (
            "Hôm nay thầy cô đã xem đủ số định danh của {limit} người, là mức cao nhất trong một ngày. "
            "Thầy cô xem tiếp vào ngày mai, hoặc nhờ hiệu trưởng đề nghị cơ quan quản lý nâng mức này.",
            "{limit} whole numbers were shown to this person today, the most of a day.",
        ),
    }
)

LEAST_NOTE = 8


def reveal(actor: Actor, person: Pupil | StaffMember, purpose: str, where: str, note: str = "") -> str:
    """The whole number, after the view is on record.

    :param purpose: a value of :class:`Purpose`.
    :param where: short name of the page (``places.py``).
    :param note: in own words; needed for "other".
    :raises NotAllowed: policy ``privacy.reveal``
    :raises DomainError: ``reveal_purpose``, ``reveal_note``, ``reveal_no_number``, ``reveal_too_often``
    """
    require(actor, "privacy.reveal", person)
    words = purpose_words(purpose, note)
    if not person.personal_number:
        raise DomainError("reveal_no_number", name=person.full_name)
    assert actor.assignment is not None, "the rule asks for a post"
    unit = actor.assignment.organisation
    limit = int(setting(unit, "reveals_a_day"))
    with transaction.atomic():
        # One at a time a person: a hundred requests sent at once are counted like a hundred in a row.
        User.objects.select_for_update().only("pk").get(pk=actor.assignment.user_id)
        if _shown_today(actor) >= limit:
            raise DomainError("reveal_too_often", limit=limit)
        viewed(actor, [person], ViewKind.REVEAL, where, unit=unit, purpose=words)
        chain.record(actor, "privacy.revealed", person.code, where=where, purpose=words)
    return person.personal_number


def purpose_words(purpose: str, note: str = "") -> str:
    """The purpose as the log keeps it.

    :raises DomainError: ``reveal_purpose``, ``reveal_note``
    """
    if purpose not in Purpose.values:
        raise DomainError("reveal_purpose")
    written = masked_in(collapse(note))[:200]
    if purpose == Purpose.OTHER:
        if sum(c.isalpha() for c in written) < LEAST_NOTE:
            raise DomainError("reveal_note", least=LEAST_NOTE)
        return written
    return f"{Purpose(purpose).label}: {written}" if written else str(Purpose(purpose).label)


def _shown_today(actor: Actor) -> int:
    midnight = datetime.combine(clock.today(), time(), clock.VIETNAM)
    return ViewEntry.objects.filter(user=actor.user, kind=ViewKind.REVEAL, at__gte=midnight).count()
