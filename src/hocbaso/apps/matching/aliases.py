"""Which file a code means: the present one, whatever code or merged file it was once."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q

from hocbaso.apps.matching.models import CaseState, FormerCode, MergeCase
from hocbaso.apps.pupils.models import Enrolment, Pupil

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
    return {code: now for code, pupil in found.items() if (now := survivor_of(pupil)).code != code}


class Names:
    """Which pupils the codes of a workbook mean, former codes and merged files included. Two queries.

    :ivar condition: for enrolments of these pupils.
    """

    def __init__(self, codes: Collection[str]) -> None:
        self._elsewhere = resolve(codes)
        self._more: dict[int, list[str]] = {}
        for code, pupil in self._elsewhere.items():
            self._more.setdefault(pupil.pk, []).append(code)
        plain = set(codes) - self._elsewhere.keys()
        self._asked = plain
        self.condition = Q(pupil__code__in=plain) | Q(pupil__in=list(self._more))

    def of(self, pupil: Pupil) -> list[str]:
        """The codes of the workbook that mean this pupil."""
        own = [pupil.code] if pupil.code in self._asked else []
        return own + self._more.get(pupil.pk, [])


def follow(rows: Iterable[Enrolment]) -> None:
    """Let enrolments that stayed with a merged file name the person whose they are; nothing is saved.
    One query."""
    listed = list(rows)
    merged = MergeCase.objects.filter(state=CaseState.MERGED, merged__in={row.pupil_id for row in listed})
    survivors = {case.merged_id: survivor_of(case.survivor) for case in merged.select_related("survivor")}
    for row in listed:
        if row.pupil_id in survivors:
            row.pupil = survivors[row.pupil_id]


def files_of(pupil: Pupil) -> list[Pupil]:
    """The file and those merged into it, in the order of their merging. One query a depth."""
    files, level = [pupil], [pupil.pk]
    while level:
        cases = MergeCase.objects.filter(survivor__in=level, state=CaseState.MERGED).order_by("pk")
        found = [case.merged for case in cases.select_related("merged")]
        level = [file.pk for file in found]
        files += found
    return files


def merged_into(ids: Collection[int]) -> dict[int, int]:
    """Files merged into these → the one of ``ids`` whose they are now. One query a depth, at least one."""
    found: dict[int, int] = {}
    level = {pk: pk for pk in ids}
    while level:
        cases = MergeCase.objects.filter(survivor__in=level, state=CaseState.MERGED)
        pairs = cases.values_list("merged", "survivor")
        level = {merged: level[survivor] for merged, survivor in pairs if merged not in found}
        found |= level
    return found


def is_merged(pupil: Pupil) -> bool:
    """Whether the file is only an alias of another. One query."""
    return MergeCase.objects.filter(merged=pupil, state=CaseState.MERGED).exists()
