"""Which subject teachers must sign what of a sheet, computed from the sheet alone.

``trust.md`` sections 1 and 2: in secondary every subject from which the pupil is not exempt is signed by a
subject teacher; in primary where the sheet names teachers with subjects ("giáo viên môn ký"). Of a subject
taught by a team the principal designates the signer, or all sign: whoever stands in the list signs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hocbaso.core.document.model import (
    ResponsiblePerson,
    SchoolLevel,
    SecondarySubjectLine,
    SignerRole,
    SubjectLine,
    YearSheet,
)
from hocbaso.core.document.names import SIGNATURE_IDS

_ID = re.compile(r"ck-bm-([a-z0-9]+(?:-[a-z0-9]+)*)(?:\.([2-9]|[12][0-9]))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SubjectSignature:
    """One signature of a subject teacher that the sheet asks for."""

    signature_id: str
    person: ResponsiblePerson
    subjects: tuple[str, ...]  # codes, in the order of the sheet
    number: int = 1  # the second of a team whose signatures begin with the same subject has 2

    @property
    def subject(self) -> str:
        """The first subject: the one that the signature's Id names."""
        return self.subjects[0]


def subject_signature_id(subject: str, number: int = 1) -> str:
    """``ck-bm-toan``; ``ck-bm-toan.2`` of the second teacher whose first subject is the same.

    The point stands in no subject code, so the two are never mistaken.
    """
    return SIGNATURE_IDS["gvbm"] + subject + (f".{number}" if number > 1 else "")


def read_subject_signature_id(signature_id: str) -> tuple[str, int] | None:
    """The first subject's code and the number; ``None`` when it is no subject teacher's Id."""
    match = _ID.fullmatch(signature_id)
    return (match[1], int(match[2] or 1)) if match else None


def is_exempt(line: SubjectLine | SecondarySubjectLine) -> bool:
    """Whether nothing but the exemption stands there, so that no teacher answers for a result."""
    if line.exempt is None:
        return False
    if isinstance(line, SubjectLine):
        return line.level is None and line.score is None
    return line.term1 is None and line.term2 is None and line.year is None and line.retest is None


def subject_signatures(sheet: YearSheet) -> tuple[SubjectSignature, ...]:
    """The signatures that the sheet's list of responsible people asks for, in the order of signing.

    Order: by the first subject's place in the sheet, then as the people stand in the list.
    """
    order = [line.code for line in sheet.subjects]
    chosen: list[tuple[int, ResponsiblePerson, tuple[str, ...]]] = []
    for person in sheet.responsible:
        if person.role is SignerRole.SUBJECT_TEACHER and person.subjects:
            subjects = tuple(sorted(person.subjects, key=order.index))
            chosen.append((order.index(subjects[0]), person, subjects))
    found: list[SubjectSignature] = []
    for _, person, subjects in sorted(chosen, key=lambda item: item[0]):
        number = 1 + sum(other.subject == subjects[0] for other in found)
        found.append(SubjectSignature(subject_signature_id(subjects[0], number), person, subjects, number))
    return tuple(found)


def signatures_of_subject(sheet: YearSheet) -> dict[str, int]:
    """Subject code → how many teachers must sign it; subjects that nobody must sign are absent."""
    wanted: dict[str, int] = {}
    for line in sheet.subjects:
        named = sum(
            person.role is SignerRole.SUBJECT_TEACHER and line.code in person.subjects
            for person in sheet.responsible
        )
        secondary = sheet.school_level is not SchoolLevel.PRIMARY
        least = 1 if secondary and not is_exempt(line) else 0
        if named or least:
            wanted[line.code] = max(named, least)
    return wanted


def subjects_without_signer(sheet: YearSheet) -> tuple[str, ...]:
    """Codes of subjects that must be signed although the sheet names no teacher for it: to be mended before
    it is frozen."""
    named = {code for person in sheet.responsible for code in person.subjects}
    return tuple(code for code in signatures_of_subject(sheet) if code not in named)


def in_signing_order(signature_ids: Sequence[str], subjects: Sequence[str]) -> bool:
    """Whether subject teachers' signatures stand by their first subject's place, then by number.

    :param subjects: codes in the order of the sheet.
    """
    places = {code: place for place, code in enumerate(subjects)}
    keys = []
    for signature_id in signature_ids:
        read = read_subject_signature_id(signature_id)
        if read is None or read[0] not in places:
            return False
        keys.append((places[read[0]], read[1]))
    return all(before < after for before, after in pairwise(keys))
