"""The comment bank: one's own and the school's sentences, filled in for a pupil."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import CommentTemplate
from hocbaso.apps.assessment.use_cases.comment_bank import (
    bank,
    expand,
    import_comments,
    matching,
    remove_comment,
    save_comment,
)
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from tests.unit.apps.assessment import secondary as s

pytestmark = pytest.mark.django_db


@pytest.fixture
def class_6a():
    return s.make_class(s.school())


def test_ones_own_sentence_comes_before_the_schools_and_nobody_sees_anothers(class_6a):
    school = class_6a.school
    hoa, minh = s.teacher(class_6a), s.teacher(class_6a, "tin-hoc", "minh")
    head = s.somebody("to", school, Role.GROUP_HEAD)
    save_comment(head, school=school, code="T1", text="Chăm học.", of_school=True)
    save_comment(hoa, school=school, code="t1", text="Em {ten} học {mon} tốt.", subject_code="toan")
    save_comment(hoa, school=school, code="K", text="Cần cố gắng.", subject_code="ngu-van")
    texts = [row.text for row in bank(hoa, school, "toan")]
    assert texts == ["Em {ten} học {mon} tốt.", "Chăm học."]
    assert [row.text for row in bank(minh, school, "toan")] == ["Chăm học."]
    assert matching(bank(hoa, school, "toan"), " T1 ").text == "Em {ten} học {mon} tốt."
    assert matching(bank(hoa, school, "toan"), "x") is None


def test_variables_are_filled_with_the_given_name_and_the_page(class_6a):
    an = s.pupil(class_6a, name="Nguyễn Phúc Bảo Hương").pupil
    filled = expand("{ten} ({ho_ten}) học {mon}: {muc}.", an, "Toán", "Tốt")
    assert (filled.text, filled.too_long) == ("Hương (Nguyễn Phúc Bảo Hương) học Toán: Tốt.", False)
    assert expand("{ho_ten} " * 40, an).too_long


@pytest.mark.parametrize(
    ("code", "text", "refusal"),
    [
        ("", "Tốt.", "comment_code"),
        ("T 1", "Tốt.", "comment_code"),
        ("T" * 13, "Tốt.", "comment_code"),
        ("T1", " \u200b ", "comment_text"),
        ("T1", "x" * 501, "comment_text"),
        ("T1", "Em {ten_me} ngoan.", "comment_variable"),
    ],
)
def test_what_cannot_be_used_is_not_saved(class_6a, code, text, refusal):
    with pytest.raises(DomainError) as refused:
        save_comment(s.teacher(class_6a), school=class_6a.school, code=code, text=text)
    assert refused.value.code == refusal
    assert not CommentTemplate.objects.exists()


def test_the_same_code_again_replaces_the_sentence(class_6a):
    head = s.somebody("ht", class_6a.school, Role.PRINCIPAL)
    for text in ("Một.", "Hai."):
        save_comment(head, school=class_6a.school, code="T1", text=text, of_school=True)
        save_comment(head, school=class_6a.school, code="T1", text=text)
    assert sorted(CommentTemplate.objects.values_list("text", flat=True)) == ["Hai.", "Hai."]


def test_the_schools_bank_belongs_to_its_leaders_and_ones_own_to_oneself(class_6a):
    school = class_6a.school
    hoa, minh = s.teacher(class_6a), s.teacher(class_6a, "tin-hoc", "minh")
    head = s.somebody("ht", school, Role.PRINCIPAL)
    common = save_comment(head, school=school, code="T1", text="Chăm học.", of_school=True)
    own = save_comment(hoa, school=school, code="T2", text="Của tôi.")
    with pytest.raises(NotAllowed):
        save_comment(hoa, school=school, code="T1", text="Khác.", of_school=True)
    with pytest.raises(NotAllowed):
        remove_comment(hoa, school=school, template_id=common.pk)
    with pytest.raises(NotFound):
        remove_comment(minh, school=school, template_id=own.pk)
    elsewhere = s.school("79000202")
    with pytest.raises(NotAllowed):
        bank(hoa, elsewhere)
    remove_comment(hoa, school=school, template_id=own.pk)
    remove_comment(head, school=school, template_id=common.pk)
    assert not CommentTemplate.objects.exists()


def test_a_list_is_taken_whole_or_not_at_all(class_6a):
    hoa, school = s.teacher(class_6a), class_6a.school
    with pytest.raises(DomainError, match="Dòng 3"):
        import_comments(hoa, school=school, text="T1\tTốt.\n\nchỉ có mã\n")
    assert not CommentTemplate.objects.exists()
    taken = import_comments(
        hoa, school=school, text="T1\tTốt, ngoan; chăm.\nT2;Khá.\nT3, Đạt, cần cố gắng.\n"
    )
    assert taken == 3
    assert {row.code: row.text for row in bank(hoa, school)} == {
        "T1": "Tốt, ngoan; chăm.",
        "T2": "Khá.",
        "T3": "Đạt, cần cố gắng.",
    }
