"""The authority register: rows made from a proof, ended, blocked, revoked; and questions as of a date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cryptography import x509
from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import User
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.signing.certificate_models import (
    CertificateBlock,
    KeyAct,
    KeyEvent,
    RevocationNote,
)
from hocbaso.apps.signing.key_events import log_event
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.register import digest_of
from hocbaso.apps.signing.seats import Place
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.authority import Revocation, RevocationAnswer

register(
    {
        "registration_not_found": (
            "Trường không có đăng ký nào đang hiệu lực của chứng thư số này.",
            "No present registration of this certificate at the school.",
        ),
        "registration_needs_reason": (
            "Ghi lý do (mất thiết bị, chuyển công tác, …) trước khi khóa hoặc kết thúc.",
            "A reason is needed.",
        ),
    }
)


def register_seats(
    actor: Actor,
    school: Organisation,
    holder: User | None,
    certificate: Certificate,
    places: Iterable[Place],
    proof: int,
) -> list[Registration]:
    """Make the register say that ``certificate`` may sign from these seats from today on, and log it.

    Runs in the caller's transaction. A seat that was ended gets a row of its own: the former period
    stays. Other certificates of the holder keep their rows: two tokens may be in use at once.
    """
    today, now = clock.today(), clock.now()
    ends = certificate.not_after.astimezone(clock.VIETNAM).date()
    rows = Registration.objects.filter(valid_on(today), certificate=certificate, school=school)
    present = {Place(r.role, r.class_name, r.school_year, r.subject_code): r for r in rows}
    made: list[Registration] = []
    for place in sorted(places):
        row = present.get(place) or Registration(
            certificate=certificate,
            school=school,
            user=holder,
            role=place.role,
            class_name=place.class_name,
            school_year=place.school_year,
            subject_code=place.subject_code,
            valid_from=today,
            registered_by=actor.label,
            registered_at=now,
        )
        if row.pk is None or (row.valid_to is not None and row.valid_to < ends):
            row.valid_to = ends
            row.save()
            made.append(row)
    acts = KeyEvent.objects.filter(certificate=certificate, school=school).order_by("-id")
    if acts.values_list("act", flat=True).first() != KeyAct.REGISTERED:
        log_event(actor, certificate, school, KeyAct.REGISTERED)
    record(
        actor,
        "signing.registered",
        certificate.digest,
        organisation=school.code,
        seats=[str(Place(r.role, r.class_name, r.school_year, r.subject_code)) for r in made],
        serial=certificate.serial,
        proof=proof,
    )
    return made


@transaction.atomic
def end_registrations(actor: Actor, school: Organisation, certificate: Certificate, reason: str) -> int:
    """The certificate signs for the school until this day ends; what was signed stays valid.

    For the node's operator and for :mod:`.endings`, where two persons decide.

    :raises NotAllowed: policy ``signing.register``; :raises DomainError: ``registration_needs_reason``,
        ``registration_not_found``.
    """
    require(actor, "signing.register", school)
    return end_now(actor, school, certificate, reason)


def end_now(actor: Actor, school: Organisation, certificate: Certificate, reason: str) -> int:
    """End what stands today, log it, put it on record; in the caller's transaction, who asked the policy.

    :raises DomainError: ``registration_needs_reason``, ``registration_not_found``.
    """
    reason = needed(reason)
    hold(certificate)
    ended = _end(school, certificate)
    if not ended:
        raise DomainError("registration_not_found")
    log_event(actor, certificate, school, KeyAct.ENDED)
    record(actor, "signing.ended", certificate.digest, organisation=school.code, reason=reason, rows=ended)
    return ended


@transaction.atomic
def block(actor: Actor, school: Organisation, certificate: Certificate, reason: str) -> CertificateBlock:
    """Lost token: at once nothing is signed with it on this node, for whichever school. The issuer is asked
    to revoke by a request.

    Twice is once.

    :raises NotAllowed: policy ``certificates.request``; of the own certificate ``certificates.prove``.
    :raises DomainError: ``registration_needs_reason``, ``registration_not_found``.
    """
    rows = Registration.objects.filter(certificate=certificate)
    own = actor.user is not None and rows.filter(school=school, user=actor.user).exists()
    require(actor, "certificates.prove" if own else "certificates.request", school)
    if not rows.filter(school=school).exists():
        raise DomainError("registration_not_found")
    reason = needed(reason)
    hold(certificate)
    row, new = CertificateBlock.objects.get_or_create(
        certificate=certificate,
        defaults={"school": school, "reason": reason, "by": actor.label, "at": clock.now()},
    )
    if new:
        for one in Organisation.objects.filter(registrations__in=rows).distinct().order_by("code"):
            if _end(one, certificate):
                log_event(actor, certificate, one, KeyAct.ENDED)
        record(actor, "signing.blocked", certificate.digest, organisation=school.code, reason=reason)
    return row


def hold(certificate: Certificate) -> None:
    """One change of a certificate's rows after another, so that the log tells each act once."""
    # no_key: a signature by it, stored meanwhile, holds the log and must not wait for us when it ends.
    Certificate.objects.select_for_update(no_key=True).defer("der").get(pk=certificate.pk)


def needed(text: str) -> str:
    """The reason in one line. :raises DomainError: ``registration_needs_reason``."""
    text = " ".join(text.split())[:300]
    if not text:
        raise DomainError("registration_needs_reason")
    return text


def _end(school: Organisation, certificate: Certificate, day: date | None = None) -> int:
    """End present rows on ``day`` (today): dates, so what was signed earlier that day keeps its authority.

    :returns: how many ended by it; what ends that day already is ended.
    """
    day, count = day or clock.today(), 0
    for row in Registration.objects.filter(valid_on(clock.today()), certificate=certificate, school=school):
        last = max(day, row.valid_from)
        if row.valid_to is not None and row.valid_to <= last:
            continue
        row.valid_to = last
        row.save(update_fields=["valid_to"])
        count += 1
    return count


def revocation_of(certificate: x509.Certificate, at: datetime) -> RevocationAnswer:
    """What is known of a certificate: a revocation that any process of the node was told of stays, whatever
    this process heard a few minutes before; otherwise the provider is asked. One query."""
    known = RevocationNote.objects.filter(certificate=digest_of(certificate), state=Revocation.REVOKED)
    if (told := known.first()) is not None:
        return RevocationAnswer(Revocation.REVOKED, told.since)
    return key_provider().revocation(certificate, at)


@transaction.atomic
def note_revocation(actor: Actor, certificate: Certificate) -> RevocationNote:
    """Ask the provider and remember the answer; a revocation ends the registrations and goes into the log."""
    now = clock.now()
    found = key_provider().revocation(x509.load_der_x509_certificate(bytes(certificate.der)), now)
    return remember(actor, certificate, found, now)


@transaction.atomic
def remember(
    actor: Actor, certificate: Certificate, found: RevocationAnswer, now: datetime
) -> RevocationNote:
    """Keep what was answered. Silence leaves the last answer and says since when nothing is known; a
    revocation stays, as the public log has told it.

    :param now: when it was asked, aware.
    """
    start = {"state": str(Revocation.UNKNOWN), "asked_at": now}
    note, _new = RevocationNote.objects.select_for_update().get_or_create(
        certificate=certificate, defaults=start
    )
    note.asked_at = now
    if found.state is Revocation.UNKNOWN:
        note.unknown_since = note.unknown_since or now
    else:
        note.answered_at, note.unknown_since = now, None
        if note.state != Revocation.REVOKED:
            note.state, note.since = str(found.state), found.since
    note.save()
    if note.state == Revocation.REVOKED:
        _revoked(actor, certificate, note.since or now)
    return note


def _revoked(actor: Actor, certificate: Certificate, since: datetime) -> None:
    """Once a school: its registrations end with the day of the revocation."""
    hold(certificate)
    told = KeyEvent.objects.filter(certificate=certificate, act=KeyAct.REVOKED)
    done = set(told.values_list("school_id", flat=True))
    schools = Organisation.objects.filter(registrations__certificate=certificate).distinct()
    for school in schools.exclude(pk__in=done).order_by("code"):
        _end(school, certificate, since.astimezone(clock.VIETNAM).date())
        log_event(actor, certificate, school, KeyAct.REVOKED)
        record(
            actor, "signing.revoked", certificate.digest, organisation=school.code, since=since.isoformat()
        )


#: An answer this young is not asked for again by a list.
FRESH = timedelta(minutes=15)


def refresh(actor: Actor, school: Organisation) -> int:
    """Ask about every presently registered certificate of the school whose answer is old.

    :returns: how many were asked. :raises NotAllowed: policy ``certificates.view``.
    """
    require(actor, "certificates.view", school)
    rows = Certificate.objects.filter(
        registrations__in=Registration.objects.filter(valid_on(clock.today()), school=school)
    ).exclude(revocation__asked_at__gt=clock.now() - FRESH)
    asked = list(rows.distinct())
    for certificate in asked:
        note_revocation(actor, certificate)
    return len(asked)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who could sign what on a day, as the register says today."""

    row: Registration
    usable: bool  # the certificate itself was within its time, not blocked, not known to be revoked that day
    why_not: str

    @property
    def name(self) -> str:
        return self.row.user.full_name if self.row.user else self.row.school.name


def as_of(actor: Actor, school: Organisation, day: date) -> list[Authority]:
    """The register of ``day``: role, class, subject, person, certificate. One query.

    :raises NotAllowed: policy ``certificates.view``.
    """
    require(actor, "certificates.view", school)
    rows = (
        Registration.objects.filter(valid_on(day), school=school)
        .select_related("certificate__block", "certificate__revocation", "user", "school")
        .order_by("role", "school_year", "class_name", "subject_code", "user__full_name", "id")
    )
    return [Authority(row, not (why := _why_not(row.certificate, day)), why) for row in rows]


def _why_not(certificate: Certificate, day: date) -> str:
    def on(moment: datetime) -> date:
        return moment.astimezone(clock.VIETNAM).date()

    if day < on(certificate.not_before):
        return "not_yet_valid"
    if day > on(certificate.not_after):
        return "expired"
    note = getattr(certificate, "revocation", None)
    if note and note.state == Revocation.REVOKED and (note.since is None or on(note.since) <= day):
        return "revoked"
    held = getattr(certificate, "block", None)
    if held and on(held.at) <= day:
        return "blocked"
    return ""
