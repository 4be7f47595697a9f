"""Renditions: drawn from the stored bytes on demand, sealed once, cached by what they were made from.

The cache is no archive: it holds sealed copies (B-T), and makes a new one before the time stamp of the last
ends. What lasts is the issued document with its archive time stamps, and it stands inside each new copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Photo
from hocbaso.apps.signing.ports import KeyProvider, key_provider
from hocbaso.apps.transcripts import documents
from hocbaso.apps.transcripts.models import IssuedSheet, Rendition, SheetSignature, YearSheet
from hocbaso.core.document.codes import parse_code
from hocbaso.core.document.emit import digest as digest_of_text
from hocbaso.core.document.model import SchoolLevel, SignerRole
from hocbaso.core.document.model import YearSheet as Model
from hocbaso.core.document.parse import parse_sheet
from hocbaso.core.document.signers import subject_signatures
from hocbaso.core.errors import DomainError
from hocbaso.engines.rendering import (
    Booklet,
    SealStamp,
    SheetView,
    SignatureStamp,
    head_of,
    render_booklet,
    render_sheet,
)
from hocbaso.engines.trust.longterm.policy import long_term_policy
from hocbaso.engines.trust.pades import seal_pdf
from hocbaso.engines.trust.pades_archive import opened, standing
from hocbaso.engines.trust.qr import verification_url

#: Part of the cache key, by level: a new template makes new renditions, the old ones stay what they were.
TEMPLATE_VERSIONS = {
    SchoolLevel.PRIMARY: "tieu-hoc-1.0",
    SchoolLevel.LOWER_SECONDARY: "trung-hoc-1.0",
    SchoolLevel.UPPER_SECONDARY: "trung-hoc-1.0",
}


def _label(role: SignerRole, sheet: Model) -> str:
    """In which capacity somebody signed, as the stamp says it."""
    if role is SignerRole.HOMEROOM:
        return f"Giáo viên chủ nhiệm lớp {sheet.class_name}"
    return head_of(sheet) if role is SignerRole.PRINCIPAL else "Giáo viên môn học"


def view_of(
    sheet: YearSheet, xml: bytes, signatures: list[SheetSignature], *, issued_at: str | None
) -> SheetView:
    """What the renderer draws of one sheet; everything shown comes from the stored bytes."""
    body = bytes(sheet.body)
    model = parse_sheet(body)
    digest = digest_of_text(body)
    subjects = {wanted.signature_id: wanted.subjects for wanted in subject_signatures(model)}
    stamps = tuple(
        SignatureStamp(
            SignerRole(s.role),
            _label(SignerRole(s.role), model),
            s.signer_name,
            clock.iso_seconds(s.signed_at),
            subjects.get(s.signature_id, ()),
        )
        for s in signatures
        if s.role != SignerRole.SEAL
    )
    seal = SealStamp(model.school.name, issued_at, True) if issued_at else None
    return SheetView(
        sheet=model,
        digest=digest,
        xml=xml,
        stamps=stamps,
        seal=seal,
        verify_url=verification_url(settings.HOCBASO_PUBLIC_URL, model.code, digest),
    )


def preview_pdf(actor: Actor, *, sheet: YearSheet) -> bytes:
    """The sheet as it will look, before issue: watermark, no seal, nothing stored.

    :raises NotAllowed: the policy of the class.
    """
    require(actor, "transcripts.view_class", sheet.school_class)
    signatures = list(sheet.signatures.filter(voided_at__isnull=True).order_by("id"))
    return render_sheet(view_of(sheet, b"", signatures, issued_at=None))


def booklet_of(issued: list[IssuedSheet]) -> bytes:
    """The whole booklet of one pupil at one level, not sealed yet: newest version of each year."""
    newest: dict[str, IssuedSheet] = {}
    for row in sorted(issued, key=lambda r: r.version):
        newest[row.sheet.school_year] = row
    exported = documents.export(newest.values())
    views = [
        view_of(e.sheet, e.xml, list(e.signatures), issued_at=clock.iso_seconds(row.issued_at))
        for e, row in zip(exported, newest.values(), strict=True)
    ]
    last = max(views, key=lambda v: v.sheet.year)
    photo = last.sheet.pupil.photo
    image = Photo.objects.filter(digest=photo.digest).first() if photo else None
    return render_booklet(Booklet(tuple(views), bytes(image.content) if image else None))


def _key(issued: list[IssuedSheet]) -> str:
    version = TEMPLATE_VERSIONS[parse_code(issued[0].code).level]
    parts = [version, settings.HOCBASO_PUBLIC_URL, *sorted(row.digest for row in issued)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def sealed_booklet(actor: Actor, *, issued: IssuedSheet) -> bytes:
    """The pupil's booklet as sealed PDF/A-3 (PAdES B-T), from the cache or made now.

    The seal is the last thing in the file, so that every reader shows the whole document as signed; who keeps
    a file for decades has it extended (``long_term_pdf``).

    Every first rendition is logged (draft circular: each issue of a rendition is traceable).

    :raises NotAllowed: the policy of the class.
    """
    require(actor, "transcripts.view_class", issued.sheet.school_class)
    return _sealed(actor, issued)


def public_booklet(issued: IssuedSheet) -> bytes:
    """The same for a holder who proved himself on the public page (code and date of birth)."""
    return _sealed(Actor.system(), issued)


def _rows(issued: IssuedSheet) -> list[IssuedSheet]:
    """The sheets of the booklet: the pupil's up to this year, of one level."""
    level = parse_code(issued.code).level  # a pupil who came from primary has two booklets
    found = (
        IssuedSheet.objects.filter(
            sheet__pupil=issued.sheet.pupil_id, sheet__school_year__lte=issued.sheet.school_year
        )
        .select_related("sheet", "sheet__school", "sheet__school_class")
        .order_by("sheet__school_year", "version")
    )
    return [row for row in found if parse_code(row.code).level == level]


def _sealed(actor: Actor, issued: IssuedSheet) -> bytes:
    rows = _rows(issued)
    base, ending = _key(rows), list[bytes]()
    for content in _copies(base):
        if not _ends_soon(content):
            return content
        ending.append(content)
    try:
        made = _seal(issued.sheet.school, rows, key_provider())
    except DomainError:  # a closed school, an authority that is away: an old copy is still a copy
        if not ending:
            raise
        return ending[-1]
    if ending and not _gains(made, ending[-1]):
        return ending[-1]
    return _keep(actor, issued, _numbered(base, len(ending)), made)


def copies_of(issued: IssuedSheet) -> Iterator[bytes]:
    """Every copy of this booklet that was handed out so far, as it was sealed; the oldest first."""
    yield from _copies(_key(_rows(issued)))


def _copies(base: str) -> Iterator[bytes]:
    number = 0
    while (found := Rendition.objects.filter(key=_numbered(base, number)).first()) is not None:
        yield bytes(found.content)
        number += 1


def _numbered(base: str, number: int) -> str:
    """The key of the first copy, and of those that followed when its time stamp was about to end."""
    return base if not number else hashlib.sha256(f"{base}\n{number}".encode()).hexdigest()


def _end(content: bytes) -> datetime | None:
    """When the copy's newest time stamp stops to prove anything; ``None``: it has none that can be read."""
    try:
        return standing(opened(content), long_term_policy(clock.today()), clock.now()).ends
    except DomainError:
        return None


def _ends_soon(content: bytes) -> bool:
    ends, days = _end(content), long_term_policy(clock.today()).minimum_gain_days
    return ends is not None and ends - timedelta(days=days) <= clock.now()


def _gains(new: bytes, old: bytes) -> bool:
    later, earlier = _end(new), _end(old)
    days = long_term_policy(clock.today()).minimum_gain_days
    return later is not None and earlier is not None and later >= earlier + timedelta(days=days)


def _seal(school: Organisation, rows: list[IssuedSheet], provider: KeyProvider) -> bytes:
    # a seal that stands at a person's desk is one thing, the key that seals copies by itself another
    own = getattr(provider, "renditions", provider.organisation)
    return seal_pdf(
        booklet_of(rows),
        own(code=school.code, name=school.name),
        provider.stamper(),
        name=school.name,
        reason="Bản thể hiện của Học bạ số",
        location=school.name,
        signing_time=clock.now(),
    )


def _keep(actor: Actor, issued: IssuedSheet, key: str, content: bytes) -> bytes:
    """Store what is handed out, and that it was."""
    try:
        with transaction.atomic():
            Rendition.objects.create(sheet=issued.sheet, key=key, content=content, at=clock.now())
            record(
                actor,
                "transcripts.rendered",
                issued.code,
                organisation=issued.sheet.school.code,
                version=issued.version,
                key=key,
            )
    except IntegrityError:  # another process was faster: its bytes are the rendition
        return bytes(Rendition.objects.get(key=key).content)
    return content
