from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.matching import LIKELY, Pairing, candidate_pairs, keys_of, likeness, profile
from hocbaso.core.matching.likeness import POINTS, hopeless
from hocbaso.core.matching.names import NameVerdict, compare_names

NAME = "Nguyễn Thị Thùy Linh"
BASE = {"sex": "Nữ", "province_code": "79", "commune_code": "26890", "mother": "Trần Thị Hoa"}


def file(ref=1, name=NAME, birth="2017-02-09", **other):
    return profile(ref, name, birth, **(BASE | other))


def verdict(field, a, b):
    return next((part.verdict for part in likeness(a, b).parts if part.field == field), "")


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ("2017-02-09", "2017-02-09", "same"),
        ("2017-02-09", "2017-09-02", "swapped"),
        ("2017-02-09", "2017-02-19", "digit"),
        ("2017-02-09", "2016-02-09", "digit"),
        ("2017-02-09", "2017-02", "month"),
        ("2017-02-09", "2017", "year"),
        ("2017-01-01", "2017-06-23", "year"),
        ("2017-02-09", "2016", "different"),
        ("2017-02-09", "2015-11-23", "different"),
        ("2017-02-09", "", ""),
    ],
)
def test_dates(a, b, told):
    assert verdict("birth_date", file(birth=a), file(birth=b)) == told
    assert verdict("birth_date", file(birth=b), file(birth=a)) == told


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        ({}, "exact"),
        ({"name": "Nguyễn Thị Thuỳ Linh"}, "exact"),
        ({"birth": "2017-09-02"}, "likely"),
        ({"name": "Nguyen Thi Thuy Linh"}, "likely"),
        ({"name": "Nguyễn Thùy Linh"}, "likely"),
        ({"sex": "Nam"}, "likely"),
        ({"mother": "", "commune_code": "00004", "province_code": "01"}, "likely"),
        ({"mother": "Lê Thị Bích", "father": "x"}, ""),  # another mother: another child
        ({"name": "Nguyễn Thị Thùy Trang"}, ""),  # a twin
        ({"birth": "2015-11-23"}, ""),
    ],
)
def test_what_is_one_person(other, kind):
    found = likeness(file(), file(2, **other))
    assert found.kind == kind
    assert (found.score >= LIKELY) is bool(kind)


def test_two_verified_numbers_are_two_persons_and_a_slip_is_told():
    one = {"personal_number": "079317000123"}
    slip = {"personal_number": "079317000132"}
    assert verdict("number", file(**one), file(2, **slip)) == "digit"
    both = likeness(file(**one, verified=True), file(2, **slip, verified=True))
    assert (both.kind, both.score) == ("", 0)


def test_every_verdict_of_the_table_has_a_sentence_that_quotes_nobody():
    from hocbaso.core.matching import Part

    for (field, told), points in POINTS.items():
        text = Part(field, told, points).text
        assert text.endswith(".")
        assert "{" not in text


words = st.sampled_from(
    ["Nguyễn", "Nguyen", "Lý", "Lí", "Mỹ", "Mĩ", "Thị", "Thùy", "Linh", "Lình", "Trang", "An", "Bảo"]
)
written = st.lists(words, min_size=2, max_size=4).map(" ".join)
dates = st.sampled_from(["2017-02-09", "2017-09-02", "2017-02", "2017", "2016-02-09", "2017-02-19"])


@given(written, dates, written, dates)
def test_likeness_is_symmetric_and_the_quick_refusal_is_never_wrong(name, birth, other_name, other_birth):
    a, b = file(1, name, birth), file(2, other_name, other_birth)
    assert likeness(a, b) == likeness(b, a)
    if hopeless(a, b):
        assert compare_names(name, other_name).verdict is NameVerdict.DIFFERENT


@given(st.lists(st.tuples(written, dates), min_size=2, max_size=25))
def test_blocking_names_every_pair_with_a_key_once_and_no_other(people):
    keys = [keys_of(file(n, name, birth)) for n, (name, birth) in enumerate(people)]
    told = Pairing()
    found = list(candidate_pairs(keys, told, longest=100))
    expected = {
        (i, j)
        for i in range(len(keys))
        for j in range(i + 1, len(keys))
        if any(x and x == y for x, y in zip(keys[i], keys[j], strict=True))
    }
    assert set(found) == expected
    assert len(found) == len(expected) == told.pairs


@pytest.mark.parametrize(
    "other",
    [
        {"birth": "2017-09-02"},
        {"birth": "2017-02"},
        {"birth": "2017"},
        {"name": "Nguyen Thi Thuy Linh"},
        {"name": "Nguyễn Thùy Linh"},
        {"name": "Nguyễn Thị Thùy Lình"},
        {"name": "Nguyễn Thị Thùy Lin"},
    ],
)
def test_common_mistakes_leave_a_key_in_common(other):
    assert any(x and x == y for x, y in zip(keys_of(file()), keys_of(file(2, **other)), strict=True))


def test_a_block_that_is_too_long_is_told_not_compared():
    told = Pairing()
    keys = [keys_of(file(n, mother="")) for n in range(12)]
    assert list(candidate_pairs(keys, told, longest=10)) == []
    assert (told.skipped_blocks, told.skipped_files) == (3, 36)
