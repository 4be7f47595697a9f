"""For machines: liveness, readiness, metrics."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock, guards
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.apps.transcripts.waiting.queries import waiting
from hocbaso.engines.trust.breakers import Health, State


@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and every guard trigger stands; 503 with the reason otherwise."""
    try:
        absent = guards.missing(connection)
    except Exception as error:
        return JsonResponse({"status": "database", "error": type(error).__name__}, status=503)
    if absent:
        return JsonResponse({"status": "guards", "missing": absent}, status=503)
    queue = waiting()  # an alarm, not a reason to stop serving
    since = clock.iso_seconds(queue.oldest) if queue.oldest else None
    return JsonResponse({"status": "ok", "timestamps": {"waiting": queue.count, "oldest": since}})


class _Node(Collector):
    """Numbers of the node at the time of asking: nothing personal, no school by name."""

    def collect(self) -> list[GaugeMetricFamily]:
        sheets = GaugeMetricFamily("hocbaso_sheets", "Year sheets by state", labels=["state"])
        for state, n in YearSheet.objects.values_list("state").annotate(n=Count("pk")).order_by("state"):
            sheets.add_metric([state], n)
        last = Event.objects.order_by("-sequence").values_list("sequence", flat=True).first()
        events = GaugeMetricFamily("hocbaso_audit_events", "Events in the audit chain", value=last or 0)
        return [sheets, events, *_time_stamps()]

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # asked at registration, when there may be no database yet


def _time_stamps() -> list[GaugeMetricFamily]:
    """Sealed sheets without time stamp, and the authorities by place in the order of preference."""
    now, queue = clock.now(), waiting()
    waits = GaugeMetricFamily(
        "hocbaso_timestamps_waiting", "Sealed sheets without time stamp", value=queue.count
    )
    seconds = (now - queue.oldest).total_seconds() if queue.oldest else 0
    oldest = GaugeMetricFamily(
        "hocbaso_timestamps_oldest_seconds", "Age of the oldest of them", value=seconds
    )
    usable = GaugeMetricFamily("hocbaso_timestamps_usable", "1: the authority is asked", labels=["place"])
    try:
        health: Mapping[str, Health] = getattr(key_provider().stamper(), "health", dict)()
    except ImproperlyConfigured:  # told where it is needed; the other numbers are wanted all the same
        health = {}
    for place, one in enumerate(health.values(), start=1):
        usable.add_metric([str(place)], float(one.state(now) is not State.OPEN))
    return [waits, oldest, usable]


REGISTRY.register(_Node())


def _may_read_metrics(request: HttpRequest) -> bool:
    token = getattr(settings, "HOCBASO_METRICS_TOKEN", "")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token:
        return secrets.compare_digest(given.encode(), token.encode())
    if "X-Forwarded-For" in request.headers:  # a proxy on this machine speaks for somebody else
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for this machine alone, or with the token of ``HOCBASO_METRICS_TOKEN``."""
    if not _may_read_metrics(request):
        return HttpResponseNotFound()
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
