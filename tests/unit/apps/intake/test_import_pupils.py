"""What importing a pupil list does to the roster, rule by rule."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, User
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Batch, Change, Kind
from hocbaso.apps.intake.use_cases.check_workbook import dry_run
from hocbaso.apps.intake.use_cases.import_workbook import Outcome, import_workbook
from hocbaso.apps.intake.use_cases.undo_batch import undo_batch
from hocbaso.apps.matching.models import Pair, PairKind, PairState
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, IdentityState, Pupil, SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed, NotFound, Unreadable
from tests.unit.apps.intake.books import YEAR, book, dump, pupil, school

pytestmark = pytest.mark.django_db
ME = Actor.operator()


@pytest.fixture
def hoa_mai() -> Organisation:
    return school()


def load(
    where: Organisation, *rows: dict[str, str], year: str = YEAR, accept: bool = False, **answers: bool
) -> Outcome:
    return import_workbook(
        ME,
        kind=Kind.PUPILS,
        school=where,
        year=year,
        data=book(rows),
        file_name="ds.xlsx",
        accept_good_rows=accept,
        answers=answers,
    )


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    report = outcome.plan.report()
    return report["new"], report["changed"], report["same"], report["refused"]


def codes(outcome: Outcome, severity: str = "error") -> list[str]:
    return [i.code for i in outcome.plan.issues if i.severity == severity]


def test_new_pupils_get_a_class_by_its_name_an_enrolment_and_a_place_in_the_list(
    hoa_mai: Organisation,
) -> None:
    outcome = load(hoa_mai, pupil(1), pupil(2, Mã_lớp="3B"), pupil(3))
    assert counts(outcome) == (3, 0, 0, 0)
    assert {(c.name, c.grade) for c in SchoolClass.objects.all()} == {("1A", 1), ("3B", 3)}
    listed = Enrolment.objects.filter(school_class__name="1A").values_list(
        "pupil__code", "order", "status", "active"
    )
    assert list(listed) == [("1000000001", 1, "Đang học", True), ("1000000003", 2, "Đang học", True)]
    one = Pupil.objects.get(code="1000000001")
    assert one.sort_key
    assert one.identity_state == IdentityState.NOT_SENT
    assert Event.objects.get(action="intake.apply_pupils").details["new"] == 3


def test_a_second_import_of_the_same_file_finds_everything_the_same_and_writes_nothing(
    hoa_mai: Organisation,
) -> None:
    load(hoa_mai, pupil(1), pupil(2))
    before = dump()
    outcome = load(hoa_mai, pupil(1), pupil(2))
    assert counts(outcome) == (0, 0, 2, 0)
    assert outcome.batch is None
    assert dump() == before


def test_a_dry_run_leaves_every_row_as_it_was(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1))
    before = dump()
    data = book([pupil(1, Họ_tên="Lê Minh Đức"), pupil(2), pupil(3, Ngày_sinh="31/02/2019")])
    plan, _ = dry_run(ME, kind=Kind.PUPILS, school=hoa_mai, year=YEAR, data=data)
    assert (plan.report()["new"], plan.report()["changed"], plan.refused) == (1, 1, 1)
    assert dump() == before


def test_one_refused_row_refuses_the_file_unless_good_rows_are_accepted(hoa_mai: Organisation) -> None:
    rows = (pupil(1), pupil(2, Ngày_sinh="31/02/2019"))
    outcome = load(hoa_mai, *rows)
    assert outcome.batch is None
    assert not Pupil.objects.exists()
    assert not Batch.objects.exists()
    outcome = load(hoa_mai, *rows, accept=True)
    assert counts(outcome) == (1, 0, 0, 1)
    assert list(Pupil.objects.values_list("code", flat=True)) == ["1000000001"]


def test_changes_are_told_before_and_after_with_phones_masked(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1))
    outcome = load(hoa_mai, pupil(1, Số_điện_thoại_liên_hệ="0996111801", Chỗ_ở_hiện_nay="9 đường số 1"))
    told = {c.label: (c.before, c.after) for c in outcome.plan.rows[0].changes}
    assert told["Chỗ ở hiện nay"] == ("8 đường số 55", "9 đường số 1")
    assert told["Số điện thoại liên hệ"] == ("0963 xxx 029", "0996 xxx 801")
    assert Pupil.objects.get().phone == "0996111801"


def test_an_empty_cell_never_erases_what_the_roster_holds(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1))
    outcome = load(hoa_mai, pupil(1, Số_định_danh_cá_nhân="", Chỗ_ở_hiện_nay=""))
    assert counts(outcome) == (0, 0, 1, 0)
    one = Pupil.objects.get()
    assert (one.personal_number, one.current_address) == (pupil(1)["Số định danh cá nhân"], "8 đường số 55")


@pytest.mark.parametrize(
    ("state", "changes", "expected"),
    [
        ("verified", {"Họ_tên": "Lê Minh Đức"}, IdentityState.REVERIFY),
        ("mismatch", {"Ngày_sinh": "10/02/2019"}, IdentityState.REVERIFY),
        ("verified", {"Chỗ_ở_hiện_nay": "9 đường số 1"}, IdentityState.VERIFIED),
        ("verified", {"Số_định_danh_cá_nhân": "079219000777"}, IdentityState.REVERIFY),
        ("no_number", {"Số_định_danh_cá_nhân": "079219000777"}, IdentityState.NOT_SENT),
        ("not_sent", {"Họ_tên": "Lê Minh Đức"}, IdentityState.NOT_SENT),
    ],
)
def test_a_change_of_what_was_verified_asks_for_a_new_check(
    hoa_mai: Organisation, state: str, changes: dict[str, str], expected: str
) -> None:
    load(hoa_mai, pupil(1))
    Pupil.objects.update(identity_state=state)
    load(hoa_mai, pupil(1, **changes))
    assert Pupil.objects.get().identity_state == expected


def test_a_pupil_without_a_number_is_taken_and_known_to_have_none(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1, Số_định_danh_cá_nhân=""))
    assert Pupil.objects.get().identity_state == IdentityState.NO_NUMBER


def test_a_pupil_of_another_school_is_refused_and_that_school_is_not_named(hoa_mai: Organisation) -> None:
    other = school("79000999")
    load(other, pupil(1, Họ_tên="Trần Bí Mật"))
    outcome = load(hoa_mai, pupil(1))
    assert codes(outcome) == ["other_school"]
    assert "79000999" not in outcome.plan.issues[-1].message
    assert "Bí Mật" not in str(outcome.plan.report())


def test_a_pupil_who_starts_the_next_level_comes_without_a_transfer(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1, Mã_lớp="5A", Ngày_sinh="09/02/2015"))
    thcs = school("79000201", ("thcs",))
    in_year = load(thcs, pupil(1, Mã_lớp="6A1", Ngày_sinh="09/02/2015"))
    assert codes(in_year) == ["other_school"]
    next_year = load(thcs, pupil(1, Mã_lớp="6A1", Ngày_sinh="09/02/2015"), year="2026-2027")
    assert counts(next_year) == (0, 1, 0, 0)
    later = load(hoa_mai, pupil(1, Mã_lớp="5A", Ngày_sinh="09/02/2015"), year="2026-2027")
    assert codes(later) == ["other_school"]


def test_a_number_held_elsewhere_is_refused_without_naming_anybody(hoa_mai: Organisation) -> None:
    load(school("79000999"), pupil(7, Họ_tên="Trần Bí Mật", Số_định_danh_cá_nhân="079219000555"))
    outcome = load(hoa_mai, pupil(1, Số_định_danh_cá_nhân="079219000555"))
    assert codes(outcome) == ["number_taken"]
    told = outcome.plan.issues[-1].message
    assert "Bí Mật" not in told
    assert "1000000007" not in told


def test_a_known_file_whose_row_gives_anothers_number_is_paired_with_that_file(hoa_mai: Organisation) -> None:
    load(school("79000999"), pupil(7, Số_định_danh_cá_nhân="079219000555"))
    load(school("79000998"), pupil(8, Số_định_danh_cá_nhân="079219000666"))
    load(hoa_mai, pupil(1, Số_định_danh_cá_nhân=""))
    taken = (pupil(1, Số_định_danh_cá_nhân="079219000555"), pupil(3, Số_định_danh_cá_nhân="079219000666"))
    assert codes(load(hoa_mai, pupil(2), *taken)) == ["number_taken", "number_taken"]  # refused whole
    pair = Pair.objects.get()  # the third row has no file that could be looked at
    assert {pair.first.code, pair.second.code} == {"1000000001", "1000000007"}
    assert (pair.kind, pair.state) == (PairKind.NUMBER, PairState.OPEN)
    Pair.objects.all().delete()
    assert load(hoa_mai, pupil(2), *taken, accept=True).batch is not None  # the good row alone is written
    assert Pair.objects.count() == 1


def test_two_pupils_may_exchange_their_numbers(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1), pupil(2))
    one, two = pupil(1)["Số định danh cá nhân"], pupil(2)["Số định danh cá nhân"]
    outcome = load(hoa_mai, pupil(1, Số_định_danh_cá_nhân=two), pupil(2, Số_định_danh_cá_nhân=one))
    assert counts(outcome) == (0, 2, 0, 0)
    assert Pupil.objects.get(code="1000000001").personal_number == two
    assert outcome.batch is not None
    undo_batch(ME, outcome.batch.pk)
    assert Pupil.objects.get(code="1000000001").personal_number == one


def test_a_number_given_up_only_by_a_refused_row_is_still_taken(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1), pupil(2))
    one = pupil(1)["Số định danh cá nhân"]
    rows = (
        pupil(1, Số_định_danh_cá_nhân="079219000777", Ngày_sinh="31/02/2019"),
        pupil(2, Số_định_danh_cá_nhân=one),
    )
    outcome = load(hoa_mai, *rows, accept=True)
    assert counts(outcome) == (0, 0, 0, 2)
    assert "Lê Minh" in outcome.plan.issues[-1].message  # of this school: it may be named


@pytest.mark.parametrize("name", ["6A1", "12C"])
def test_a_class_beyond_the_levels_of_the_school_is_refused(hoa_mai: Organisation, name: str) -> None:
    assert "class_grade" in codes(load(hoa_mai, pupil(1, Mã_lớp=name)))


def test_a_change_of_class_moves_the_enrolment(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1))
    outcome = load(hoa_mai, pupil(1, Mã_lớp="1B"))
    assert counts(outcome) == (0, 1, 0, 0)
    assert Enrolment.objects.get().school_class.name == "1B"


def test_pupils_whom_the_file_no_longer_names_are_listed_and_kept(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1), pupil(2))
    outcome = load(hoa_mai, pupil(2))
    assert [(m.key, m.class_name) for m in outcome.plan.missing] == [("1000000001", "1A")]
    assert Enrolment.objects.filter(active=True).count() == 2


def test_leaving_pupils_stay_on_record_but_count_no_more(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1))
    load(hoa_mai, pupil(1, Trạng_thái_HS="Chuyển đi kỳ 1"))
    enrolment = Enrolment.objects.get()
    assert (enrolment.status, enrolment.active) == ("Chuyển đi kỳ 1", False)
    assert counts(load(school("79000999"), pupil(1))) == (0, 1, 0, 0)  # and may be taken in elsewhere


def test_a_text_too_long_for_the_roster_is_refused(hoa_mai: Organisation) -> None:
    assert "too_long" in codes(load(hoa_mai, pupil(1, Chỗ_ở_hiện_nay="x" * 300)))


def test_only_the_data_clerk_of_the_school_may_import(hoa_mai: Organisation) -> None:
    other = school("79000999")
    user = User.objects.create_user("lan", "mot cau de nho 1", full_name="Mai Lan")
    for role, where, right in [
        ("du_lieu", hoa_mai, True),
        ("hieu_truong", hoa_mai, False),
        ("du_lieu", other, False),
    ]:
        post = Assignment.objects.create(
            user=user, organisation=where, role=role, valid_from=date(2020, 1, 1)
        )
        actor = Actor.of(Assignment.objects.select_related("user", "organisation").get(pk=post.pk))

        def attempt(actor: Actor = actor) -> None:
            dry_run(actor, kind=Kind.PUPILS, school=hoa_mai, year=YEAR, data=book([pupil(1)]))

        if right:
            attempt()
        else:
            with pytest.raises(NotAllowed):
                attempt()


def test_undo_takes_back_all_of_a_first_import(hoa_mai: Organisation) -> None:
    batch = load(hoa_mai, pupil(1), pupil(2)).batch
    assert batch is not None
    undo_batch(ME, batch.pk)
    assert not Pupil.objects.exists()
    assert not Enrolment.objects.exists()
    assert not SchoolClass.objects.exists()
    assert Event.objects.filter(action="intake.undo").count() == 1
    with pytest.raises(DomainError) as refused:
        undo_batch(ME, batch.pk)
    assert refused.value.code == "intake_state"


def test_undo_puts_former_values_back(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1))
    before = Pupil.objects.values().get()
    batch = load(hoa_mai, pupil(1, Họ_tên="Trần Văn Bưởi", Mã_lớp="1B")).batch
    assert batch is not None
    undo_batch(ME, batch.pk)
    after = Pupil.objects.values().get()
    assert {k: v for k, v in after.items() if k != "updated_at"} == {
        k: v for k, v in before.items() if k != "updated_at"
    }
    assert Enrolment.objects.get().school_class.name == "1A"


def test_undo_is_refused_once_something_depends_on_the_import(hoa_mai: Organisation) -> None:
    batch = load(hoa_mai, pupil(1), pupil(2)).batch
    assert batch is not None
    Pupil.objects.filter(code="1000000001").update(identity_state="verified")
    before = dump()
    with pytest.raises(DomainError) as refused:
        undo_batch(ME, batch.pk)
    assert refused.value.code == "intake_undo_depends"
    assert dump() == before


def test_undo_is_refused_after_24_hours(hoa_mai: Organisation) -> None:
    batch = load(hoa_mai, pupil(1)).batch
    assert batch is not None
    with (
        clock.standing_at(clock.now() + timedelta(hours=24, minutes=1)),
        pytest.raises(DomainError) as refused,
    ):
        undo_batch(ME, batch.pk)
    assert refused.value.code == "intake_undo_late"
    assert Pupil.objects.exists()


def test_a_batch_of_another_school_is_not_even_known(hoa_mai: Organisation) -> None:
    batch = load(hoa_mai, pupil(1)).batch
    assert batch is not None
    user = User.objects.create_user("lan", "mot cau de nho 1", full_name="Mai Lan")
    post = Assignment.objects.create(
        user=user, organisation=school("79000999"), role="du_lieu", valid_from=date(2020, 1, 1)
    )
    with pytest.raises(NotFound):
        undo_batch(Actor.of(post), batch.pk)


def test_what_undo_keeps_of_new_rows_holds_no_personal_data(hoa_mai: Organisation) -> None:
    load(hoa_mai, pupil(1))
    kept = str(list(Change.objects.values_list("before", "after")))
    assert "Lê Minh" not in kept
    assert "0792190" not in kept


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04rubbish", b"%PDF-1.7", b"MZ\x90\x00" * 100])
def test_what_is_no_workbook_is_unreadable(hoa_mai: Organisation, data: bytes) -> None:
    with pytest.raises(Unreadable):
        dry_run(ME, kind=Kind.PUPILS, school=hoa_mai, year=YEAR, data=data)
