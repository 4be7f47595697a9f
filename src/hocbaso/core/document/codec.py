"""A small two-way codec: one table of elements both writes a model as canonical XML text and reads it back.

Because writing and reading follow the same table they cannot drift apart. The written text obeys the rules of
C14N 1.0 by construction: no ``<x/>``, no white space between elements, text escapes ``& < >`` only, the sole
attribute is ``Id``. Reading looks at element names, their order and their text only: the caller writes the
result again and compares, which settles everything else (attributes, white space, echoed values).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from lxml import etree

from hocbaso.core.document.names import NS
from hocbaso.core.errors import DomainError, Unreadable, register

_Q = f"{{{NS}}}"

register(
    {
        "document_value": (
            "Mục “{field}” có giá trị không đúng quy định: {value}; được phép: {allowed}.",
            "{field}: {value} is not allowed here; expected {allowed}.",
        ),
        "document_missing": (
            "Tờ học bạ thiếu mục “{field}”.",
            "The sheet lacks {field}.",
        ),
        "document_structure": (
            "Tệp học bạ không đúng cấu trúc tại mục “{field}”; đây không phải tệp do hệ thống phát hành.",
            "The document's structure is wrong at {field}.",
        ),
    }
)


def escape(text: str) -> str:
    """Text as C14N 1.0 writes it (carriage returns cannot occur, see ``text.py``)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a value stands as text. Both functions raise ``DomainError`` naming the field given last."""

    write: Callable[[Any, str], str]
    read: Callable[[str, str], Any]
    free_text: bool = False  # words of people: printed, so subject to the font's characters
    limit: int = 0  # of free text: greatest length in code points


class Node(Protocol):
    """An element that holds one value."""

    @property
    def element(self) -> str:
        """Its name."""

    @property
    def label(self) -> str:
        """What people call it, for sentences."""

    def write(self, value: Any, root: Any, out: list[str]) -> None:
        """Append the text of ``value``; ``root`` is the whole model (for echoed values)."""

    def read(self, node: etree._Element) -> Any:
        """The value that ``node`` holds."""


class Part(Protocol):
    """A part of a record's content: one field, several, or an echo."""

    def write(self, owner: Any, root: Any, out: list[str]) -> None:
        """Append this part's elements."""

    def read(self, cursor: Cursor, values: dict[str, Any]) -> None:
        """Consume this part's elements and put what they hold into ``values``."""


class Cursor:
    """Children of an element, taken in order."""

    __slots__ = ("_children", "_next", "_tag")

    def __init__(self, parent: etree._Element) -> None:
        self._children = iter(parent)
        self._advance()

    def _advance(self) -> None:
        self._next = next(self._children, None)
        self._tag = None if self._next is None else self._next.tag

    def take(self, element: str) -> etree._Element | None:
        """The next child if it is called ``element``, else nothing."""
        if self._tag != _Q + element:
            return None
        taken = self._next
        self._advance()
        return taken

    def finish(self) -> None:
        """Refuse children that nobody took."""
        if self._next is not None:
            raise Unreadable("document_structure", field=str(self._tag).removeprefix(_Q)[:60])


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element that holds one text value."""

    element: str
    label: str
    kind: Kind

    def write(self, value: Any, root: Any, out: list[str]) -> None:
        kind, element = self.kind, self.element
        text = kind.write(value, self.label)
        # only people's words can hold & < >: every other kind is a pattern or a list of words without them
        out.append(f"<{element}>{escape(text) if kind.free_text else text}</{element}>")

    def read(self, node: etree._Element) -> Any:
        return self.kind.read(node.text or "", self.label)


@dataclass(frozen=True, slots=True)
class Record:
    """An element that holds one frozen dataclass."""

    element: str
    label: str
    build: Callable[..., Any]
    parts: tuple[Part, ...]
    identify: Callable[[Any], str] | None = None  # value of its Id attribute

    def write(self, value: Any, root: Any, out: list[str]) -> None:
        out.append(f'<{self.element} Id="{self.identify(value)}">' if self.identify else f"<{self.element}>")
        for part in self.parts:
            part.write(value, root, out)
        out.append(f"</{self.element}>")

    def read(self, node: etree._Element) -> Any:
        return self.build(**_read_parts(self.parts, node))


def _read_parts(parts: tuple[Part, ...], node: etree._Element) -> dict[str, Any]:
    cursor = Cursor(node)
    values: dict[str, Any] = {}
    for part in parts:
        part.read(cursor, values)
    cursor.finish()
    return values


@dataclass(frozen=True, slots=True)
class One:
    """A field that must be there."""

    attribute: str
    node: Node

    def write(self, owner: Any, root: Any, out: list[str]) -> None:
        value = getattr(owner, self.attribute)
        if value is None:
            raise DomainError("document_missing", field=self.node.label)
        self.node.write(value, root, out)

    def read(self, cursor: Cursor, values: dict[str, Any]) -> None:
        node = cursor.take(self.node.element)
        if node is None:
            raise Unreadable("document_missing", field=self.node.label)
        values[self.attribute] = self.node.read(node)


@dataclass(frozen=True, slots=True)
class Maybe:
    """A field that may be absent (``None``)."""

    attribute: str
    node: Node

    def write(self, owner: Any, root: Any, out: list[str]) -> None:
        value = getattr(owner, self.attribute)
        if value is not None:
            self.node.write(value, root, out)

    def read(self, cursor: Cursor, values: dict[str, Any]) -> None:
        node = cursor.take(self.node.element)
        values[self.attribute] = None if node is None else self.node.read(node)


@dataclass(frozen=True, slots=True)
class Many:
    """A tuple of values, at most ``limit`` (the XSD says the same)."""

    attribute: str
    node: Node
    limit: int = 60

    def write(self, owner: Any, root: Any, out: list[str]) -> None:
        values = getattr(owner, self.attribute)
        if len(values) > self.limit:
            raise DomainError(
                "document_value", field=self.node.label, value=len(values), allowed=f"≤ {self.limit}"
            )
        for value in values:
            self.node.write(value, root, out)

    def read(self, cursor: Cursor, values: dict[str, Any]) -> None:
        found = []
        while (node := cursor.take(self.node.element)) is not None:
            found.append(self.node.read(node))
        values[self.attribute] = tuple(found)


@dataclass(frozen=True, slots=True)
class Section:
    """An element that groups fields of the same object, or of the object in its field ``of``.

    What is read for ``of`` arrives as a dictionary: one object may be spread over several sections, so the
    record's ``build`` puts it together.
    """

    element: str
    parts: tuple[Part, ...]
    of: str | None = None

    def write(self, owner: Any, root: Any, out: list[str]) -> None:
        owner = getattr(owner, self.of) if self.of else owner
        out.append(f"<{self.element}>")
        for part in self.parts:
            part.write(owner, root, out)
        out.append(f"</{self.element}>")

    def read(self, cursor: Cursor, values: dict[str, Any]) -> None:
        node = cursor.take(self.element)
        if node is None:
            raise Unreadable("document_missing", field=self.element)
        target = values.setdefault(self.of, {}) if self.of else values
        target.update(_read_parts(self.parts, node))


@dataclass(frozen=True, slots=True)
class Echo:
    """A value of the whole model repeated here, so that a signature over this part alone binds it.

    Reading passes over it: writing the result again and comparing shows a wrong echo.
    """

    node: Leaf
    value: Callable[[Any], Any]

    def write(self, owner: Any, root: Any, out: list[str]) -> None:
        self.node.write(self.value(root), root, out)

    def read(self, cursor: Cursor, values: dict[str, Any]) -> None:
        if cursor.take(self.node.element) is None:
            raise Unreadable("document_missing", field=self.node.label)

    def text_of(self, root: Any) -> str:
        """The text that stands here; an echo repeats patterns and words, never people's text."""
        return self.node.kind.write(self.value(root), self.node.label)
