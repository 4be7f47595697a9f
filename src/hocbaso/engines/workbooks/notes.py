"""Collects issues while a table is read and applies the answers a person gave to earlier proposals."""

from __future__ import annotations

from hocbaso.engines.workbooks.grid import Cell, column_letter
from hocbaso.engines.workbooks.model import Decisions, Issue, Severity
from hocbaso.engines.workbooks.table import Table
from hocbaso.engines.workbooks.text import shown


class Notes:
    """The issues of one table. ``bad`` tells whether the row begun last has an error."""

    def __init__(self, table: Table, decisions: Decisions | None, *, main: bool) -> None:
        """:param main: the first sheet read, of which answers without a sheet name speak."""
        self.table = table
        self.issues: list[Issue] = []
        self.row = 0
        self.bad = False
        self._decisions = decisions or {}
        self._main = main
        self._sheet = table.sheet.name

    def begin(self, index: int) -> None:
        """Start on the row with 0-based ``index``."""
        self.row = index
        self.bad = False

    def error(
        self, column: int | None, code: str, message: str, value: Cell = "", proposal: str | None = None
    ) -> None:
        """Refuse the row."""
        self.bad = True
        self._add(self.row, column, code, "error", message, value, proposal)

    def warn(
        self, column: int | None, code: str, message: str, value: Cell = "", proposal: str | None = None
    ) -> None:
        """Tell, without refusing."""
        self._add(self.row, column, code, "warning", message, value, proposal)

    def at(
        self, index: int, column: int | None, code: str, severity: Severity, message: str, value: Cell = ""
    ) -> None:
        """An issue of another row than the one begun."""
        self._add(index, column, code, severity, message, value, None)

    def ask(
        self,
        column: int | None,
        code: str,
        message: str,
        value: Cell,
        proposal: str,
        *,
        severity: Severity = "warning",
        refused: Severity = "error",
    ) -> bool | None:
        """Put a question; returns the answer already given (None: not yet).

        "Yes" leaves no issue. "No" leaves one of severity ``refused`` without a proposal: the file has to be
        corrected, or the cell stays empty.
        """
        answer = self.answer(code)
        if answer is None:
            self.bad = self.bad or severity == "error"
            self._add(self.row, column, code, severity, message, value, proposal)
        elif not answer:
            self.bad = self.bad or refused == "error"
            told = f"Thầy cô đã trả lời không phải “{proposal}”. {message}"
            self._add(self.row, column, code, refused, told, value, None)
        return answer

    def answer(self, code: str) -> bool | None:
        """What the person said about ``code`` on the row begun."""
        if not self._decisions:
            return None
        row = self.row + 1
        found = self._decisions.get((self._sheet, row, code))
        if found is None and self._main:
            found = self._decisions.get((row, code))
        return found

    def _add(
        self,
        index: int,
        column: int | None,
        code: str,
        severity: Severity,
        message: str,
        value: Cell,
        proposal: str | None,
    ) -> None:
        title = self.table.titles.get(column, "") if column is not None else ""
        letter = column_letter(column) if column is not None else ""
        self.issues.append(
            Issue(index + 1, title, letter, code, severity, message, shown(value), proposal, self._sheet)
        )
