"""The population registry that this node is configured to ask, and in whose name and for what it asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

import structlog
from django.conf import settings

from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import Check, Job
from hocbaso.engines.population import PopulationPort, Purpose, XRoadPopulation
from hocbaso.engines.population.limits import DailyQuota

#: Why it is asked and what permits it (domain 0, 2.2): basic data are compared before the learner's code.
PUPIL_PURPOSE = Purpose("xac_thuc_ho_so_hoc_sinh", "Nghị định 88/2026/NĐ-CP Điều 9")
STAFF_PURPOSE = Purpose("xac_thuc_ho_so_can_bo", "Nghị định 88/2026/NĐ-CP Điều 9")

log = structlog.get_logger("hocbaso.identity")


@lru_cache(maxsize=1)
def population() -> PopulationPort:
    """The registry named by ``HOCBASO_POPULATION_*``.

    A node without an address gets a port that refuses every question with a clear sentence, and a warning in
    its log: nothing is ever taken for verified by default.
    """
    gateway = settings.HOCBASO_POPULATION
    if not gateway.url:
        log.warning("identity.no_population_service", hint="set HOCBASO_POPULATION_URL")
    today = clock.today()
    quota = DailyQuota(gateway.quota, asked_since(clock.now()) if gateway.quota else 0, today)
    return XRoadPopulation(gateway, now=clock.now, quota=quota)


#: Other apps that ask the same registry under the same quota; each counts its own questions of a span.
_also: list[Callable[[datetime, datetime], int]] = []


def count_too(counter: Callable[[datetime, datetime], int]) -> None:
    """Register who else asks: ``counter(from, to)`` gives its questions sent in the span."""
    if counter not in _also:
        _also.append(counter)


def asked_since(now: datetime) -> int:
    """Questions asked on the day (in Viet Nam) of ``now``, answered or not. A few queries."""
    local = now.astimezone(clock.VIETNAM)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    span = (midnight, midnight + timedelta(days=1))
    answered = Check.objects.filter(sent_at__gte=span[0], sent_at__lt=span[1]).count()
    waiting = Job.objects.filter(state="sent", sent_at__gte=span[0], sent_at__lt=span[1]).count()
    return answered + waiting + sum(counter(*span) for counter in _also)
