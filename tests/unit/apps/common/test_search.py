"""What is found by what is typed."""

from __future__ import annotations

import pytest

from hocbaso.apps.common.search import matches

NAME = "Đặng Vũ Quỳnh Anh"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("quỳnh", True),
        ("Đặng", True),
        ("đặng", True),
        ("dang", True),
        ("anh quynh", True),
        ("qu a", True),
        ("Quýnh", False),  # another tone is another word
        ("ánh", False),
        ("nh", False),  # not within a word
        ("dang minh", False),
        ("-", False),
        ("", True),
    ],
)
def test_words_find_names(typed, found):
    assert matches(typed, NAME) is found


def test_decomposed_typing_finds_composed_names():
    import unicodedata

    assert matches(unicodedata.normalize("NFD", "quỳnh"), NAME)
