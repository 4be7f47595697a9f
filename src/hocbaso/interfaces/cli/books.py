"""``hocbaso books KIND …``: the school's books as files, also on a day when nobody can open a page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.core.errors import DomainError, NotFound, Unreadable
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, told

if TYPE_CHECKING:
    from hocbaso.apps.books.use_cases.export_book import BookRequest, ExportedBook
    from hocbaso.apps.pupils.models import SchoolClass

register_errors(
    {
        "books_need_folder": (
            "Có {count} sổ nên --out phải là một thư mục, không phải tệp {path}.",
            "{count} books need a folder, not the file {path}.",
        ),
        "books_cannot_write": (
            "Không ghi được {path}: {reason}.",
            "Cannot write {path}: {reason}.",
        ),
        "books_none": (
            "Năm học {year} trường không có lớp nào dùng sổ này.",
            "No class of {year} keeps this book.",
        ),
        "books_class_not_found": (
            "Năm học {year} trường không có lớp {name}.",
            "There is no class {name} in {year}.",
        ),
    }
)

_KINDS = "class-summary, subject-book, class-book, register, homeroom, entry-sheets, slips"


def books(
    kind: str = typer.Argument(..., metavar="KIND", help=f"Loại sổ: {_KINDS}."),
    school: str = typer.Option(..., "--school", help="Mã trường."),
    year: str = typer.Option(..., "--year", help="Năm học, ví dụ 2025-2026."),
    class_name: str = typer.Option(None, "--class", help="Một lớp; bỏ trống: mọi lớp dùng sổ này."),
    subject: str = typer.Option("", "--subject", help="Mã môn, ví dụ toan."),
    moment: str = typer.Option(
        "", "--moment", help="Tiểu học: ghk1, chk1, ghk2, cn; trung học: hk1, hk2, cn."
    ),
    out: Path = typer.Option(..., "--out", metavar="FILE|DIR", help="Tệp, hoặc thư mục khi có nhiều sổ."),
    file_format: str = typer.Option("pdf", "--format", help="pdf | xlsx."),
    whole: bool = typer.Option(False, "--whole", help="Sổ đăng bộ: cả sổ, không riêng năm học này."),
    four: bool = typer.Option(False, "--four", help="Phiếu kết quả: 4 phiếu một trang, không nhận xét."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Xuất sổ của trường ra tệp PDF hoặc Excel; in được cả khi trang web tạm ngừng."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    with told(as_json=as_json):
        requests = _requests(kind, school, year, class_name, subject, moment, file_format, whole, four)
        files = _write(requests, out)
    answer(
        {"kind": kind, "files": files},
        as_json=as_json,
        human=lambda: messages.print(f"Đã ghi {len(files)} sổ: {', '.join(files)}", markup=False),
    )


def _requests(
    kind: str,
    school_code: str,
    year: str,
    class_name: str | None,
    subject: str,
    moment: str,
    file_format: str,
    whole: bool,
    four: bool,
) -> list[BookRequest]:
    """One request a class (one for the register).

    :raises DomainError: ``book_unknown``, ``school_not_found``, ``books_class_not_found``, ``books_none``.
    """
    from hocbaso.apps.books.kinds import KINDS, Kind, fits
    from hocbaso.apps.books.use_cases.export_book import BookRequest
    from hocbaso.apps.organisations.queries import school as find_school
    from hocbaso.apps.pupils.models import SchoolClass
    from hocbaso.core.vietnamese.school_year import SchoolYear

    known = {one.value: one for one in Kind}
    if kind not in known:
        raise Unreadable("book_unknown", kind=kind, known=", ".join(known))
    book, school = KINDS[known[kind]], find_school(school_code)
    SchoolYear.parse(year)
    common: dict[str, Any] = {
        "subject": subject,
        "moment": moment,
        "format": file_format,
        "whole": whole,
        "per_page": 4 if four else 2,
    }
    if not book.needs_class:
        return [BookRequest(book.kind, school, year, **common)]
    classes: list[SchoolClass] = list(
        SchoolClass.objects.filter(school=school, school_year=year).select_related("school")
    )
    if class_name is not None:
        classes = [c for c in classes if c.name == class_name]
        if not classes:
            raise NotFound("books_class_not_found", year=year, name=class_name)
    else:
        classes = [c for c in classes if fits(book.kind, c)]
        if not classes:
            raise DomainError("books_none", year=year)
    return [BookRequest(book.kind, school, year, c, **common) for c in classes]


def _write(requests: list[BookRequest], out: Path) -> list[str]:
    """Draw and write; whole files or none. Returns the paths in order.

    :raises DomainError: ``books_need_folder``, ``books_cannot_write``, and those of ``export_book``.
    """
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.books.use_cases.export_book import export_book

    one_file = bool(out.suffix) and not out.is_dir()
    if one_file and len(requests) > 1:
        raise Unreadable("books_need_folder", count=len(requests), path=out)
    written = []
    for request in requests:
        made = export_book(Actor.operator(), request)
        path = out if one_file else out / made.name
        _save(path, made)
        written.append(str(path))
    return written


def _save(path: Path, made: ExportedBook) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(made.content)
        temporary.replace(path)
    except OSError as error:
        raise Unreadable("books_cannot_write", path=path, reason=error.strerror or error) from error


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="books")(books)
