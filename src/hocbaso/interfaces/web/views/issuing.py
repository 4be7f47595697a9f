"""Issuing: the seal keeper's desk, and what is handed out afterwards."""

from __future__ import annotations

import io
import zipfile

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from hocbaso.apps.audit.chain import record
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.privacy.watermark import note_export
from hocbaso.apps.transcripts import documents, queries
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.apps.transcripts.use_cases.trust_bundle import trust_bundle
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import NotFound, register
from hocbaso.interfaces.web import signing_desk
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of, signing


@sensitive_post_parameters("ma", "pin")
@require_actor
@require_http_methods(["GET", "HEAD", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """``/truong/phat-hanh/``: seal, time stamp and log for what the principal has signed."""
    school = school_of(request)
    policy(request, "signing.seal", school)
    return signing.at_desk(
        signing_desk.load(request, actor_of(request), SignerRole.SEAL, school, working_year(school), None)
    )


def _issued(request: HttpRequest) -> list[IssuedSheet]:
    school = school_of(request)
    policy(request, "transcripts.view_school", school)
    rows = queries.issued_sheets(school, working_year(school))
    if not rows:
        raise NotFound("nothing_issued")
    return rows


@require_actor
@require_safe
def bundle(request: HttpRequest) -> HttpResponse:
    """The trust bundle of the year's issued sheets: verifies them without network."""
    return _file(trust_bundle(_issued(request)).to_json().encode(), "application/json", "trust-bundle.json")


@require_actor
@require_safe
def package(request: HttpRequest) -> HttpResponse:
    """All issued XML of the year with the trust bundle, as ZIP; files are named by code, never by person."""
    rows = _issued(request)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for row, exported in zip(rows, documents.export(rows), strict=True):
            archive.writestr(f"{row.code}.v{row.version}.xml", exported.xml)
        archive.writestr("trust-bundle.json", trust_bundle(rows).to_json())
    school = school_of(request)
    with transaction.atomic():  # who took the whole year's documents away is on record
        record(
            actor_of(request),
            "transcripts.exported",
            f"year:{working_year(school)}",
            organisation=school.code,
            count=len(rows),
            pdf=False,
        )
        note_export(
            actor_of(request),
            "Học bạ của năm học, tệp ZIP",
            what="transcripts",
            content=content.getvalue(),
            persons=len(rows),
        )
    return _file(content.getvalue(), "application/zip", f"hoc-ba-{school.code}-{working_year(school)}.zip")


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    header = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": header or "attachment"})


register(
    {
        "nothing_issued": (
            "Năm học này trường chưa phát hành học bạ nào.",
            "Nothing has been issued this year.",
        )
    }
)
