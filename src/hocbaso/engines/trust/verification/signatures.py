"""The mathematics of the signatures: what was signed, by which key, in which order, over which bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.x509.oid import NameOID

from hocbaso.core.document.names import SHEET_ID
from hocbaso.core.errors import DomainError
from hocbaso.core.shown import shown
from hocbaso.engines.trust.paths import X509_FAILURES
from hocbaso.engines.trust.verification.plan import (
    Place,
    SheetSlices,
    Target,
    expected_targets,
    order_fault,
    place_of,
)
from hocbaso.engines.trust.verification.policy import LEAST_REQUIRED
from hocbaso.engines.trust.verification.sentences import ROLE_NAMES, role_name
from hocbaso.engines.trust.verification.verdict import Check, Result
from hocbaso.engines.trust.xades import SignatureParts, read_signature, signature_value_reference
from hocbaso.engines.trust.xades.profile import HEAD

#: Characters of a name in a certificate; RFC 5280 allows 64.
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a signature does not count: EN 319 102-1 sub-indication and a Vietnamese sentence."""

    sub_indication: str
    sentence: str
    altered: bool = False  # the signed content is not the content that stands in the file
    misplaced: bool = False  # it refers to other things than its place asks for


@dataclass(frozen=True, slots=True)
class Finding:
    """One signature, read; ``parts`` is ``None`` when its text is not of the profile at all."""

    place: Place | None
    parts: SignatureParts | None
    fault: Fault | None
    refers_to_content: bool = False  # it refers to the content, and its digests fit

    @property
    def role(self) -> str:
        """The role of its place, else the claimed one, else ``la`` (unknown)."""
        if self.place is not None:
            return self.place.role
        claimed = self.parts.role if self.parts is not None else "la"
        return claimed if claimed in ROLE_NAMES else "la"

    @property
    def subjects(self) -> tuple[str, ...]:
        """Codes of the subjects that a subject teacher's signature refers to."""
        if self.role != "gvbm" or self.parts is None:
            return ()
        return tuple(reference.target.removeprefix("mon-") for reference in self.parts.references)

    @property
    def certificate(self) -> bytes:
        """DER of the signer's certificate; empty when it could not be read."""
        return self.parts.ders[0] if self.parts is not None else b""

    @property
    def serial(self) -> str:
        """The certificate's serial number in lower-case hex."""
        return f"{self.parts.certificate.serial_number:x}" if self.parts is not None else ""

    @property
    def subject_name(self) -> str:
        """The common name in the certificate."""
        if self.parts is None:
            return "không đọc được"
        try:
            names = self.parts.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        except X509_FAILURES:
            return "không đọc được"
        return shown(str(names[0].value), _LONGEST_NAME) if names else "không ghi tên"


def read_signatures(texts: Sequence[bytes], slices: SheetSlices) -> tuple[Finding, ...]:
    """Judge every signature of a document over the bytes of its sheet; never raises on hostile input."""
    findings: list[Finding] = []
    before: list[tuple[Place, Target]] = []
    for text in texts:
        finding = _read_one(text, slices, before)
        findings.append(finding)
        if finding.place is not None and finding.parts is not None:
            reference = signature_value_reference(text)
            before.append((finding.place, (reference.target, reference.digest)))
    return tuple(findings)


#: Why a signature cannot be read, where it is not its form.
_UNREAD = {
    "key_kind_not_allowed": "CRYPTO_CONSTRAINTS_FAILURE",
    "xades_policy_period": "SIG_CONSTRAINTS_FAILURE",
}


def _read_one(text: bytes, slices: SheetSlices, before: Sequence[tuple[Place, Target]]) -> Finding:
    head = HEAD.match(text)
    place = place_of(head[1].decode()) if head is not None else None
    try:
        parts = read_signature(text)
    except DomainError as error:
        return Finding(place, None, Fault(_UNREAD.get(error.code, "FORMAT_FAILURE"), error.message))
    except X509_FAILURES:
        return Finding(place, None, Fault("FORMAT_FAILURE", "Không đọc được chứng thư số trong chữ ký."))
    if place is None:
        sentence = f"Chữ ký “{parts.signature_id}” không thuộc vai trò nào của học bạ."
        return Finding(None, parts, Fault("SIG_CONSTRAINTS_FAILURE", sentence))
    fault = _role_fault(parts, place) or _reference_fault(parts, place, slices, before)
    refers = fault is None
    if fault is None and not parts.value_is_valid():
        sentence = "Giá trị chữ ký không khớp khóa của chứng thư số."
        fault = Fault("SIG_CRYPTO_FAILURE", sentence)
    return Finding(place, parts, fault, refers)


def _role_fault(parts: SignatureParts, place: Place) -> Fault | None:
    if parts.role == place.role:
        return None
    claimed, stands = role_name(parts.role), role_name(place.role)
    sentence = f"Chữ ký ghi vai trò {claimed} nhưng đứng ở chỗ của {stands}."
    return Fault("SIG_CONSTRAINTS_FAILURE", sentence)


def _reference_fault(
    parts: SignatureParts, place: Place, slices: SheetSlices, before: Sequence[tuple[Place, Target]]
) -> Fault | None:
    claimed = [reference.target for reference in parts.references]
    expected = expected_targets(place, slices, claimed, before)
    if expected is None or [name for name, _ in expected] != claimed:
        sentence = "Chữ ký không ký đúng các phần mà vai trò này phải ký."
        return Fault("SIG_CONSTRAINTS_FAILURE", sentence, misplaced=True)
    for reference, (name, digest) in zip(parts.references, expected, strict=True):
        if reference.digest == digest:
            continue
        if name == SHEET_ID or name in slices.subjects:
            sentence = "Nội dung đã ký khác nội dung trong tệp."
            return Fault("HASH_FAILURE", sentence, altered=True)
        return Fault("HASH_FAILURE", "Chữ ký không gắn với chữ ký của bước trước trong tệp này.")
    return None


def check_intact(findings: Sequence[Finding]) -> Check:
    """Whether the content is, byte for byte, what the signatures speak of."""
    if any(finding.fault is not None and finding.fault.altered for finding in findings):
        return Check(
            Result.FAILED,
            "Nội dung trong tệp không phải nội dung đã được ký.",
            "HASH_FAILURE",
            headline="Học bạ không hợp lệ: nội dung đã bị sửa sau khi ký. Đừng dùng tệp này.",
        )
    if not any(finding.refers_to_content and finding.role != "gvbm" for finding in findings):
        return Check(Result.UNKNOWN, "Không có chữ ký nào trên toàn tờ để đối chiếu nội dung.")
    return Check(Result.OK, "Nội dung đúng từng chữ với bản đã ký.")


def check_signatures(
    findings: Sequence[Finding], subjects: Sequence[str] = (), required: Sequence[str] = LEAST_REQUIRED
) -> Check:
    """Number, places, order and mathematics of the signatures (the time stamp is judged apart).

    :param subjects: Ids of the sheet's ``MonHoc``, in order.
    :param required: roles that the policy asks for.
    """
    bad = next((finding for finding in findings if finding.fault is not None), None)
    order, missing = order_fault([finding.place for finding in findings], subjects, required)
    misplaced = bad is not None and bad.fault is not None and bad.fault.misplaced
    if bad is not None and bad.fault is not None and not (misplaced and order is not None):
        sentence = f"Chữ ký của {role_name(bad.role)} không đúng: {bad.fault.sentence}"
        return Check(Result.FAILED, sentence, bad.fault.sub_indication, "Học bạ không hợp lệ. " + sentence)
    if order is not None:
        return Check(Result.FAILED, order, "SIG_CONSTRAINTS_FAILURE", "Học bạ không hợp lệ. " + order)
    if missing:
        names = ", ".join(role_name(role) for role in missing)
        sentence = f"Tờ học bạ chưa được phát hành: còn thiếu {names}."
        return Check(Result.FAILED, sentence, "SIG_CONSTRAINTS_FAILURE", sentence)
    return Check(Result.OK, f"Đủ {len(findings)} chữ ký, đúng thứ tự, khớp nội dung.")
