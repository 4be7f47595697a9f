"""The clerk and the principal through a year of classes: moves, teaching, arrivals, register, roll-over."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from tests.builders import give_results
from tests.journeys.browser import check_page, sign_in
from tests.journeys.import_site import SCHOOL, YEAR, make_node
from tests.journeys.test_sign_in import person
from tests.unit.apps.accounts import people

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
FAMILY = ("Nguyễn Ngọc Hoài", "Công Tằng Tôn Nữ Quỳnh", "Đặng Vũ", "Huỳnh Nguyễn Quốc", "Thạch Thị Ngọc")
GIVEN = ("An", "Bảo", "Cương", "Duyên", "Giang", "Hương", "Khôi", "Linh", "Mẫn")
SUBJECTS = ("ngu-van", "toan", "ngoai-ngu-1", "khoa-hoc-tu-nhien", "tin-hoc", "giao-duc-the-chat")


def names(count: int) -> list[str]:
    return [f"{FAMILY[n % 5]} {GIVEN[n % 9]}" for n in range(count)]


class World:
    """A secondary school of twenty classes, the first with 45 pupils; every subject is taught."""

    def __init__(self, address: str) -> None:
        self.address = address
        unit = people.school("79000201", "Trường THCS Nguyễn Thị Minh Khai", levels=["thcs"])
        self.unit = unit
        staff = [people.user(f"gv{n}", name) for n, name in enumerate(names(12))]
        for teacher in staff:
            people.post(teacher, unit, Role.GROUP_HEAD)
        for grade in (6, 7, 8, 9):
            for n in range(1, 6):
                in_class = people.school_class(unit, f"{grade}A{n}", grade)
                people.post(staff[(grade + n) % 12], unit, Role.HOMEROOM, in_class)
                for k, code in enumerate(SUBJECTS):
                    for more in range(2 if code == "khoa-hoc-tu-nhien" else 1):
                        who = staff[(grade * n + k + more) % 12]
                        people.post(who, unit, Role.SUBJECT_TEACHER, in_class, subject_code=code)
        self.first = people.school_class(unit, "6A1", 6)
        self.pupils = [people.enrol(self.first, n, name) for n, name in enumerate(names(45), 1)]
        people.post(person("lan", "Mai Thị Ngọc Lan"), unit, Role.DATA_CLERK)
        people.post(person("hung", "Võ Đặng Quốc Hưng"), unit, Role.PRINCIPAL)

    def go(self, page: Page, path: str) -> None:
        page.goto(f"{self.address}/truong/{path}")


@pytest.fixture
def world(live_server) -> World:
    return World(live_server.url)


def test_a_clerk_keeps_the_classes_of_the_year(page: Page, world: World):
    sign_in(page, world.address, "lan", people.PASSWORD)
    world.go(page, "lop/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lớp học năm học 2025-2026")
    check_page(page)
    page.get_by_role("link", name="6A1", exact=True).click()
    check_page(page)
    who = world.pupils[3]
    page.get_by_role("link", name=f"Chuyển lớp, đổi trạng thái {who.pupil.full_name}").first.click()
    check_page(page)
    page.get_by_label("Chuyển sang lớp", exact=True).select_option("6A2")
    page.get_by_role("button", name="Xem trước").click()
    expect(page.get_by_text("Chưa có gì được ghi.")).to_be_visible()
    check_page(page)
    page.get_by_label("Học lớp mới từ ngày").fill("2026-01-12")
    page.locator("#id_chuyen-reason").fill("Cân đối sĩ số")
    page.get_by_role("button", name="Chuyển lớp").click()
    expect(page.get_by_role("link", name="Cần số quyết định")).to_be_visible()
    check_page(page)
    page.locator("#id_chuyen-decision").fill("15/QĐ-THCS")
    page.get_by_role("button", name="Chuyển lớp").click()
    expect(page.get_by_text("Đã chuyển sang lớp 6A2")).to_be_visible()
    moved = Enrolment.objects.get(pk=who.pk)
    assert moved.school_class.name == "6A2"

    world.go(page, "phan-cong/")
    expect(page.get_by_role("table")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Cả trường").click()
    check_page(page)
    world.go(page, f"phan-cong/{world.first.pk}/khoa-hoc-tu-nhien/")
    check_page(page)
    page.get_by_label("Việc cần làm").select_option("day-thay")
    page.get_by_label("Phân công đang có").select_option(index=1)
    page.get_by_label("Người nhận").select_option(index=1)
    page.get_by_label("Từ ngày", exact=True).fill("2026-02-02")
    page.get_by_label("Đến hết ngày", exact=True).fill("2026-03-31")
    page.get_by_label("Lý do", exact=True).fill("Nghỉ thai sản")
    page.get_by_role("button", name="Ghi thay đổi").click()
    expect(page.get_by_text(re.compile("Đã giao|chính là người"))).to_be_visible()
    check_page(page)

    world.go(page, "chuyen-den/")
    check_page(page)
    for label, value in {
        "Ngày đến": "2026-01-19",
        "Mã học sinh": "7900020001",
        "Họ và tên": "Đặng Vũ Quỳnh Anh",
        "Ngày sinh": "09/02/2014",
        "Trường cũ": "Trường THCS Bình Minh",
        "Số giấy giới thiệu chuyển trường hoặc số hồ sơ": "112/GGT",
    }.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Vào lớp").select_option("6A1")
    page.get_by_label("Thời điểm đến").select_option("hk2")
    page.get_by_label("Giới tính").select_option("Nữ")
    page.get_by_role("button", name="Tiếp nhận học sinh").click()
    expect(page.get_by_text("Đã tiếp nhận Đặng Vũ Quỳnh Anh vào lớp 6A1.")).to_be_visible()
    check_page(page)
    page.get_by_label("Toán", exact=True).fill("7,5")
    page.get_by_label("Ngữ văn", exact=True).fill("75")
    page.get_by_role("button", name="Lưu kết quả của trường cũ").click()
    expect(page.get_by_role("alert")).to_contain_text("Chưa có gì được ghi")
    check_page(page)
    page.get_by_label("Ngữ văn", exact=True).fill("8")
    page.get_by_role("button", name="Lưu kết quả của trường cũ").click()
    expect(page.get_by_text("Đã ghi 2 kết quả của trường cũ.")).to_be_visible()

    world.go(page, "dang-bo/")
    check_page(page)
    page.get_by_role("button", name="Cấp số cho 46 học sinh").click()
    expect(page.get_by_text("Đã cấp số đăng bộ cho 46 học sinh.")).to_be_visible()
    check_page(page)


def test_the_principal_rolls_over_and_takes_it_back_without_scripts(plain_page: Page, live_server):
    page, unit = plain_page, people.school()
    for name, grade in (("1A", 1), ("4B", 4), ("5A", 5)):
        in_class = people.school_class(unit, name, grade)
        for n, who in enumerate(names(3), 1):
            row = people.enrol(in_class, n, who)
            if n < 3:
                give_results(row)
    people.post(person("hung", "Võ Đặng Quốc Hưng"), unit, Role.PRINCIPAL)
    sign_in(page, live_server.url, "hung", people.PASSWORD)
    page.goto(f"{live_server.url}/truong/ket-chuyen/")
    check_plain = page.get_by_role("heading", level=1)
    expect(check_plain).to_have_text("Kết chuyển 2025-2026 sang 2026-2027")
    page.get_by_role("button", name="Kết chuyển 4 học sinh").click()
    expect(page.get_by_text(re.compile("Lần kết chuyển số"))).to_be_visible()
    assert SchoolClass.objects.filter(school_year="2026-2027").count() == 2
    page.get_by_text("Hoàn tác lần kết chuyển này").click()
    page.get_by_role("button", name=re.compile("Hoàn tác lần kết chuyển số")).click()
    expect(page.get_by_text("Đã hoàn tác lần kết chuyển số")).to_be_visible()
    assert not SchoolClass.objects.filter(school_year="2026-2027").exists()


def test_the_roll_over_pages_are_sound(page: Page, live_server):
    unit = people.school()
    for name, grade in (("1A", 1), ("4B", 4), ("5A", 5)):
        in_class = people.school_class(unit, name, grade)
        for n, who in enumerate(names(3), 1):
            row = people.enrol(in_class, n, who)
            if n < 3:
                give_results(row)
    people.sheet(row, "issued")  # of the last: its result says nothing of promotion, so the pupil stays
    people.post(person("hung", "Võ Đặng Quốc Hưng"), unit, Role.PRINCIPAL)
    sign_in(page, live_server.url, "hung", people.PASSWORD)
    page.goto(f"{live_server.url}/truong/ket-chuyen/")
    expect(page.get_by_text("Ở lại lớp: chọn lớp của năm học mới")).to_be_visible()
    check_page(page)
    page.get_by_label(re.compile("Lớp năm học mới của Đặng Vũ")).last.fill("5C")
    page.get_by_role("button", name="Tính lại phương án").click()
    page.get_by_role("button", name="Kết chuyển 5 học sinh").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lần kết chuyển số")
    check_page(page)
    page.goto(f"{live_server.url}/truong/phan-cong/de-xuat")
    check_page(page)
    assert Enrolment.objects.filter(school_class__name="5C").count() == 1


def test_the_command_line_rolls_a_school_over_and_back(tmp_path: Path, samples: Path):
    node = make_node(tmp_path / "nut")
    for kind, file in (("pupils", "danh_sach_hoc_sinh"), ("results", "ket_qua_cuoi_nam")):
        assert node.load(kind, samples / "tieu_hoc" / f"{file}.xlsx")[0] == 0
    listed = ("classes", "list", "--school", SCHOOL, "--year")
    status, told = node.run(*listed, YEAR)
    assert (status, sum(row["pupils"] for row in told["classes"])) == (0, 170)
    roll = ("classes", "roll-over", "--school", SCHOOL)
    before, digest = node.dump(), hashlib.sha256(node.database.read_bytes()).hexdigest()
    status, planned = node.run(*roll, "--from", YEAR, "--dry-run")
    assert (status, planned["written"], planned["batch"]) == (0, False, None)
    assert node.dump() == before
    assert hashlib.sha256(node.database.read_bytes()).hexdigest() == digest
    assert planned["up"] + planned["leave"] + planned["pending"] + planned["choose"] == 170

    status, done = node.run(*roll, "--from", YEAR)
    assert (status, done["up"], done["fingerprint"]) == (0, planned["up"], planned["fingerprint"])
    status, told = node.run(*listed, "2026-2027")
    assert sum(row["pupils"] for row in told["classes"]) == planned["up"]
    status, again = node.run(*roll, "--from", YEAR)
    assert (status, again["error"]["code"]) == (1, "roll_over_nothing")
    assert node.run(*roll, "--undo", str(done["batch"])) == (0, {"batch": done["batch"], "state": "undone"})
    assert node.run(*listed, "2026-2027")[1]["classes"] == []
    assert node.run(*roll)[0] == 2
