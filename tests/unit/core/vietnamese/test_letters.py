"""Folding: what is one and the same for a look-up, and what is not."""

from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.vietnamese.letters import collapse, fold, nfc, split_syllable

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"


def plainly_folded(text: str) -> str:
    """The definition, step by step."""
    plain = collapse(nfc(text).casefold())
    for dash in DASHES:
        plain = plain.replace(dash, "-")
    plain = plain.replace(" -", "-").replace("- ", "-")
    split = [split_syllable(word) for word in plain.split(" ")]
    return " ".join(letters + "".join(map(str, tones)) for letters, tones in split)


@given(st.text(st.sampled_from(list("aoHĐđàòạếƯ1.,’'\u0301\u0323 \t\u00a0-" + DASHES)), max_size=14))
def test_folding_is_what_its_definition_says(text: str) -> None:
    assert fold(text) == plainly_folded(text)


def test_place_of_the_tone_case_spacing_and_dashes_do_not_tell_names_apart_but_tones_do() -> None:
    assert fold("Hoà  Bình") == fold("Hòa bình") != fold("Hoa Binh")
    assert fold("Ê – đê") == fold("ê-ĐÊ") == "ê-đê"
    assert fold("") == fold(" \t") == ""
