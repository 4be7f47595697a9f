"""Which characters the form can print."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError
from hocbaso.engines.rendering.fonts import (
    FONT_DIR,
    codepoints,
    describe,
    printable_codepoints,
    require_printable,
    unprintable,
)


def test_every_vietnamese_letter_is_printable_composed_and_in_pieces() -> None:
    plain = "aăâbcdđeêghiklmnoôơpqrstuưvxyfjwz"
    tones = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
    letters = {unicodedata.normalize("NFC", c + tone) for c in plain + plain.upper() for tone in tones}
    assert all(unprintable(letter) == () for letter in letters)


def test_marks_of_minority_languages_and_of_school_arithmetic_are_printable() -> None:
    assert unprintable("čďňřŏĭŭēōāɔəñ × ÷ ≤ ≥ ½ √ ² ³ ° – — “ ” ‘ ’ … • →\n") == ()


@pytest.mark.parametrize(
    "code", [0, 9, 0x0D, 0x1B, 0xAD, 0x200B, 0x202E, 0x2028, 0xFFFC, 0xFEFF, 0xE000, 0x1F600]
)
def test_what_prints_nothing_or_has_no_glyph_is_not_printable(code: int) -> None:
    assert code not in printable_codepoints()


def test_every_face_of_the_form_has_every_printable_character() -> None:
    for face in FONT_DIR.glob("LiberationSerif-*.ttf"):
        assert printable_codepoints() - {0x0A} <= codepoints(face.read_bytes())


def test_the_fonts_are_version_2_with_their_licence() -> None:
    names = sorted(path.name for path in FONT_DIR.iterdir())
    assert names == [
        "LICENSE.txt",
        "LiberationMono-Regular.ttf",
        "LiberationSerif-Bold.ttf",
        "LiberationSerif-BoldItalic.ttf",
        "LiberationSerif-Italic.ttf",
        "LiberationSerif-Regular.ttf",
    ]
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONT_DIR / "LICENSE.txt").read_text()
    for path in FONT_DIR.glob("*.ttf"):
        assert "Version 2.".encode("utf-16-be") in path.read_bytes()


@given(st.text())
def test_a_text_is_refused_exactly_when_it_holds_an_unprintable_character(text: str) -> None:
    bad = [c for c in text if ord(c) not in printable_codepoints()]
    if not bad:
        require_printable("Nhận xét", text)
        return
    with pytest.raises(DomainError) as refused:
        require_printable("Nhận xét", text)
    assert describe(bad[0]) in refused.value.message


def test_a_character_that_cannot_be_seen_is_named_by_its_number_only() -> None:
    assert describe("\u200b") == "U+200B"
    assert describe("☐") == "“☐” (U+2610)"
