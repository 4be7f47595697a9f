"""The sealed rendition: the signed XML inside it, and whether the PDF around it is still the sealed one.

One parser (pyHanko's, strict, with limits on what streams may unpack to) reads both the seal and the
attachment, so that no second reader can see another attachment than the one that was sealed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.errors import SignatureValidationError

from hocbaso.core.document.model import YearSheet
from hocbaso.core.document.parse import MAX_DOCUMENT
from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.bundle import AuthorityEntry, TrustBundle, certificate_digest
from hocbaso.engines.trust.pades_check import (
    PdfSealResult,
    check_pdf_seal,
    embedded_certificates,
    sealed_file,
    token_certificates,
)
from hocbaso.engines.trust.pades_objects import open_pdf
from hocbaso.engines.trust.paths import X509_FAILURES, PathChecker, PathState
from hocbaso.engines.trust.verification.conclude import settle, weigh
from hocbaso.engines.trust.verification.document import Verifier
from hocbaso.engines.trust.verification.pdf_active import active_content
from hocbaso.engines.trust.verification.pdf_archive import Archive, judge_archive, stamp_path
from hocbaso.engines.trust.verification.pdf_changes import FOREIGN_ARCHIVE, named_change, sentence_of
from hocbaso.engines.trust.verification.sentences import ENVIRONMENT_WARNING, path_sentence
from hocbaso.engines.trust.verification.verdict import (
    Check,
    Conclusion,
    RenditionAnswer,
    Result,
    Verdict,
)

ATTACHMENT = "hocba.xml"
#: A whole booklet also carries the sheets of earlier years.
_EARLIER = re.compile(r"hocba-[0-9]{4}-[0-9]{4}\.xml", re.ASCII)
MAX_PDF = 16 * 1024 * 1024
_MAX_ATTACHMENTS = 16
_WORST_FIRST = (Conclusion.INVALID, Conclusion.INDETERMINATE, Conclusion.VALID)
_PARSER_FAILURES = (
    *X509_FAILURES,
    PdfError,
    SignatureValidationError,
    IndexError,
    AssertionError,
    zlib.error,
)


def attached_documents(pdf: bytes) -> tuple[dict[str, bytes], bool]:
    """The signed XML of a rendition by attachment name, ``hocba.xml`` first, and whether they are alone.

    :raises Unreadable: ``verify_too_large``, ``verify_pdf_unreadable``, ``verify_pdf_without_xml``.
    """
    if len(pdf) > MAX_PDF:
        raise Unreadable("verify_too_large", what="tệp PDF", limit=f"{MAX_PDF // 2**20} MB")
    try:
        reader = open_pdf(pdf)
        if reader.encrypted:
            raise Unreadable("verify_pdf_unreadable", detail="encrypted")
        found = list(_attachments(reader))
        ours = [(name, stream) for name, stream in found if name == ATTACHMENT or _EARLIER.fullmatch(name)]
        ours.sort(key=lambda item: (item[0] != ATTACHMENT, item[0]))
        if not ours or ours[0][0] != ATTACHMENT:
            raise Unreadable("verify_pdf_without_xml")
        documents = [(name, bytes(stream.data)) for name, stream in ours]
    except _PARSER_FAILURES as error:
        raise Unreadable("verify_pdf_unreadable", detail=type(error).__name__) from error
    if any(len(data) > MAX_DOCUMENT for _, data in documents):
        raise Unreadable("verify_too_large", what="hocba.xml", limit=f"{MAX_DOCUMENT // 2**20} MB")
    return dict(documents), len(found) == len(dict(documents))


def _attachments(reader: PdfFileReader) -> Iterator[tuple[str, Any]]:
    """Every embedded file: of the name tree, and of annotations on the pages."""
    for count, (name, spec) in enumerate((*_name_tree(reader), *_annotated(reader)), start=1):
        if count > _MAX_ATTACHMENTS:
            raise Unreadable("verify_too_large", what="số tệp đính kèm", limit=_MAX_ATTACHMENTS)
        files = spec["/EF"]
        stream = files["/F"]
        if not isinstance(stream, generic.StreamObject):
            raise ValueError("attachment is no stream")
        # What a viewer shows as the name counts, and all names must agree.
        names = {str(name), *(str(spec[key]) for key in ("/F", "/UF") if key in spec)}
        yield (names.pop() if len(names) == 1 else "?"), stream


def _name_tree(reader: PdfFileReader) -> Iterator[tuple[str, Any]]:
    try:
        node = reader.root["/Names"]["/EmbeddedFiles"]
    except KeyError:
        return
    waiting, seen = [node], 0
    while waiting:
        node = waiting.pop()
        seen += 1
        if seen > 64:
            raise ValueError("name tree too large")
        waiting += [kid.get_object() for kid in node.get("/Kids", ())]
        names = node.get("/Names", ())
        for position in range(0, len(names), 2):
            yield str(names[position]), names[position + 1]


def _annotated(reader: PdfFileReader) -> Iterator[tuple[str, Any]]:
    pages = int(reader.root["/Pages"]["/Count"])
    if not 0 < pages <= 200:
        raise ValueError("number of pages")
    for number in range(pages):
        page = reader.find_page_for_modification(number)[0].get_object()  # type: ignore[no-untyped-call]
        for annotation in page.get("/Annots", ()):
            node = annotation.get_object()
            if node.get("/Subtype") == "/FileAttachment":
                yield str(node["/FS"].get("/F", "?")), node["/FS"]


@dataclass(frozen=True, slots=True)
class _Outside:
    """What was found of the PDF around the signed XML."""

    result: PdfSealResult
    bundle: TrustBundle
    checker: PathChecker
    archive: Archive | None
    active: str | None = None  # what runs, hides or asks in the sealed revision


def verify_pdf(pdf: bytes, verifier: Verifier, *, now: datetime, file: str = "") -> Verdict:
    """Judge a rendition: seal and time stamps around it, and the XML inside (of a booklet every year's).

    What the time stamps of the PDF prove to have existed then, the XML inside, is judged as of then.

    :raises Unreadable: as :func:`attached_documents` and :meth:`Verifier.verify`.
    """
    documents, alone = _documents(pdf)
    outside = _outside(pdf, verifier, now)
    proved = outside.archive or Archive(Check(Result.UNKNOWN, ""), "B-T")
    verdicts = [
        verifier.verify(data, now=now, file=file, existed=proved.existed, beside=proved.evidence)
        for data in documents.values()
    ]
    inner = _together(verdicts)
    pupils = {verdict.sheet.pupil.code for verdict in verdicts if verdict.sheet is not None}
    rendition = _judged(pdf, outside, verifier, inner.sheet, alone and len(pupils) <= 1)
    checks = rendition.checks
    outer = weigh(checks)
    # Where both are open because the time stamps have ended, that is what a reader must be told.
    ended = rendition.archive is not None and rendition.archive.result is Result.UNKNOWN
    worse = _WORST_FIRST.index(inner.conclusion) - _WORST_FIRST.index(outer)
    if worse < 0 or (worse == 0 and not (ended and outer is Conclusion.INDETERMINATE)):
        return replace(inner, rendition=rendition)
    wanted = Result.FAILED if outer is Conclusion.INVALID else Result.UNKNOWN
    decisive = next(check for check in checks if check.result is wanted)
    if outer is Conclusion.INVALID:
        reason = f"Bản PDF này không dùng được. {decisive.sentence}"
    else:
        reason = f"Chưa kết luận được về bản PDF. {decisive.sentence}"
    if inner.environment == "thu_nghiem":
        reason = f"{ENVIRONMENT_WARNING}. {reason}"
    sub = decisive.sub_indication
    return replace(inner, conclusion=outer, reason=reason, sub_indication=sub, rendition=rendition)


def _documents(pdf: bytes) -> tuple[dict[str, bytes], bool]:
    """The attachments; where something appended makes the file unreadable, those of the sealed revision."""
    try:
        return attached_documents(pdf)
    except Unreadable:
        file = sealed_file(pdf) if len(pdf) <= MAX_PDF else None
        if file is None or file.complete:
            raise
        return attached_documents(pdf[: file.sealed_end])


def _together(verdicts: list[Verdict]) -> Verdict:
    """The newest sheet's verdict; when an earlier year's is worse, its conclusion and its reason."""
    newest = replace(verdicts[0], earlier=tuple(verdicts[1:]))
    worst = min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.conclusion))
    if worst.conclusion is newest.conclusion:
        return newest
    year = worst.sheet.year if worst.sheet is not None else "trước"
    return replace(
        newest,
        conclusion=worst.conclusion,
        reason=f"Tờ năm học {year} trong tệp: {worst.reason}",
        sub_indication=worst.sub_indication,
    )


def _outside(pdf: bytes, verifier: Verifier, now: datetime) -> _Outside:
    try:
        bundle, checker = verifier.bundle, verifier.checker
        if bundle is None or checker is None or not bundle.anchors:
            # Nothing can be believed; the mathematics of the seal are still answered. The certificates that
            # it carries stand in as intermediates, so that they are not taken for planted ones.
            authority = bundle.authority if bundle is not None else ()
            carried = _carried_certificates(pdf)
            bundle = TrustBundle(created=now, as_of=now, intermediates=carried, authority=authority)
            checker = PathChecker(bundle)
        result = check_pdf_seal(pdf, bundle, checker, now)
        sound = result.intact and result.whole and result.stamp is not None
        archive = judge_archive(result, bundle, checker, verifier.policy, now) if sound else None
        active = active_content(pdf[: result.file.sealed_end]) if sound and result.file else None
        return _Outside(result, bundle, checker, archive, active)
    except _PARSER_FAILURES as error:
        raise Unreadable("verify_pdf_unreadable", detail=type(error).__name__) from error


def _judged(
    pdf: bytes, outside: _Outside, verifier: Verifier, sheet: YearSheet | None, alone: bool
) -> RenditionAnswer:
    """The answers, each settled as the policy says."""
    answer = _answers(pdf, outside, sheet, alone)
    policy = verifier.policy
    return replace(
        answer,
        seal=settle(answer.seal, policy),
        whole=settle(answer.whole, policy),
        attachment=settle(answer.attachment, policy),
        archive=None if answer.archive is None else settle(answer.archive, policy),
    )


def _answers(pdf: bytes, outside: _Outside, sheet: YearSheet | None, alone: bool) -> RenditionAnswer:
    result, archive = outside.result, outside.archive
    attachment = Check(Result.OK, "Ngoài dữ liệu học bạ không có tệp đính kèm nào khác.")
    if not alone:
        attachment = Check(
            Result.FAILED, "Tệp PDF có tệp đính kèm lạ, hoặc kèm học bạ của học sinh khác.", "FORMAT_FAILURE"
        )
    if not result.found:
        sentence = "Bản PDF không có con dấu số của trường, nên chưa chắc hình thức in ra đúng với dữ liệu."
        unknown = Check(Result.UNKNOWN, sentence, "NO_SIGNING_CERTIFICATE_FOUND")
        return RenditionAnswer(unknown, Check(Result.UNKNOWN, "Không có con dấu để đối chiếu."), attachment)
    if not (result.intact and result.whole):
        whole = _altered(pdf, result)
        seal = Check(Result.UNKNOWN, "Không xét: bản PDF đã bị sửa.")
        if whole.result is Result.UNKNOWN:
            seal = whole
        return RenditionAnswer(seal, whole, attachment)
    level = result.file.level if result.file is not None else "B-T"
    whole = Check(Result.OK, "Bản PDF không bị sửa sau khi đóng dấu.")
    if level != "B-T":
        sentence = "Bản PDF không bị sửa sau khi đóng dấu; phần thêm vào chỉ là dữ liệu lưu trữ dài hạn."
        whole = Check(Result.OK, sentence)
    if outside.active is not None:
        sentence = f"Bản PDF có {outside.active}; bản thể hiện học bạ không bao giờ có, dù ai đóng dấu."
        whole = Check(Result.FAILED, sentence, "FORMAT_FAILURE")
    if archive is None:
        return RenditionAnswer(_seal_check(result, outside.bundle, sheet), whole, attachment, level=level)
    first = archive.stamps[0] if archive.stamps else None
    result = replace(result, stamp_path=stamp_path(result, outside.checker, first))
    seal = _seal_check(result, outside.bundle, sheet)
    return RenditionAnswer(seal, whole, attachment, archive.check, level, archive.stamps)


def _altered(pdf: bytes, result: PdfSealResult) -> Check:
    """What is wrong with a file that is not the sealed one any more."""
    if not result.intact or result.file is None:
        sentence = result.reason or "Bản PDF đã bị sửa sau khi đóng dấu."
        return Check(Result.FAILED, sentence, "HASH_FAILURE")
    word = named_change(pdf[: result.file.end], pdf)
    if word == FOREIGN_ARCHIVE:  # nothing that is shown differs, yet nobody here answers for those octets
        return Check(Result.UNKNOWN, sentence_of(word), "CUSTOM")
    return Check(Result.FAILED, sentence_of(word), "FORMAT_FAILURE")


def _carried_certificates(pdf: bytes) -> tuple[bytes, ...]:
    """DER of every certificate in the seal, in its time stamps and in the store."""
    file = sealed_file(pdf)
    if file is None:
        return embedded_certificates(pdf)
    stamps = (embedded for stamp in file.stamps for embedded in token_certificates(stamp.token))
    found = (*embedded_certificates(pdf[: file.sealed_end]), *file.stored.certificates, *stamps)
    return tuple(dict.fromkeys(found))


def _seal_check(result: PdfSealResult, bundle: TrustBundle, sheet: YearSheet | None) -> Check:
    entries = bundle.authority_by_certificate.get(certificate_digest(result.certificate or b""), [])
    paths = (("con dấu trên bản PDF", result.path), ("nơi cấp dấu thời gian của bản PDF", result.stamp_path))
    for who, path in paths:
        if path is not None and not path.ok:
            missing = path.state is PathState.UNKNOWN_ISSUER and (bool(entries) or not bundle.anchors)
            unsettled = missing or path.state in (PathState.REVOCATION_UNKNOWN, PathState.COMPROMISED)
            kind = Result.UNKNOWN if unsettled else Result.FAILED
            return Check(kind, path_sentence(path, who), path.sub_indication)
    if result.strangers:
        sentence = result.reason or "Con dấu số kèm chứng thư lạ, không rõ nơi cấp."
        return Check(Result.UNKNOWN, sentence, "CERTIFICATE_CHAIN_GENERAL_FAILURE")
    if result.reason is not None or result.stamped is None:
        return Check(Result.FAILED, result.reason or "Con dấu trên bản PDF không đúng.", "SIG_CRYPTO_FAILURE")
    if sheet is None:
        return Check(Result.UNKNOWN, "Không xét: không đọc được tờ học bạ bên trong.")
    return _seal_authority(entries, bundle, sheet, result.stamped)


def _seal_authority(
    entries: list[AuthorityEntry], bundle: TrustBundle, sheet: YearSheet, at: datetime
) -> Check:
    for entry in entries:
        in_time = entry.valid_from <= at and (entry.valid_to is None or at <= entry.valid_to)
        if entry.role == "con_dau" and entry.school == sheet.school.code and in_time:
            return Check(Result.OK, f"Bản PDF mang con dấu số của {sheet.school.name}.")
    if sheet.school.code not in bundle.authority_by_school:
        return Check(Result.UNKNOWN, f"Gói tin cậy không có danh bạ thẩm quyền của {sheet.school.name}.")
    sentence = f"Con dấu trên bản PDF không phải con dấu số của {sheet.school.name}."
    return Check(Result.FAILED, sentence, "SIG_CONSTRAINTS_FAILURE")
