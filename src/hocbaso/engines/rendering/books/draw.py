"""Draw a book with Typst: cells in, PDF/A-2b out; no network, no system fonts, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hocbaso.engines.rendering.books.layout import Book, Cover, Part, Table, Value, shown, texts_of
from hocbaso.engines.rendering.compiler import lay_out
from hocbaso.engines.rendering.content import Printed
from hocbaso.engines.rendering.content import printed as _printed
from hocbaso.engines.rendering.fonts import require_printable
from hocbaso.engines.trust.qr import qr_svg

TEMPLATE_DIR = Path(__file__).parent / "templates"


def printed(text: str) -> Printed:
    """A text for the template: never markup; a very long run may break at any letter."""
    return _printed(text)


def compile_template(entry: str, data: Mapping[str, Any], when: datetime) -> bytes:
    """Lay ``data`` out by the template ``entry``.

    :param when: time written into the file, with zone.
    :raises DomainError: ``rendering_failed`` (also when a glyph or font is missing).
    """
    at = when.astimezone(UTC).replace(microsecond=0)
    content = {**data, "date": [at.year, at.month, at.day, at.hour, at.minute, at.second]}
    return lay_out(TEMPLATE_DIR / entry, content, at)


def render_book(book: Book) -> bytes:
    """The whole book as PDF/A-2b.

    :raises DomainError: ``character_not_printable`` for the first text concerned, ``rendering_failed``.
    """
    require_printable_book(book)
    content = {
        "title": book.title,
        "school": printed(book.school.name),
        "manager": printed(book.school.manager),
        "running": printed(book.running),
        "form": book.form,
        "stamp": printed(book.stamp.line),
        "cover": _cover(book.cover) if book.cover else None,
        "parts": [_part(part) for part in book.parts],
    }
    return compile_template("book.typ", content, book.stamp.at)


def require_printable_book(book: Book) -> None:
    """:raises DomainError: ``character_not_printable``: a text that the font cannot print."""
    for field, text in texts_of(book):
        if not text.isascii() or not text.isprintable():
            require_printable(field, text)


def _cover(cover: Cover) -> dict[str, Any]:
    return {
        "title": printed(cover.title),
        "subtitle": cover.subtitle,
        "legal": cover.legal,
        "lines": [[label, printed(value)] for label, value in cover.lines],
    }


def _part(part: Part) -> dict[str, Any]:
    code = part.page_code
    return {
        "title": printed(part.title),
        "subtitle": printed(part.subtitle),
        "facts": [printed(line) for line in part.facts],
        "table": _table(part.table) if part.table else None,
        "notes": [printed(line) for line in part.notes],
        "place": printed(part.place),
        "signatories": [[s.heading, s.note, printed(s.name)] for s in part.signatories],
        "landscape": part.landscape,
        "ruled": part.ruled_lines,
        "code": {"text": code.code, "qr": qr_svg(code.url, quiet=0)} if code else None,
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "columns": [[c.width, c.align, c.strong] for c in table.columns],
        "head": [[[h.text, h.across, h.down, h.turned] for h in row] for row in table.head],
        "rows": [[_cell(value) for value in row] for row in table.rows],
        "foot": [[f.label, f.across, [shown(v) for v in f.values]] for f in table.foot],
        "height": table.row_height,
        "size": table.size,
        "head_size": table.head_size,
        "empty": table.empty,
    }


def _cell(value: Value) -> Printed:
    return printed(value) if isinstance(value, str) else shown(value)
