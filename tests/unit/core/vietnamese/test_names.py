"""Names: normal form, Vietnamese order, soft equality, initials."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.vietnamese.letters import ALPHABET
from hocbaso.core.vietnamese.names import (
    Equality,
    NameChange,
    SoftReason,
    initials,
    normalise,
    other_spellings,
    parts,
    soft_equal,
    sort_key,
)

SYLLABLES = ["Nguyễn", "Lê", "Hoàng", "Đặng", "An", "Ân", "Anh", "Ánh", "Hòa", "Hoà", "Quý", "Quí", "Ơn", "Ý"]
names = st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=5).map(" ".join)


def in_order(written: list[str]) -> list[str]:
    """Sorted from the reverse, so that equal keys would show."""
    backwards = list(reversed(written))
    backwards.sort(key=sort_key)
    return backwards


def test_a_class_list_is_ordered_by_given_name_then_family_then_middle() -> None:
    ordered = [
        "Nguyễn Ngọc Hoài An",
        "Trần Lê Bảo An",
        "Đặng Vũ Quỳnh Anh",
        "Nguyễn Gia Anh",
        "Nguyễn Minh Anh",
        "Nguyễn Minh Ánh",
        "Phạm Hoàng Thiên Ân",
        "Huỳnh Nguyễn Quốc Bảo",
        "Lý Gia Bảo",
        "Phan Đình Chiến",
        "Lê Quang Duy",
        "Võ Thùy Dương",
        "Nguyễn Tấn Đạt",
        "Cao Thị Diễm Hằng",
        "Dương Khánh Hòa",
        "Trần Văn Quang",
        "Lưu Tú Quyên",
    ]
    assert in_order(ordered) == ordered


def test_letters_follow_the_vietnamese_alphabet_and_tones_the_dictionary() -> None:
    by_letter = [f"X {letter}" for letter in ALPHABET]
    assert sorted(by_letter, key=sort_key) == by_letter
    by_tone = ["X ma", "X mà", "X mả", "X mã", "X má", "X mạ"]
    assert in_order(by_tone) == by_tone


def test_letters_weigh_more_than_tones_and_a_shorter_word_comes_first() -> None:
    ordered = ["X Tạ", "X Tam", "X Tâm", "X Tấm", "X Tân"]
    assert in_order(ordered) == ordered


def test_within_middle_names_letters_weigh_more_than_tones() -> None:
    assert sort_key("Lê Thí An Bình") < sort_key("Lê Thị Ban Bình")
    assert sort_key("Lê Thị Bình") < sort_key("Lê Thị An Bình")


@given(names)
def test_the_key_ignores_unicode_form_case_spacing_and_place_of_the_tone(name: str) -> None:
    key = sort_key(name)
    assert key.isdigit()
    assert sort_key(unicodedata.normalize("NFD", name)) == key
    assert sort_key(f"  {name.upper()} ") == key
    assert sort_key(name.replace("Hoà", "Hòa")) == sort_key(name.replace("Hòa", "Hoà"))


@given(st.text())
def test_any_text_has_a_key_and_parts(text: str) -> None:
    assert sort_key(text).isdigit()
    assert " ".join(filter(None, (parts(text).family, parts(text).middle, parts(text).given))) == " ".join(
        unicodedata.normalize("NFC", text).split()
    )


def test_normalising_reports_what_it_changed() -> None:
    messy = unicodedata.normalize("NFD", "  Ðinh   Bảo\u200b An ")
    result = normalise(messy)
    assert result.value == "Đinh Bảo An"
    assert set(result.changes) == set(NameChange)
    assert [found.code for found in result.findings] == ["name.changed"]
    assert result.findings[0].proposal == "Đinh Bảo An"


def test_a_clean_name_is_left_alone_without_findings() -> None:
    result = normalise("Nguyễn Phúc Bảo Quỳnh Hương")
    assert (result.changes, result.findings) == ((), ())


@pytest.mark.parametrize(
    ("written", "code"),
    [("", "name.empty"), ("   ", "name.empty"), ("Lê An 2", "name.characters"), ("An", "name.one_word")],
)
def test_what_is_no_full_name_is_found(written: str, code: str) -> None:
    assert code in [found.code for found in normalise(written).findings]


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text).value
    assert normalise(once).value == once
    assert normalise(once).changes == ()


@pytest.mark.parametrize(
    ("a", "b", "reasons"),
    [
        ("Châu Khánh Hoà", "Châu Khánh Hòa", {SoftReason.TONE_POSITION}),
        ("Bùi Phúc Quý", "Bùi Phúc Quí", {SoftReason.I_OR_Y}),
        ("Trần Mỹ Lý", "Trần Mĩ Lí", {SoftReason.I_OR_Y}),
        ("Lê Nhật Thuý", "LÊ NHẬT THÚY", {SoftReason.CASE, SoftReason.TONE_POSITION}),
        ("Đinh  Bảo An ", "Đinh Bảo An", {SoftReason.SPACING}),
        ("Ðào Văn An", "Đào Văn An", {SoftReason.LOOKALIKE}),
    ],
)
def test_the_same_name_written_otherwise_is_softly_equal(a: str, b: str, reasons: set[SoftReason]) -> None:
    result = soft_equal(a, b)
    assert result.equality is Equality.SOFT
    assert set(result.reasons) == reasons
    assert soft_equal(b, a) == result


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Lê Hoa", "Lê Hoà"),
        ("Lê Thúy", "Lê Thúi"),
        ("Lê Hay", "Lê Hai"),
        ("Lê An", "Lê Ân"),
        ("Lê Thy", "Lê Thi"),
        ("Lê Đan", "Lê Dan"),
        ("Lê Văn An", "Lê An"),
        ("Hoàng Minh Quý", "Hoàng Minh Phượng"),
    ],
)
def test_another_letter_or_tone_is_another_name(a: str, b: str) -> None:
    assert soft_equal(a, b).equality is Equality.DIFFERENT


@given(names)
def test_unicode_form_is_no_difference_at_all(name: str) -> None:
    assert soft_equal(name, unicodedata.normalize("NFD", name)).equality is Equality.EXACT


@given(names, names)
def test_softly_equal_names_stand_together_in_the_list_unless_i_and_y_differ(a: str, b: str) -> None:
    result = soft_equal(a, b)
    assert soft_equal(b, a).equality is result.equality
    if result.same and SoftReason.I_OR_Y not in result.reasons:
        assert sort_key(a) == sort_key(b)


def test_initials_hide_the_name() -> None:
    assert initials("Nguyễn Hoàng Bảo Trâm") == "N. H. B. T."
    assert initials(unicodedata.normalize("NFD", "đặng ân")) == "Đ. Â."
    assert initials("  ") == ""


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("Nguyễn Thị Hoà", (("Hoà", "Hòa"),)),
        ("Nguyễn Thị Hòa", (("Hòa", "Hoà"),)),
        ("LÊ QUÝ THUÝ", (("QUÝ", "QUÍ"), ("THUÝ", "THÚY"))),
        ("Nguyễn Phúc Hoàng Thuyền", ()),
    ],
)
def test_words_that_are_also_written_otherwise_are_named(
    name: str, pairs: tuple[tuple[str, str], ...]
) -> None:
    assert other_spellings(name) == pairs


@given(names)
def test_another_writing_is_softly_the_same_word(name: str) -> None:
    for word, other in other_spellings(name):
        assert soft_equal(word, other).equality is Equality.SOFT
