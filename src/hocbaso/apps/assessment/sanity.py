"""What looks wrong on a page of marks though every cell is allowed: doubts that a teacher ticks off.

Pure: no database, no clock. A doubt never blocks by itself; its ``id`` stays the same as long as the values
that raised it stay the same, so that a tick holds exactly that long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from statistics import median

from hocbaso.core.errors import register, sentence
from hocbaso.core.regulation.tt22 import mark_value, show_mark
from hocbaso.core.vietnamese.decimals import round_half_up

register(
    {
        "sanity.missing": (
            "Cột {column}: {n} / {all} học sinh chưa có điểm.",
            "{column}: {n} of {all} pupils have nothing.",
        ),
        "sanity.outlier": (
            "{value} ở cột {column} khác xa các điểm khác của em này ({others}).",
            "{value} in {column} is far from the pupil's other marks.",
        ),
        "sanity.shifted": (
            "Cột {column} giống cột {other} nhưng lệch một hàng. Thầy cô xem có dán lệch không.",
            "{column} equals {other} moved by one row.",
        ),
        "sanity.shifted_fit": (
            "Cột {column} khớp với các điểm khác của lớp hơn hẳn nếu dời một hàng. Thầy cô xem có dán lệch "
            "không.",
            "{column} fits the pupils' other marks much better when moved by one row.",
        ),
        "sanity.identical": (
            "Cột {column} giống hệt cột {other} ở cả {n} học sinh.",
            "{column} and {other} are identical.",
        ),
        "sanity.same_value": (
            "Cả {n} học sinh cùng {value} ở cột {column}. Thầy cô xem lại nếu đã điền nhầm cả cột.",
            "All {n} pupils have {value} in {column}.",
        ),
        "sanity.average": (
            "Trung bình cột {column} là {mean}, khác xa cột {other} ({before}).",
            "The mean of {column} is far from that of {other}.",
        ),
        "sanity.same_comment": (
            "{n} học sinh có nhận xét giống hệt nhau: “{value}”",
            "{n} pupils have the same comment.",
        ),
    }
)

MANY = 5  # fewer of the same are no sign of a slip
ROWS_FOR_SHIFT = 8
FAR = Decimal(4)  # points between a mark and the pupil's own middle
SPREAD = Decimal(3)  # of the others: a pupil who goes up and down has no outliers
AVERAGE_FAR = Decimal("1.5")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a page; ``required`` cells count as missing while empty."""

    key: str
    name: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """The page's values: canonical texts ("7.5", "V", "") by pupil, in the order of the page."""

    columns: tuple[Column, ...]  # of marks, in the order of the page
    rows: Mapping[int, Mapping[str, str]]
    comments: Mapping[int, str] = field(default_factory=dict)

    def number(self, row: int, key: str) -> Decimal | None:
        return mark_value(self.rows[row].get(key, ""))

    def numbers(self, key: str) -> list[Decimal]:
        return [n for row in self.rows if (n := self.number(row, key)) is not None]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something to look at."""

    id: str
    code: str
    message: str
    column: str = ""
    row: int | None = None


def doubts(table: Table) -> tuple[Doubt, ...]:
    """Every doubt of a page, in the order of weight."""
    shifted = tuple(shifted_columns(table))
    moved = {d.column for d in shifted}
    identical = tuple(identical_columns(table))
    return (
        *shifted,
        *(d for d in shifted_fits(table) if d.column not in moved),
        *identical,
        *same_values(table),
        *outliers(table),
        *averages(table),
        *missing(table),
        *same_comments(table),
    )


def missing(table: Table) -> Iterable[Doubt]:
    """Required columns that are begun and not full."""
    for column in table.columns:
        blank = [row for row, cells in table.rows.items() if not cells.get(column.key)]
        if column.required and blank and len(blank) < len(table.rows):
            yield _doubt("missing", column, blank, n=len(blank), all=len(table.rows))


def outliers(table: Table) -> Iterable[Doubt]:
    """A mark far from the middle of the pupil's other marks, when those lie together."""
    for row in table.rows:
        marks = {c.key: n for c in table.columns if (n := table.number(row, c.key)) is not None}
        for column in table.columns:
            others = [n for key, n in marks.items() if key != column.key]
            if column.key not in marks or len(others) < 3 or max(others) - min(others) > SPREAD:
                continue
            if abs(marks[column.key] - median(others)) >= FAR:
                value = table.rows[row][column.key]
                shown = "; ".join(_vi(n) for n in others)
                yield _doubt("outlier", column, [value], row, value=show_mark(value), others=shown)


def shifted_columns(table: Table) -> Iterable[Doubt]:
    """A column that equals its neighbour moved up or down by one row."""
    for left, right in pairwise(table.columns):
        a, b = (_texts(table, c.key) for c in (left, right))
        if len(a) <= ROWS_FOR_SHIFT or _agreement(a, b) > _half(len(a)):
            continue
        for one, other in ((a[:-1], b[1:]), (a[1:], b[:-1])):
            if len(set(one)) >= 4 and _agreement(one, other) * 10 >= len(one) * 9:
                yield _doubt("shifted", right, b, other=left.name)
                break


def shifted_fits(table: Table) -> Iterable[Doubt]:
    """A column that lies much nearer to the pupils' own other marks when it is moved by one row."""
    for column in table.columns:
        own = [table.number(row, column.key) for row in table.rows]
        level = [_level(table, row, column.key) for row in table.rows]
        straight = _distance(own, level)
        if straight is None:
            continue
        moved = [d for d in (_distance(own[1:], level[:-1]), _distance(own[:-1], level[1:])) if d is not None]
        if straight >= 1 and moved and min(moved) * 3 <= straight * 2:
            yield _doubt("shifted_fit", column, [str(n) for n in own])


def identical_columns(table: Table) -> Iterable[Doubt]:
    """Two columns with the same marks in every row."""
    for place, right in enumerate(table.columns):
        for left in table.columns[:place]:
            a, b = (_texts(table, c.key) for c in (left, right))
            numbers = {text for text in b if mark_value(text) is not None}
            if len(a) >= MANY and a == b and len(numbers) >= 2:
                yield _doubt("identical", right, b, other=left.name, n=len(a))
                break


def same_values(table: Table) -> Iterable[Doubt]:
    """One number for everybody."""
    for column in table.columns:
        texts = set(_texts(table, column.key))
        value = next(iter(texts), "")
        if len(table.rows) >= MANY and len(texts) == 1 and mark_value(value) is not None:
            yield _doubt("same_value", column, [value], n=len(table.rows), value=show_mark(value))


def averages(table: Table) -> Iterable[Doubt]:
    """A column whose class mean lies far from that of the column before."""
    means = [(c, m) for c in table.columns if (m := mean(table.numbers(c.key))) is not None]
    for (before, old), (column, new) in pairwise(means):
        enough = min(len(table.numbers(c.key)) for c in (before, column)) >= MANY
        if enough and abs(new - old) >= AVERAGE_FAR:
            yield _doubt(
                "average", column, [str(old), str(new)], mean=_vi(new), other=before.name, before=_vi(old)
            )


def same_comments(table: Table) -> Iterable[Doubt]:
    """One comment for many pupils."""
    for value, count in Counter(text for text in table.comments.values() if text).most_common():
        if count < MANY:
            return
        found = Column("comment", "Nhận xét")
        yield _doubt("same_comment", found, [value, str(count)], n=count, value=value[:80])


def mean(numbers: Sequence[Decimal]) -> Decimal | None:
    """Arithmetic mean to one decimal; for the teacher's eyes only (TT 15/2026 Điều 22 khoản 2)."""
    if not numbers:
        return None
    return round_half_up(sum(numbers, Decimal(0)) / len(numbers))


def _texts(table: Table, key: str) -> list[str]:
    return [cells.get(key, "") for cells in table.rows.values()]


def _agreement(one: Sequence[str], other: Sequence[str]) -> int:
    """Rows where both hold the same number."""
    return sum(a == b and mark_value(a) is not None for a, b in zip(one, other, strict=True))


def _half(count: int) -> int:
    return count // 2


def _level(table: Table, row: int, without: str) -> Decimal | None:
    """The middle of the pupil's marks outside one column."""
    others = [n for c in table.columns if c.key != without and (n := table.number(row, c.key)) is not None]
    return median(others) if len(others) >= 2 else None


def _distance(one: Sequence[Decimal | None], other: Sequence[Decimal | None]) -> Decimal | None:
    """Mean distance of the pairs that are there; None for too few."""
    gaps = [abs(a - b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return sum(gaps, Decimal(0)) / len(gaps) if len(gaps) >= ROWS_FOR_SHIFT else None


def _vi(number: Decimal) -> str:
    return f"{number}".replace(".", ",")


def _doubt(
    kind: str, column: Column, values: Iterable[object], row: int | None = None, **params: object
) -> Doubt:
    """A doubt whose id names the place and the values that raised it."""
    trace = sha256("|".join(str(value) for value in values).encode()).hexdigest()[:10]
    place = f"{row}:{column.key}" if row is not None else column.key
    code = f"sanity.{kind}"
    message = sentence(code, column=column.name, **params)
    return Doubt(f"{kind}:{place}:{trace}", code, message, column.key, row)
