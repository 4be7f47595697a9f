"""The nightly round: every certificate that signs somewhere is asked about, a bounded number at a time.

By authority: one that is silent twice in a round is left alone until the next, and its certificates keep
their last answer with the time since when nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from django.db.models import F, Q, QuerySet

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import valid_on
from hocbaso.apps.signing.authority import remember
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.signing.ports import key_provider
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.authority import Revocation, RevocationAnswer

#: Hours of the night in Viet Nam in which yesterday's answers are renewed.
NIGHT = range(0, 6)
RENEW = timedelta(hours=20)
#: So old an answer is renewed by day too (the node was off at night).
OVERDUE = timedelta(hours=36)
#: How soon a silent authority is asked again.
AGAIN = timedelta(hours=1)
A_ROUND, AN_AUTHORITY, _SILENT = 200, 100, 2


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    asked: int = 0
    revoked: int = 0  # newly
    silent: int = 0  # questions without an answer
    left: bool = False  # more are due


def due(*, everybody: bool = False) -> QuerySet[Certificate]:
    """Certificates of present registrations whose answer is to be renewed, never asked ones first.

    :param everybody: whatever their age (an operator heard of a revocation).
    """
    now = clock.now()
    old = now - (RENEW if now.astimezone(clock.VIETNAM).hour in NIGHT else OVERDUE)
    wanted = Q(revocation__isnull=True) | Q(revocation__asked_at__lt=old)
    wanted |= Q(revocation__unknown_since__isnull=False, revocation__asked_at__lt=now - AGAIN)
    if everybody:
        wanted = Q()
    present = Registration.objects.filter(valid_on(clock.today())).values("certificate")
    rows = Certificate.objects.filter(wanted, pk__in=present).exclude(revocation__state=Revocation.REVOKED)
    return rows.order_by(F("revocation__asked_at").asc(nulls_first=True), "pk")


def refresh_due(
    actor: Actor,
    *,
    limit: int = A_ROUND,
    ticks: Callable[[], float] | None = None,
    seconds: float = 10.0,
    everybody: bool = False,
) -> Round:
    """One bounded round. What died in mid-round goes on with the next: each answer is its own transaction.

    :param ticks: seconds of a clock that only runs forward; with it the round ends after ``seconds``.
    :param everybody: also answers that are still fresh, and of one authority as many as ``limit`` allows.
    """
    begin, stop = (ticks() if ticks else 0.0), False
    of_issuer: dict[str, list[str]] = defaultdict(list)
    # one pass, whatever the number of authorities
    for issuer, digest in due(everybody=everybody).values_list("issuer", "pk"):
        of_issuer[issuer].append(digest)
    each = max(1, min(limit if everybody else AN_AUTHORITY, limit // max(1, len(of_issuer))))
    asked = revoked = silent = 0
    left = False
    for digests in of_issuer.values():
        rows, unheard = Certificate.objects.in_bulk(digests[:each]), 0
        for row in rows.values():
            stop = stop or (ticks is not None and ticks() - begin > seconds)
            if stop or unheard >= _SILENT:
                left = True
                break
            answer = _answer(row)
            unheard += answer.state is Revocation.UNKNOWN
            asked += 1
            revoked += remember(actor, row, answer, clock.now()).state == Revocation.REVOKED
        silent += unheard
        left = left or len(digests) > each
    return Round(asked, revoked, silent, left)


def _answer(row: Certificate) -> RevocationAnswer:
    """A provider that fails has not answered: one certificate never stops the others."""
    try:
        return key_provider().revocation(x509.load_der_x509_certificate(bytes(row.der)), clock.now())
    except (DomainError, OSError, ValueError):
        return RevocationAnswer(Revocation.UNKNOWN)
