from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.matching import Difference, NameVerdict, compare_names

D = Difference
SYLLABLES = ["Nguyễn", "Lê", "Đặng", "Thị", "Hòa", "Hoà", "Quý", "Quí", "An", "Ân", "Y-Bhik", "Ánh"]
names = st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=5).map(" ".join)


@pytest.mark.parametrize(
    ("a", "b", "verdict", "differences"),
    [
        ("Lê Hòa", "Lê Hòa", NameVerdict.EXACT, ()),
        ("Lê Hòa", unicodedata.normalize("NFD", "Lê Hòa"), NameVerdict.EXACT, (D.UNICODE_FORM,)),
        ("Lê Hòa", "Lê Hoà", NameVerdict.SOFT, (D.TONE_POSITION,)),
        ("Lê Quý", "Lê Quí", NameVerdict.SOFT, (D.I_OR_Y,)),
        ("Lê  Hòa", "LÊ HÒA", NameVerdict.SOFT, (D.SPACING, D.CASE)),
        ("Y-Bhik Niê", "Y Bhik Niê", NameVerdict.SOFT, (D.HYPHEN,)),
        ("\u00d0ỗ An", "Đỗ An", NameVerdict.SOFT, (D.LOOKALIKE,)),
        ("Nguyễn Ân", "Nguyen An", NameVerdict.CLOSE, (D.MARKS,)),
        ("Trần Thị Mai Lan", "Trần Thị Lan Mai", NameVerdict.CLOSE, (D.ORDER,)),
        ("Trần Thị Mai Lan", "Trần Thị Mai Lam", NameVerdict.CLOSE, (D.LETTER,)),
        ("Trần Thị Mai Lan", "Trần Mai Lan", NameVerdict.CLOSE, (D.WORD,)),
        ("Nguyễn Thị Mỹ Linh", "Nguyễn Thị Mỹlinh", NameVerdict.CLOSE, (D.JOINED,)),
        ("Lê An", "Lê Ân Bình", NameVerdict.DIFFERENT, ()),
        ("Trần An", "Phan Hà", NameVerdict.DIFFERENT, ()),
        ("Lý An", "Lê An", NameVerdict.DIFFERENT, ()),  # one letter of a short name is too much
    ],
)
def test_differences_are_named_never_equalised(a, b, verdict, differences):
    found = compare_names(a, b)
    assert (found.verdict, found.differences) == (verdict, differences)
    assert all(text.endswith(".") for text in found.texts)


@given(names, names)
def test_comparing_is_symmetric_and_exact_only_for_the_same_letters(a, b):
    one, other = compare_names(a, b), compare_names(b, a)
    assert (one.verdict, set(one.differences)) == (other.verdict, set(other.differences))
    same = unicodedata.normalize("NFC", a) == unicodedata.normalize("NFC", b)
    assert (one.verdict is NameVerdict.EXACT) is same
    assert (one.differences == ()) is (one.verdict in (NameVerdict.EXACT, NameVerdict.DIFFERENT))


@given(names)
def test_writing_alone_never_makes_another_name(name):
    for written in (name.upper(), f"  {name} ", name.replace(" ", "  "), name.replace("-", " ")):
        assert compare_names(name, written).verdict in (NameVerdict.EXACT, NameVerdict.SOFT)
