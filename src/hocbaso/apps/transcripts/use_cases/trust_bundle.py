"""What an offline verifier needs to know about a set of issued sheets, read from the node's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.common import clock
from hocbaso.apps.ledger import queries as ledger
from hocbaso.apps.signing.anchors import bundle_anchors
from hocbaso.apps.signing.models import Registration
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.queries import statuses
from hocbaso.core.document.model import SignerRole
from hocbaso.engines.trust.bundle import AuthorityEntry, LogInfo, StatusEntry, TrustBundle


def trust_bundle(issued: Sequence[IssuedSheet]) -> TrustBundle:
    """Anchors, CRLs, authority register, status, log checkpoint and inclusion proofs for ``issued``.

    A fixed number of queries a log, whatever the number of sheets.
    """
    now = clock.now()
    trust = key_provider().trust()
    logs = sorted({row.log for row in issued})
    codes = sorted({row.code for row in issued})
    versions = list(IssuedSheet.objects.filter(code__in=codes).order_by("code", "version"))
    return TrustBundle(
        created=now,
        as_of=now,
        anchors=bundle_anchors(trust),
        intermediates=tuple(c.public_bytes(Encoding.DER) for c in trust.intermediates),
        crls=trust.crls,
        authority=authority_register({row.sheet.school_id for row in issued}),
        logs=tuple(
            LogInfo(ledger.origin(log), ledger.public_key(), ledger.latest_checkpoint(log)) for log in logs
        ),
        evidence=tuple(ledger.evidence([(row.log, row.log_index, row.digest) for row in issued])),
        status=_status(versions, codes),
        latest=tuple(sorted({row.code: row.version for row in versions}.items())),
    )


def authority_register(schools: set[int]) -> tuple[AuthorityEntry, ...]:
    """Which certificate may sign in which role for these schools. Two queries."""
    signing = Registration.objects.filter(school__in=schools, role__in=list(SignerRole))  # no deputies
    rows = signing.select_related("certificate", "school", "user")
    staff = StaffMember.objects.filter(organisation__in=schools, user__isnull=False)
    codes = {(school, user): code for school, user, code in staff.values_list("organisation", "user", "code")}
    return tuple(
        AuthorityEntry(
            certificate_sha256=row.certificate_id,
            serial=row.certificate.serial,
            role=row.role,
            school=row.school.code,
            valid_from=_start(row.valid_from),
            valid_to=_start(row.valid_to) + timedelta(days=1, seconds=-1) if row.valid_to else None,
            name=row.user.full_name if row.user else row.school.name,
            class_name=row.class_name or None,
            subjects=(row.subject_code,) if row.subject_code else None,
            staff_code=codes.get((row.school_id, row.user.pk), row.user.username) if row.user else None,
        )
        for row in rows.order_by("id")
    )


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=clock.VIETNAM)


def _status(versions: list[IssuedSheet], codes: list[str]) -> tuple[StatusEntry, ...]:
    events = statuses(codes)
    digests = {(row.code, row.version): row.digest for row in versions}
    entries = []
    for row in versions:
        event = events.get((row.code, row.version))
        by = event.replaced_by if event else None
        entries.append(
            StatusEntry(
                code=row.code,
                version=row.version,
                digest=row.digest,
                state=event.status if event else "current",
                since=event.at if event else row.issued_at,
                reason=event.reason if event else None,
                decision=(event.decision or None) if event else None,
                by_version=by,
                by_digest=digests.get((row.code, by)) if by else None,
            )
        )
    return tuple(entries)
