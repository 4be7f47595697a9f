"""Columns of a primary result sheet: which subject or trait, and whether level, score or comment.

The header has up to three rows (group, subject, metric) or one ("Toán Mức đạt được"); order and wording vary
(domain sheet 9.2), so each column is understood by its own texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from hocbaso.core.regulation.programme import PRIMARY_GRADES, GradeProgramme, Programme, TraitGroup
from hocbaso.engines.workbooks.opening import RESULTS
from hocbaso.engines.workbooks.table import Table, header_texts
from hocbaso.engines.workbooks.text import bare, is_blank, key

_MORE_HEADER_ROWS = 4


class Metric(StrEnum):
    """What a column of a subject or trait holds."""

    LEVEL = "level"
    SCORE = "score"
    COMMENT = "comment"


_METRICS = {
    "muc dat duoc": Metric.LEVEL,
    "muc": Metric.LEVEL,
    "muc danh gia": Metric.LEVEL,
    "danh gia": Metric.LEVEL,
    "diem ktdk": Metric.SCORE,
    "diem kiem tra dinh ki": Metric.SCORE,
    "diem kiem tra dinh ky": Metric.SCORE,
    "diem kt": Metric.SCORE,
    "diem kiem tra": Metric.SCORE,
    "diem": Metric.SCORE,
    "ktdk": Metric.SCORE,
    "nhan xet": Metric.COMMENT,
}
_SUFFIX = re.compile(
    r"^(?P<name>.+?)[\s:–\-/]+(?P<metric>"
    r"mức đạt được|mức đánh giá|mức|điểm ktđk|điểm kiểm tra định k[ìỳ]|điểm kiểm tra|điểm kt|điểm|ktđk"
    r"|nhận xét)$",
    re.IGNORECASE,
)
_SUBJECT_GROUP = re.compile(r"^(?:cac )?mon hoc|^hoat dong giao duc$|hdgd")
_TRAIT_GROUP = re.compile(r"^(?:\d+(?: \d+)* )?(?:cac |nhung )?(?:nang luc|pham chat)")


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """``code`` is a subject's or trait's (for a comment on a section, a :class:`TraitGroup`'s value)."""

    index: int
    code: str
    metric: Metric
    trait: bool


@dataclass(slots=True)
class ResultLayout:
    """A result sheet's columns: the plain fields stand in ``table.columns``."""

    table: Table
    columns: list[ResultColumn] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)

    @property
    def subjects(self) -> set[str]:
        """Codes of subjects that have a column."""
        return {column.code for column in self.columns if not column.trait}


def layout(table: Table, programme: Programme) -> ResultLayout:
    """Understand the whole header of a sheet whose fixed columns were found in ``table``."""
    first, last = _header_rows(table)
    found = ResultLayout(Table(table.sheet, first, last, {}, {}))
    texts = _spread_groups(header_texts(table.sheet, first, last))
    traits_began = False
    used: set[tuple[str, Metric, bool]] = set()
    for index, parts in enumerate(texts):
        if not parts:
            continue
        found.table.titles[index] = " – ".join(parts)
        if name := _fixed(parts):
            if name in found.table.columns:
                found.twice.append(index)
            else:
                found.table.columns[name] = index
            continue
        column = _understand(index, parts, programme, after_traits=traits_began)
        if column is None:
            found.table.unknown.append(index)
        elif (column.code, column.metric, column.trait) in used:
            found.twice.append(index)
        else:
            used.add((column.code, column.metric, column.trait))
            found.columns.append(column)
            traits_began = traits_began or column.trait
    return found


def _header_rows(table: Table) -> tuple[int, int]:
    """The header's first and last row: from a row of group names above to the row before the first record."""
    sheet, code = table.sheet, table.columns["code"]
    name = table.columns["full_name"]
    first = table.first
    while first > 0 and sum(not is_blank(cell) for cell in sheet.rows[first - 1]) >= 3:
        first -= 1
    last = table.first
    for index in range(table.first + 1, min(table.first + _MORE_HEADER_ROWS, len(sheet.rows))):
        row = sheet.rows[index]
        filled = [cell for cell in row if not is_blank(cell)]
        own = is_blank(row[code]) or key(str(row[code])) == key(table.titles[code])
        if own and is_blank(row[name]) and len(filled) >= 2:
            last = index
        elif not own or not is_blank(row[name]):
            break
    return first, max(last, table.first)


def _spread_groups(texts: list[list[str]]) -> list[list[str]]:
    """Carry a subject's name over the columns right of it that only say "Điểm KTĐK" and the like."""
    carried: list[str] = []
    spread: list[list[str]] = []
    for parts in texts:
        if (
            parts
            and len(parts) == 1
            and _METRICS.get(bare(parts[0])) in (Metric.LEVEL, Metric.SCORE)
            and carried
        ):
            spread.append([*carried, parts[0]])
            continue
        carried = parts[:-1] if len(parts) > 1 and bare(parts[-1]) in _METRICS else []
        spread.append(parts)
    return spread


def _fixed(parts: list[str]) -> str | None:
    """The plain field of a column, unless its texts speak of a subject or a trait."""
    if any(_SUBJECT_GROUP.search(bare(p)) or _TRAIT_GROUP.search(bare(p)) for p in parts):
        return None
    tries = [parts[0]] if len(parts) == 1 else [" ".join(parts), parts[-1]]
    if len(parts) > 1 and bare(parts[-1]) in _METRICS:
        tries = tries[:1]
    for text in tries:
        if found := RESULTS.find(text):
            return found[0]
    return None


def _understand(
    index: int, parts: list[str], programme: Programme, *, after_traits: bool
) -> ResultColumn | None:
    in_traits = any(_TRAIT_GROUP.search(bare(part)) for part in parts)
    in_subjects = any(_SUBJECT_GROUP.search(bare(part)) for part in parts)
    metric: Metric | None = _METRICS.get(bare(parts[-1]))
    names = parts[:-1] if metric else list(parts)
    if metric is None and (match := _SUFFIX.match(parts[-1])):
        metric = _METRICS.get(bare(match.group("metric")))
        names = [*parts[:-1], match.group("name")]
    if metric is Metric.COMMENT and in_traits and (group := _group(names)):
        return ResultColumn(index, group.value, Metric.COMMENT, True)
    names = [n for n in names if not _SUBJECT_GROUP.search(bare(n)) and not _TRAIT_GROUP.search(bare(n))]
    if not names:
        return None
    subject = None if in_traits else _subject(names, programme)
    trait = None if in_subjects else _trait(names[-1], programme)
    if subject and trait:  # "Khoa học", "Tin học", "Công nghệ" name both, and no group says which
        subject, trait = (None, trait) if metric is None and after_traits else (subject, None)
    if subject:
        return ResultColumn(index, subject, metric or Metric.LEVEL, False)
    if trait and metric is not Metric.SCORE:
        return ResultColumn(index, trait, metric or Metric.LEVEL, True)
    return None


def _grades(programme: Programme) -> list[GradeProgramme]:
    return [programme.grade(grade) for grade in PRIMARY_GRADES]


def _subject(names: list[str], programme: Programme) -> str | None:
    tries = [names[-1]]
    if len(names) > 1:
        tries = [f"{names[-2]} ({names[-1]})", f"{names[-2]} {names[-1]}", names[-1]]
    for text in tries:
        for grade in _grades(programme):
            if line := grade.find_line(text):
                return line.code
    return None


def _trait(name: str, programme: Programme) -> str | None:
    for grade in _grades(programme):
        if trait := grade.find_trait(name):
            return trait.code
        for one in grade.traits:
            if bare(one.name) == bare(name):
                return one.code
    return None


def _group(names: list[str]) -> TraitGroup | None:
    for text in reversed(names):
        for group, word in (
            (TraitGroup.QUALITY, "pham chat"),
            (TraitGroup.GENERAL, "nang luc chung"),
            (TraitGroup.SPECIFIC, "nang luc dac thu"),
        ):
            if word in bare(text):
                return group
    return None
