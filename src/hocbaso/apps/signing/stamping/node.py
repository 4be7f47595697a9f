"""The node's stamper: its configured authorities, or those that the key provider brings, behind breakers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from django.conf import settings

from hocbaso.apps.common import clock
from hocbaso.apps.signing.stamping import configuration
from hocbaso.apps.signing.stamping.memory import DatabaseMemory
from hocbaso.engines.trust.authority import Revocation, RevocationAnswer
from hocbaso.engines.trust.stampers import Belief, FailoverStamper, Named

Revoked = Callable[[x509.Certificate, datetime], RevocationAnswer]


@lru_cache(maxsize=1)
def configured() -> tuple[Named, ...]:
    """What ``HOCBASO_TSA`` and ``tsa.toml`` name, if they do. Connections are kept by this process."""
    return configuration.configured(settings.HOCBASO_TSA, settings.HOCBASO_HOME / configuration.FILE)


def failover(
    authorities: Sequence[Named],
    *,
    anchors: Sequence[x509.Certificate] | Callable[[], Sequence[x509.Certificate]],
    intermediates: Sequence[x509.Certificate],
    revocation: Revoked,
) -> FailoverStamper:
    """Authorities in order of preference behind breakers that all processes of the node share.

    :param anchors: roots that an authority must lead to, or what gives those of today.
    :param revocation: as the key provider answers it.
    """

    def revoked(certificate: x509.Certificate, at: datetime) -> bool:
        return revocation(certificate, at).state is Revocation.REVOKED

    return FailoverStamper(
        authorities,
        clock=clock.now,
        ticks=time.perf_counter,
        memory=DatabaseMemory(),
        belief=Belief(anchors, intermediates, revoked),
    )
