"""Who must have signed what, in which order: computed from the bytes, never from what a signature claims.

``trust.md`` section 2: subject teachers sign their subjects; the homeroom teacher signs the sheet and the
values of every subject teacher; the principal the sheet and the homeroom teacher's value; the seal the sheet
and the principal's value. A signature that refers to more, to less or to something else does not count.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hocbaso.core.document.names import NS, SHEET_ID, SIGNATURE_IDS, sheet_digest
from hocbaso.core.document.signers import in_signing_order, read_subject_signature_id, subject_signature_id

_SUBJECT = re.compile(rb'<MonHoc (Id="(mon-[a-z0-9-]+)">)')
_SUBJECT_CLOSE = b"</MonHoc>"
_ID = re.compile(rb' Id="([^"]*)"')
# Only inside a tag: quotes are free in text, and a comment that reads ` Id="x"` twice is no ambiguity.
_ID_IN_TAG = re.compile(rb'<[A-Za-z:]+ (?:[^<>]* )?Id="([^"<>]*)"')
_CHAIN = ("gvcn", "hieu_truong", "con_dau")


@dataclass(frozen=True, slots=True)
class SheetSlices:
    """The signed elements of a sheet: SHA-256 of the C14N of each, straight from its bytes."""

    digest: bytes  # of ToNamHoc
    subjects: dict[str, bytes]  # Id of MonHoc → digest, in the order of the sheet


def slice_sheet(sheet: bytes) -> SheetSlices:
    """Digest the emitted text of a ``ToNamHoc`` and of each ``MonHoc`` in it."""
    head = f'<MonHoc xmlns="{NS}" '.encode()
    subjects: dict[str, bytes] = {}
    position = 0
    while (match := _SUBJECT.search(sheet, position)) is not None:
        # By hand, not by one expression: a hostile text of openings without end would make that quadratic.
        end = sheet.find(_SUBJECT_CLOSE, match.end())
        if end < 0:
            break
        position = end + len(_SUBJECT_CLOSE)
        octets = head + sheet[match.start(1) : position]
        subjects[match[2].decode("ascii")] = hashlib.sha256(octets).digest()
    return SheetSlices(sheet_digest(sheet), subjects)


def repeated_id(document: bytes) -> str | None:
    """An ``Id`` that stands twice anywhere in the document: a reference to it would be ambiguous."""
    for pattern in (_ID, _ID_IN_TAG):  # the first is quick, and finds at least as many
        names = pattern.findall(document)
        if len(set(names)) == len(names):
            return None
    repeated = next(name for name, count in Counter(names).items() if count > 1)
    return str(repeated.decode("utf-8", "replace")[:60])


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one signature: the role that its Id gives; for a subject teacher the first subject."""

    role: str
    subject: str | None = None
    number: int = 1  # among the teachers whose signatures begin with the same subject


def place_of(signature_id: str) -> Place | None:
    """The place that a signature's Id names, or ``None`` when the profile knows no such Id."""
    for role in _CHAIN:
        if signature_id == SIGNATURE_IDS[role]:
            return Place(role)
    subject = read_subject_signature_id(signature_id)
    return Place("gvbm", *subject) if subject is not None else None


def order_fault(
    places: Sequence[Place | None], subjects: Sequence[str] = (), required: Sequence[str] = _CHAIN
) -> tuple[str | None, tuple[str, ...]]:
    """What is wrong with the sequence of signatures: (sentence or ``None``, roles that are missing).

    Right is: any number of subject teachers in the order of their subjects, then one homeroom teacher, one
    principal, one seal.

    :param subjects: Ids of the sheet's ``MonHoc``, in order.
    :param required: roles without which the sheet is not issued.
    """
    if any(place is None for place in places):
        return "Tệp có chữ ký lạ, không thuộc vai trò nào của học bạ.", ()
    roles = [place.role for place in places if place is not None]
    chain = [role for role in roles if role != "gvbm"]
    if len(set(chain)) != len(chain):
        return "Có vai trò ký hai lần trong cùng một tờ.", ()
    teachers = len(roles) - len(chain)
    if any(role != "gvbm" for role in roles[:teachers]) or chain != [r for r in _CHAIN if r in chain]:
        return "Các chữ ký không đứng đúng thứ tự ký.", ()
    ids = [subject_signature_id(p.subject or "", p.number) for p in places[:teachers] if p is not None]
    if not in_signing_order(ids, [name.removeprefix("mon-") for name in subjects]):
        return "Chữ ký của giáo viên môn học không đứng theo thứ tự môn học của tờ.", ()
    return None, tuple(role for role in required if role not in roles)


def teachers_missing(
    wanted: Mapping[str, int], signed: Iterable[tuple[bytes, Iterable[str]]]
) -> tuple[str, ...]:
    """Codes of subjects that too few subject teachers signed.

    :param wanted: subject code → how many teachers must sign it (``core.document.signers``).
    :param signed: certificate (DER) and subject codes of every subject teacher's signature; one certificate
        counts once for a subject.
    """
    by_subject: dict[str, set[bytes]] = {}
    for certificate, codes in signed:
        for code in codes:
            by_subject.setdefault(code, set()).add(certificate)
    return tuple(code for code, count in wanted.items() if len(by_subject.get(code, ())) < count)


#: What a signature must refer to: (target Id, SHA-256 of its canonical octets), in order.
Target = tuple[str, bytes]


def expected_targets(
    place: Place, slices: SheetSlices, claimed: Sequence[str], before: Sequence[tuple[Place, Target]]
) -> tuple[Target, ...] | None:
    """What the signature at ``place`` must sign, or ``None`` when what it claims can never be right.

    :param claimed: Ids it refers to; only a subject teacher may choose, and only among subjects.
    :param before: the signatures before it, each with the target that its ``SignatureValue`` is.
    """
    sheet: Target = (SHEET_ID, slices.digest)
    if place.role == "gvbm":
        # The Id follows from what is signed and from the earlier signatures: one way to write it.
        chosen = [name for name in slices.subjects if name in set(claimed)]
        earlier_ones = sum(p.role == "gvbm" and p.subject == place.subject for p, _ in before)
        named = chosen[:1] == [f"mon-{place.subject}"] and place.number == earlier_ones + 1
        if not named or len(chosen) != len(claimed):
            return None
        return tuple((name, slices.subjects[name]) for name in chosen)
    if place.role == "gvcn":
        return (sheet, *(target for earlier, target in before if earlier.role == "gvbm"))
    step = _CHAIN[_CHAIN.index(place.role) - 1]
    return (sheet, *(target for earlier, target in before if earlier.role == step))
