"""Verification without a network: the page, service worker, bundle, status lists, codes for holders."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.accounts.door import require
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.privacy.watermark import note_export
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.offline.bundle import offline_bundle
from hocbaso.apps.transcripts.offline.use_cases.make_code import Variant, make_code, make_code_for_holder
from hocbaso.apps.transcripts.offline.use_cases.publish_list import current_list
from hocbaso.core.errors import NotAllowed, NotFound
from hocbaso.engines.trust.offline_code import BEGINNINGS
from hocbaso.engines.trust.offline_results import CONCLUSIONS, SUBJECTS
from hocbaso.engines.trust.qr import qr_png, qr_svg
from hocbaso.engines.trust.status_list import TTL_SECONDS
from hocbaso.interfaces.web.views import actor_of, require_actor, verification
from hocbaso.interfaces.web.views import transcripts as sheets

PAGE = "/xac-thuc/ngoai-tuyen"
_SCRIPTS = ("offline_certificates.js", "offline_code.js", "offline_page.js")
_STATIC = ("style.css", "verification.css", "icon.svg", *_SCRIPTS)
_CACHED = f"public, max-age={TTL_SECONDS}"
#: The bundle of a node costs seconds where it has thousands of schools: made once a quarter of an hour.
_made: dict[str, tuple[float, bytes]] = {}
_lock = threading.Lock()


def clear() -> None:
    """Forget the kept bundle (tests)."""
    _made.clear()


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """``/xac-thuc/ngoai-tuyen``: works on when the network is gone; nothing of it depends on the visitor."""
    tables = {
        "subjects": [name for _, name in SUBJECTS],
        "conclusions": list(CONCLUSIONS),
        "beginnings": list(BEGINNINGS),
    }
    context = {
        "tables": tables,
        "bundle": f"{PAGE}/goi-tin-cay.json",
        "worker": f"{PAGE}/tho.js",
        "scope": PAGE,
    }
    response = render(request, "web/offline/page.html", context)
    response.headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: the static script behind the list of what it keeps."""
    files = [PAGE, f"{PAGE}/goi-tin-cay.json", *(static(f"web/{name}") for name in _STATIC)]
    digest = hashlib.sha256(json.dumps(files).encode())  # addresses change with the whole set of files
    for name in (*_STATIC, "offline_worker.js"):
        digest.update(_static(name))
    head = f"const FILES = {json.dumps(files)};\nconst VERSION = {json.dumps(digest.hexdigest()[:16])};\n"
    headers = {"Service-Worker-Allowed": PAGE, "Cache-Control": "no-cache"}
    content = head.encode() + _static("offline_worker.js")
    return HttpResponse(content, content_type="text/javascript; charset=utf-8", headers=headers)


def _static(name: str) -> bytes:
    path = finders.find(f"web/{name}")
    if not isinstance(path, str):
        raise NotFound("not_found", what=name)
    with open(path, "rb") as file:
        return file.read()


@require_safe
def bundle(request: HttpRequest) -> HttpResponse:
    """The small trust bundle of the node; at most a quarter of an hour old."""
    key = str(settings.HOCBASO_HOME)
    with _lock:  # nobody makes it twice at the same time
        at, content = _made.get(key, (0.0, b""))
        if not content or time.monotonic() - at > TTL_SECONDS:
            content = offline_bundle().to_json().encode()
            _made[key] = (time.monotonic(), content)
    headers = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    return HttpResponse(content, content_type="application/json", headers=headers)


@require_safe
def status_list(request: HttpRequest, name: str) -> HttpResponse:
    """``/status/<list>``: the signed Bitstring status list. No session, no cookie."""
    headers = {"Cache-Control": _CACHED, "Access-Control-Allow-Origin": "*"}
    return HttpResponse(current_list(name).token, content_type="application/vc+jwt", headers=headers)


@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def school_code(request: HttpRequest, code: str) -> HttpResponse:
    """``/truong/hoc-ba/<code>/ma-qr``: a code for the family, in the variant that they choose."""
    found = sheets.sheet_of(request, code)
    issued = sheets.issued_of(found)
    if issued is None:
        raise NotFound("sheet_not_issued")
    actor = actor_of(request)
    require(actor, "offline.make_code", found.school_class)
    back = reverse("web:transcript", args=[found.code])
    if request.method != "POST":
        viewed(actor, [found.pupil], ViewKind.FILE, "transcript")
        return _code_page(request, issued, back)
    variant = _variant(request)
    text = make_code(actor, issued=issued, variant=variant)
    note_export(actor, "Học bạ, mã QR có chữ ký", what="transcript", content=text.encode(), persons=1)
    return _code_page(request, issued, back, text, variant)


@require_http_methods(["GET", "HEAD", "POST"])
@verification.limited(verification.uploads)
def holder_code(request: HttpRequest) -> HttpResponse:
    """``/xac-thuc/ma-qr``: the same for a holder who has given the date of birth."""
    issued = verification.issued_of(request)
    if verification.opened_until(request, issued) is None:
        raise NotAllowed("not_opened")
    back = f"{reverse('web:verify')}?{verification.slip_query(issued)}"
    if request.method != "POST":
        return _code_page(request, issued, back)
    variant = _variant(request)
    return _code_page(request, issued, back, make_code_for_holder(issued=issued, variant=variant), variant)


def _variant(request: HttpRequest) -> Variant:
    """What the holder chose; without a choice the one that says less."""
    chosen = request.POST.get("loai", "")
    return Variant(chosen) if chosen in tuple(Variant) else Variant.IDENTITY


def _code_page(
    request: HttpRequest,
    issued: IssuedSheet,
    back: str,
    text: str = "",
    variant: Variant = Variant.IDENTITY,
) -> HttpResponse:
    context: dict[str, Any] = {
        "issued": issued,
        "sheet": issued.sheet,
        "back": back,
        "results": variant is Variant.RESULTS,
        "h": issued.digest[:16],
    }
    if text:
        picture = base64.b64encode(qr_png(text, scale=6)).decode("ascii")
        context |= {"text": text, "svg": qr_svg(text), "png": f"data:image/png;base64,{picture}"}
    response = render(request, "web/offline/code.html", context)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
