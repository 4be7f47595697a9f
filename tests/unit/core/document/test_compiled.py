"""The quick way of writing and reading a sheet and the careful one never disagree."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hocbaso.core.document.compiled import _RARE
from hocbaso.core.document.emit import emit, emit_carefully
from hocbaso.core.document.forms import check_whole, form_of, form_of_text
from hocbaso.core.document.layout import QUICK_SHEET
from hocbaso.core.document.model import YearSheet
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import MAX_SHEET, SHEET_OPEN, parse_carefully, parse_sheet
from hocbaso.core.document.schema import validate
from hocbaso.core.document.text import _INVISIBLE
from hocbaso.core.errors import DomainError, Unreadable

from .secondary_sheets import secondary
from .sheets import grade_three, year_sheets

TEXT = emit_carefully(grade_three())
TEXTS = [TEXT, emit_carefully(secondary(6)), emit_carefully(secondary(10))]
#: What a hostile editor would put in: markup of the format and of XML, entities, awkward characters.
PIECES = [
    *b"< > </ /> & &amp; &lt; &gt; &#51; &quot; \" ' = | || <x></x> <![CDATA[ ]]> <?a?> 1 0 T true e".split(
        b" "
    ),
    *b"<GhiChu></GhiChu> <Dong>a</Dong> <TenCu>a</TenCu> <NhanXet>a</NhanXet> <Lop>3A</Lop>".split(b" "),
    *b"<CapHoc>1</CapHoc> <CapHoc>2</CapHoc> <MonKy>toan</MonKy> 7.0 C\xc4\x90 nhan_xet".split(b" "),
    *(b" ", b"  ", b"\t", b"\n", b"\r", b"\0", b"\x7f", b' Id="tnh"', b' Id="x"', b" xmlns=''", b"<!-- -->"),
    *(b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xcc\x81"),
    *(c.encode() for c in "é\u0301\u0338\u00a0\u200b\u3164\ufe0f\ufffc\u180b\U000e0101😀中\ue000\u0378"),
]
places = st.floats(0, 1, exclude_max=True)


def outcome(read: Any, text: bytes) -> YearSheet | None:
    try:
        sheet = read(text)
    except Unreadable:
        return None
    assert isinstance(sheet, YearSheet)
    return sheet


def agree(text: bytes) -> YearSheet | None:
    quick = form_of_text(text)[1].read(text)
    if not text.startswith(SHEET_OPEN):
        assert quick is outcome(parse_sheet, text) is None
        return None
    careful = outcome(parse_carefully, text)
    if quick is not None:
        assert emit_carefully(quick) == text
        assert outcome(parse_sheet, text) == careful
        try:
            check_whole(quick)
        except DomainError:
            return None
        assert careful == quick
    assert outcome(parse_sheet, text) == careful
    return careful


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(year_sheets())
def test_every_sheet_is_written_and_read_alike_and_the_schema_takes_it(sheet: YearSheet) -> None:
    text = emit_carefully(sheet)
    assert form_of(sheet)[1].write(sheet) in (text, None)
    assert emit(sheet) == text
    assert agree(text) == sheet
    assert validate(document_bytes(text, [])) == []


@pytest.mark.parametrize("sheet", [grade_three(), secondary(6), secondary(10)], ids=["3", "6", "10"])
def test_ordinary_sheets_take_the_quick_way(sheet: YearSheet) -> None:
    quick, text = form_of(sheet)[1], emit_carefully(sheet)
    assert quick.write(sheet) == text
    assert quick.read(text) == sheet


@settings(max_examples=1500, deadline=None)
@given(
    st.lists(
        st.tuples(places, st.integers(0, 12), st.sampled_from(PIECES)),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(TEXTS),
)
@example([(0.5, 0, b"")], TEXT)
def test_no_edited_text_is_read_in_two_ways(edits: list[tuple[float, int, bytes]], text: bytes) -> None:
    for place, cut, piece in edits:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + cut :]
    read = agree(text)
    assert read is None or emit_carefully(read) == text


@settings(max_examples=300, deadline=None)
@given(places, places, places, st.sampled_from(TEXTS), st.sampled_from(TEXTS))
def test_no_transplanted_elements_are_read_in_two_ways(
    source: float, size: float, target: float, giver: bytes, text: bytes
) -> None:
    """Pieces between ``<`` and ``<``, also of the other form: well-formed more often than anything random."""
    pieces, given = text.split(b"<"), giver.split(b"<")
    start, goal = int(source * len(given)), int(target * len(pieces))
    moved = given[start : start + 1 + int(size * 12)]
    for changed in (
        pieces[:goal] + moved + pieces[goal:],
        pieces[:goal] + pieces[goal + len(moved) :],
        pieces[:goal] + moved + pieces[goal + len(moved) :],
    ):
        agree(b"<".join(changed))


FIELDS = [field.name for field in dataclasses.fields(YearSheet)]
ODD = [None, True, 1, 0, -1, 1000, 1.0, "", " a", "a ", "a  b", "a\nb", "e\u0301", "x" * 301, "x" * 4001]
ODD += [b"a", (), [], ("a",), "\u3164", "\ufe0f", "\ud800", "&<>", "|", "1", "T", "true"]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(FIELDS), st.sampled_from(ODD), st.sampled_from([grade_three(), secondary()]))
def test_what_may_not_be_written_is_refused_alike(field: str, value: object, full: YearSheet) -> None:
    sheet = dataclasses.replace(full, **{field: value})
    try:
        text: bytes | None = emit_carefully(sheet)
    except (DomainError, AttributeError, TypeError):
        text = None
    written = form_of(sheet)[1].write(sheet)
    assert written is None or written == text


def test_no_invisible_character_takes_the_quick_way() -> None:
    passed = (chr(point) for point in range(sys.maxunicode + 1) if chr(point).isprintable())
    seen = [c for c in passed if c != " " and not any(mark in c.encode() for mark in _RARE)]
    assert len(seen) > 90_000
    assert not [f"U+{ord(c):04X}" for c in seen if _INVISIBLE.match(c)]


TORN = [b"", b"<", b"ToNamHoc", SHEET_OPEN, TEXT[:-1], TEXT + TEXT, TEXT + b"<"]


@pytest.mark.parametrize("text", TORN)
def test_torn_texts_are_read_by_nobody(text: bytes) -> None:
    assert QUICK_SHEET.read(text) is None


def test_a_sheet_too_large_is_refused_in_both_ways() -> None:
    padded = TEXT.replace(b"<GhiChu>", b"<GhiChu>" + b"<Dong>" + b"a" * 4000 + b"</Dong>", 1)
    assert agree(padded) is not None
    assert agree(TEXT.replace(b"<GhiChu>", b"<GhiChu>" + b"<Dong>" + b"a" * 4001 + b"</Dong>", 1)) is None
    many = TEXT.replace(b"<GhiChu>", b"<GhiChu>" + b"<Dong>a</Dong>" * 61, 1)
    assert agree(many) is None
    with pytest.raises(Unreadable):
        parse_sheet(TEXT.replace(b"<GhiChu>", b"<GhiChu>" + b"<Dong>a</Dong>" * MAX_SHEET, 1))
