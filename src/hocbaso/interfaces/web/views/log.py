"""The public log as static files (C2SP tlog-tiles) and the published schemas. No session, no cookie."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hocbaso.apps.ledger import queries
from hocbaso.core.document.schema import schema_files
from hocbaso.core.errors import NotFound
from hocbaso.engines.trust.verification.published import verification_files

_TEXT = "text/plain; charset=utf-8"
_FOR_EVER = "public, max-age=31536000, immutable"


def _answer(content: bytes, kind: str, cache: str) -> HttpResponse:
    headers = {"Cache-Control": cache, "Access-Control-Allow-Origin": "*"}  # monitors may be web pages
    return HttpResponse(content, content_type=kind, headers=headers)


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """``/log/key``: the verifier key of every log of the node, one a line (C2SP signed-note)."""
    lines = [queries.verifier_key(name) for name in queries.log_names()]
    return _answer("".join(f"{line}\n" for line in lines).encode(), _TEXT, "public, max-age=300")


@require_safe
def key(request: HttpRequest, year: str) -> HttpResponse:
    """The verifier key of one log."""
    return _answer(f"{queries.verifier_key(year)}\n".encode(), _TEXT, "public, max-age=300")


@require_safe
def checkpoint(request: HttpRequest, year: str) -> HttpResponse:
    """The newest signed checkpoint."""
    return _answer(queries.latest_checkpoint(year).encode(), _TEXT, "no-cache")


@require_safe
def tile(request: HttpRequest, year: str, rest: str) -> HttpResponse:
    """A tile of hashes or a bundle of entries; its bytes never change."""
    return _answer(queries.published_file(year, f"tile/{rest}"), "application/octet-stream", _FOR_EVER)


@require_safe
def schema(request: HttpRequest, name: str) -> HttpResponse:
    """``/schemas/hocbaso-1.0.xsd``, the schema it imports, and what documents and verdicts name: policies of
    signing and validation, the schema of validation reports."""
    files = schema_files() | verification_files()
    if name not in files:
        raise NotFound("not_found", what=_("lược đồ %(name)s") % {"name": name[:60]})
    kinds = {"xsd": "application/xml", "json": "application/json", "txt": _TEXT}
    return _answer(files[name], kinds[name.rpartition(".")[2]], "public, max-age=86400")
