"""The layout table once more, flattened for speed: the emitted form written and read without a tree.

An XML parser, a tree, a second emission and a comparison cost ten times what there is to know: the emitted
form allows exactly one spelling. Here the text is cut at every ``<`` and the pieces are compared with the
table in order, so that reading succeeds only on the bytes which writing gives. Whatever is not that is
left to the careful way (``codec``), which decides and names the fault; both ways are compared in tests.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from hocbaso.core.document.codec import Echo, Leaf, Many, Maybe, Node, One, Part, Record, Section, escape
from hocbaso.core.errors import DomainError

_KNOWN_LIMIT = 2048
#: UTF-8 beginnings of the characters that no text may hold although they count as printable
#: (variation selectors, Hangul fillers, U+FFFC …); common Vietnamese never has them.
_RARE = (b"\xe1\xa0", b"\xe3", b"\xef", b"\xf3")


class _Differs(Exception):
    """Not the emitted form, or not surely so."""


# What a step is. Plain numbers: they are compared some thousand times for each sheet.
_TEXT = 0  # a leaf of people's words
_VALUE = 1  # any other leaf
_RECORD = 2
_SECTION = 3
_ECHO = 4


class _Step(NamedTuple):
    """One part of a record's content."""

    action: int
    attribute: str
    least: int  # 0: may be absent
    most: int  # 1: a single value; else a tuple of at most so many values
    opens: str  # the start tag without "<"; of an element with an Id up to its value
    size: int  # length of ``opens``
    closes: str  # the end tag without "<"
    node: Any  # Leaf, Record, Section or Echo
    steps: tuple[_Step, ...]  # of a record or section
    known: dict[str, Any]  # values read before, by their text


class _Written(NamedTuple):
    """What grows while a value is written."""

    root: Any
    out: list[str]
    texts: list[str]
    echoes: dict[int, str]  # by the echo's identity: what stands there each time


class _Found(NamedTuple):
    """What is compared when the whole is read."""

    texts: list[str]
    echoes: dict[int, tuple[Echo, set[str]]]  # by the echo's identity: everything that stands there


def compile_parts(parts: Iterable[Part]) -> tuple[_Step, ...]:
    """The parts of a record as steps."""
    return tuple(map(_step, parts))


def _step(part: Any) -> _Step:
    if isinstance(part, Section):
        steps = compile_parts(part.parts)
        return _tagged(_SECTION, part.of or "", 1, 1, part.element, part, steps)
    if isinstance(part, Echo):
        return _tagged(_ECHO, "", 1, 1, part.node.element, part)
    least = 1 if isinstance(part, One) else 0
    most = part.limit if isinstance(part, Many) else 1
    assert isinstance(part, One | Maybe | Many)
    return _node(part.node, part.attribute, least, most)


def _node(node: Node, attribute: str, least: int, most: int) -> _Step:
    if isinstance(node, Leaf):
        action = _TEXT if node.kind.free_text else _VALUE
        return _tagged(action, attribute, least, most, node.element, node)
    assert isinstance(node, Record)
    steps = compile_parts(node.parts)
    step = _tagged(_RECORD, attribute, least, most, node.element, node, steps)
    if node.identify is None:
        return step
    opens = f'{node.element} Id="'
    return step._replace(opens=opens, size=len(opens))


def _tagged(
    action: int,
    attribute: str,
    least: int,
    most: int,
    element: str,
    node: Any,
    steps: tuple[_Step, ...] = (),
) -> _Step:
    opens = element + ">"
    return _Step(action, attribute, least, most, opens, len(opens), f"/{element}>", node, steps, {})


class CompiledRecord:
    """A record of the layout that writes and reads its emitted form, or gives ``None`` when in doubt."""

    def __init__(self, record: Record) -> None:
        self._step = _node(record, "whole", 1, 1)

    def write(self, value: Any) -> bytes | None:
        """The emitted text; ``None`` when something in it may have to be refused."""
        done = _Written(value, [], [], {})
        try:
            _write_record(self._step, value, done)
        except (_Differs, DomainError, AttributeError, TypeError):
            return None
        if not _plain(done.texts):
            return None
        data = "".join(done.out).encode()
        return None if any(mark in data for mark in _RARE) else data

    def read(self, data: bytes) -> Any | None:
        """The value whose emitted text is exactly ``data``; ``None`` when that is not sure."""
        found = _Found([], {})
        try:
            text = data.decode()
            pieces = text.split("<")
            # every piece is "tag>text": with as many ">" as "<" none can stand in text
            if pieces[0] or text.count(">") != len(pieces) - 1 or any(mark in data for mark in _RARE):
                return None
            values: dict[str, Any] = {}
            end = _read((self._step,), pieces, 1, values, found)
            value = values["whole"]
        except (_Differs, DomainError, IndexError, UnicodeDecodeError):
            return None
        if end != len(pieces) or not _plain(found.texts):
            return None
        return value if all(texts == {echo.text_of(value)} for echo, texts in found.echoes.values()) else None


def _plain(texts: list[str]) -> bool:
    """Whether all texts are surely fit for a signed sheet, looked at in one go.

    The Unicode normalisation forms are closed under taking substrings (UAX 15), so that what is NFC when
    joined is NFC in every part. The bar is a character of its own: it joins with none.
    """
    joined = "|".join(("", *texts, ""))
    return (
        joined.isprintable()
        and not any(mark in joined for mark in ("  ", "| ", " |", "||"))
        and unicodedata.is_normalized("NFC", joined)
    )


def _read(steps: tuple[_Step, ...], pieces: list[str], at: int, values: dict[str, Any], found: _Found) -> int:
    """Read the steps in order from piece ``at`` on; gives the place behind them."""
    for step in steps:
        action, attribute, least, most, opens, size, closes, node, _, known = step
        piece = pieces[at]
        if not piece.startswith(opens):
            if least:
                raise _Differs
            values[attribute] = None if most == 1 else ()
        elif most != 1:
            values[attribute], at = _read_many(step, pieces, at, found)
        elif action == _RECORD:
            values[attribute], at = _read_one(step, pieces, at, found)
        elif action == _SECTION:
            at = _read_section(step, pieces, at, values, found)
        elif pieces[at + 1] != closes:
            raise _Differs
        else:
            at += 2
            raw = piece[size:]
            if action == _TEXT:
                values[attribute] = _words(raw, node.kind.limit, found)
            elif action == _VALUE:
                value = known.get(raw)
                values[attribute] = value if value is not None else _value(step, raw)
            else:
                found.echoes.setdefault(id(node), (node, set()))[1].add(raw)
    return at


def _read_many(step: _Step, pieces: list[str], at: int, found: _Found) -> tuple[tuple[Any, ...], int]:
    items = []
    while pieces[at].startswith(step.opens):
        item, at = _read_one(step, pieces, at, found)
        items.append(item)
    if len(items) > step.most:
        raise _Differs
    return tuple(items), at


def _read_one(step: _Step, pieces: list[str], at: int, found: _Found) -> tuple[Any, int]:
    if step.action != _RECORD:
        if pieces[at + 1] != step.closes:
            raise _Differs
        raw = pieces[at][step.size :]
        if step.action == _TEXT:
            return _words(raw, step.node.kind.limit, found), at + 2
        return _value(step, raw), at + 2
    head, record = pieces[at], step.node
    values: dict[str, Any] = {}
    end = _read(step.steps, pieces, at + 1, values, found)
    value = record.build(**values)
    expected = step.opens if record.identify is None else f'{step.opens}{record.identify(value)}">'
    if head != expected or pieces[end] != step.closes:
        raise _Differs
    return value, end + 1


def _read_section(step: _Step, pieces: list[str], at: int, values: dict[str, Any], found: _Found) -> int:
    if pieces[at] != step.opens:
        raise _Differs
    target = values.setdefault(step.attribute, {}) if step.attribute else values
    end = _read(step.steps, pieces, at + 1, target, found)
    if pieces[end] != step.closes:
        raise _Differs
    return end + 1


def _words(raw: str, limit: int, found: _Found) -> str:
    text = raw
    if "&" in raw:
        text = raw.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        if escape(text) != raw:
            raise _Differs
    if len(text) > limit:
        raise _Differs
    found.texts.append(text)
    return text


def _value(step: _Step, raw: str) -> Any:
    """Read a value that was not met lately, and keep it."""
    kind, label = step.node.kind, step.node.label
    value = kind.read(raw, label)
    if kind.write(value, label) != raw:
        raise _Differs
    if len(step.known) >= _KNOWN_LIMIT:
        step.known.clear()
    step.known[raw] = value
    return value


def _write_record(step: _Step, value: Any, done: _Written) -> None:
    record = step.node
    opens = step.opens if record.identify is None else f'{step.opens}{record.identify(value)}">'
    done.out.append("<" + opens)
    _write(step.steps, value, done)
    done.out.append("<" + step.closes)


def _write(steps: tuple[_Step, ...], owner: Any, done: _Written) -> None:
    for step in steps:
        action, attribute, least, most, opens, _, closes, node, inner, _ = step
        if action == _SECTION:
            done.out.append("<" + opens)
            _write(inner, getattr(owner, attribute) if attribute else owner, done)
            done.out.append("<" + closes)
            continue
        if action == _ECHO:
            text = done.echoes.get(id(node))
            if text is None:
                text = done.echoes[id(node)] = f"<{opens}{node.text_of(done.root)}<{closes}"
            done.out.append(text)
            continue
        value = getattr(owner, attribute)
        if most != 1:
            if len(value) > most:
                raise _Differs
            for item in value:
                _write_value(step, item, done)
        elif value is not None:
            _write_value(step, value, done)
        elif least:
            raise _Differs


def _write_value(step: _Step, value: Any, done: _Written) -> None:
    action, _, _, _, opens, _, closes, node, _, known = step
    if action == _RECORD:
        _write_record(step, value, done)
        return
    if action == _TEXT:
        if type(value) is not str or len(value) > node.kind.limit:
            raise _Differs
        done.texts.append(value)
        text = escape(value) if "&" in value or "<" in value or ">" in value else value
    elif type(value) is str and type(known.get(value)) is str:
        text = value  # a word or pattern that was read or written before; its text is itself
    else:
        text = node.kind.write(value, node.label)
        if type(value) is str:
            _value(step, text)
    done.out.append(f"<{opens}{text}<{closes}")
