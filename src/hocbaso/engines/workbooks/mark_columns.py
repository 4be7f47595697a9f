"""Columns of a mark page and of the page of conduct, each understood by its own texts (domain sheet 9.2).

Regular marks stand under ``TX1 … TX4``, ``ĐĐGtx 1`` …, a ``ĐĐGtx`` merged over several columns with or
without numbers below, or a ``ĐĐGtx`` in the first of them only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from hocbaso.engines.workbooks.columns import PUPIL_COLUMNS, RESULT_COLUMNS
from hocbaso.engines.workbooks.grid import Cell, Sheet, column_letter
from hocbaso.engines.workbooks.table import HEADER_SEARCH_ROWS, Headings, Table, header_texts
from hocbaso.engines.workbooks.text import bare, is_blank, tidy

REGULAR = ("tx1", "tx2", "tx3", "tx4", "tx5", "tx6")
MARKS = (*REGULAR, "gk", "ck")
CONDUCT = ("conduct_1", "conduct_2", "conduct", "conduct_year")
_MORE_HEADER_ROWS = 3

_PLAIN = Headings(
    {
        "stt": PUPIL_COLUMNS["stt"],
        "class_name": ("Mã lớp", "Tên lớp", "Lớp học", "Lớp"),
        "code": PUPIL_COLUMNS["code"],
        "full_name": PUPIL_COLUMNS["full_name"],
        "birth_date": PUPIL_COLUMNS["birth_date"],
        "sex": PUPIL_COLUMNS["sex"],
        "comment": (
            "Nhận xét",
            "Nhận xét của giáo viên",
            "Nhận xét của GV",
            "Nhận xét của GVCN",
            "Nhận xét của giáo viên chủ nhiệm",
            "Nhận xét của giáo viên môn học",
            "Nhận xét sự tiến bộ, ưu điểm nổi bật, hạn chế chủ yếu",
        ),
        "absent_excused": (*RESULT_COLUMNS["absences_excused"], "Số buổi nghỉ Có phép", "Nghỉ học có phép"),
        "absent_unexcused": (
            *RESULT_COLUMNS["absences_unexcused"],
            "Số buổi nghỉ Không phép",
            "Nghỉ học không phép",
        ),
        "discipline": ("Kỷ luật", "Kỉ luật"),
    }
)
_TX_WORD = re.compile(
    r"\b(?:tx|d?d?g ?tx|kttx|thuong xuyen|(?:diem )?danh gia thuong xuyen|ddgtx)(?: ?\d{1,2})?\b"
)
_TX = re.compile(r"\b(?:tx|d?d?g ?tx|ddgtx|kttx|thuong xuyen) ?(?:lan |cot )?([1-9]\d?)\b")
_NUMBER = re.compile(r"^(?:lan |cot |diem |tx ?)?([1-9]\d?)$")
_TERM_AFTER = r"(?: ?(?:i{1,2}|[12]))?"
_MID = re.compile(
    r"^(?:(?:diem )?(?:danh gia |kiem tra )?giua (?:hoc )?k[yi]"
    r"|(?:d|ddg|dg|kt|diem)? ?gk|(?:ddg ?)?ghk)" + _TERM_AFTER + "$"
)
_FINAL = re.compile(
    r"^(?:(?:diem )?(?:danh gia |kiem tra )?cuoi (?:hoc )?k[yi]"
    r"|(?:d|ddg|dg|kt|diem)? ?ck|(?:ddg ?)?chk)" + _TERM_AFTER + "$"
)
_AVERAGE = re.compile(
    r"^(?:dtb ?(?:m|mon)? ?(?:hk|hoc k[yi])?|tbm ?(?:hk)?|tb ?hk|(?:diem )?trung binh(?: mon)?(?: hoc k[yi])?"
    r"|diem tb(?: mon)?(?: hk)?|ket qua(?: hoc k[yi])?|muc danh gia|muc dat duoc|xep loai|danh gia)"
    + _TERM_AFTER
    + "$"
)
_YEAR_AVERAGE = re.compile(
    r"^(?:dtb ?m? ?cn|tbm? ?cn|dtbm? ca nam|(?:diem )?trung binh (?:mon )?ca nam|ca nam|tb ca nam)$"
)
_CONDUCT_WORD = re.compile(r"\b(?:ren luyen|hanh kiem|kqrl|kq rl)\b")
_TERM_END = re.compile(r"\b(?:hk|hoc k[yi]|k[yi])? ?(ii|i|2|1|ca nam|cn)$")


@dataclass(slots=True)
class PageColumns:
    """A page's table with its columns understood; ``guessed`` are columns without a header of their own."""

    table: Table
    conduct: bool
    guessed: list[int] = field(default_factory=list)
    too_many: list[int] = field(default_factory=list)

    @property
    def marks(self) -> list[str]:
        """The mark columns that the page has, in the order of the form."""
        return [name for name in MARKS if name in self.table.columns]


def find_page(sheet: Sheet) -> PageColumns | None:
    """The mark table or conduct table of a sheet; None when it has none."""
    best: PageColumns | None = None
    for first in range(min(HEADER_SEARCH_ROWS, len(sheet.rows))):
        found = [name for cell in sheet.rows[first] if (name := _plain(cell))]
        if "full_name" not in found and "code" not in found:
            continue
        page = _understand(sheet, *_header_rows(sheet, first))
        names = page.table.columns.keys()
        good = len(names & {"code", "full_name"}) and (
            page.conduct or len(names & {*MARKS, "stated"}) + len(page.too_many) >= 2
        )
        if good and (best is None or len(names) > len(best.table.columns)):
            best = page
    return best


def _plain(cell: Cell) -> str:
    found = _PLAIN.find(cell) if isinstance(cell, str) and cell else None
    return found[0] if found else ""


def _header_rows(sheet: Sheet, first: int) -> tuple[int, int]:
    """The header's last row: as long as the rows below name no pupil but name columns."""
    columns = [c for c, cell in enumerate(sheet.rows[first]) if _plain(cell) in ("code", "full_name")]
    last = first
    for index in range(first + 1, min(first + _MORE_HEADER_ROWS, len(sheet.rows))):
        row = sheet.rows[index]
        if any(not is_blank(row[c]) and not _plain(row[c]) for c in columns) or not _names_columns(row):
            break
        last = index
    # A line of group names above ("ĐĐGtx" over its columns) belongs to the header too.
    while first > 0 and _groups(sheet.rows[first - 1]):
        first -= 1
    return first, last


def _names_columns(row: list[Cell]) -> bool:
    texts = [bare(str(int(c)) if isinstance(c, float) and c.is_integer() else str(c)) for c in row if c != ""]
    texts = [text for text in texts if text]
    numbers = [int(text) for text in texts if text.isdigit()]
    words = [text for text in texts if not text.isdigit()]
    if words:
        return all(_kind([text]) or _NUMBER.match(text) or _TERM_END.search(text) for text in words) or any(
            _plain(cell) in ("code", "full_name") for cell in row
        )
    return len(numbers) >= 2 and all(b in (a + 1, 1) for a, b in pairwise(numbers))


def _groups(row: list[Cell]) -> bool:
    texts = [bare(cell) for cell in row if isinstance(cell, str) and not is_blank(cell)]
    return (
        bool(texts) and len(texts) == sum(1 for cell in row if not is_blank(cell)) and all(map(_group, texts))
    )


def _group(text: str) -> bool:
    return bool(
        _TX_WORD.fullmatch(text) or text in ("diem", "ket qua ren luyen", "ren luyen", "so buoi nghi")
    )


def _understand(sheet: Sheet, first: int, last: int) -> PageColumns:
    page = PageColumns(Table(sheet, first, last, {}, {}), conduct=False)
    parts_of = header_texts(sheet, first, last)
    after_tx = False
    waiting: list[int] = []
    for column, parts in enumerate(parts_of):
        if not parts:
            if after_tx:
                waiting.append(column)
            continue
        page.table.titles[column] = " – ".join(parts)
        name = _kind([bare(part) for part in parts]) or ""
        if name == "tx":
            _next_regular(page, column)
        elif name:
            for blank in waiting if name in ("tx", "gk", "ck", "stated") or name in REGULAR else []:
                _next_regular(page, blank)
                page.guessed.append(blank)
            _put(page, name, column)
        else:
            page.table.unknown.append(column)
        waiting = []
        after_tx = name == "tx"
    page.conduct = any(name in page.table.columns for name in CONDUCT)
    return page


def _next_regular(page: PageColumns, column: int) -> None:
    free = next((name for name in REGULAR if name not in page.table.columns), None)
    if free is None:
        page.too_many.append(column)
    else:
        page.table.columns[free] = column


def _put(page: PageColumns, name: str, column: int) -> None:
    table = page.table
    if name == "tx_more":
        page.too_many.append(column)
    elif name in table.columns:
        table.twice.setdefault(name, [table.columns[name]]).append(column)
    else:
        table.columns[name] = column


def _kind(parts: list[str]) -> str | None:
    """The field that a column's header texts (bare) name; "tx" for a regular mark without a number."""
    last, whole = parts[-1], " ".join(parts)
    if _CONDUCT_WORD.search(whole):
        return _conduct(parts)
    if _TX_WORD.search(whole):
        match = _TX.search(whole) or (_NUMBER.match(last) if len(parts) > 1 else None)
        if match:
            return f"tx{int(match.group(1))}" if int(match.group(1)) <= len(REGULAR) else "tx_more"
        return "tx"
    for name, pattern in (
        ("gk", _MID),
        ("ck", _FINAL),
        ("year_average", _YEAR_AVERAGE),
        ("stated", _AVERAGE),
    ):
        if pattern.match(last) or pattern.match(parts[0]):
            return name
    for text in (whole, " ".join([parts[-1], *parts[:-1]]), last):
        if found := _PLAIN.find(text):
            return found[0]
    return None


def _conduct(parts: list[str]) -> str | None:
    match = _TERM_END.search(parts[-1]) or (_TERM_END.search(parts[0]) if len(parts) > 1 else None)
    if match is None:
        return "conduct" if _CONDUCT_WORD.search(parts[-1]) else None
    return {"i": "conduct_1", "1": "conduct_1", "ii": "conduct_2", "2": "conduct_2"}.get(
        match.group(1), "conduct_year"
    )


def letter_of(page: PageColumns, column: int) -> str:
    """For sentences: ``cột E “TX2”``."""
    title = tidy(page.table.titles.get(column, ""))
    return f"cột {column_letter(column)}" + (f" “{title}”" if title else "")
