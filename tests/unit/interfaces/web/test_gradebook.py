"""The gradebook's pages and its two ways of saving: who may, what is written, what is answered."""

from __future__ import annotations

import gzip
import html
import json
import re
from pathlib import Path

import pytest
from django.utils import timezone

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import ResultChange, SubjectResult, TraitResult, YearRecord
from hocbaso.interfaces.web import gradebook_words
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
EVERY_PART = ("toan", "pham-chat-nang-luc", "nhan-xet")


def text(response) -> str:
    return html.unescape(response.content.decode())


@pytest.fixture
def in_class(school):
    """Class 3A with three pupils."""
    made = people.school_class(school, "3A", 3)
    for n, name in enumerate(("Bùi Minh An", "Lê Gia Huy", "Phạm Đăng Khoa"), 1):
        people.enrol(made, n, name)
    return made


@pytest.fixture
def pupils(in_class):
    return list(in_class.enrolments.all())


@pytest.fixture
def teacher(inside, school, in_class):
    """(client, homeroom post) of somebody who teaches every subject of the class."""
    user = people.user("gvcn", "Lê Thị Hồng Nhung")
    post = people.post(user, school, Role.HOMEROOM, in_class)
    people.post(user, school, Role.SUBJECT_TEACHER, in_class, subject_code="*")
    return inside(post), post


def url(in_class, part="toan", tail="") -> str:
    return f"/truong/so-diem/{in_class.pk}/{part}/{tail}"


def cell(pupil, key, value, seen="", version=0):
    return {"cell": f"o-{pupil.pk}-{key}", "text": value, "seen": seen, "version": version}


def send(client, address, user, *cells):
    return client.post(
        address,
        json.dumps({"user": user.pk, "cells": cells}),
        content_type="application/json",
        headers={"accept": "application/json"},
    )


def answers(response) -> dict:
    assert response.status_code == 200, response.content
    return {name.partition("-")[2]: a for name, a in response.json()["cells"].items()}


def stored(pupil, code="toan"):
    return SubjectResult.objects.get(enrolment=pupil, subject_code=code)


def form_of(page, **typed):
    """What the plain form of a shown page would post."""
    base = page.context["page"].base()
    values = {name: seen for name, (_version, seen) in json.loads(base).items()}
    return {"base": base, **values, **typed}


# ── what is written ──


def test_cells_are_saved_with_history_and_version(teacher, in_class, pupils):
    client, post = teacher
    got = answers(
        send(client, url(in_class), post.user, cell(pupils[0], "level", "T"), cell(pupils[0], "score", "9"))
    )
    assert {a["state"] for a in got.values()} == {"saved"}
    assert (stored(pupils[0]).level, stored(pupils[0]).score) == ("T", 9)
    assert got[f"{pupils[0].pk}-score"]["version"] == 2
    lines = ResultChange.objects.order_by("pk").values_list("field", "old", "new", "by", "source")
    assert list(lines) == [
        ("subject:toan:level", "", "T", "gvcn", "screen"),
        ("subject:toan:score", "", "9", "gvcn", "screen"),
    ]


def test_sending_the_same_again_changes_nothing(teacher, in_class, pupils):
    client, post = teacher
    for _time in range(2):
        got = answers(send(client, url(in_class), post.user, cell(pupils[0], "level", "H")))
        assert got[f"{pupils[0].pk}-level"]["state"] == "saved"
    assert ResultChange.objects.count() == 1
    assert stored(pupils[0]).version == 1


@pytest.mark.parametrize(
    ("part", "key", "typed", "state", "kept"),
    [
        ("toan", "score", "11", "refused", None),
        ("toan", "score", "0", "refused", None),
        ("toan", "score", "7,5", "refused", None),
        ("toan", "score", "8,0", "asked", "8"),
        ("toan", "score", " 8 ", "saved", "8"),
        ("toan", "level", "t", "asked", "T"),
        ("toan", "level", "Đ", "refused", None),
        ("toan", "level", "Hoàn thành", "saved", "H"),
        ("dao-duc", "score", "9", "refused", None),
        ("toan", "comment", "Tiến bộ  rõ.\n", "saved", "Tiến bộ rõ."),
        ("toan", "comment", "Giỏi 😀", "refused", None),
        ("toan", "comment", "x" * 501, "refused", None),
        ("pham-chat-nang-luc", "pc-yeu-nuoc", "d", "asked", "Đ"),
        ("pham-chat-nang-luc", "pc-yeu-nuoc", "Đ", "saved", "Đ"),
        ("pham-chat-nang-luc", "pc-yeu-nuoc", "H", "refused", None),
        ("nhan-xet", "height_cm", "1,32", "refused", None),
        ("nhan-xet", "height_cm", "132", "saved", "132"),
        ("nhan-xet", "absent_excused", "0", "saved", "0"),
        ("nhan-xet", "absent_excused", "251", "refused", None),
    ],
)
def test_what_a_cell_may_hold(teacher, in_class, pupils, part, key, typed, state, kept):
    client, post = teacher
    got = answers(send(client, url(in_class, part), post.user, cell(pupils[0], key, typed)))
    got = got[f"{pupils[0].pk}-{key}"]
    assert got["state"] == state
    if kept is not None:
        assert got["text"] == kept
    written = SubjectResult.objects.count() + TraitResult.objects.count() + YearRecord.objects.count()
    assert written == (1 if state == "saved" else 0)
    if state == "refused":
        assert got["message"]


def test_a_refused_cell_does_not_hold_up_the_others(teacher, in_class, pupils):
    client, post = teacher
    got = answers(
        send(client, url(in_class), post.user, cell(pupils[0], "score", "11"), cell(pupils[0], "level", "H"))
    )
    assert got[f"{pupils[0].pk}-score"]["short"] == "chỉ số nguyên từ 1 đến 10"
    assert stored(pupils[0]).level == "H"


def test_an_emptied_cell_is_emptied(teacher, in_class, pupils):
    client, post = teacher
    send(client, url(in_class), post.user, cell(pupils[0], "score", "9"))
    send(client, url(in_class), post.user, cell(pupils[0], "score", "", "9", 1))
    assert stored(pupils[0]).score is None


def test_the_test_column_stands_only_where_the_programme_has_a_test(teacher, in_class):
    client, _post = teacher
    keys = {
        (part, moment): [
            c.key for c in client.get(url(in_class, part), {"dot": moment}).context["page"].columns
        ]
        for part in ("toan", "dao-duc")
        for moment in ("ghk1", "cn")
    }
    assert keys["toan", "cn"] == ["level", "score", "comment"]
    assert keys["toan", "ghk1"] == keys["dao-duc", "cn"] == ["level", "comment"]


def test_moments_are_kept_apart(teacher, in_class, pupils):
    client, post = teacher
    send(client, url(in_class) + "?dot=chk1", post.user, cell(pupils[0], "level", "C"))
    assert stored(pupils[0]).moment == "chk1"
    assert json.loads(client.get(url(in_class)).context["page"].base())[f"o-{pupils[0].pk}-level"] == [0, ""]


# ── conflicts and locks ──


def test_two_who_change_one_cell_are_asked(teacher, inside, school, in_class, pupils):
    client, post = teacher
    colleague = people.user("gv2", "Đặng Quốc Việt")
    other = inside(people.post(colleague, school, Role.SUBJECT_TEACHER, in_class, subject_code="toan"))
    Assignment.objects.filter(user=post.user, role=Role.SUBJECT_TEACHER).update(subject_code="toan")
    send(other, url(in_class), colleague, cell(pupils[0], "score", "7"))
    got = answers(send(client, url(in_class), post.user, cell(pupils[0], "score", "8")))
    got = got[f"{pupils[0].pk}-score"]
    assert (got["state"], got["text"], got["by"], got["version"]) == ("conflict", "7", "Đặng Quốc Việt", 1)
    assert stored(pupils[0]).score == 7
    kept = answers(send(client, url(in_class), post.user, cell(pupils[0], "score", "8", "7", 1)))
    assert kept[f"{pupils[0].pk}-score"]["state"] == "saved"
    assert stored(pupils[0]).score == 8


def test_another_field_of_the_same_row_is_no_conflict(teacher, in_class, pupils):
    client, post = teacher
    send(client, url(in_class), post.user, cell(pupils[0], "level", "T"))
    got = answers(send(client, url(in_class), post.user, cell(pupils[0], "comment", "Chăm chỉ")))
    assert got[f"{pupils[0].pk}-comment"]["state"] == "saved"
    late = answers(send(client, url(in_class), post.user, cell(pupils[0], "level", "H")))
    assert late[f"{pupils[0].pk}-level"]["state"] == "conflict"


def test_a_closed_class_is_locked_and_says_since_when(teacher, in_class, pupils):
    client, post = teacher
    people.results(pupils[0], at=timezone.now())
    for model in (SubjectResult, TraitResult, YearRecord):
        model.objects.filter(enrolment=pupils[0]).update(locked=True)
    people.sheet(pupils[0], "frozen", at=timezone.now())
    for part, key in (("toan", "level"), ("pham-chat-nang-luc", "pc-yeu-nuoc"), ("nhan-xet", "height_cm")):
        response = client.get(url(in_class, part))
        line = response.context["page"].lines[0]
        assert all(c.readonly and c.state == "locked" for c in line.cells)
        assert "1 / 3 học sinh đã chốt, lần cuối ngày" in text(response)
        value = {"level": "C", "pc-yeu-nuoc": "C", "height_cm": "140"}[key]
        got = answers(send(client, url(in_class, part), post.user, cell(pupils[0], key, value)))
        assert got[f"{pupils[0].pk}-{key}"]["state"] == "locked"
    assert not ResultChange.objects.exists()


def test_a_closed_year_takes_no_new_row_either(teacher, in_class, pupils):
    client, post = teacher
    people.results(pupils[0], at=timezone.now())
    SubjectResult.objects.filter(enrolment=pupils[0]).update(locked=True)
    address = url(in_class, "tieng-dan-toc")
    got = answers(send(client, address, post.user, cell(pupils[0], "level", "T")))
    assert got[f"{pupils[0].pk}-level"]["state"] == "locked"


def test_a_pupil_who_left_is_shown_and_cannot_be_written(teacher, in_class, pupils):
    client, post = teacher
    pupils[1].active, pupils[1].status = False, "Chuyển đi"
    pupils[1].save()
    page = client.get(url(in_class)).context["page"]
    assert page.lines[1].cells[0].readonly
    assert page.missing == 4
    got = answers(send(client, url(in_class), post.user, cell(pupils[1], "level", "T")))
    assert got[f"{pupils[1].pk}-level"]["state"] == "refused"


def test_an_exempt_pupil_has_no_level(teacher, in_class, pupils):
    client, post = teacher
    common = {"moment": "cn", "updated_at": timezone.now(), "updated_by": "x", "source": "test"}
    SubjectResult.objects.create(
        enrolment=pupils[0], subject_code="toan", exempt_reason="Khuyết tật", **common
    )
    page = client.get(url(in_class)).context["page"]
    assert page.lines[0].cells[0].readonly
    assert page.lines[0].notes[0].short == "Được miễn: Khuyết tật"
    got = answers(send(client, url(in_class), post.user, cell(pupils[0], "level", "T", "", 1)))
    assert got[f"{pupils[0].pk}-level"]["state"] == "refused"


# ── who may ──


def test_another_class_is_not_there(as_role, teacher, in_class, pupils, school):
    elsewhere = people.school_class(school, "3B", 3)
    for role, extra in ((Role.HOMEROOM, {}), (Role.SUBJECT_TEACHER, {"subject_code": "*"})):
        client, post = as_role(role, elsewhere, **extra)
        for part in EVERY_PART:
            for tail in ("", "kiem-tra/", f"lich-su/?o=o-{pupils[0].pk}-level"):
                assert client.get(url(in_class, part, tail)).status_code == 404
            sent = send(client, url(in_class, part), post.user, cell(pupils[0], "level", "T"))
            assert sent.status_code == 404
            assert client.post(url(in_class, part), {"base": "{}"}).status_code == 404
    assert not SubjectResult.objects.exists()


def test_another_subject_is_refused(as_role, in_class, pupils):
    client, post = as_role(Role.SUBJECT_TEACHER, in_class, subject_code="am-nhac")
    assert client.get(url(in_class, "am-nhac")).status_code == 200
    for part in EVERY_PART:
        assert client.get(url(in_class, part)).status_code == 403
        sent = send(client, url(in_class, part), post.user, cell(pupils[0], "level", "T"))
        assert sent.status_code == 403
        assert client.post(url(in_class, part), {"base": "{}"}).status_code == 403
    assert not SubjectResult.objects.exists()


def test_a_cell_of_another_class_is_refused_on_the_own_page(teacher, school, in_class):
    client, post = teacher
    stranger = people.enrol(people.school_class(school, "3B", 3), 1, "Võ Thị Thùy Dương")
    got = answers(send(client, url(in_class), post.user, cell(stranger, "level", "T")))
    assert got[f"{stranger.pk}-level"]["state"] == "refused"
    assert not SubjectResult.objects.exists()


def test_leaders_and_the_homeroom_teacher_read_but_do_not_write(as_role, in_class, pupils):
    for role, where in ((Role.PRINCIPAL, None), (Role.HOMEROOM, in_class)):
        client, post = as_role(role, where)
        response = client.get(url(in_class))
        assert response.context["page"].viewer
        assert "gradebook.js" not in text(response)
        assert all(c.readonly for line in response.context["page"].lines for c in line.cells)
        assert send(client, url(in_class), post.user, cell(pupils[0], "level", "T")).status_code == 403
        assert client.post(url(in_class, tail="kiem-tra/")).status_code == 422
    assert not SubjectResult.objects.exists()


def test_an_ended_session_answers_the_script_and_keeps_the_way_back(client, in_class, pupils):
    user = people.user("ai-do", "Ai Đó")
    sent = send(client, url(in_class), user, cell(pupils[0], "level", "T"))
    assert sent.status_code == 401
    assert sent.json()["login"] == f"/?tiep=%2Ftruong%2Fso-diem%2F{in_class.pk}%2Ftoan%2F"


def test_cells_typed_by_one_person_are_never_saved_as_another(teacher, in_class, pupils):
    client, _post = teacher
    other = people.user("khac", "Người Khác")
    assert send(client, url(in_class), other, cell(pupils[0], "level", "T")).status_code == 409
    assert not SubjectResult.objects.exists()


@pytest.mark.parametrize("body", ["x", "[]", "{}", '{"user": 1, "cells": [{}]}', '{"user": 1, "cells": 5}'])
def test_an_unreadable_batch_is_400(teacher, in_class, body):
    client, _post = teacher
    sent = client.post(url(in_class), body, content_type="application/json")
    assert sent.status_code == 400


# ── the plain form ──


def test_the_plain_form_saves_what_differs(teacher, in_class, pupils):
    client, _post = teacher
    shown = client.get(url(in_class))
    typed = {f"o-{pupils[0].pk}-level": "T", f"o-{pupils[2].pk}-score": "10"}
    response = client.post(url(in_class), form_of(shown, **typed), follow=True)
    assert response.redirect_chain == [(url(in_class), 302)]
    assert "Đã lưu 2 ô lúc" in text(response)
    assert (stored(pupils[0]).level, stored(pupils[2]).score) == ("T", 10)
    assert SubjectResult.objects.count() == 2


def test_the_plain_form_keeps_what_it_refuses(teacher, in_class, pupils):
    client, _post = teacher
    name, other = f"o-{pupils[0].pk}-score", f"o-{pupils[1].pk}-level"
    response = client.post(url(in_class), form_of(client.get(url(in_class)), **{name: "11", other: "H"}))
    assert response.status_code == 422
    page = text(response)
    assert f'<a href="#{name}">Dòng 1, Điểm KTĐK</a>: “11” nằm ngoài khoảng từ 1 đến 10.' in page
    assert "1 ô khác đã lưu lúc" in page
    assert 'value="11"' in page
    assert stored(pupils[1]).level == "H"


def test_what_the_plain_form_only_guessed_counts_after_it_was_seen(teacher, in_class, pupils):
    client, _post = teacher
    address, name = url(in_class, "pham-chat-nang-luc"), f"o-{pupils[0].pk}-pc-yeu-nuoc"
    first = client.post(address, form_of(client.get(address), **{name: "d"}))
    assert first.status_code == 422
    assert first.context["page"].lines[0].cells[0].text == "Đ"
    assert not TraitResult.objects.exists()
    client.post(address, form_of(first, **{name: "Đ"}))
    assert TraitResult.objects.get().level == "Đ"


def test_a_conflict_of_plain_forms_shows_both_values_and_the_second_press_decides(teacher, in_class, pupils):
    client, post = teacher
    old, name = client.get(url(in_class)), f"o-{pupils[0].pk}-score"
    send(client, url(in_class), post.user, cell(pupils[0], "score", "7"))
    response = client.post(url(in_class), form_of(old, **{name: "8"}))
    assert response.status_code == 422
    assert "tôi nhập “8”, Lê Thị Hồng Nhung đã lưu “7” lúc" in text(response)
    client.post(url(in_class), form_of(response, **{name: "8"}))
    assert stored(pupils[0]).score == 8


@pytest.mark.parametrize("base", ["{", "[]", '{"o-1-level": 5}', '{"o-1-level": ["x", ""]}'])
def test_a_damaged_plain_form_is_400(teacher, in_class, base):
    client, _post = teacher
    assert client.post(url(in_class), {"base": base, "o-1-level": "T"}).status_code == 400


# ── history, check page, lists ──


def test_the_history_of_a_cell_names_people_and_doors(teacher, in_class, pupils):
    client, post = teacher
    send(client, url(in_class), post.user, cell(pupils[0], "score", "7"))
    send(client, url(in_class), post.user, cell(pupils[0], "score", "9", "7", 1))
    got = client.get(url(in_class, tail="lich-su/"), {"o": f"o-{pupils[0].pk}-score"}).json()["lines"]
    assert [(x["by"], x["old"], x["new"], x["source"]) for x in got] == [
        ("Lê Thị Hồng Nhung", "7", "9", "Nhập ở sổ điểm"),
        ("Lê Thị Hồng Nhung", "", "7", "Nhập ở sổ điểm"),
    ]
    for wrong in ("", "o-1", f"o-{pupils[0].pk}-nothing", "o-999999-score"):
        assert client.get(url(in_class, tail="lich-su/"), {"o": wrong}).status_code == 404


def test_the_rule_warns_beside_the_row(teacher, in_class, pupils):
    client, post = teacher
    sent = send(
        client, url(in_class), post.user, cell(pupils[0], "level", "T"), cell(pupils[0], "score", "5")
    )
    note = sent.json()["notes"][str(pupils[0].pk)][0]
    assert (note["short"], note["kind"]) == ("Mức T, điểm 5", "warn")
    assert "dưới 7" in note["long"]
    assert "dưới 7" in text(client.get(url(in_class)))


def fill(client, user, in_class, pupils, score="9"):
    for n, pupil in enumerate(pupils):
        level = "T" if n else "H"
        send(client, url(in_class), user, cell(pupil, "level", level), cell(pupil, "score", score))


def test_finishing_asks_for_every_cell_and_a_tick_for_every_warning(teacher, in_class, pupils):
    client, post = teacher
    address = url(in_class, tail="kiem-tra/")
    assert "Còn 6 ô trống của 3 em" in text(client.get(address))
    assert client.post(address).status_code == 422
    fill(client, post.user, in_class, pupils, score="5")
    page = client.get(address)
    assert "2 điều cần xem lại" in text(page)
    refused = client.post(address)
    assert refused.status_code == 422
    assert "Còn 2 cảnh báo chưa được đánh dấu" in text(refused)
    ticks = [w[0] for w in page.context["check"]["warnings"]]
    done = client.post(address, {"da-kiem-tra": ticks}, follow=True)
    assert "Đã hoàn tất nhập" in text(done)
    assert "Hoàn tất " in text(client.get("/truong/so-diem/"))


def test_the_check_page_counts_levels(teacher, in_class, pupils):
    client, post = teacher
    fill(client, post.user, in_class, pupils)
    check = client.get(url(in_class, tail="kiem-tra/")).context["check"]
    counts = {label: (values, mean) for label, values, mean in check["counts"]}
    assert counts["Mức đạt được"] == ((("T", 2), ("H", 1), ("C", 0)), "")
    assert counts["Điểm KTĐK"] == ((("9", 3),), "9,0")


def test_the_list_shows_my_subjects_and_what_no_colleague_has(teacher, inside, school, in_class, pupils):
    client, post = teacher
    musician = people.user("am-nhac", "Hồ Thị Kim Cương")
    music = people.post(musician, school, Role.SUBJECT_TEACHER, in_class, subject_code="am-nhac")
    fill(client, post.user, in_class, pupils[:2])
    items = {i.label: i for i in client.get("/truong/so-diem/").context["sections"][0].items}
    assert "Âm nhạc" not in items
    assert (items["Toán"].progress.done, items["Toán"].progress.pupils) == (2, 3)
    assert {"Phẩm chất và năng lực", "Nhận xét và ngày nghỉ"} <= set(items)
    own = inside(music).get("/truong/so-diem/").context["sections"][0].items
    assert [i.label for i in own] == ["Âm nhạc"]
    whole = {
        i.label: i.teacher for i in client.get(f"/truong/so-diem/{in_class.pk}/").context["sections"][0].items
    }
    assert whole["Âm nhạc"] == "Hồ Thị Kim Cương"


def test_a_subject_teacher_changes_class_with_one_press(inside, school, in_class):
    user = people.user("anh", "Đoàn Mỹ Linh")
    second = people.school_class(school, "4B", 4)
    first = people.post(user, school, Role.SUBJECT_TEACHER, in_class, subject_code="ngoai-ngu-1")
    other = people.post(user, school, Role.SUBJECT_TEACHER, second, subject_code="ngoai-ngu-1")
    client = inside(first)
    posts = {s.school_class.name: s.items[0].post for s in client.get("/truong/so-diem/").context["sections"]}
    assert posts == {"3A": None, "4B": other.pk}
    address = url(second, "ngoai-ngu-1")
    moved = client.post(f"/vi-tri?tiep={address}", {"vi-tri": other.pk})
    assert client.get(address).status_code == 200, moved


def test_leaders_see_every_class_and_the_pages_of_one(as_role, in_class):
    client, _post = as_role(Role.PRINCIPAL)
    page = text(client.get("/truong/so-diem/"))
    assert f"/truong/so-diem/{in_class.pk}/" in page
    assert "Phẩm chất và năng lực" in text(client.get(f"/truong/so-diem/{in_class.pk}/"))


@pytest.mark.parametrize("part", EVERY_PART)
def test_a_page_of_45_costs_at_most_12_queries(
    teacher, in_class, pupils, part, django_assert_max_num_queries
):
    client, _post = teacher
    for n in range(4, 46):
        people.results(people.enrol(in_class, n, f"Nguyễn Văn {n}"), at=timezone.now())
    client.get(url(in_class, part))
    for address in (url(in_class, part), url(in_class, part, "kiem-tra/")):
        with django_assert_max_num_queries(12):
            response = client.get(address)
        assert response.status_code == 200


def scripts() -> dict[str, bytes]:
    from django.contrib.staticfiles import finders

    folder = Path(finders.find("web/gradebook.js")).parent
    return {p.name: p.read_bytes() for p in folder.glob("gradebook*.js")}


def test_the_script_is_small_and_has_no_words_of_its_own():
    sources = scripts()
    assert sum(len(gzip.compress(source, 9)) for source in sources.values()) <= 25_000
    whole = b"\n".join(sources.values()).decode()
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", whole, flags=re.S)
    code = re.sub(r"^const (RATINGS|PASSES) = .*$", "", code, flags=re.M)  # values of the circular
    assert not re.search("[à-ỹ]", code.replace("Đ", "").replace("đ", "").replace("ð", "")), (
        "see gradebook_words"
    )
    used = set(re.findall(r'say\("(\w+)"', code))
    assert used <= set(gradebook_words._words())


def test_no_module_of_the_script_is_long():
    assert max(source.count(b"\n") for source in scripts().values()) <= 400
