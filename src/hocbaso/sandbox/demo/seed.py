"""Seed the demo province: five schools, every row brought in through the ordinary use cases.

Primary: a finished school, one in the middle of signing, an empty one; secondary: see :mod:`.secondary`.
Running it again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from hocbaso.apps.accounts.models import SIGNING_ROLES, Assignment, Role
from hocbaso.apps.accounts.use_cases.staff_posts import subject_name
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.core.document.model import SignerRole
from hocbaso.sandbox.demo import remote, secondary, steps
from hocbaso.sandbox.demo.steps import PASSWORD
from hocbaso.sandbox.demo.workbooks import (
    DemoSchool,
    pupil_workbook,
    pupils_of,
    result_workbook,
    staff_workbook,
)

__all__ = ["PASSWORD", "Account", "demo_accounts", "seed"]

YEAR = "2025-2026"

FINISHED = DemoSchool(
    "79000901", "Trường Tiểu học Hoa Phượng", "26929", "", {"1A": 24, "3A": 26, "5A": 25}, YEAR
)
SIGNING = DemoSchool(
    "79000902", "Trường Tiểu học Bình Minh", "26929", "", {"1B": 22, "2A": 45, "4A": 28}, YEAR
)
EMPTY = DemoSchool("79000903", "Trường Tiểu học Hướng Dương", "26929", "", {}, YEAR)


@dataclass(frozen=True, slots=True)
class Account:
    """One demo account as it is printed."""

    school: str
    post: str
    username: str
    name: str
    secret: str  # TOTP secret, empty where no second factor is needed


def seed(tell: steps.Step) -> list[Account]:
    """Make the demo province; :returns: the accounts to show."""
    with clock.standing_at(datetime(2026, 5, 20, 2, 0, tzinfo=UTC)):
        for school in (FINISHED, SIGNING, EMPTY):
            tell(f"{school.name}: đơn vị, cán bộ, học sinh")
            _populate(steps.with_commune(school))
    with clock.standing_at(datetime(2026, 5, 26, 7, 30, tzinfo=UTC)):
        tell(f"{FINISHED.name}: chốt, ký, phát hành")
        _issue_everything(FINISHED)
        tell(f"{SIGNING.name}: đang ký dở")
        _sign_half(SIGNING)
    secondary.seed(tell)
    tell("Khóa ở dịch vụ ký số từ xa thử nghiệm")
    schools = (FINISHED, SIGNING, secondary.LOWER, secondary.UPPER)
    remote.seed([steps.unit_of(school) for school in schools], steps.unit_of(SIGNING))
    return demo_accounts()


def _populate(school: DemoSchool) -> None:
    unit, pupils = steps.unit_of(school), pupils_of(school)
    files = [(Kind.STAFF, staff_workbook(school), "danh_sach_can_bo.xlsx")]
    if pupils:
        files.insert(0, (Kind.PUPILS, pupil_workbook(school, pupils), "danh_sach_hoc_sinh.xlsx"))
        # The first class of the school in the middle is left to its teacher.
        done = [c for c in school.classes if school.code != SIGNING.code or c != "1B"]
        files.append((Kind.RESULTS, result_workbook(school, pupils, done), "ket_qua_cuoi_nam.xlsx"))
    steps.bring_in(school, files)
    steps.open_accounts(unit)
    steps.give_photos(unit)


def _issue_everything(school: DemoSchool) -> None:
    unit = steps.unit_of(school)
    principal = steps.actor_of(unit, Role.PRINCIPAL)
    for school_class in steps.classes_of(school).values():
        close_class(principal, school_class=school_class)
        steps.sign(unit, YEAR, SignerRole.HOMEROOM, school_class)
    steps.sign(unit, YEAR, SignerRole.PRINCIPAL)
    steps.sign(unit, YEAR, SignerRole.SEAL)


def _sign_half(school: DemoSchool) -> None:
    """4A waits for the principal; 2A's teacher stopped after 17; 1B is still being entered."""
    unit = steps.unit_of(school)
    if YearSheet.objects.filter(school=unit).exists():
        return
    by_name = steps.classes_of(school)
    for name in ("4A", "2A"):
        close_class(steps.actor_of(unit, Role.HOMEROOM, by_name[name]), school_class=by_name[name])
    steps.sign(unit, YEAR, SignerRole.HOMEROOM, by_name["4A"])
    steps.sign(unit, YEAR, SignerRole.HOMEROOM, by_name["2A"], limit=17)


#: The posts worth trying, school by school: role, class, subject; empty: any.
_SHOWN: tuple[tuple[DemoSchool, tuple[tuple[Role, str, str], ...]], ...] = (
    (
        SIGNING,
        (
            (Role.DATA_CLERK, "", ""),
            (Role.HOMEROOM, "2A", ""),
            (Role.SUBJECT_TEACHER, "1B", ""),
            (Role.PRINCIPAL, "", ""),
            (Role.SEAL_KEEPER, "", ""),
        ),
    ),
    (
        secondary.LOWER,
        (
            (Role.SUBJECT_TEACHER, "8A", "khoa-hoc-tu-nhien"),
            (Role.HOMEROOM, "8A", ""),
            (Role.GROUP_HEAD, "", ""),
            (Role.PRINCIPAL, "", ""),
            (Role.DATA_CLERK, "", ""),
        ),
    ),
    (
        FINISHED,
        ((Role.HOMEROOM, "3A", ""), (Role.PRINCIPAL, "", ""), (Role.SEAL_KEEPER, "", "")),
    ),
    (secondary.UPPER, ((Role.HOMEROOM, "10A", ""), (Role.PRINCIPAL, "", ""))),
    (EMPTY, ((Role.DATA_CLERK, "", ""), (Role.PRINCIPAL, "", ""))),
)


def demo_accounts() -> list[Account]:
    """One account for each post worth trying, school by school. One query."""
    posts = (
        Assignment.objects.filter(organisation__code__in=[school.code for school, _ in _SHOWN])
        .select_related("user", "organisation", "school_class")
        .order_by("pk")
    )
    by_school: dict[str, list[Assignment]] = {}
    for post in posts:
        by_school.setdefault(post.organisation.code, []).append(post)
    found = []
    for school, wanted in _SHOWN:
        for role, class_name, subject in wanted:
            fitting = (
                p
                for p in by_school.get(school.code, ())
                if p.role == role
                and class_name in ("", p.school_class.name if p.school_class else "")
                and subject in ("", p.subject_code)
            )
            found += [_account(school, first, subject) for first in islice(fitting, 1)]
    return found


def _account(school: DemoSchool, post: Assignment, subject: str) -> Account:
    role = Role(post.role)
    label = f"Giáo viên môn {subject_name(subject)}" if subject else str(role.label)
    if post.school_class and not subject:
        label += f" {post.school_class.name}"
    secret = post.user.totp_secret if role in SIGNING_ROLES else ""
    return Account(school.name, label, post.user.username, post.user.full_name, secret)
