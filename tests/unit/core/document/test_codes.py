"""Transcript codes: grammar, check character, and what people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.document.codes import ALPHABET, new_code, normalise_typed_code, parse_code, school_part
from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError, Unreadable

SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
codes = st.builds(
    new_code,
    st.sampled_from(SchoolLevel),
    st.from_regex(r"[0-9]{2}", fullmatch=True),
    st.from_regex(r"[0-9A-Z]{1,20}", fullmatch=True),
    st.integers(1000, 2999),
    st.binary(min_size=8, max_size=8),
)


def accepted(code: str) -> bool:
    try:
        parse_code(code)
    except Unreadable:
        return False
    return True


def test_a_code_worked_out_by_hand() -> None:
    """ISO/IEC 7064 MOD 37-2 over "17917" + "2025" + twelve zeros: computed by powers of two."""
    code = new_code(SchoolLevel.PRIMARY, "79", "17", 2025, bytes(8))
    assert code.startswith("HB-1-79-17-2025-00000000000")
    digits = [SYMBOLS.index(character) for character in code[2:].replace("-", "")]
    assert sum(value * 2**place for place, value in enumerate(reversed(digits))) % 37 == 1


@given(codes)
def test_a_code_reads_back_and_holds_only_unambiguous_random_characters(code: str) -> None:
    parsed = parse_code(code)
    assert str(parsed) == code
    assert set(parsed.random + parsed.check) <= set(ALPHABET)
    assert len(parsed.random) == 12


@given(codes)
def test_every_single_wrong_character_is_caught(code: str) -> None:
    for place, right in enumerate(code):
        for wrong in SYMBOLS:
            if wrong != right:
                assert not accepted(code[:place] + wrong + code[place + 1 :])


@given(codes)
def test_every_exchange_of_neighbours_is_caught(code: str) -> None:
    for place in range(len(code) - 1):
        first, second = code[place], code[place + 1]
        if first != second:
            assert not accepted(code[:place] + second + first + code[place + 2 :])


@given(codes, st.sampled_from(["", " ", "-", " - ", "–", "."]))
def test_typed_codes_may_be_in_any_case_with_any_separators(code: str, separator: str) -> None:
    assert normalise_typed_code(f" {code.lower().replace('-', separator)}\n") == code


@given(codes, st.data())
def test_lookalike_letters_for_digits_are_understood(code: str, data: st.DataObject) -> None:
    parts = code.split("-")
    swaps = data.draw(st.sampled_from([{"0": "O"}, {"1": "I"}, {"1": "l"}, {"0": "o", "1": "L"}]))
    for part in (1, 2, 4, 5, 6):
        parts[part] = parts[part].translate(str.maketrans(swaps))
    assert normalise_typed_code("-".join(parts)) == code


def test_lookalikes_in_a_numeric_school_code_are_understood() -> None:
    code = new_code(SchoolLevel.PRIMARY, "79", "79000101", 2025, bytes(range(8)))
    assert normalise_typed_code(code.replace("79000101", "79OOOlOI")) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "HB",
        "xin chào",
        "HB-1-79-79000101-2025-XXXXXXXXXXXX-0",
        "HB" + "0" * 500,
        "ＨＢ-1-79-1-2025-000000000000-0",
    ],
)
def test_anything_else_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        normalise_typed_code(typed)
    assert refusal.value.code == "transcript_code_invalid"
    assert len(str(refusal.value)) < 300


def test_the_school_part_is_the_school_code_in_capitals_without_separators() -> None:
    assert school_part("th-hoa.mai 01") == "THHOAMAI01"
    for wrong in ("", "---", "Hoà Mai", "1" * 21):
        with pytest.raises(DomainError) as refusal:
            school_part(wrong)
        assert refusal.value.code == "transcript_code_part"


def test_wrong_parts_give_no_code() -> None:
    for province, year in (("7", 2025), ("079", 2025), ("７9", 2025), ("79", 999), ("79", 3000)):
        with pytest.raises(DomainError) as refusal:
            new_code(SchoolLevel.PRIMARY, province, "79000101", year, bytes(8))
        assert refusal.value.code == "transcript_code_part"
