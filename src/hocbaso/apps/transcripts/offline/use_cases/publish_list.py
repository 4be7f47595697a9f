"""Publish a status list: signed, entered into the log, made anew when something changed."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from hocbaso.apps.common import clock
from hocbaso.apps.ledger.use_cases.append import NewEntry, append
from hocbaso.apps.transcripts.models import StatusEvent
from hocbaso.apps.transcripts.offline.keys import code_signer
from hocbaso.apps.transcripts.offline.models import PublishedList, StatusPlace
from hocbaso.apps.transcripts.offline.places import LENGTH
from hocbaso.core.errors import NotFound, register
from hocbaso.engines.trust.offline_code import LIST_NAME
from hocbaso.engines.trust.status_list import (
    TTL_SECONDS,
    Status,
    StatusList,
    bitstring,
    list_digest,
    sign_list,
)

register(
    {"status_list_not_found": ("Không có danh sách tình trạng {name}.", "There is no status list {name}.")}
)

#: Nobody waits longer for a change than an answer may be cached.
FRESH = timedelta(seconds=TTL_SECONDS)
#: An unchanged list is signed anew each day, so that offline copies know how old their knowledge is.
_DAY = timedelta(days=1)
#: How long an offline copy may be relied upon.
USABLE = timedelta(days=90)
_STATUS = {"replaced": Status.REPLACED, "revoked": Status.REVOKED}


def list_names() -> list[str]:
    """Every list in which a sheet stands."""
    return sorted(StatusPlace.objects.values_list("list", flat=True).distinct())


def current_list(name: str, *, fresh: bool = False) -> PublishedList:
    """The list as published last; published anew when it is older than 15 minutes and no longer true.

    :param fresh: look for changes although the last one is younger (for a bundle that is just being made).
    :raises NotFound: ``status_list_not_found``. :raises DomainError: ``no_code_key``.
    """
    if not LIST_NAME.fullmatch(name):
        raise NotFound("status_list_not_found", name=name[:12])
    newest = PublishedList.objects.filter(list=name).order_by("-at", "-pk").first()
    now = clock.now()
    if newest is not None and not fresh and now - newest.at < FRESH:
        return newest
    places = StatusPlace.objects.filter(list=name).count()
    if not places:
        raise NotFound("status_list_not_found", name=name[:12])
    bits = bitstring(LENGTH, entries(name))
    digest = hashlib.sha256(bits).hexdigest()
    known = newest is not None and (newest.bits_digest, newest.places) == (digest, places)
    if newest is not None and known and now - newest.at < _DAY:
        return newest
    return _publish(name, bits, places)


def entries(name: str) -> dict[int, Status]:
    """Index → status of what is no longer current in a list. One query for every 500 such codes."""
    rows = StatusEvent.objects.order_by("id").values_list("code", "version", "status")
    events = {(code, version): status for code, version, status in rows.iterator()}
    codes = sorted({code for code, _ in events})
    found: dict[int, Status] = {}
    for at in range(0, len(codes), 500):
        places = StatusPlace.objects.filter(list=name, code__in=codes[at : at + 500])
        for code, version, index in places.values_list("code", "version", "index"):
            if (code, version) in events:
                # A state that nobody knows, put there behind our back, is never good.
                found[index] = _STATUS.get(events[code, version], Status.RESERVED)
    return found


def _publish(name: str, bits: bytes, places: int) -> PublishedList:
    now = clock.now().replace(microsecond=0)
    content = StatusList(name, settings.HOCBASO_PUBLIC_URL.rstrip("/"), now, now + USABLE, bits)
    token = sign_list(content, code_signer())  # a token takes its time: nobody waits for it
    return _store(name, token, bits, places, now)


@transaction.atomic
def _store(name: str, token: str, bits: bytes, places: int, now: datetime) -> PublishedList:
    digest = list_digest(token)
    start = int(name.partition("-")[0])
    log = f"{start}-{start + 1}"  # the log of the sheets that it speaks of
    entry = NewEntry("status_list", digest, "", code="", version=0, at=now)
    (index,) = append(log, [entry])
    return PublishedList.objects.create(
        list=name,
        token=token,
        digest=digest,
        bits_digest=hashlib.sha256(bits).hexdigest(),
        places=places,
        log=log,
        log_index=index,
        at=now,
    )
