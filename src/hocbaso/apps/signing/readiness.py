"""Readiness board: who must sign, with which certificate, and what is wrong with it (trust.md section 2).

Reads rows alone; revocation is the provider's remembered answer. Eight queries, however many people.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.conf import settings

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import StaffMember, User
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.signing.certificate_models import (
    LineState,
    Possession,
    ProofState,
    RequestLine,
    RevocationNote,
)
from hocbaso.apps.signing.families import DEPUTY, rule_for
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.signing.seats import MustSign, Place, must_sign
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.trust.authority import Revocation

#: RFC 4514: an escaped comma ends nothing, so that a common name cannot pretend to be a number.
_UID = re.compile(
    r"(?:(?:[^\\,+]|\\.)*[,+])*?(?:UID|0\.9\.2342\.19200300\.100\.1\.1)=(?:[A-Z]+:)?((?:[^\\,+]|\\.)*)"
)
_UNDER_WAY = (LineState.DRAFT, LineState.SENT, LineState.ISSUED)


class Ready(StrEnum):
    """What stands between somebody and signing, worst first; ``OK`` last."""

    REVOKED = "revoked"
    BLOCKED = "blocked"
    WRONG_HOLDER = "wrong_holder"
    EXPIRED = "expired"
    NONE = "none"
    PARTLY = "partly"  # a seat of today is not registered
    DAYS_7 = "days_7"
    DAYS_30 = "days_30"
    UNKNOWN = "unknown"  # nobody said lately whether it is revoked
    DAYS_60 = "days_60"
    BEFORE_YEAR_END = "before_year_end"
    OTHER_FAMILY = "other_family"
    OK = "ok"


#: With these nothing can be signed.
STOPPED = frozenset({Ready.REVOKED, Ready.BLOCKED, Ready.WRONG_HOLDER, Ready.EXPIRED, Ready.NONE})
ENDING = frozenset({Ready.DAYS_7, Ready.DAYS_30, Ready.DAYS_60, Ready.BEFORE_YEAR_END})
_ORDER = {state: n for n, state in enumerate(Ready)}


@dataclass(slots=True)
class Line:
    """One person, or the seal, of a school."""

    who: MustSign
    name: str
    staff_code: str
    states: list[Ready] = field(default_factory=list)  # all that is true, worst first
    certificate: Certificate | None = None
    ends_on: date | None = None
    days_left: int | None = None
    missing: list[Place] = field(default_factory=list)  # seats without a registration
    stands: bool = False  # the certificate is registered for something here today
    proof: Possession | None = None  # waits for the second person
    request: RequestLine | None = None  # under way at the issuer

    @property
    def state(self) -> Ready:
        return self.states[0]

    @property
    def able(self) -> bool:
        """Could sign today."""
        return self.state not in STOPPED

    @property
    def optional(self) -> bool:
        """A deputy signs when he is charged with it only."""
        return self.who.roles == [DEPUTY]


@dataclass(frozen=True, slots=True)
class Board:
    """All lines of a school, worst first."""

    school: Organisation
    year_end: date
    lines: list[Line]

    @property
    def required(self) -> list[Line]:
        return [line for line in self.lines if not line.optional]

    def count(self, *states: Ready) -> int:
        """Lines of people who must sign whose worst state is one of these."""
        return sum(line.state in states for line in self.required)

    @property
    def able(self) -> int:
        """How many of those who must sign could sign today."""
        return sum(line.able for line in self.required)


def year_end(day: date) -> date:
    """The last day on which year sheets of the school year of ``day`` are ordinarily signed: 30 June.

    Lessons end by 31 May (the yearly plan of the Ministry); sheets are signed in June.
    """
    return date(SchoolYear.of(day).start + 1, 6, 30)


def board(actor: Actor, school: Organisation) -> Board:
    """The board of one school. Eight queries.

    :raises NotAllowed: policy ``certificates.view``.
    """
    require(actor, "certificates.view", school)
    return boards([school])[school.pk]


def boards(schools: Sequence[Organisation], only: User | None = None) -> dict[int, Board]:
    """The boards of several schools: as many queries as for one. The caller asks the policy.

    :param only: one person's line alone.
    """
    today = clock.today()
    people = must_sign(list(schools), today, only)
    staff_rows = StaffMember.objects.filter(organisation__in=schools, user__isnull=False)
    registered = Registration.objects.filter(school__in=schools, valid_from__lte=today)
    if only is not None:
        staff_rows, registered = staff_rows.filter(user=only), registered.filter(user=only)
    staff = {(row.organisation_id, row.user_id): row for row in staff_rows}
    rows: dict[tuple[int, int | None], list[Registration]] = defaultdict(list)
    with_certificates = registered.select_related("certificate__block", "certificate__revocation")
    for row in with_certificates.defer("certificate__der"):
        rows[row.school_id, row.user_id].append(row)
    proofs = {
        (one.school_id, one.holder_id): one
        for one in Possession.objects.filter(school__in=schools, state=ProofState.PROVEN)
    }
    requests = {
        (one.request.school_id, one.user_id): one
        for one in RequestLine.objects.filter(
            request__school__in=schools, state__in=_UNDER_WAY
        ).select_related("request")
    }
    end, by_school = year_end(today), {one.pk: one for one in schools}
    lines: dict[int, list[Line]] = {one.pk: [] for one in schools}
    for who in people:
        key = (who.school_id, who.user.pk if who.user else None)
        school, member = by_school[who.school_id], staff.get((who.school_id, key[1]))
        line = Line(
            who,
            who.user.full_name if who.user else school.name,
            member.code if member else "",
            proof=proofs.get(key),
            request=requests.get(key),
        )
        owner = (member.personal_number if member else "") or (who.user.username if who.user else school.code)
        _judge(line, rows[key], owner, school)
        lines[who.school_id].append(line)
    return {
        pk: Board(by_school[pk], end, sorted(found, key=lambda one: (one.optional, _ORDER[one.state])))
        for pk, found in lines.items()
    }


def _judge(line: Line, rows: list[Registration], owner: str, school: Organisation) -> None:
    """Say of the best certificate what is true of it, worst first."""
    today, now = clock.today(), clock.now()
    if not rows:
        line.missing, line.states = sorted(line.who.places), [Ready.NONE]
        return
    best = max(rows, key=lambda row: _merit(row, owner, now))
    found = line.certificate = best.certificate
    line.ends_on = found.not_after.astimezone(clock.VIETNAM).date()
    line.days_left = max(0, (found.not_after - now).days)
    present = {
        Place(row.role, row.class_name, row.school_year, row.subject_code)
        for row in rows
        if row.certificate_id == found.pk and (row.valid_to is None or row.valid_to >= today)
    }
    line.missing = sorted(line.who.places - present)
    line.stands = any(
        row.certificate_id == found.pk and (row.valid_to is None or row.valid_to > today) for row in rows
    )
    states = set(_faults(found, owner, now))
    if not present and not states & {Ready.REVOKED, Ready.BLOCKED, Ready.EXPIRED}:
        states.add(Ready.NONE)  # ended by decision
    elif line.missing and not states & STOPPED:
        states.add(Ready.PARTLY)
    if not states & STOPPED:
        ending = _ends(found, line.ends_on, now)
        states |= {ending} if ending else set()
        states |= _family(found, line, school, today)
    line.states = sorted(states, key=_ORDER.__getitem__) or [Ready.OK]


def _merit(row: Registration, owner: str, now: datetime) -> tuple[bool, datetime]:
    return not set(_faults(row.certificate, owner, now)) & STOPPED, row.certificate.not_after


def _faults(certificate: Certificate, owner: str, now: datetime) -> list[Ready]:
    note, held = getattr(certificate, "revocation", None), getattr(certificate, "block", None)
    faults = []
    if note is not None and note.state == Revocation.REVOKED:
        faults.append(Ready.REVOKED)
    elif note is None or note.state == Revocation.UNKNOWN or is_silent(note, now):
        faults.append(Ready.UNKNOWN)
    if held is not None:
        faults.append(Ready.BLOCKED)
    if named(certificate) != owner:
        faults.append(Ready.WRONG_HOLDER)
    if certificate.not_after < now:
        faults.append(Ready.EXPIRED)
    return faults


#: So long the last answer counts after its authority fell silent; whoever signs is asked about anew anyhow.
PATIENCE = timedelta(days=3)


def is_silent(note: RevocationNote, now: datetime) -> bool:
    """Whether the authority has not answered for so long that the last answer says nothing any more."""
    return note.unknown_since is not None and now - note.unknown_since > PATIENCE


def named(certificate: Certificate) -> str:
    """The number in the kept subject (RFC 4514), without its scheme; "" where there is none."""
    found = _UID.match(certificate.subject)
    return found[1] if found else ""


def _ends(found: Certificate, ends_on: date, now: datetime) -> Ready | None:
    left = found.not_after - now
    for limit, state in ((7, Ready.DAYS_7), (30, Ready.DAYS_30), (60, Ready.DAYS_60)):
        if left.days < limit:
            return state
    return Ready.BEFORE_YEAR_END if ends_on < year_end(clock.today()) else None


def _family(found: Certificate, line: Line, school: Organisation, today: date) -> set[Ready]:
    rules = [rule_for(role, school.ownership, today) for role in line.who.roles]
    bad = any(rule is not None and found.family not in rule.families for rule in rules)
    return {Ready.OTHER_FAMILY} if bad else set()


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the school's home tells of people who must sign today."""

    stopped: int  # cannot sign
    ending: int  # end within 30 days
    first_end: date | None
    revoked: tuple[str, ...]  # whose certificate was revoked, and who has no other


CALM = Alarm(0, 0, None, ())


def alarm(school: Organisation) -> Alarm:
    """The home page's line. One query; two more when something is the matter, or where nobody is registered
    by his first signature.

    The caller has asked the policy.
    """
    today, now = clock.today(), clock.now()
    own: dict[int | None, list[Registration]] = defaultdict(list)
    rows = Registration.objects.filter(school=school, valid_from__lte=today)
    known = rows.select_related("certificate__block", "certificate__revocation", "user")
    for row in known.defer("certificate__der"):
        own[row.user_id].append(row)
    best = {
        user: max(found, key=lambda row: (not _lost(row, now), row.certificate.not_after))
        for user, found in own.items()
    }
    soon = {user: row for user, row in best.items() if _lost(row, now) or _days(row, now) < 30}
    strict = settings.HOCBASO_ENVIRONMENT == "chinh_thuc"
    if not soon and not strict:
        return CALM
    people = [one for one in must_sign([school], today) if one.roles != [DEPUTY]]
    present = {one.user.pk if one.user else None for one in people}  # who has left is nobody's worry
    lost = [row for user, row in soon.items() if user in present and _lost(row, now)]
    ends = [row.certificate.not_after for user, row in soon.items() if user in present and row not in lost]
    return Alarm(
        stopped=len(lost) + (len(present - best.keys()) if strict else 0),
        ending=len(ends),
        first_end=min(ends).astimezone(clock.VIETNAM).date() if ends else None,
        revoked=tuple(
            row.user.full_name if row.user else school.name
            for row in lost
            if Ready.REVOKED in _faults(row.certificate, "", now)
        ),
    )


def _days(row: Registration, now: datetime) -> int:
    return (row.certificate.not_after - now).days


def _lost(row: Registration, now: datetime) -> bool:
    """Revoked, blocked, or over; a seat of a past year that simply ran out says nothing."""
    faults = set(_faults(row.certificate, "", now))
    return bool(faults & {Ready.REVOKED, Ready.BLOCKED, Ready.EXPIRED})


def own_line(school: Organisation, user: User) -> Line | None:
    """Somebody's own line of the board; None: no post of his signs. Six queries.

    The caller has asked the policy: it is the actor's own.
    """
    found = boards([school], only=user)[school.pk].lines
    return found[0] if found else None


def own_warning(school: Organisation, user: User) -> tuple[Ready, date] | None:
    """What the person must know of the own certificate before it is too late: lost, or ending (60, 30, 7
    days, or before the year's sheets are signed), and its last day. One query, three when something is."""
    today, now = clock.today(), clock.now()
    rows = list(
        Registration.objects.filter(school=school, user=user, valid_from__lte=today).select_related(
            "certificate__block", "certificate__revocation"
        )
    )
    if not rows:
        return None
    best = max(rows, key=lambda row: (not _lost(row, now), row.certificate.not_after))
    ends_on = best.certificate.not_after.astimezone(clock.VIETNAM).date()
    faults = [one for one in _faults(best.certificate, "", now) if one in _TOLD]
    state = min(faults, key=_ORDER.__getitem__, default=None) or _ends(best.certificate, ends_on, now)
    if state is None or not must_sign([school], today, only=user):
        return None
    return state, ends_on


_TOLD = (Ready.REVOKED, Ready.BLOCKED, Ready.EXPIRED)
