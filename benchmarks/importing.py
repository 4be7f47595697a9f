"""A school year's pupil list of 5 000 rows: read and validated, against openpyxl that only reads it."""

from __future__ import annotations

import io
from collections import Counter

import openpyxl
from python_calamine import CalamineWorkbook

from benchmarks.builders import make_large_pupil_workbook
from benchmarks.harness import Contender, Experiment, Ratio
from hocbaso.engines.workbooks import read_pupils

ROWS = 5000


def importing() -> Experiment:
    """Rows a second."""
    data = make_large_pupil_workbook(ROWS)

    def ours() -> None:
        reading = read_pupils(data, year="2025-2026")
        if sum(row.ok for row in reading.rows) != ROWS:
            raise AssertionError(Counter(issue.code for issue in reading.issues))

    def calamine() -> None:
        for name in (book := CalamineWorkbook.from_filelike(io.BytesIO(data))).sheet_names:
            book.get_sheet_by_name(name).to_python()

    def peer(*, streaming: bool) -> None:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=streaming, data_only=True)
        for sheet in book.worksheets:
            for _ in sheet.iter_rows(values_only=True):
                pass

    return Experiment(
        title=f"Import: read and validate {ROWS} pupils × 28 columns",
        unit="rows",
        contenders=[
            Contender("hocbaso", ROWS, ours),
            Contender("calamine, reading only", ROWS, calamine),
            Contender("openpyxl, reading only", ROWS, lambda: peer(streaming=False)),
            Contender("openpyxl, streaming only", ROWS, lambda: peer(streaming=True)),
        ],
        ratios=[
            Ratio("÷ openpyxl that validates nothing", "hocbaso", "openpyxl, reading only", aim=5.0),
            Ratio("÷ openpyxl's streaming mode", "hocbaso", "openpyxl, streaming only"),
            Ratio("÷ calamine that validates nothing", "hocbaso", "calamine, reading only"),
        ],
    )
