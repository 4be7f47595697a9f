"""Results of former circulars are read as they stand on paper and shown, never assessed anew."""

from decimal import Decimal

import pytest

from hocbaso.core.regulation.legacy import (
    Ability58,
    Completion30,
    Conduct58,
    LegacyYear30,
    LegacyYear58,
    SubjectLevel30,
    Title58,
    TraitLevel30,
    read_ability58,
    read_average58,
    read_completion30,
    read_conduct58,
    read_subject_level30,
    read_title58,
    read_trait_level30,
)


@pytest.mark.parametrize(
    ("read", "written", "value"),
    [
        (read_ability58, "Giỏi", Ability58.EXCELLENT),
        (read_ability58, "G", Ability58.EXCELLENT),
        (read_ability58, "khá", Ability58.FAIR),
        (read_ability58, "TB", Ability58.AVERAGE),
        (read_ability58, "Yếu", Ability58.WEAK),
        (read_ability58, "KÉM", Ability58.POOR),
        (read_ability58, "K", Ability58.FAIR),  # Kém is always written out
        (read_conduct58, "T", Conduct58.GOOD),
        (read_conduct58, "Trung  bình", Conduct58.AVERAGE),
        (read_title58, "HSTT", Title58.ADVANCED),
        (read_title58, "Học sinh Giỏi", Title58.EXCELLENT),
        (read_average58, "7,2", Decimal("7.2")),
        (read_subject_level30, "HTT", SubjectLevel30.GOOD),
        (read_subject_level30, "H", SubjectLevel30.COMPLETED),
        (read_trait_level30, "Đ", TraitLevel30.PASS),
        (read_trait_level30, "Cần cố gắng", TraitLevel30.EFFORT),
        (read_completion30, "Chưa hoàn thành", Completion30.NOT_COMPLETED),
    ],
)
def test_words_and_letters_of_former_forms_are_read(read, written, value) -> None:  # type: ignore[no-untyped-def]
    reading = read(written)
    assert (reading.value, reading.exact) == (value, True)


def test_what_the_former_form_does_not_know_is_refused_with_the_allowed_words() -> None:
    for read, written in ((read_ability58, "Tốt"), (read_conduct58, "Giỏi"), (read_completion30, "x")):
        reading = read(written)
        assert reading.refused
        assert reading.message
        assert "Chỉ có:" in reading.message
    assert read_trait_level30("D").asked
    assert read_ability58("  ").empty
    assert read_average58("10,5").refused


def test_a_former_year_is_shown_in_one_line() -> None:
    year = LegacyYear58(Ability58.FAIR, Conduct58.GOOD, Decimal("7.2"), Title58.ADVANCED, promoted=True)
    assert year.shown == "Học lực Khá, hạnh kiểm Tốt, ĐTBcn 7,2, Học sinh tiên tiến"
    assert LegacyYear58(None, None).shown == ""
    primary = LegacyYear30(Completion30.COMPLETED, True, ("Hoàn thành xuất sắc các nội dung học tập",))
    assert primary.shown.startswith("Hoàn thành chương trình lớp học, Hoàn thành xuất sắc")


def test_levels_keep_their_order() -> None:
    assert [one.rank for one in Ability58] == [4, 3, 2, 1, 0]
    assert [one.rank for one in Conduct58] == [3, 2, 1, 0]
