"""The sector's Excel forms: found by header text, read, validated and handed back annotated.

Pure functions from bytes to values. What is ambiguous is asked (a warning, or an error that
a "yes" settles), what is wrong is refused with row, column and reason; nothing is changed in silence.
"""

from hocbaso.core.errors import Unreadable
from hocbaso.engines.workbooks.annotate import annotate
from hocbaso.engines.workbooks.detect import detect
from hocbaso.engines.workbooks.mark_book import read_mark_book
from hocbaso.engines.workbooks.model import (
    ALL_OTHER,
    Decisions,
    HeaderPosition,
    Issue,
    MarkRow,
    PrimaryResultRow,
    PupilRow,
    Reading,
    Skipped,
    StaffRow,
    SubjectResult,
    Teaching,
    WorkbookKey,
    WorkbookKind,
)
from hocbaso.engines.workbooks.pupils import read_pupils
from hocbaso.engines.workbooks.results import read_primary_results
from hocbaso.engines.workbooks.staff import ROLE_OF_POSITION, read_staff
from hocbaso.engines.workbooks.templates import pupil_template, staff_template

__all__ = [
    "ALL_OTHER",
    "ROLE_OF_POSITION",
    "Decisions",
    "HeaderPosition",
    "Issue",
    "MarkRow",
    "PrimaryResultRow",
    "PupilRow",
    "Reading",
    "Skipped",
    "StaffRow",
    "SubjectResult",
    "Teaching",
    "Unreadable",
    "WorkbookKey",
    "WorkbookKind",
    "annotate",
    "detect",
    "pupil_template",
    "read_mark_book",
    "read_primary_results",
    "read_pupils",
    "read_staff",
    "staff_template",
]
