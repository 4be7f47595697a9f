"""The collection workbook: out with those who are not verified, back with what papers say."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.audit.models import Event
from hocbaso.apps.identity.collection.models import State, Upload
from hocbaso.apps.identity.collection.use_cases import handle_upload as uploads
from hocbaso.apps.identity.collection.use_cases.export_collection import export_collection
from hocbaso.apps.identity.collection.use_cases.import_collection import check, import_collection
from hocbaso.apps.identity.models import Confirmation
from hocbaso.apps.identity.queries import differences_of, last_check, who_must_act
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.identity.use_cases.repair import correct
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.apps.privacy.models import Export, ViewEntry
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from hocbaso.engines.population import Outcome
from tests.builders import School
from tests.unit.apps.identity.world import YEAR, Registry, full_pupil, make_school

pytestmark = pytest.mark.django_db

HEADER = 6


class World:
    """3A and 3B with five pupils: the second of each differs, one of 3A has no number, one is not known."""

    def __init__(self) -> None:
        self.school: School = make_school(classes=("3A", "3B"))
        self.clerk = self.school.actor(Role.DATA_CLERK)
        self.pupils = [full_pupil(self.school, n, "3A" if n < 5 else "3B") for n in range(1, 6)]
        Pupil.objects.filter(pk=self.pupils[2].pk).update(personal_number="", identity_state="no_number")
        answers = {
            self.number(1): (Outcome.MISMATCH, ("ho_ten",)),
            self.number(3): (Outcome.NOT_FOUND, ()),
            self.number(4): (Outcome.MISMATCH, ("thuong_tru",)),
        }
        self.registry = Registry(answers)  # type: ignore[arg-type]
        send(Actor.operator(), school=self.school.unit, year=YEAR)
        process_due(self.registry)  # type: ignore[arg-type]

    def number(self, index: int) -> str:
        return self.pupils[index].personal_number

    def pupil(self, index: int) -> Pupil:
        return Pupil.objects.get(pk=self.pupils[index].pk)

    def out(self, **values: Any) -> openpyxl.Workbook:
        made = export_collection(self.clerk, school=self.school.unit, year=YEAR, **values)
        book = openpyxl.load_workbook(io.BytesIO(made.content))
        del book["XaPhuong"]  # six thousand cells that nobody reads back
        return book

    def check(self, data: bytes, **values: Any):
        return check(self.clerk, school=self.school.unit, year=YEAR, data=data, **values)[0]

    def bring(self, data: bytes, actor: Actor | None = None, **values: Any):
        return import_collection(
            actor or self.clerk, school=self.school.unit, year=YEAR, data=data, file_name="t.xlsx", **values
        )


@pytest.fixture
def world() -> World:
    return World()


def put(book: openpyxl.Workbook, pupil: Pupil | StaffMember, **values: Any) -> None:
    """Fill in by header; ``_`` stands for a space."""
    for sheet in book.worksheets:
        heads = {cell.value: cell.column for cell in sheet[HEADER] if isinstance(cell.value, str)}
        code = heads.get("Mã học sinh") or heads.get("Mã cán bộ")
        for row in range(HEADER + 1, sheet.max_row + 1):
            if code and sheet.cell(row, code).value == pupil.code:
                for head, value in values.items():
                    sheet.cell(row, heads[head.replace("_", " ")]).value = value


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def codes(plan: Any) -> list[str]:
    return [issue.code for issue in plan.issues]


PAPER = {"Giấy_tờ_đã_đối_chiếu": "Giấy khai sinh"}


def test_only_those_who_are_not_verified_stand_in_the_workbook_with_what_differs_and_who_must_act(world):
    book = world.out()
    assert book.sheetnames[:2] == ["Lớp 3A", "Lớp 3B"]
    sheet = book["Lớp 3A"]
    heads = {cell.value: cell.column for cell in sheet[HEADER]}
    told = {
        sheet.cell(row, heads["Mã học sinh"]).value: [
            sheet.cell(row, heads[head]).value
            for head in ("Trạng thái xác thực", "Điểm sai lệch", "Ai xử lý")
        ]
        for row in range(HEADER + 1, sheet.max_row + 1)
    }
    assert told == {
        world.pupils[1].code: ["Sai lệch", "Họ tên", "Gia đình"],
        world.pupils[2].code: ["Chưa có số định danh", None, "Nhà trường"],
        world.pupils[3].code: ["Không tìm thấy", None, "Gia đình"],
    }
    export = Export.objects.get()
    assert (export.what, export.persons) == ("collection", 4)
    assert export.number in sheet["A3"].value
    assert ViewEntry.objects.filter(kind="export").count() == 2


def test_filled_in_it_corrects_once_and_a_second_time_nothing(world):
    book = world.out()
    put(book, world.pupils[1], Họ_tên_đúng="Trần Bảo Quỳnh Hương", **PAPER, Ngày_của_giấy_tờ="02/03/2017")
    put(book, world.pupils[2], Số_định_danh_đúng="079317000088", **PAPER)
    data = saved(book)
    assert world.check(data).counts == {"correct": 2, "untouched": 2}
    assert Pupil.objects.filter(full_name="Trần Bảo Quỳnh Hương").count() == 0

    done = world.bring(data)
    assert done.upload is not None
    assert (world.pupil(1).full_name, world.pupil(1).identity_state) == ("Trần Bảo Quỳnh Hương", "reverify")
    assert (world.pupil(2).personal_number, world.pupil(2).identity_state) == ("079317000088", "not_sent")
    notes = Event.objects.filter(action="identity.correct").order_by("pk").values_list("details", flat=True)
    assert [note["note"] for note in notes] == ["Giấy khai sinh, 02/03/2017", "Giấy khai sinh"]
    again = world.bring(data)
    assert (again.upload, again.plan.counts["same"]) == (None, 2)


def test_a_place_is_corrected_by_the_commune_alone_and_needs_no_paper(world):
    book = world.out()
    put(book, world.pupils[4], **{"Xã,_phường_đúng": "Phường Bến Thành"})
    made = world.bring(saved(book))
    assert codes(made.plan) == []
    assert world.pupil(4).commune == "Phường Bến Thành"
    assert world.pupil(4).identity_state == "reverify"


def test_a_lost_zero_is_offered_and_only_taken_with_a_yes(world):
    book = world.out()
    put(book, world.pupils[3], Số_định_danh_đúng=79317000088, **PAPER)
    data = saved(book)
    plan = world.check(data)
    assert (plan.counts["refused"], codes(plan)) == (1, ["lost_zero"])
    (key,) = plan.questions
    assert world.bring(data, accept_good_rows=True).upload is None
    assert world.bring(data, answers={key: False}).upload is None
    world.bring(data, answers={key: True})
    assert world.pupil(3).personal_number == "079317000088"


def test_what_somebody_changed_meanwhile_is_not_overwritten(world):
    book = world.out()
    put(book, world.pupils[1], Họ_tên_đúng="Trần Bảo Quỳnh Hương", **PAPER)
    put(book, world.pupils[3], Số_định_danh_đúng="079317000088", **PAPER)
    correct(world.clerk, world.pupil(1), {"full_name": "Trần Bảo Quỳnh Như"})
    data = saved(book)
    plan = world.check(data)
    assert codes(plan) == ["collection_stale"]
    assert "họ tên" in plan.issues[0].message
    assert world.bring(data).upload is None
    assert world.bring(data, accept_good_rows=True).upload is not None
    assert world.pupil(1).full_name == "Trần Bảo Quỳnh Như"
    assert world.pupil(3).personal_number == "079317000088"


def test_after_its_own_import_the_same_workbook_may_be_filled_in_further(world):
    book = world.out()
    put(book, world.pupils[1], Họ_tên_đúng="Trần Bảo Quỳnh Hương", **PAPER)
    world.bring(saved(book))
    put(book, world.pupils[1], Ngày_sinh_đúng="10/02/2017")
    assert world.bring(saved(book)).plan.counts["correct"] == 1
    assert world.pupil(1).birth_date == "2017-02-10"


def test_a_confirmed_file_lies_with_the_police_and_is_confirmed_once(world):
    book = world.out()
    put(book, world.pupils[1], Cách_xử_lý="Hồ sơ đã đúng với giấy tờ", **PAPER)
    data = saved(book)
    world.bring(data)
    assert who_must_act(last_check(world.pupil(1))) == "police"
    assert differences_of(world.pupil(1)) == ["ho_ten"]
    assert world.bring(data).upload is None
    assert Confirmation.objects.count() == 1


def test_a_number_that_contradicts_is_written_and_stood_by_only_when_said_so(world):
    book = world.out()
    put(book, world.pupils[2], Số_định_danh_đúng="079217000088", **PAPER)
    data = saved(book)
    plan = world.check(data)
    assert (plan.counts["correct"], codes(plan)) == (1, ["collection_number_doubtful"])
    (key,) = plan.questions
    world.bring(data, answers={key: True})
    assert Confirmation.objects.get().subjects == ["personal_number.sex"]


SPOILED = {
    "bad_number": {"Số_định_danh_đúng": "07931700008x"},
    "bad_date": {"Ngày_sinh_đúng": "31/02/2017"},
    "unknown_sex": {"Giới_tính_đúng": "khác"},
    "half_address": {"Tỉnh,_thành_phố_đúng": "Tỉnh Lâm Đồng"},
    "unknown_commune": {"Xã,_phường_đúng": "Phường Không Đâu"},
    "unknown_handling": {"Cách_xử_lý": "Để đấy"},
    "handling_contradicts": {"Cách_xử_lý": "Hồ sơ đã đúng với giấy tờ", "Ngày_sinh_đúng": "10/02/2017"},
    "no_paper": {"Cách_xử_lý": "Hồ sơ đã đúng với giấy tờ"},
    "partial_paper_date": {"Ngày_của_giấy_tờ": "2017", "Ngày_sinh_đúng": "10/02/2017"},
    "identity_number_taken": {"Số_định_danh_đúng": "079317000001"},
}


def test_what_is_wrong_is_refused_with_its_code_at_its_cell_and_nothing_is_written(world):
    clean = saved(world.out(classes=[world.school.classes["3A"]]))
    for code, values in SPOILED.items():
        book = openpyxl.load_workbook(io.BytesIO(clean))
        put(book, world.pupils[1], **values)
        plan = world.check(saved(book))
        assert code in codes(plan), (code, codes(plan))
        issue = next(i for i in plan.issues if i.code == code)
        assert (issue.severity, issue.row, plan.counts["refused"]) == ("error", HEADER + 1, 1), code
    assert not Upload.objects.exists()


def test_messy_workbooks_are_met(world):
    book = world.out()
    sheet = book["Lớp 3A"]
    heads = {cell.value: cell.column for cell in sheet[HEADER]}
    put(book, world.pupils[1], Họ_tên_đúng="Trần Bảo Quỳnh Hương", **PAPER)
    sheet.delete_rows(1, 3)  # title gone
    del book["_thu_thap"]  # copied into another workbook
    for cell in sheet[HEADER - 3]:
        cell.value = f" {cell.value}\n" if cell.value else cell.value
    sheet.cell(20, heads["Họ tên đang có"]).value = "Hiệu trưởng (ký, đóng dấu)"
    sheet.insert_rows(8)
    plan = world.check(saved(book))
    assert (plan.counts["correct"], plan.counts["refused"], codes(plan)) == (1, 0, [])
    sheet.cell(HEADER - 2, heads["Họ tên đang có"]).value = "Người Khác Hẳn"  # the rows were shifted
    assert codes(world.check(saved(book))) == ["collection_other_person"]


def test_a_workbook_of_another_school_or_of_strangers_changes_nothing(world):
    there = make_school("79000102", name="Trường khác")
    stranger = full_pupil(there, 9)
    foreign = export_collection(there.actor(Role.DATA_CLERK), school=there.unit, year=YEAR).content
    with pytest.raises(DomainError) as refused:
        world.check(foreign)
    assert refused.value.code == "collection_other_school"
    book = openpyxl.load_workbook(io.BytesIO(foreign))
    del book["_thu_thap"]
    put(book, stranger, Họ_tên_đúng="Trần Bảo Quỳnh Hương")
    assert "collection_unknown" in codes(world.check(saved(book)))


def test_a_homeroom_teacher_collects_for_the_own_class_alone(world):
    teacher = world.school.actor(Role.HOMEROOM, "3A")
    made = export_collection(teacher, school=world.school.unit, year=YEAR)
    assert made.sheets == ("Lớp 3A",)
    book = world.out()
    put(book, world.pupils[4], Họ_tên_đúng="Trần Bảo Quỳnh Hương")
    assert "collection_unknown" in codes(world.bring(saved(book), teacher).plan)
    with pytest.raises(NotAllowed):
        export_collection(teacher, school=world.school.unit, year=YEAR, classes=[world.school.classes["3B"]])
    with pytest.raises(NotAllowed):
        world.bring(saved(book), world.school.actor(Role.PRINCIPAL))


def test_staff_are_collected_the_same_way(world):
    member = StaffMember.objects.create(
        organisation=world.school.unit,
        code="GV01",
        full_name="Lê Nguyễn Phương",
        birth_date="1980-02-09",
        sex="Nữ",
        identity_state="no_number",
    )
    book = world.out(classes=[], staff=True)
    assert book.sheetnames[0] == "Cán bộ"
    put(book, member, Số_định_danh_đúng="079180000001", **PAPER)
    world.bring(saved(book))
    member.refresh_from_db()
    assert (member.personal_number, member.identity_state) == ("079180000001", "not_sent")


def test_an_upload_is_answered_confirmed_and_sent_and_its_bytes_go(world):
    book = world.out()
    put(book, world.pupils[1], Họ_tên_đúng="Trần Bảo Quỳnh Hương", **PAPER)
    put(book, world.pupils[3], Số_định_danh_đúng=79317000088, **PAPER)
    unit, clerk = world.school.unit, world.clerk
    made = uploads.upload(clerk, school=unit, year=YEAR, data=saved(book), file_name="../thu thap.xlsx")
    assert made.file_name == "thu thap.xlsx"
    assert "79317000088" not in str(made.report)
    (question,) = made.report["questions"]
    with pytest.raises(DomainError, match="1 dòng"):
        uploads.confirm(clerk, made.pk)
    uploads.answer(clerk, made.pk, {question["key"]: True, "x": True})
    name, content = uploads.annotated(clerk, made.pk)
    assert name == "thu thap_ghi_chu.xlsx"
    assert "Ghi chú" in openpyxl.load_workbook(io.BytesIO(content)).sheetnames
    done = uploads.confirm(clerk, made.pk)
    assert (done.state, done.content) == (State.APPLIED, None)
    told = {
        field["field"]: (field["before"], field["after"]) for field in done.report["changes"][0]["fields"]
    }
    assert told == {"full_name": (world.pupils[1].full_name, "Trần Bảo Quỳnh Hương")}
    with pytest.raises(DomainError, match="đã xong"):
        uploads.confirm(clerk, made.pk)
    (sending,) = uploads.send_again(clerk, made.pk)
    assert sending.queued == 2
    with pytest.raises(DomainError, match="Không còn ai"):
        uploads.send_again(clerk, made.pk)
    with pytest.raises(NotFound):
        uploads.find_upload(world.school.actor(Role.HOMEROOM, "3A"), made.pk)


def test_a_file_that_moves_between_check_and_confirmation_is_checked_again(world):
    book = world.out()
    put(book, world.pupils[1], Họ_tên_đúng="Trần Bảo Quỳnh Hương", **PAPER)
    made = uploads.upload(
        world.clerk, school=world.school.unit, year=YEAR, data=saved(book), file_name="a.xlsx"
    )
    correct(world.clerk, world.pupil(1), {"birth_date": "10/02/2017"})
    with pytest.raises(DomainError) as moved:
        uploads.confirm(world.clerk, made.pk)
    assert moved.value.code == "collection_moved"
    made.refresh_from_db()
    assert (made.state, made.report["refused"]) == (State.CHECKED, 1)
    assert world.pupil(1).full_name != "Trần Bảo Quỳnh Hương"


def test_names_that_slipped_into_other_rows_carry_no_value_to_the_wrong_person(world):
    Pupil.objects.filter(pk=world.pupils[2].pk).update(full_name="Lê Văn Tám")
    book = world.out()
    sheet = next(s for s in book.worksheets if s.title == "Lớp 3A")
    heads = {cell.value: cell.column for cell in sheet[HEADER] if isinstance(cell.value, str)}
    # Sorted without the column of codes: names and new values stand beside somebody else's code.
    put(book, world.pupils[1], Số_định_danh_đúng="079317000088", **PAPER)
    first, second = HEADER + 1, HEADER + 2
    for column in range(1, sheet.max_column + 1):
        if column != heads["Mã học sinh"]:
            one, other = sheet.cell(first, column).value, sheet.cell(second, column).value
            sheet.cell(first, column).value, sheet.cell(second, column).value = other, one
    before = list(Pupil.objects.values_list("personal_number", flat=True))
    data = saved(book)
    assert codes(world.check(data)) == ["collection_other_person"]
    assert world.bring(data, accept_good_rows=True).upload is None
    assert list(Pupil.objects.values_list("personal_number", flat=True)) == before
