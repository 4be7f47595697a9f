"""Asking for an archive time stamp, judging it before it is kept, and putting it into a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from hocbaso.apps.common import clock
from hocbaso.apps.preservation.evidence_records.models import Stamp, Tree
from hocbaso.apps.preservation.models import ValidationSet
from hocbaso.apps.preservation.sources import asking
from hocbaso.apps.preservation.store import keep
from hocbaso.apps.signing.ports import KeyProvider
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.longterm.answers import is_issued_by
from hocbaso.engines.trust.longterm.validation_data import Ask, Gatherer, ValidationData
from hocbaso.engines.trust.paths import X509_FAILURES
from hocbaso.engines.trust.timestamps import check_token
from hocbaso.engines.trust.tokens import TimeStampInfo, read_token, stated_imprint


@dataclass(frozen=True, slots=True)
class Made:
    """A token that is right, not stored yet."""

    token: bytes
    info: TimeStampInfo
    certificate_ends: datetime


register(
    {
        "record_not_later": (
            "Dấu thời gian mới không muộn hơn dấu trước của bản ghi bằng chứng. Hệ thống sẽ thử lại.",
            "The new time stamp is not later than the one before.",
        ),
    }
)


def ask_for_stamp(keys: KeyProvider, imprint: bytes, after: datetime | None = None) -> Made:
    """A token over ``imprint`` whose authority leads to a trusted root.

    :param after: it must be later than this, the time of the stamp before (section 5.1).
    :raises ServiceUnavailable: ``timestamp_unavailable``.
    :raises DomainError: ``timestamp_invalid``, ``timestamp_untrusted``, ``record_not_later``.
    """
    token = keys.stamper().stamp(imprint)
    trust = keys.trust()
    roots = [anchor.certificate for anchor in trust.anchors]
    info = check_token(token, imprint, roots, clock.now(), trust.intermediates)
    if after is not None and info.time <= after:
        raise DomainError("record_not_later")
    return Made(token, info, _path_ends(info, [*trust.intermediates, *roots]))


def _path_ends(info: TimeStampInfo, authorities: list[x509.Certificate]) -> datetime:
    """The earliest end on the way from the authority's certificate to its root."""
    current, ends = info.certificate, info.certificate.not_valid_after_utc
    for _ in range(8):
        issuer = next((c for c in authorities if c != current and _issued(current, c)), None)
        if issuer is None:
            break
        current, ends = issuer, min(ends, issuer.not_valid_after_utc)
    return ends


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        return is_issued_by(certificate, authority)
    except X509_FAILURES:  # another authority of the same name: its end is not on this way
        return False


def stamp_row(
    made: Made,
    tree: Tree,
    number: int,
    reason: str,
    *,
    leaves: int = 0,
    blocks: bytes = b"",
    before: ValidationSet | None = None,
) -> Stamp:
    """The row of a token, not saved."""
    return Stamp(
        tree=tree,
        number=number,
        token=made.token,
        at=made.info.time,
        reason=reason,
        authority=made.info.tsa_name[:200],
        certificate_ends=made.certificate_ends,
        algorithms=list(made.info.algorithms),
        leaves=leaves,
        blocks=blocks,
        before=before,
    )


def gather_for(keys: KeyProvider, stamp: Stamp, now: datetime, ask: Ask | None = None) -> ValidationData:
    """What proves the authority of a stored stamp as of now; gathered before it is renewed.

    :raises DomainError: ``validation_no_path``, ``validation_no_answer``, ``validation_revoked``.
    """
    token = bytes(stamp.token)
    info = read_token(token, stated_imprint(token), now)
    gatherer = Gatherer(keys.trust(), ask or asking(keys))
    chain = (info.certificate, *info.others)
    try:
        return gatherer.gather([chain], info.time)
    except DomainError as error:
        if error.code != "validation_too_old":
            raise
        return gatherer.gather([chain], info.time, older=True)


def kept(data: ValidationData) -> ValidationSet | None:
    """The row of validation data; inside the caller's transaction."""
    return keep([data])[data] if data else None
