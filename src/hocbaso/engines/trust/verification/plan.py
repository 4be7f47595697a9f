"""Who must have signed what, in which order: computed from the bytes, never from what a signature claims.

``trust.md`` section 2: subject teachers sign their subjects; the homeroom teacher signs the sheet and the
values of every subject teacher; the principal the sheet and the homeroom teacher's value; the seal the sheet
and the principal's value. A signature that refers to more, to less or to something else does not count.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.document.names import NS, SHEET_ID, SIGNATURE_IDS, sheet_canonical

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
    return SheetSlices(hashlib.sha256(sheet_canonical(sheet)).digest(), subjects)


def repeated_id(document: bytes) -> str | None:
    """An ``Id`` that stands twice anywhere in the document: a reference to it would be ambiguous."""
    for pattern in (_ID, _ID_IN_TAG):  # the first is quick, and finds at least as many
        names = pattern.findall(document)
        if len(set(names)) == len(names):
            return None
    repeated = next(name for name in names if names.count(name) > 1)
    return str(repeated.decode("utf-8", "replace")[:60])


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one signature: the role that its Id gives, and for a subject teacher the subject."""

    role: str
    subject: str | None = None


def place_of(signature_id: str) -> Place | None:
    """The place that a signature's Id names, or ``None`` when the profile knows no such Id."""
    for role in _CHAIN:
        if signature_id == SIGNATURE_IDS[role]:
            return Place(role)
    prefix = SIGNATURE_IDS["gvbm"]
    if signature_id.startswith(prefix) and len(signature_id) > len(prefix):
        return Place("gvbm", signature_id[len(prefix) :])
    return None


def order_fault(places: Sequence[Place | None]) -> tuple[str | None, tuple[str, ...]]:
    """What is wrong with the sequence of signatures: (sentence or ``None``, roles that are missing).

    Right is: any number of subject teachers, then one homeroom teacher, one principal, one seal.
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
    return None, tuple(role for role in _CHAIN if role not in chain)


def teachers_missing(
    level: SchoolLevel, subjects: Sequence[str], exempt: frozenset[str], signed: frozenset[str]
) -> tuple[str, ...]:
    """Ids of subjects that no subject teacher signed although the level asks for it (secondary only)."""
    if level is SchoolLevel.PRIMARY:
        return ()
    return tuple(name for name in subjects if name not in signed and name not in exempt)


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
        own = f"mon-{place.subject}"
        chosen = [name for name in slices.subjects if name in set(claimed)]
        if own not in chosen or len(chosen) != len(claimed):
            return None
        return tuple((name, slices.subjects[name]) for name in chosen)
    if place.role == "gvcn":
        return (sheet, *(target for earlier, target in before if earlier.role == "gvbm"))
    step = _CHAIN[_CHAIN.index(place.role) - 1]
    return (sheet, *(target for earlier, target in before if earlier.role == step))
