"""A file belongs to the school at which the pupil studies now."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.pupils.models import Enrolment, PhotoItemState, Pupil, SchoolClass
from hocbaso.apps.pupils.use_cases import photos_review as review
from hocbaso.apps.pupils.use_cases.edit_file import edit_file
from hocbaso.apps.pupils.use_cases.here import elsewhere
from hocbaso.apps.pupils.use_cases.photos_batch import add_files, open_batch
from hocbaso.apps.pupils.use_cases.set_photo import set_photo
from hocbaso.core.errors import DomainError
from tests.builders import YEAR, make_pupil, make_school
from tests.unit.apps.pupils.test_set_photo import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone():
    """A pupil of 3A who has gone to another school."""
    school, other = make_school(), make_school("79000102", "Trường Tiểu học Sông Bé")
    row = make_pupil(school, "3A", 1)
    row.active = False
    row.save()
    Enrolment.objects.create(pupil=row.pupil, school_class=other.classes["3A"], status="Chuyển đến kỳ 2")
    return school, row


def test_the_school_that_a_pupil_has_left_neither_edits_the_file_nor_sets_the_photo(gone):
    school, row = gone
    for role, name in ((Role.DATA_CLERK, None), (Role.HOMEROOM, "3A")):
        actor = school.actor(role, name)
        for doing in (
            lambda actor=actor: edit_file(actor, enrolment=row, values={"phone": "0903123456"}),
            lambda actor=actor: set_photo(actor, enrolment=row, content=picture()),
        ):
            with pytest.raises(DomainError) as refused:
                doing()
            assert refused.value.code == "pupil_not_ours"
    stored = Pupil.objects.get()
    assert (stored.phone, stored.photo_id) == ("", None)


def test_a_photo_that_waited_while_its_pupil_left_is_not_saved():
    school, other = make_school(), make_school("79000102", "Trường Tiểu học Sông Bé")
    rows = [make_pupil(school, "3A", n, f"Trần An {n}") for n in (1, 2)]
    clerk = school.actor(Role.DATA_CLERK)
    batch = open_batch(clerk, school=school.unit, year=YEAR)
    files = [
        (f"{row.pupil.code}.jpg", picture(colour=c)) for row, c in zip(rows, ("tan", "navy"), strict=True)
    ]
    add_files(clerk, batch=batch, files=files)
    assert set(batch.items.values_list("state", flat=True)) == {PhotoItemState.MATCHED}
    later = SchoolClass.objects.create(school=other.unit, school_year="2026-2027", name="4A", grade=4)
    Enrolment.objects.create(pupil=rows[0].pupil, school_class=later, status="Đang học")
    assert review.confirm(clerk, batch) == 1
    assert [row.photo_id is None for row in Pupil.objects.order_by("pk")] == [True, False]


def test_two_schools_in_one_year_are_for_people_to_settle(django_assert_num_queries):
    school, other = make_school(), make_school("79000102", "Trường Tiểu học Sông Bé")
    row = make_pupil(school, "3A", 1)
    Enrolment.objects.create(pupil=row.pupil, school_class=other.classes["3A"], status="Đang học")
    with django_assert_num_queries(1):
        assert elsewhere([row.pupil_id], school.unit.pk) == set()
