"""The school's books in their paper forms: values in, PDF bytes out (``engines.workbooks.books``: Excel).

Same input, same bytes. Nothing here reads a clock: who exported when comes in as :class:`Stamp`.
"""

from hocbaso.engines.rendering.books.draw import render_book
from hocbaso.engines.rendering.books.entry import EntryColumn, EntryRow, EntrySheet, entry_sheets
from hocbaso.engines.rendering.books.homeroom import (
    HomeroomBook,
    HomeroomResult,
    HomeroomRow,
    homeroom_book,
)
from hocbaso.engines.rendering.books.layout import (
    Book,
    PageCode,
    School,
    Stamp,
    average,
    mark,
    shown,
    vn_date,
)
from hocbaso.engines.rendering.books.people import ClassHead, Person
from hocbaso.engines.rendering.books.primary import (
    ClassSummary,
    PrimaryRow,
    SubjectColumn,
    TraitColumn,
    class_summary,
    form_number,
)
from hocbaso.engines.rendering.books.register import Register, RegisterRow, register_book
from hocbaso.engines.rendering.books.secondary import (
    ClassBook,
    ClassRow,
    SubjectBook,
    SubjectRow,
    TermCells,
    class_book,
    subject_book,
)
from hocbaso.engines.rendering.books.slips import Slip, SlipLine, Slips, render_slips

__all__ = [
    "Book",
    "ClassBook",
    "ClassHead",
    "ClassRow",
    "ClassSummary",
    "EntryColumn",
    "EntryRow",
    "EntrySheet",
    "HomeroomBook",
    "HomeroomResult",
    "HomeroomRow",
    "PageCode",
    "Person",
    "PrimaryRow",
    "Register",
    "RegisterRow",
    "School",
    "Slip",
    "SlipLine",
    "Slips",
    "Stamp",
    "SubjectBook",
    "SubjectColumn",
    "SubjectRow",
    "TermCells",
    "TraitColumn",
    "average",
    "class_book",
    "class_summary",
    "entry_sheets",
    "form_number",
    "homeroom_book",
    "mark",
    "register_book",
    "render_book",
    "render_slips",
    "shown",
    "subject_book",
    "vn_date",
]
