"""Verifying again, at the speed of the keys: hashes over raw slices, and every byte outside them pinned.

What is right about a document's form is decided once, by the full path (:meth:`Reverifier.prove`). Afterwards
a document over the same content is taken apart by position: each signature must be, byte for byte, what the
profile writes for its signer, its time and the digests computed *now*; then its value is verified *now*. So
nothing that is remembered is believed about the document at hand except that its content (by SHA-256) has
the right form. Where anything differs the quick path says nothing and the full path decides.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from hocbaso.core.document.names import (
    HEAD,
    SHEET_ID,
    SHEET_OPEN_CANONICAL,
    SIGNATURE_IDS,
    SIGNATURES_CLOSE,
    SIGNATURES_OPEN,
    TAIL,
)
from hocbaso.core.document.parse import SHEET_CLOSE, SHEET_OPEN, parse_sheet, split_document
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust.verification.constraints import check_signature_policy, check_size, key_names
from hocbaso.engines.trust.verification.plan import repeated_id, slice_sheet
from hocbaso.engines.trust.verification.policy import ValidationPolicy, policy_in_force
from hocbaso.engines.trust.verification.signatures import (
    Finding,
    check_intact,
    check_signatures,
    read_signatures,
)
from hocbaso.engines.trust.verification.times import stray_properties
from hocbaso.engines.trust.verification.verdict import Result
from hocbaso.engines.trust.xades import SIGNATURE_POLICIES, SignatureParts, Unsigned, profile
from hocbaso.engines.trust.xades.signing import xml_time

_START = HEAD + SHEET_OPEN
_BETWEEN = SHEET_CLOSE + SIGNATURES_OPEN
_END = SIGNATURES_CLOSE + TAIL
_TIME_TAG = b"<xades:SigningTime>"
_TIME_OCTETS = len("2026-05-26T08:00:00Z")
#: Of a signature's text: as far as its Id, which is the longer the later it differs.
_OPENING = len(profile.signature_head("ck-bm-toan"))
_OF_SUBJECTS = SIGNATURE_IDS["gvbm"]
_Place = tuple[str, tuple[str, ...]]  # Id of the signature, what it refers to
_Shape = tuple[tuple[_Place, ...], tuple[str, ...]]  # places in order, subjects of the sheet
_KEPT = 1_000_000  # contents; some 100 MB
_SIGNERS = 20_000
_ENDINGS = 32


class _Layout:
    """Where the variable parts of one signer's signatures in one place stand, and what stands between."""

    __slots__ = ("_form", "_last", "_time", "_value_end", "_value_name", "of_subjects", "place")

    def __init__(self, text: bytes, parts: SignatureParts) -> None:
        self._form = form = parts.prepared.form
        self.place = (form.signature_id, form.targets)
        self.of_subjects = form.signature_id.startswith(_OF_SUBJECTS)
        self._last = form.signature_id == SIGNATURE_IDS["con_dau"]  # nothing refers to its value
        self._value_name = form.signature_id + "-sv"
        self._value_end = text.index(profile.VALUE_CLOSE)
        self._time = text.index(_TIME_TAG) + len(_TIME_TAG)

    def is_at(self, document: bytes, position: int) -> bool:
        """Whether this signer's certificates stand where they must, in a signature that begins there."""
        return document.startswith(self._form.tail, position + self._value_end)

    def verified(self, document: bytes, position: int, digests: dict[str, bytes]) -> int:
        """Verify the signature that begins at ``position``, where :meth:`is_at` is true.

        Its parts follow one another without a gap: opening with ``SignedInfo``, value, tail, properties, end.

        :param digests: Id → base64 SHA-256 of whatever a signature may refer to, computed from the document;
            that of its value is added, unless it is the last.
        :returns: where it ends; 0: the full path must say.
        """
        form, value_end, time = self._form, position + self._value_end, position + self._time
        rest = value_end + len(form.tail)
        try:
            properties, digest = form.properties(_known_time(document[time : time + _TIME_OCTETS]))
            info = form.signed_info([digests[name] for name in form.targets], digest)
            opening = form.opening(info)
            written = document[position + len(opening) : value_end]
            value = a2b_base64(written, strict_mode=True)
        except (ValueError, KeyError):
            return 0
        end = rest + len(properties)
        if (
            not document.startswith(opening, position)
            or b64encode(value) != written
            or not document.startswith(properties, rest)
            or not document.startswith(profile.QUALIFYING_CLOSE, end)
            or not form.parts.verify(hashlib.sha256(info).digest(), value)
        ):
            return 0
        if not self._last:
            digests[self._value_name] = b64encode(hashlib.sha256(form.canonical_value(written)).digest())
        return end + len(profile.QUALIFYING_CLOSE)


class Reverifier:
    """Verifies the signatures of documents of our own form again and again (audit, delivery, packages).

    It answers the mathematics only: intact, in form, signed in order by the keys in the certificates that the
    document carries. Whose they are and what they may sign is for the full verifier.
    """

    def __init__(self, policy: ValidationPolicy | None = None) -> None:
        """Under a policy: required roles, sizes, and kinds of keys that count or ever counted (as of when is
        for the full verifier, which knows the time); ``None``: the newest of the package.
        """
        self.policy = policy or policy_in_force()
        accepted = self.policy.signature_policies
        self._every_text = all(text.id in accepted for text in SIGNATURE_POLICIES)
        self._most = self.policy.limits.document_octets
        self._contents: set[bytes] = set()  # SHA-256 of contents whose form was found right
        self._layouts: dict[bytes, list[_Layout]] = {}  # by the first octets of their signatures
        self._endings: set[int] = set()  # octets from the sheet's end tag to the end of the document
        self._signers = 0
        self._shapes: set[_Shape] = set()

    def verify(self, document: bytes) -> bool:
        """Whether the signatures of an issued document are good; the quick path where it can answer."""
        return self.quick(document) or self.prove(document)

    def know(self, content: bytes) -> None:
        """Take it from elsewhere (the log's entry of the issue) that a content has the right form.

        :param content: SHA-256 of the canonical content.
        """
        if len(self._contents) >= _KEPT:
            self._contents.clear()
        self._contents.add(content)

    def quick(self, document: bytes) -> bool:
        """``True``: good. ``False``: not known to be good; :meth:`prove` decides."""
        end = self._end_of_sheet(document)
        if (
            end < 0
            or not self._every_text  # which text it is follows from the time, which the full path reads
            or len(document) > self._most
            or not document.startswith(_START)
            or not document.endswith(_END)
        ):
            return False
        content = hashlib.sha256(SHEET_OPEN_CANONICAL)
        content.update(memoryview(document)[len(_START) : end + len(SHEET_CLOSE)])
        digest = content.digest()
        if digest not in self._contents:
            return False
        digests = {SHEET_ID: b64encode(digest)}
        found: list[_Place] = []
        subjects: tuple[str, ...] = ()
        position, last = end + len(_BETWEEN), len(document) - len(_END)
        while position < last:
            layout = self._layout_at(document, position)
            if layout is None:
                return False
            if layout.of_subjects and not subjects:
                sheet = slice_sheet(document[len(HEAD) : end + len(SHEET_CLOSE)])
                digests |= {name: b64encode(value) for name, value in sheet.subjects.items()}
                subjects = tuple(sheet.subjects)
            position = layout.verified(document, position, digests)
            if not position:
                return False
            found.append(layout.place)
        return position == last and (tuple(found), subjects) in self._shapes

    def prove(self, document: bytes) -> bool:
        """The full path: whether everything about form and signatures is right. Remembers it if so."""
        try:
            split = split_document(document)
            if repeated_id(document) is not None:
                return False
            check_size(document, split, self.policy.limits)
            parse_sheet(split.sheet)
        except (DomainError, Unreadable):
            return False
        slices = slice_sheet(split.sheet)
        findings = read_signatures(split.signatures, slices)
        checks = [
            check_intact(findings),
            check_signatures(findings, list(slices.subjects), self.policy.required),
        ]
        if stray_properties(findings) is not None or any(c.result is not Result.OK for c in checks):
            return False
        if not all(map(self._knows, findings)):
            return False
        self._remember(split.signatures, findings, slices.digest, tuple(slices.subjects))
        return True

    def _knows(self, finding: Finding) -> bool:
        if check_signature_policy(finding, self.policy) is not None:
            return False
        ders = finding.parts.ders if finding.parts is not None else ()
        return all(map(self.policy.knows, ("sha256", *key_names(ders))))

    def _end_of_sheet(self, document: bytes) -> int:
        """Where the sheet's end tag stands, or -1; a class of documents ends alike."""
        size = len(document)
        for length in self._endings:
            if document.startswith(_BETWEEN, size - length):
                return size - length
        return document.find(_BETWEEN)

    def _layout_at(self, document: bytes, position: int) -> _Layout | None:
        for layout in self._layouts.get(document[position : position + _OPENING], ()):
            if layout.is_at(document, position):
                return layout
        return None

    def _remember(
        self,
        texts: Sequence[bytes],
        findings: Sequence[Finding],
        digest: bytes,
        subjects: tuple[str, ...],
    ) -> None:
        if self._signers >= _SIGNERS:
            self._layouts.clear()
            self._signers = 0
        places: list[_Place] = []
        for text, finding in zip(texts, findings, strict=True):
            assert finding.parts is not None
            if finding.parts.unsigned != Unsigned():
                return  # an exported form, with its evidence: always for the full path
            layout = _Layout(text, finding.parts)
            places.append(layout.place)
            group = self._layouts.setdefault(text[:_OPENING], [])
            if not any(known.is_at(text, 0) and known.place == layout.place for known in group):
                group.append(layout)
                self._signers += 1
        signed = any(sid.startswith(_OF_SUBJECTS) for sid, _ in places)
        if len(self._endings) < _ENDINGS:
            self._endings.add(len(_BETWEEN) + sum(map(len, texts)) + len(_END))
        self._shapes.add((tuple(places), subjects if signed else ()))
        self.know(digest)


@lru_cache(maxsize=4096)
def _known_time(text: bytes) -> str:
    """The claimed time as the profile writes it.

    :raises ValueError: it is no such time.
    """
    moment = datetime.fromisoformat(text.decode("ascii"))
    if moment.tzinfo is None or xml_time(moment).encode() != text:
        raise ValueError("not as the profile writes it")
    return text.decode("ascii")
