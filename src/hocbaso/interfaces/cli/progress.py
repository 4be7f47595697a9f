"""Progress on standard error, only where somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hocbaso.interfaces.cli.output import messages

T = TypeVar("T")


def counting(items: Iterable[T], label: str) -> Iterator[T]:
    """The items one by one, with a bar on a terminal (nothing in a pipe)."""
    if not messages.is_terminal:
        yield from items
        return
    listed = list(items)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True) as progress:
        task = progress.add_task(label, total=len(listed))
        for item in listed:
            yield item
            progress.advance(task)
