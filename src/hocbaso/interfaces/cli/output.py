"""One JSON document on standard output, everything else on standard error; exit statuses of design 4.2."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hocbaso.core.errors import DomainError, NotFound, ServiceUnavailable, Unreadable
from hocbaso.core.shown import shown


class Exit(IntEnum):
    DONE = 0
    NEGATIVE = 1  # rows refused, document not valid
    UNUSABLE = 2  # wrong usage or unreadable input
    UNAVAILABLE = 3  # a service that is needed does not answer


class _Messages(Console):
    """A terminal obeys control characters: what a file or a certificate brings of them is never handed on."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As :class:`Console`, texts made harmless first."""
        super().print(*(harmless(o) if isinstance(o, str) else o for o in objects), **options)


def harmless(text: str) -> str:
    """``text`` with everything invisible replaced but line ends, tabs and no-break spaces."""
    return "".join(c if c in "\n\t\u00a0" else shown(c) for c in text) if not text.isprintable() else text


messages = _Messages(stderr=True, highlight=False)
JSON_OPTION = typer.Option(False, "--json", help="Trả lời bằng đúng một tài liệu JSON trên đầu ra chuẩn.")


#: Codes that say the command was called wrongly, whatever class of error they have.
WRONG_USAGE = {"school_year.format"}
_answered = False


def print_document(document: Any) -> None:
    """The one JSON document of this process."""
    global _answered
    _answered = True
    sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")


def print_error(code: str, message: str) -> None:
    """An error as the document, unless one was printed already or none is wanted."""
    if not _answered and "--json" in sys.argv:
        print_document({"error": {"code": code, "message": message}})


def answer(document: Any, *, as_json: bool, human: Callable[[], None] | None = None) -> None:
    """Print the answer: JSON on standard output, or words for a person."""
    if as_json:
        print_document(document)
    elif human is not None:
        human()
    else:
        for key, value in document.items():
            messages.print(f"{key}: {value}")


def table(
    title: str, columns: list[str], rows: list[list[Any]], limit: int = 40, *, whole: Collection[str] = ()
) -> None:
    """A table for a person; says how many rows are not shown. Nothing is cut in a narrow window.

    :param whole: columns that stay on one line, as what is typed from them.
    """
    listed = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        if column in whole:
            width = max([len(column), *(len(str(row[place])) for row in rows[:limit])])
            listed.add_column(column, no_wrap=True, min_width=width)
        else:
            listed.add_column(column, overflow="fold")
    for row in rows[:limit]:
        listed.add_row(*[escape(harmless(str(cell))) for cell in row])  # a name in brackets is a name
    messages.print(listed)
    if len(rows) > limit:
        messages.print(f"… và {len(rows) - limit} dòng nữa.")


def stop(error: DomainError, *, as_json: bool) -> NoReturn:
    """End the command with the error's sentence and the exit status of its kind."""
    if as_json:
        print_document({"error": {"code": error.code, "message": error.message}})
    messages.print(error.message, style="red", markup=False)
    if isinstance(error, ServiceUnavailable):
        raise typer.Exit(Exit.UNAVAILABLE)
    unusable = isinstance(error, Unreadable | NotFound) or error.code in WRONG_USAGE
    raise typer.Exit(Exit.UNUSABLE if unusable else Exit.NEGATIVE)


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Turn a refusal inside the block into its sentence and exit status."""
    try:
        yield
    except DomainError as error:
        stop(error, as_json=as_json)
