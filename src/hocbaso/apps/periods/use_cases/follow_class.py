"""Before marks follow a pupil into another class: they must be as closed there as they are here."""

from __future__ import annotations

from collections.abc import Collection, Container

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.periods.parts import MOMENT_NAMES
from hocbaso.apps.periods.queries import implied, locks_of
from hocbaso.apps.periods.use_cases.close_due import close_due
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, register

register(
    {
        "move_unlocks": (
            "Lớp {here} đã khóa nhập {moment} còn lớp {there} chưa khóa; chuyển lúc này thì kết quả đã khóa "
            "lại mở ra. Thầy cô chuyển sau khi lớp {there} cũng khóa, hoặc đóng đợt nhập của lớp {there} "
            "trước.",
            "{moment} is locked in class {here} and open in class {there}: the marks would open again.",
        ),
    }
)


def write_due(school: Organisation) -> None:
    """What the clock has closed becomes a lock now, before anybody moves."""
    close_due(Actor.system(), school=school)


def require_as_closed(here: SchoolClass, there: SchoolClass) -> None:
    """One query; call :func:`write_due` first.

    The database's guard on enrolments refuses the same, without a sentence.

    :raises DomainError: ``move_unlocks``.
    """
    locks = locks_of([here, there])
    if moment := opened(locks.get(here.pk, {}), locks.get(there.pk, {})):
        raise DomainError("move_unlocks", here=here.name, there=there.name, moment=moment)


def opened(here: Collection[tuple[str, str, str]], there: Container[tuple[str, str, str]]) -> str:
    """The first moment of which something is locked here and not there, in words; empty when there is none.

    :param here: locks as :func:`locks_of` gives them.
    """
    found = next((MOMENT_NAMES[cell[0]] for cell in here if not implied(there, cell)), "")
    return found[:1].lower() + found[1:]
