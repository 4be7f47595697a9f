"""Pages of residence: what they show and what a click does."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.privacy.models import Export
from hocbaso.apps.residence import background
from hocbaso.apps.residence.models import Lookup, PaperException, Stay, Told
from hocbaso.apps.residence.use_cases.fetch import order_lookups
from hocbaso.apps.residence.use_cases.process import process_due
from hocbaso.engines.population import Outcome
from tests.builders import YEAR
from tests.unit.apps.identity.world import full_pupil, make_school, school_of
from tests.unit.apps.residence.world import CITY, Register, entry

pytestmark = pytest.mark.django_db
ELSEWHERE = {"commune": "Phường An Nhơn", "commune_code": "26876", "address": "12 Lê Lợi"}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(background, "wake", lambda: False)


def clerk_of(inside, school):
    return inside(school.actor(Role.DATA_CLERK).assignment)


def fetched(school, **told):
    actor = school.actor(Role.DATA_CLERK)
    order_lookups(actor, school=school.unit, year=YEAR, again=True)
    process_due(Register(**told))


def page(client, name, *args, status=200):
    response = client.get(reverse(f"web:{name}", args=args))
    assert response.status_code == status
    return response.content.decode()


def test_an_empty_school_says_what_comes_first(inside):
    school = make_school(classes=())
    assert "Nhập danh sách học sinh trước" in page(clerk_of(inside, school), "residence")


def test_the_overview_counts_each_class_and_orders_the_school(inside):
    school, pupils = school_of(4)
    full_pupil(school, 5, commune="P.14, Q.10", commune_code="")
    full_pupil(school, 6, commune="", commune_code="", province="", province_code="")
    fetched(
        school,
        stays={pupils[0].personal_number: (entry(**ELSEWHERE),)},
        outcomes={pupils[1].personal_number: Outcome.NOT_FOUND},
    )
    client = clerk_of(inside, school)
    shown = page(client, "residence")
    for number, state in ((2, "known"), (1, "stated"), (3, "differs")):
        assert f'?loc={state}">{number}<' in shown
    Lookup.objects.all().delete()
    pupils[2].full_name = "Trần Bảo Châu"
    pupils[2].save()
    done = client.post(reverse("web:residence"), follow=True).content.decode()
    assert "Đã gửi tra cứu 1 học sinh. 5 em đã có kết quả hoặc đang chờ, không hỏi lại." in done
    assert "1 học sinh đang chờ câu trả lời." in done


def test_a_class_of_45_stands_in_few_queries(inside, django_assert_max_num_queries):
    school, _pupils = school_of(45)
    fetched(school)
    client = clerk_of(inside, school)
    where = reverse("web:residence-class", args=[school.classes["3A"].pk])
    client.get(where)
    with django_assert_max_num_queries(8):
        shown = client.get(where).content.decode()
    assert shown.count("Theo dữ liệu dân cư") >= 45
    assert "45 học sinh, xếp theo số thứ tự" in shown


def test_house_and_street_are_taken_for_the_class_by_one_click(inside):
    school, pupils = school_of(2)
    pupils[0].hamlet = "Tổ 3"
    pupils[0].save()
    fetched(school, stays={pupils[1].personal_number: (entry(**ELSEWHERE),)})
    client = inside(school.actor(Role.HOMEROOM, "3A").assignment)
    where = reverse("web:residence-class", args=[school.classes["3A"].pk])
    assert "Nhận theo dữ liệu cho 1 em" in client.get(where).content.decode()
    client.post(where, {"viec": "nhan"})
    assert list(Told.objects.order_by("pk").values_list("state", flat=True)) == ["taken", "open"]


def test_a_difference_is_shown_side_by_side_and_decided_here(inside):
    school, (pupil,) = school_of(1)
    fetched(school, stays={pupil.personal_number: (entry(**ELSEWHERE),)})
    client = clerk_of(inside, school)
    where = reverse("web:residence-pupil", args=[pupil.code])
    shown = client.get(where).content.decode()
    assert f"12 Lê Lợi, Phường An Nhơn, {CITY}" in shown
    assert f"Phường Hạnh Thông, {CITY}" in shown
    told = Told.objects.get()
    refused = client.post(where, {"viec": "giu", "muc": told.pk, "ly-do": "xem sổ hộ khẩu"})
    assert refused.status_code == 422
    assert "không yêu cầu và không ghi nhận sổ hộ khẩu" in refused.content.decode()
    client.post(where, {"viec": "nhan", "muc": told.pk})
    assert "Chưa tra cứu lần nào" not in client.get(where).content.decode()
    pupil.refresh_from_db()
    assert pupil.commune == "Phường An Nhơn"
    again = client.post(where, {"viec": "nhan", "muc": told.pk})
    assert again.status_code == 422


def test_a_statement_takes_todays_name_and_explains_a_former_one(inside):
    school, (pupil,) = school_of(1)
    client = clerk_of(inside, school)
    where = reverse("web:residence-pupil", args=[pupil.code])
    said = {
        "viec": "khai",
        "loai": "noi_o_hien_tai",
        "so-nha": "12 Lê Lợi",
        "tinh": "79",
        "xa": "P.5, Q. Gò Vấp",
        "nguoi-khai": "Trần Thị Mai (mẹ)",
    }
    refused = client.post(where, said)
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "Phường 5, Quận Gò Vấp → Phường An Nhơn (từ 01/07/2025)" in text
    assert 'value="12 Lê Lợi"' in text
    assert client.post(where, said | {"xa": "phường An Nhơn"}).status_code == 302
    assert Stay.objects.get().commune_code == "26876"


def test_former_units_are_proposed_together_and_asked_one_by_one(inside):
    school, _none = school_of(0)
    words = ["Phường 5, Quận Gò Vấp"] * 2 + ["P.14, Q.10"] * 2 + ["Xã Không Có"]
    for n, text in enumerate(words):
        full_pupil(school, n + 1, commune=text, commune_code="")
    client = clerk_of(inside, school)
    where = reverse("web:residence-mapping")
    shown = client.get(where).content.decode()
    assert "Phường 5, Quận Gò Vấp → Phường An Nhơn (từ 01/07/2025)" in shown
    assert "Có thể là 2 xã, phường" in shown
    key = shown.split('name="nhom" value="')[1].split('"')[0]
    client.post(where, {"nhom": [key]})
    shown = client.get(where).content.decode()
    assert "Chỉ có một cách hiểu" not in shown
    asked = next(part for part in shown.split("<tr>") if "P.14" in part).split('href="')[1].split('"')[0]
    question = client.get(asked).content.decode()
    assert "Phường 14, Quận 10 → Phường Hòa Hưng (từ 01/07/2025)" in question
    nobody = client.post(asked, {"xa-chon": "27163"})
    assert nobody.status_code == 422
    ticks = [part.split('"')[0] for part in question.split('name="em" value="')[1:]]
    on = client.post(asked, {"xa-chon": "27163", "em": ticks})
    assert on.headers["Location"] != where  # the next question: a place nobody knows
    unknown = on.headers["Location"]
    assert "“Xã Không Có” không có trong danh mục" in client.get(unknown).content.decode()
    last = [p.split('"')[0] for p in client.get(unknown).content.decode().split('name="em" value="')[1:]]
    done = client.post(unknown, {"xa-chon": "khac", "tinh": "79", "xa": "Xã Bình Lợi", "em": last})
    assert done.headers["Location"] == where
    assert "Mọi địa chỉ đã theo đơn vị hiện hành" in client.get(where).content.decode()


def test_an_exception_is_offered_only_after_a_failed_look_up(inside):
    school, (pupil,) = school_of(1)
    client = inside(school.actor(Role.PRINCIPAL).assignment)
    where = reverse("web:residence-exception", args=[pupil.code])
    assert "tra cứu dữ liệu dân cư trước" in client.get(where).content.decode()
    fetched(school, outcomes={pupil.personal_number: Outcome.NOT_FOUND})
    assert "Tra cứu không có thông tin cư trú" in client.get(where).content.decode()
    sent = {
        "ly-do": "not_found",
        "giay": "ct07",
        "giai-thich": "Tra cứu hai lần đều không có thông tin cư trú của em.",
        "loai": "noi_o_hien_tai",
        "so-nha": "12 Lê Lợi",
        "tinh": "79",
        "xa": "Phường An Nhơn",
    }
    assert client.post(where, sent).status_code == 422  # the family must have offered it freely
    assert client.post(where, sent | {"tu-nguyen": "1"}).status_code == 302
    assert PaperException.objects.count() == 1
    assert "Tra cứu hai lần" in page(client, "residence-exceptions")


def test_the_print_stands_for_papers_and_making_it_is_on_record(inside):
    school, (pupil,) = school_of(1)
    client = clerk_of(inside, school)
    where = reverse("web:residence-print", args=[pupil.code])
    assert "Chưa có thông tin cư trú" in client.get(where).content.decode()
    fetched(school)
    shown = client.get(where).content.decode()
    assert "Bản xem trước" in shown
    assert f"8 đường số 55, Phường Hạnh Thông, {CITY}" in shown
    assert pupil.personal_number not in shown
    made = client.post(where).content.decode()
    assert "Xuất từ Học bạ số bởi" in made
    assert Export.objects.count() == 1


def test_the_pupils_page_shows_the_dated_address(inside):
    school, (pupil,) = school_of(1)
    fetched(school)
    shown = page(clerk_of(inside, school), "pupil", pupil.code)
    assert f"8 đường số 55, Phường Hạnh Thông, {CITY}, từ 08/02/2019, theo CSDL quốc gia về dân cư" in shown


def test_where_the_family_lives_now_is_not_shown_to_the_school_that_the_pupil_left(inside):
    school, (pupil,) = school_of(1)
    other = make_school("79000102", "Trường Tiểu học Sông Bé")
    pupil.enrolments.update(active=False)
    pupil.enrolments.create(school_class=other.classes["3A"], status="Chuyển đến kỳ 2")
    pupil.current_address = "9 Hẻm Kín, Phường An Nhơn"
    pupil.save()
    for client in (clerk_of(inside, school), inside(school.actor(Role.HOMEROOM, "3A").assignment)):
        page(client, "residence-pupil", pupil.code, status=404)
        page(client, "residence-print", pupil.code, status=404)
        file = page(client, "pupil", pupil.code)
        assert "9 Hẻm Kín" not in file
        assert reverse("web:residence-pupil", args=[pupil.code]) not in file
    assert "9 Hẻm Kín" in page(clerk_of(inside, other), "residence-pupil", pupil.code)
