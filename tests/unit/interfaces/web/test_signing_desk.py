"""The signing screens: who may stand there, what one code covers, how it goes on, what is refused."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature, SheetState, YearSheet
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.core.document.model import SignerRole
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.verification import verify_file
from tests.builders import give_results, make_pupil, make_school
from tests.unit.interfaces.web.sheets import (
    JSON,
    closed_school,
    code_of,
    form_of,
    issued_school,
    post_of,
    sign,
    text,
)

pytestmark = pytest.mark.django_db


def homeroom_url(school, name="3A"):
    return reverse("web:signing-class", args=[school.classes[name].pk])


def close_one_more(school, name):
    """One more pupil of the class is closed meanwhile."""
    give_results(make_pupil(school, name, 90 if name == "3A" else 91))
    close_class(school.actor(Role.PRINCIPAL), school_class=school.classes[name])


@pytest.fixture
def teacher(inside):
    """(school, post, client) of a class of three closed pupils."""
    school = closed_school(3)
    post = post_of(school, Role.HOMEROOM, "3A")
    return school, post, inside(post)


@pytest.mark.parametrize(
    ("role", "class_name", "expected"),
    [
        (Role.HOMEROOM, "3A", (200, 403, 403)),
        (Role.HOMEROOM, "3B", (404, 403, 403)),
        (Role.SUBJECT_TEACHER, "3A", (404, 403, 403)),
        (Role.PRINCIPAL, None, (404, 200, 403)),
        (Role.SEAL_KEEPER, None, (404, 403, 200)),
        (Role.DATA_CLERK, None, (404, 403, 403)),
    ],
)
def test_every_desk_is_open_to_its_own_role_only(inside, role, class_name, expected) -> None:
    school = closed_school(1, ("3A", "3B"))
    client = inside(post_of(school, role, class_name))
    urls = (homeroom_url(school), reverse("web:signing-principal"), reverse("web:issuing"))
    assert tuple(client.get(url).status_code for url in urls) == expected
    assert tuple(client.post(url, {"viec": "ky"}).status_code for url in urls if url) == tuple(
        422 if status == 200 else status for status in expected
    )


def test_a_session_without_the_second_factor_reaches_no_desk(inside) -> None:
    school = closed_school(1)
    for role, name, url in (
        (Role.HOMEROOM, "3A", homeroom_url(school)),
        (Role.PRINCIPAL, None, reverse("web:signing-principal")),
        (Role.SEAL_KEEPER, None, reverse("web:issuing")),
    ):
        client = inside(post_of(school, role, name), second_factor=False)
        assert client.get(url).status_code in (403, 404)
        assert client.post(url, {}).status_code in (403, 404)
    assert not SigningBatch.objects.exists()


def test_nobody_reaches_a_desk_without_signing_in(client) -> None:
    school = closed_school(1)
    assert client.get(homeroom_url(school)).headers["Location"].startswith("/?tiep=")


def test_the_page_tells_who_signs_before_what_is_signed(teacher) -> None:
    school, post, client = teacher
    page = text(client.get(homeroom_url(school)))
    assert page.index("Chứng thư số sẽ dùng để ký") < page.index("3 học bạ, chưa xong xếp trước")
    assert post.user.full_name in page
    assert "Khóa phần mềm của hộp cát" in page
    assert "không bị thu hồi, hỏi lúc" in page
    assert page.count(" checked>") == 3
    assert 'autocomplete="one-time-code"' in page


def test_one_code_signs_exactly_the_chosen_sheets_and_gives_a_receipt(teacher) -> None:
    school, post, client = teacher
    url = homeroom_url(school)
    form = form_of(text(client.get(url)))
    form["hoc-ba"] = form["hoc-ba"][:2]
    response = client.post(url, {**form, "viec": "ky", "ma": code_of(post)})
    batch = SigningBatch.objects.get()
    assert response.headers["Location"] == reverse("web:signing-receipt", args=[batch.pk])
    assert SheetSignature.objects.count() == 2
    page = text(client.get(response.headers["Location"]))
    assert "Đã ký 2 học bạ" in page
    assert batch.list_digest in page
    assert "Học bạ đã chuyển sang hiệu trưởng" in page


@pytest.mark.parametrize("code", ["", "000000"])
def test_without_a_right_code_nothing_is_signed(teacher, code) -> None:
    school, _post, client = teacher
    url = homeroom_url(school)
    form = form_of(text(client.get(url)))
    response = client.post(url, {**form, "viec": "ky", "ma": code})
    assert response.status_code == 422
    assert "Chưa ký gì" in text(response)
    assert 'href="#ma"' in text(response)
    assert not SheetSignature.objects.exists()
    assert not SigningBatch.objects.exists()


def test_a_code_is_taken_once(teacher) -> None:
    school, post, client = teacher
    url, code = homeroom_url(school), code_of(post)
    form = form_of(text(client.get(url)))
    client.post(url, {**form, "hoc-ba": form["hoc-ba"][:1], "viec": "ky", "ma": code})
    form = form_of(text(client.get(url)))
    assert "đã dùng rồi" in text(client.post(url, {**form, "viec": "ky", "ma": code}))
    assert SheetSignature.objects.count() == 1


def test_an_authorisation_over_a_list_that_has_changed_is_refused_and_keeps_the_code(teacher) -> None:
    school, post, client = teacher
    url = homeroom_url(school)
    form = form_of(text(client.get(url)))
    close_one_more(school, "3A")
    code = code_of(post)
    response = client.post(url, {**form, "viec": "ky", "ma": code})
    assert response.status_code == 422
    assert "Danh sách đã thay đổi" in text(response)
    assert not SheetSignature.objects.exists()
    fresh = form_of(text(client.get(url)))
    assert client.post(url, {**fresh, "viec": "ky", "ma": code}).status_code == 302
    assert SheetSignature.objects.count() == 4


def test_a_sheet_of_another_class_cannot_be_slipped_in(inside) -> None:
    school = closed_school(2, ("3A", "3B"))
    close_one_more(school, "3B")
    post = post_of(school, Role.HOMEROOM, "3A")
    client, url = inside(post), homeroom_url(school)
    form = form_of(text(client.get(url)))
    foreign = YearSheet.objects.filter(school_class=school.classes["3B"]).first()
    response = client.post(
        url, {**form, "hoc-ba": [*form["hoc-ba"], str(foreign.pk)], "viec": "ky", "ma": code_of(post)}
    )
    assert response.status_code == 422
    assert not SheetSignature.objects.exists()


def test_a_script_signs_in_steps_and_each_answer_tells_every_row(inside) -> None:
    school = closed_school(7)
    post = post_of(school, Role.HOMEROOM, "3A")
    client, url = inside(post), homeroom_url(school)
    form = form_of(text(client.get(url)))
    start = client.post(url, {**form, "viec": "ky", "ma": code_of(post)}, headers=JSON).json()
    assert (start["total"], start["signed"], start["waiting"]) == (7, 0, 7)
    assert not SheetSignature.objects.exists()
    first = client.post(start["step"], headers=JSON).json()
    assert (first["signed"], first["waiting"]) == (5, 2)
    assert [i["state"] for i in first["items"]] == ["signed"] * 5 + ["waiting"] * 2
    assert first["items"][0]["text"].startswith("Đã ký lúc ")
    last = client.post(start["step"], headers=JSON).json()
    assert (last["signed"], last["waiting"]) == (7, 0)


def test_an_interrupted_batch_goes_on_without_a_second_code_only_in_its_own_session(inside) -> None:
    school = closed_school(7)
    post = post_of(school, Role.HOMEROOM, "3A")
    client, url = inside(post), homeroom_url(school)
    form = form_of(text(client.get(url)))
    start = client.post(url, {**form, "viec": "ky", "ma": code_of(post)}, headers=JSON).json()
    client.post(start["step"], headers=JSON)
    page = text(client.get(url))
    assert "dừng ở học bạ thứ 6" in page
    assert "5 học bạ đã ký vẫn giữ nguyên và không ký lại. Còn 2 học bạ ký tiếp được." in page
    assert 'id="ma"' not in page

    elsewhere = inside(post)
    assert 'id="ma"' in text(elsewhere.get(url))
    assert elsewhere.post(start["step"], headers=JSON).json()["code"] == "batch_needs_code"
    assert elsewhere.post(url, {"viec": "ky-tiep"}).status_code == 422
    assert SheetSignature.objects.count() == 5

    assert client.post(url, {"viec": "ky-tiep"}).status_code == 302
    assert SheetSignature.objects.count() == 7


def test_going_on_another_day_asks_for_a_new_code_and_leaves_a_trace(inside) -> None:
    school = closed_school(7)
    sign(school, SignerRole.HOMEROOM, limit=5)
    post = post_of(school, Role.HOMEROOM, "3A")
    client, url = inside(post), homeroom_url(school)
    assert client.post(url, {"viec": "ky-tiep", "ma": code_of(post)}).status_code == 302
    assert SheetSignature.objects.count() == 7
    assert Event.objects.get(action="signing.resumed").details == {"left": 2, "method": "totp"}


def test_going_on_with_a_batch_that_another_window_finished_leads_to_its_receipt(inside) -> None:
    school = closed_school(7)
    post = post_of(school, Role.HOMEROOM, "3A")
    client, url = inside(post), homeroom_url(school)
    form = form_of(text(client.get(url)))
    start = client.post(url, {**form, "viec": "ky", "ma": code_of(post)}, headers=JSON).json()
    batch = str(SigningBatch.objects.get().pk)
    for _ in range(2):
        client.post(start["step"], headers=JSON)
    response = client.post(url, {"viec": "ky-tiep", "lan": batch})
    assert response.headers["Location"] == start["receipt"]
    assert client.post(url, {"viec": "ky-tiep"}).status_code == 422


def test_a_stopped_batch_can_be_given_up_and_its_sheets_are_free_again(inside) -> None:
    school = closed_school(7)
    sign(school, SignerRole.HOMEROOM, limit=5)
    post = post_of(school, Role.HOMEROOM, "3A")
    client, url = inside(post), homeroom_url(school)
    assert form_of(text(client.get(url)))["hoc-ba"] == []
    client.post(url, {"viec": "dung"})
    assert len(form_of(text(client.get(url)))["hoc-ba"]) == 2


def test_another_person_s_batch_is_not_found(inside) -> None:
    school = closed_school(2)
    sign(school, SignerRole.HOMEROOM, limit=1)
    batch = SigningBatch.objects.get()
    principal = inside(post_of(school, Role.PRINCIPAL))
    for name in ("web:signing-step", "web:signing-receipt"):
        url = reverse(name, args=[batch.pk])
        response = principal.post(url) if name.endswith("step") else principal.get(url)
        assert response.status_code == 404
    assert SheetSignature.objects.count() == 1


def test_who_is_blocked_is_told_with_the_reason_and_the_way_to_mend_it(inside) -> None:
    school = closed_school(1)
    make_pupil(school, "3A", 70, full_name="Đặng Thùy Trang")
    client = inside(post_of(school, Role.HOMEROOM, "3A"))
    page = text(client.get(homeroom_url(school)))
    assert re.search(r"Bị chặn: còn thiếu: .* và \d+ chỗ nữa", page)
    assert reverse("web:closing-class", args=[school.classes["3A"].pk]) in page
    assert 'aria-label="Chọn Đặng Thùy Trang" disabled' in page
    assert "1 học bạ bị chặn: 1 chưa chốt" in page


def test_the_board_of_classes_accounts_for_every_pupil(inside) -> None:
    school = closed_school(2)
    client = inside(post_of(school, Role.PRINCIPAL))
    assert "Chưa chốt" not in text(client.get(reverse("web:signing")))
    leaver = YearSheet.objects.order_by("pk").first()
    Enrolment.objects.filter(pk=leaver.enrolment_id).update(active=False)  # the sheet stays and hides nobody
    make_pupil(school, "3A", 70)
    assert 'data-label="Chưa chốt">1</td>' in text(client.get(reverse("web:signing")))
    assert 'data-label="Chưa chốt">1</td>' in text(client.get(reverse("web:closing")))


def test_a_school_without_pupils_is_told_what_comes_first(inside) -> None:
    page = text(inside(post_of(make_school(), Role.PRINCIPAL)).get(reverse("web:signing-principal")))
    assert "Chưa có học sinh nào" in page
    assert "Đã ký 0 / 0" not in page


def test_the_principal_sees_each_class_and_what_waits_for_the_step_before(inside) -> None:
    school = closed_school(2)
    client = inside(post_of(school, Role.PRINCIPAL))
    page = text(client.get(reverse("web:signing-principal")))
    assert "Bị chặn: chủ nhiệm chưa ký" in page
    assert "Chưa có học bạ nào chờ thầy cô ký" in page
    sign(school, SignerRole.HOMEROOM)
    page = text(client.get(reverse("web:signing-principal") + "?lop=3A"))
    assert "Ký 2 học bạ" in page


def test_the_principal_returns_sheets_with_a_reason_that_the_teacher_reads(inside) -> None:
    school = closed_school(2)
    sign(school, SignerRole.HOMEROOM)
    client, url = inside(post_of(school, Role.PRINCIPAL)), reverse("web:signing-principal")
    form = form_of(text(client.get(url)))
    refused = client.post(url, {**form, "viec": "tra-lai", "ly-do": " "})
    assert refused.status_code == 422
    assert 'href="#ly-do"' in text(refused)
    client.post(url, {**form, "hoc-ba": form["hoc-ba"][:1], "viec": "tra-lai", "ly-do": "Sai ngày nghỉ"})
    assert YearSheet.objects.filter(state=SheetState.VOIDED).count() == 1
    teacher = inside(post_of(school, Role.HOMEROOM, "3A"))
    assert "đã trả lại (Sai ngày nghỉ), chờ chốt lại" in text(teacher.get(homeroom_url(school)))


def test_the_seal_keeper_issues_and_the_receipt_names_the_log(inside) -> None:
    school = closed_school(2)
    for role in (SignerRole.HOMEROOM, SignerRole.PRINCIPAL):
        sign(school, role)
    post = post_of(school, Role.SEAL_KEEPER)
    client, url = inside(post), reverse("web:issuing")
    form = form_of(text(client.get(url)))
    response = client.post(url, {**form, "viec": "ky", "ma": code_of(post)})
    assert IssuedSheet.objects.count() == 2
    page = text(client.get(response.headers["Location"]))
    assert "Đã phát hành 2 học bạ" in page
    assert "mục số 0 đến 1" in page
    assert "Đủ 2 dấu thời gian" in page
    assert "/log/2025-2026\n2\n" in page, "the checkpoint stands in the receipt"


def test_the_package_holds_every_issued_xml_and_the_bundle_that_verifies_it(inside) -> None:
    school = issued_school(2)
    client = inside(post_of(school, Role.SEAL_KEEPER))
    response = client.get(reverse("web:issuing-package"))
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    bundle = TrustBundle.from_json(archive.read("trust-bundle.json"))
    names = [n for n in archive.namelist() if n.endswith(".xml")]
    assert len(names) == 2
    for name in names:
        (verdict,) = verify_file(name, archive.read(name), bundle, now=datetime.now(UTC))
        assert verdict.valid, verdict.reason
    assert inside(post_of(school, Role.HOMEROOM, "3A")).get(reverse("web:issuing-package")).status_code == 403


def test_a_class_of_45_is_shown_with_at_most_18_queries(inside, django_assert_max_num_queries) -> None:
    school = closed_school(45)
    post = post_of(school, Role.HOMEROOM, "3A")
    client = inside(post)
    sign(school, SignerRole.HOMEROOM, limit=17)
    make_pupil(school, "3A", 99)  # one who is not closed yet, with the reason
    client.get(homeroom_url(school))  # the sandbox makes its keys once
    with django_assert_max_num_queries(18):
        page = text(client.get(homeroom_url(school)))
    assert "Đã ký 17 / 45 học bạ đủ điều kiện" in page
    assert "Còn 28 học bạ ký tiếp được" in page
