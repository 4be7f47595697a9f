"""Take a book out: ask the policy, gather, draw, leave a line in the audit chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record
from hocbaso.apps.books import empty_sheets, family_books, primary_books, secondary_books
from hocbaso.apps.books import slips as slip_facts
from hocbaso.apps.books.kinds import (
    KINDS,
    PDF,
    XLSX,
    BookTarget,
    Kind,
    fits,
    moment_label,
    moments_for,
)
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.watermark import begin, finish
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError
from hocbaso.engines.rendering import books
from hocbaso.engines.workbooks.books import book_workbook
from hocbaso.engines.workbooks.export_mark import mark_xlsx

MEDIA_TYPES = {
    PDF: "application/pdf",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class BookRequest:
    """Which book.

    ``subject``: a subject, or a part of the gradebook for entry sheets; ``whole``: the register of all years;
    ``per_page``: slips on a page (2 or 4).
    """

    kind: Kind
    school: Organisation
    year: str
    school_class: SchoolClass | None = None
    subject: str = ""
    moment: str = ""
    format: str = PDF
    whole: bool = False
    per_page: int = 2


@dataclass(frozen=True, slots=True)
class ExportedBook:
    """The file, under the name a person would give it."""

    name: str
    media_type: str
    content: bytes


def export_book(actor: Actor, request: BookRequest) -> ExportedBook:
    """The book as a file that names who took it out and when; every export is on record.

    :raises NotAllowed: the policy of the book.
    :raises DomainError: ``book_needs_class``, ``book_needs_subject``, ``book_no_such_subject``,
        ``book_needs_moment``, ``book_wrong_level``, ``book_no_such_format``, ``character_not_printable``.
    """
    target = BookTarget(request.school, request.kind, request.school_class, request.subject)
    require(actor, "books.export", target)
    _check(request)
    mark, in_class = begin(actor), request.school_class
    content = _draw(request, books.Stamp(mark.by, mark.at, mark.number))
    if request.format == XLSX:
        content = mark_xlsx(content, line=mark.line, number=mark.number)
    with transaction.atomic():
        finish(
            actor,
            mark,
            _purpose(request),
            what=f"book:{request.kind.value}",
            content=content,
            persons=in_class.enrolments.filter(active=True).count() if in_class else None,
            unit=request.school,
        )
        record(
            actor,
            "books.exported",
            f"class:{in_class.pk}" if in_class else f"year:{request.year}",
            organisation=request.school.code,
            kind=request.kind.value,
            class_name=in_class.name if in_class else "",
            subject=request.subject,
            moment=request.moment,
            format=request.format,
        )
    return ExportedBook(_file_name(request), MEDIA_TYPES[request.format], content)


def _purpose(request: BookRequest) -> str:
    """What was taken out, in words: ``Sổ môn học, lớp 7A2, toan``."""
    in_class = request.school_class
    words = (KINDS[request.kind].name, f"lớp {in_class.name}" if in_class else "", request.subject)
    return ", ".join(word for word in words if word)


def _check(request: BookRequest) -> None:
    known, in_class = KINDS[request.kind], request.school_class
    if request.format not in known.formats:
        wanted, have = request.format.upper(), ", ".join(f.upper() for f in known.formats)
        raise DomainError("book_no_such_format", book=known.name, format=wanted, known=have)
    if in_class is None:
        if known.needs_class:
            raise DomainError("book_needs_class")
        return
    if not fits(request.kind, in_class):
        raise DomainError("book_wrong_level", name=in_class.name, book=known.name, level=known.level)
    if known.needs_subject and not request.subject:
        raise DomainError("book_needs_subject")
    moments = moments_for(request.kind, in_class.grade)
    if request.moment not in moments and (known.moments or request.moment):
        words = "; ".join(f"{moment_label(m, in_class.grade)} ({m})" for m in moments)
        raise DomainError("book_needs_moment", known=words or "không chọn thời điểm")


def _draw(request: BookRequest, stamp: books.Stamp) -> bytes:
    if request.kind is Kind.SLIPS:
        assert request.school_class is not None
        made = slip_facts.slips(request.school_class, request.moment, stamp, per_page=request.per_page)
        return books.render_slips(made)
    book = _GATHER[request.kind](request, stamp)
    return book_workbook(book) if request.format == XLSX else books.render_book(book)


def _class(request: BookRequest) -> SchoolClass:
    assert request.school_class is not None, "checked before"
    return request.school_class


_GATHER: dict[Kind, Callable[[BookRequest, books.Stamp], books.Book]] = {
    Kind.CLASS_SUMMARY: lambda r, stamp: books.class_summary(
        primary_books.class_summary(_class(r), r.moment, stamp)
    ),
    Kind.SUBJECT_BOOK: lambda r, stamp: books.subject_book(
        secondary_books.subject_book(_class(r), r.subject, stamp)
    ),
    Kind.CLASS_BOOK: lambda r, stamp: books.class_book(
        secondary_books.class_book(_class(r), r.moment, stamp)
    ),
    Kind.REGISTER: lambda r, stamp: books.register_book(
        family_books.register(r.school, r.year, stamp, whole=r.whole)
    ),
    Kind.HOMEROOM: lambda r, stamp: books.homeroom_book(family_books.homeroom_book(_class(r), stamp)),
    Kind.ENTRY_SHEETS: lambda r, stamp: books.entry_sheets(
        empty_sheets.entry_sheets(_class(r), r.moment, r.subject, stamp)
    ),
}


def _file_name(request: BookRequest) -> str:
    """``so-mon-hoc-7A2-toan-2025-2026.pdf``."""
    in_class = request.school_class
    parts = [KINDS[request.kind].slug, in_class.name if in_class else "", request.subject, request.moment]
    name = "-".join(part for part in (*parts, request.year) if part)
    safe = "".join(c if c.isalnum() or c in "-._" else "-" for c in name)
    return f"{safe}.{request.format}"
