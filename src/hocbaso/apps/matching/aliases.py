"""Which file a code means: the present one, whatever code or merged file it was once."""

from __future__ import annotations

from collections.abc import Collection

from hocbaso.apps.matching.models import CaseState, FormerCode, MergeCase
from hocbaso.apps.pupils.models import Pupil

_LONGEST = 20  # merges in a row; nobody is merged so often


def survivor_of(pupil: Pupil) -> Pupil:
    """The file into which ``pupil`` was merged, else ``pupil``. One query, and one a merge."""
    for _ in range(_LONGEST):
        case = (
            MergeCase.objects.filter(merged=pupil, state=CaseState.MERGED).select_related("survivor").first()
        )
        if case is None:
            return pupil
        pupil = case.survivor
    return pupil


def find(code: str) -> Pupil | None:
    """The present file of a code: of this pupil now, or once, or of a file merged into it."""
    pupil = Pupil.objects.filter(code=code).first()
    if pupil is None:
        former = FormerCode.objects.filter(code=code).select_related("pupil").first()
        pupil = former.pupil if former else None
    return survivor_of(pupil) if pupil else None


def resolve(codes: Collection[str]) -> dict[str, Pupil]:
    """Codes that mean another file than the one that bears them now, with that file. Two queries at least.

    :param codes: at most some hundreds.
    """
    found = {row.code: row.pupil for row in FormerCode.objects.filter(code__in=codes).select_related("pupil")}
    merged = MergeCase.objects.filter(state=CaseState.MERGED, merged__code__in=codes)
    found |= {case.merged.code: case.survivor for case in merged.select_related("merged", "survivor")}
    return {code: survivor_of(pupil) for code, pupil in found.items()}


def files_of(pupil: Pupil) -> list[Pupil]:
    """The file and those merged into it, in the order of their merging. One query a depth."""
    files, level = [pupil], [pupil.pk]
    while level:
        cases = MergeCase.objects.filter(survivor__in=level, state=CaseState.MERGED).order_by("pk")
        found = [case.merged for case in cases.select_related("merged")]
        level = [file.pk for file in found]
        files += found
    return files


def is_merged(pupil: Pupil) -> bool:
    """Whether the file is only an alias of another. One query."""
    return MergeCase.objects.filter(merged=pupil, state=CaseState.MERGED).exists()
