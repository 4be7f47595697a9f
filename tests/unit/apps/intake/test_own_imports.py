"""A teacher's own import: seen by himself and the clerk alone, and it ends nobody else's."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import SubjectMarks
from hocbaso.apps.intake import queries
from hocbaso.apps.intake.models import Batch, Kind, State
from hocbaso.apps.intake.use_cases.handle_batch import cancel, confirm, upload
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.intake.use_cases.run_batch import apply_batch, check_batch
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.errors import NotAllowed, NotFound
from tests.unit.apps.intake.books import YEAR, school

pytestmark = pytest.mark.django_db


@pytest.fixture
def sao_khue(samples: Path) -> Organisation:
    made = school("79000201", ["thcs"])
    for kind, name in ((Kind.PUPILS, "danh_sach_hoc_sinh"), (Kind.STAFF, "danh_sach_can_bo")):
        data = (samples / "thcs" / f"{name}.xlsx").read_bytes()
        import_workbook(Actor.operator(), kind=kind, school=made, year=YEAR, data=data, file_name="x.xlsx")
    return made


def page(samples: Path, sheet: str) -> bytes:
    """One sheet of the class's book."""
    book = openpyxl.load_workbook(samples / "thcs" / "so_diem_6A1.xlsx")
    for name in book.sheetnames:
        if name != sheet:
            del book[name]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def actor(role: Role, **which: str) -> Actor:
    posts = Assignment.objects.select_related("user", "organisation", "school_class")
    found = posts.filter(role=role, **which).first()
    assert found is not None
    return Actor.of(found)


def sent(who: Actor, where: Organisation, data: bytes) -> Batch:
    batch = upload(who, kind=Kind.RESULTS, school=where, year=YEAR, data=data, file_name="toan.xlsx")
    check_batch(batch.pk)
    batch.refresh_from_db()
    return batch


def seen(who: Actor, where: Organisation) -> set[int]:
    return {listed.batch.pk for listed in queries.batches(who, where)}


def test_a_teachers_pages_go_in_by_upload_check_and_confirmation(
    sao_khue: Organisation, samples: Path
) -> None:
    maths = actor(Role.SUBJECT_TEACHER, subject_code="toan")
    batch = sent(maths, sao_khue, page(samples, "HKI Toán"))
    assert (batch.state, batch.report["new"], batch.report["refused"]) == (State.CHECKED, 34, 0)
    confirm(maths, batch.pk, accept_good_rows=False)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, SubjectMarks.objects.count()) == (State.APPLIED, 34)
    assert set(SubjectMarks.objects.values_list("updated_by", flat=True)) == {maths.label}


def test_what_belongs_to_others_is_refused_at_the_check(sao_khue: Organisation, samples: Path) -> None:
    letters = actor(Role.SUBJECT_TEACHER, subject_code="ngu-van")
    batch = sent(letters, sao_khue, page(samples, "HKI Toán"))
    assert (batch.report["new"], batch.report["refused"]) == (0, 34)
    assert {issue["code"] for issue in batch.report["issues"]} == {"not_assigned"}


def test_a_batch_is_its_owners_and_the_clerks(sao_khue: Organisation, samples: Path) -> None:
    clerk, maths = actor(Role.DATA_CLERK), actor(Role.SUBJECT_TEACHER, subject_code="toan")
    letters = actor(Role.SUBJECT_TEACHER, subject_code="ngu-van")
    of_clerk = sent(clerk, sao_khue, page(samples, "HKI Ngữ văn"))
    of_maths = sent(maths, sao_khue, page(samples, "HKI Toán"))
    assert {of_clerk.pk, of_maths.pk} <= seen(clerk, sao_khue)
    assert seen(maths, sao_khue) == {of_maths.pk}
    assert seen(letters, sao_khue) == set()
    with pytest.raises(NotFound):
        confirm(letters, of_maths.pk, accept_good_rows=False)
    with pytest.raises(NotFound):
        cancel(maths, of_clerk.pk)
    of_clerk.refresh_from_db()
    assert of_clerk.state == State.CHECKED  # the teacher's upload did not end the clerk's
    again = sent(maths, sao_khue, page(samples, "HKII Toán"))
    of_maths.refresh_from_db()
    assert (of_maths.state, again.state) == (State.CANCELLED, State.CHECKED)


def test_teachers_import_no_lists(sao_khue: Organisation, samples: Path) -> None:
    maths = actor(Role.SUBJECT_TEACHER, subject_code="toan")
    assert queries.kinds_for(maths, sao_khue) == [Kind.RESULTS]
    assert queries.kinds_for(actor(Role.PRINCIPAL), sao_khue) == []
    data = (samples / "thcs" / "danh_sach_hoc_sinh.xlsx").read_bytes()
    with pytest.raises(NotAllowed):
        upload(maths, kind=Kind.PUPILS, school=sao_khue, year=YEAR, data=data, file_name="ds.xlsx")


def test_a_staff_list_assigns_secondary_subjects_by_the_programmes_codes(sao_khue: Organisation) -> None:
    posts = Assignment.objects.filter(role=Role.SUBJECT_TEACHER, school_class__name="6A1")
    assert set(posts.values_list("subject_code", flat=True)) == {
        "ngu-van", "toan", "ngoai-ngu-1", "giao-duc-cong-dan", "lich-su-va-dia-li", "khoa-hoc-tu-nhien",
        "cong-nghe", "tin-hoc", "giao-duc-the-chat", "nghe-thuat", "giao-duc-dia-phuong",
        "hoat-dong-trai-nghiem",
    }  # fmt: skip
