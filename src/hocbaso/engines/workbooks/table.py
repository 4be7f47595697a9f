"""A table inside a sheet: header found by text, records told from titles, class lines, signatures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from hocbaso.engines.workbooks.grid import Cell, Sheet, column_letter
from hocbaso.engines.workbooks.model import HeaderPosition, SkipKind, Skipped
from hocbaso.engines.workbooks.text import bare, is_blank, key, shown, tidy

HEADER_SEARCH_ROWS = 30
_MAX_HEADER_ROWS = 3
_CLASS_LINE = re.compile(r"^(?:danh sách\s+)?(?:lớp|lop)\s*:?\s*(\d{1,2}\s*[^\s:;,()\-–]*)", re.IGNORECASE)
#: How one cell of what stands below a list begins; anchored, so that nobody's name is taken for it.
_SIGNATURE = re.compile(
    r"^(?:(?:kt |tm |tl )?(?:pho )?hieu truong|(?:kt )?(?:pho )?giam doc|ky dong dau"
    r"|ky ten|ky ghi ro|ky va ghi|nguoi lap|can bo lap"
    r"|van thu$|ke toan$|giao vien chu nhiem$|gvcn$|thu truong|xac nhan"
    r"|giao vien (?:bo mon|mon hoc|giang day|day)|gvbm$|(?:ttcm|to truong|to pho)(?: chuyen mon)?$"
    r"|(?:[^0-9]* )?ngay(?: \d+)? thang(?: \d+)? nam|tong so|tong cong|cong$|an dinh danh sach"
    r"|danh sach (?:nay )?(?:co|gom)|noi nhan|ghi chu)"
)

Columns = Mapping[str, Sequence[str]]


@dataclass(slots=True)
class Table:
    """Where a table stands in its sheet. Row and column numbers are 0-based."""

    sheet: Sheet
    first: int
    last: int
    columns: dict[str, int]
    titles: dict[int, str]
    unknown: list[int] = field(default_factory=list)
    twice: dict[str, list[int]] = field(default_factory=dict)

    def title(self, name: str, default: str = "") -> str:
        """The header of a field as it stands in the file."""
        return self.titles.get(self.columns.get(name, -1), default)

    def position(self) -> HeaderPosition:
        """For the report."""
        letters = {name: column_letter(index) for name, index in self.columns.items()}
        return HeaderPosition(self.sheet.name, self.first + 1, self.last + 1, letters)


class Headings:
    """A form's header texts, ready to be looked up."""

    def __init__(self, columns: Columns) -> None:
        self._exact: dict[str, tuple[str, int]] = {}
        self._bare: dict[str, tuple[str, int]] = {}
        for name, texts in columns.items():
            for rank, text in enumerate(texts):
                self._exact.setdefault(key(text), (name, rank))
                self._bare.setdefault(bare(text), (name, rank))
        self.find = lru_cache(maxsize=4096)(self._find)

    def _find(self, text: str) -> tuple[str, int] | None:
        """(field, rank of the text among the field's texts), or None."""
        return self._exact.get(key(text)) or self._bare.get(bare(text))


def header_texts(sheet: Sheet, first: int, last: int) -> list[list[str]]:
    """Per column, the texts of header rows ``first..last`` with merged areas filled, top to bottom."""
    rows = sheet.rows[first : last + 1]
    grid = [[tidy(shown(cell)) for cell in row] for row in rows]
    for (top, left), (bottom, right) in sheet.merges:
        if first <= top <= last:
            for r in range(top, min(bottom, last) + 1):
                for c in range(left, min(right, len(grid[0]) - 1) + 1):
                    grid[r - first][c] = grid[top - first][left]
    width = len(grid[0]) if grid else 0
    return [list(dict.fromkeys(text for text in (line[c] for line in grid) if text)) for c in range(width)]


def find_table(sheet: Sheet, headings: Headings, *, needed: int = 3) -> Table | None:
    """The table of ``sheet`` whose header matches most fields; None when fewer than ``needed`` match.

    Looks at the first 30 rows; a header may take up to three rows (a group above, a leaf below).
    """
    best: Table | None = None
    limit = min(HEADER_SEARCH_ROWS, len(sheet.rows))
    promising = [i for i in range(limit) if _matches(sheet.rows[i], headings) >= 2]
    for first in promising:
        for last in range(first, min(first + _MAX_HEADER_ROWS, len(sheet.rows))):
            table = _map(sheet, first, last, headings)
            if len(table.columns) >= needed and (best is None or len(table.columns) > len(best.columns)):
                best = table
    return best


def _matches(row: list[Cell], headings: Headings) -> int:
    return sum(1 for cell in row if isinstance(cell, str) and cell and headings.find(cell))


def _map(sheet: Sheet, first: int, last: int, headings: Headings) -> Table:
    table = Table(sheet, first, last, {}, {})
    ranks: dict[str, int] = {}
    for column, texts in enumerate(header_texts(sheet, first, last)):
        if not texts:
            continue
        table.titles[column] = " – ".join(texts)
        found = _look_up(texts, headings)
        if found is None:
            table.unknown.append(column)
            continue
        name, rank = found
        if name not in table.columns or rank < ranks[name]:
            if name in table.columns:
                table.unknown.append(table.columns[name])
            table.columns[name], ranks[name] = column, rank
            table.twice.pop(name, None)
        elif rank == ranks[name]:
            table.twice.setdefault(name, [table.columns[name]]).append(column)
        else:
            table.unknown.append(column)
    return table


def _look_up(texts: list[str], headings: Headings) -> tuple[str, int] | None:
    if len(texts) > 1:
        joined = [f"{texts[0]} {texts[-1]}", f"{texts[-1]} {texts[0]}"]
        for text in [*joined, texts[-1]]:
            if found := headings.find(text):
                return found
        return None
    return headings.find(texts[0])


class Records:
    """Goes through a table's body: yields the records, keeps the list of what was passed over."""

    def __init__(self, table: Table, identity: Sequence[str]) -> None:
        """:param identity: the fields by which a row is known to be a record."""
        self.table = table
        self.skipped: list[Skipped] = []
        self.class_line: str | None = None
        self._identity = [table.columns[name] for name in identity if name in table.columns]
        self._stt = table.columns.get("stt", -1)
        self._titles = {column: key(text) for column, text in table.titles.items()}

    def __iter__(self) -> Iterator[tuple[int, list[Cell]]]:
        rows = self.table.sheet.rows
        for index in range(self.table.first):
            self._skip(index, rows[index], "title")
        signed = False
        whole = len(self._identity) if self._stt >= 0 and len(self._identity) >= 2 else -1
        for index in range(self.table.last + 1, len(rows)):
            row = rows[index]
            known = sum([row[column] != "" for column in self._identity])
            if known == whole and type(row[self._stt]) is float:
                yield index, row  # numbered and complete: nothing else looks like that
                signed = False
                continue
            if known >= 3 and not isinstance(row[self._identity[0]], str):
                yield index, row
                continue
            kind = self._kind(row, known, signed)
            if kind is None:
                yield index, row
                signed = False
                continue
            signed = signed or kind == "signature"
            self._skip(index, row, kind)

    def _kind(self, row: list[Cell], known: int, signed: bool) -> SkipKind | None:
        if known >= 3 and not self._repeats_header(row):
            return None
        filled = [(c, cell) for c, cell in enumerate(row) if c != self._stt and not is_blank(cell)]
        if not filled:
            return (
                "blank"
                if is_blank(row[self._stt]) or self._stt < 0 or _number(row[self._stt])
                else self._only(row[self._stt])
            )
        if self._repeats_header(row):
            return "repeated_header"
        text = " ".join(shown(cell) for _, cell in filled)
        if len(filled) <= 2 and (match := _CLASS_LINE.match(tidy(text))):
            self.class_line = match.group(1).replace(" ", "")
            return "class_line"
        strong = sum(1 for c, _ in filled if c in self._identity)
        if (
            len(filled) <= 4
            and strong <= 2
            and (signed or any(_SIGNATURE.match(bare(shown(cell))) for _, cell in filled))
        ):
            return "signature"
        if strong == 0 and len(filled) <= 3:
            return "title"
        return None

    def _only(self, cell: Cell) -> SkipKind:
        """A row whose only cell stands in the number column."""
        text = tidy(shown(cell))
        if match := _CLASS_LINE.match(text):
            self.class_line = match.group(1).replace(" ", "")
            return "class_line"
        return "signature" if _SIGNATURE.match(bare(text)) else "title"

    def _repeats_header(self, row: list[Cell]) -> bool:
        hits = filled = 0
        for column, title in self._titles.items():
            cell = row[column]
            if cell != "":
                filled += 1
                hits += isinstance(cell, str) and key(cell) == title
        return hits >= 3 and hits * 2 >= filled

    def _skip(self, index: int, row: list[Cell], kind: SkipKind) -> None:
        text = " ".join(tidy(shown(cell)) for cell in row if not is_blank(cell))
        if kind == "title" and not text:
            kind = "blank"
        self.skipped.append(Skipped(self.table.sheet.name, index + 1, kind, text[:300]))


def _number(cell: Cell) -> bool:
    return isinstance(cell, (int, float)) or (isinstance(cell, str) and cell.strip().rstrip(".").isdigit())
