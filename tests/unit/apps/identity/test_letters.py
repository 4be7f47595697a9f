from __future__ import annotations

import hashlib
import io
from datetime import timedelta

import pytest
from pypdf import PdfReader

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import Letter
from hocbaso.apps.identity.queries import rows_of_class
from hocbaso.apps.identity.use_cases.print_letters import print_letters
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.identity.use_cases.repair import confirm_difference
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.apps.privacy.models import Export
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.population import Outcome
from tests.unit.apps.identity.world import YEAR, Registry, full_pupil, make_school

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    """Pupils: 1 verified, 2 sex differs, 3 not found, 4 residence differs, 5 has no number."""
    school = make_school(classes=("3A", "3B"))
    answers = {
        1: (Outcome.MATCHED, ()),
        2: (Outcome.MISMATCH, ("gioi_tinh",)),
        3: (Outcome.NOT_FOUND, ()),
        4: (Outcome.MISMATCH, ("thuong_tru",)),
    }
    registry = Registry({full_pupil(school, n).personal_number: answer for n, answer in answers.items()})
    full_pupil(school, 5, personal_number="", identity_state="no_number")
    send(Actor.operator(), school=school.unit, year=YEAR)
    process_due(registry)
    return school


def texts(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def pupil(number: int) -> Pupil:
    return Pupil.objects.get(code__endswith=f"{number:06d}")


def test_only_those_whose_guardian_must_act_are_written_to_one_letter_a_page(school):
    made = print_letters(school.actor(Role.HOMEROOM, "3A"), classes=[school.classes["3A"]])
    assert [(row.pupil.code[-1], row.kind) for row in made.letters] == [
        ("2", "difference"),
        ("3", "not_found"),
    ]
    sex, unknown = texts(made.pdf)
    assert "Mục chưa khớp" in sex
    assert "Giới tính Nữ" in sex
    assert "Giấy khai sinh của em (bản sao)" in sex
    assert "không tìm thấy em" in unknown
    assert "Giấy thông báo số định danh cá nhân của em do công an cấp" in unknown
    until = clock.today() + timedelta(days=14)
    for text, number in ((sex, "079•••••••02"), (unknown, "079•••••••03")):
        assert number in text
        assert "079317" not in text
        assert f"trước ngày {until:%d/%m/%Y}" in text
        assert "không yêu cầu nộp sổ hộ khẩu" in text
        assert "Võ Đặng Quốc Hưng" in text


def test_printing_is_on_record_and_shows_in_the_list(school):
    clerk = school.actor(Role.DATA_CLERK)
    print_letters(clerk, classes=[school.classes["3A"]])
    shown = {row.person.code[-1]: row.letter_at for row in rows_of_class(school.classes["3A"])}
    assert [key for key, at in shown.items() if at] == ["2", "3"]
    event = Event.objects.get(action="identity.letters")
    assert event.details["people"] == [pupil(2).code, pupil(3).code]
    assert Letter.objects.first().by == clerk.label


def test_a_pupil_chosen_by_hand_gets_a_letter_for_a_number_but_never_one_about_residence(school):
    clerk, in_class = school.actor(Role.DATA_CLERK), school.classes["3A"]
    (letter,) = print_letters(clerk, classes=[in_class], pupils=[pupil(5)]).letters
    assert letter.kind == "number"
    for number in (1, 4):
        with pytest.raises(DomainError) as refused:
            print_letters(clerk, classes=[in_class], pupils=[pupil(number)])
        assert refused.value.code == "identity_no_letter"


def test_when_paper_and_file_agree_the_guardian_is_sent_to_the_police(school):
    clerk = school.actor(Role.DATA_CLERK)
    confirm_difference(clerk, pupil(2), paper="Giấy khai sinh")
    made = print_letters(clerk, classes=[school.classes["3A"]], pupils=[pupil(2)])
    assert made.letters[0].kind == "police"
    assert "đề nghị kiểm tra và điều chỉnh dữ liệu dân cư" in texts(made.pdf)[0]


def test_a_neighbour_prints_nothing_and_a_day_that_has_passed_is_refused(school):
    with pytest.raises(NotAllowed):
        print_letters(school.actor(Role.HOMEROOM, "3B"), classes=[school.classes["3A"]])
    with pytest.raises(DomainError) as refused:
        print_letters(school.actor(Role.PRINCIPAL), classes=[school.classes["3A"]], until=clock.today())
    assert refused.value.code == "identity_letter_until"
    assert Letter.objects.count() == 0


def test_the_file_of_letters_is_in_the_register_of_exports(school):
    made = print_letters(school.actor(Role.HOMEROOM, "3A"), classes=[school.classes["3A"]])
    kept = Export.objects.get()
    assert (kept.what, kept.persons, kept.organisation) == ("letter", 2, school.unit)
    assert kept.digest == hashlib.sha256(made.pdf).hexdigest()
