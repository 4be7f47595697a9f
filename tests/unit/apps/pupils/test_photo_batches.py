"""Many photos at once: matched by what files are called, looked through, saved together or not at all."""

from __future__ import annotations

import io
import zipfile

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.audit.models import Event
from hocbaso.apps.pupils.models import Photo, PhotoItem
from hocbaso.apps.pupils.use_cases import photos_review as review
from hocbaso.apps.pupils.use_cases.photos_batch import add_files, batch_counts, open_batch
from hocbaso.apps.pupils.use_cases.photos_match import NameBook, shown_name
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.images import Frame
from tests.unit.apps.accounts import people
from tests.unit.apps.pupils.test_set_photo import picture

pytestmark = pytest.mark.django_db
NUMBER = "079317394341"
COLOURS = ("red", "green", "blue", "orange", "purple", "teal")


def photo(n: int = 0) -> bytes:
    return picture((200, 280), colour=COLOURS[n])


@pytest.fixture
def school():
    return people.school()


@pytest.fixture
def in_class(school):
    return people.school_class(school, "3A", 3)


@pytest.fixture
def pupils(in_class):
    names = ("Nguyễn Văn An", "Trần Thị Hoà", "Trần Thị Hoa", "Lý Gia Hân")
    rows = [people.enrol(in_class, n, name) for n, name in enumerate(names, start=1)]
    rows[3].pupil.personal_number = NUMBER
    rows[3].pupil.save()
    twin = people.enrol(people.school_class(in_class.school, "3B", 3), 1, "Nguyễn Văn An")
    return {"an": rows[0], "hoà": rows[1], "hoa": rows[2], "hân": rows[3], "an 3B": twin}


@pytest.mark.parametrize(
    ("path", "who", "how"),
    [
        ("{code}.jpg", ["hoa"], "code"),
        ("IMG_{code} (1).JPG", ["hoa"], "code"),
        (NUMBER + ".png", ["hân"], "number"),
        ("Trần Thị Hòa.jpg", ["hoà"], "name"),
        ("01. tran thi hoa.jpg", ["hoà", "hoa"], "name"),
        ("Trần Thị Hoa - 3A.jpg", ["hoa"], "name"),
        ("LyGiaHan12.jpg", ["hân"], "name"),
        ("Nguyễn Văn An.jpg", ["an", "an 3B"], "name"),
        ("anh the/3B/nguyen van an.jpg", ["an 3B"], "name"),
        ("3A_Nguyen_Van_An.jpg", ["an"], "name"),
        ("DSC0001.jpg", [], ""),
    ],
)
def test_whose_photo_a_file_is_by_its_name(pupils, path, who, how):
    match = NameBook.of(pupils.values()).match(path.format(code=pupils["hoa"].pupil.code))
    assert (sorted(match.found), match.how) == (sorted(pupils[w].pk for w in who), how)


def test_names_of_files_are_kept_without_personal_numbers():
    assert shown_name(f"3A/{NUMBER} An.jpg") == "079•••••••41 An.jpg"


def _batch(actor, in_class, *files):
    batch = open_batch(actor, school=in_class.school, year=people.YEAR, school_class=in_class)
    add_files(actor, batch=batch, files=files)
    return batch


def test_a_batch_is_saved_together_and_the_old_photos_stay(pupils, in_class):
    teacher = people.actor(Role.HOMEROOM, in_class.school, in_class)
    review.confirm(teacher, _batch(teacher, in_class, ("Nguyễn Văn An.jpg", photo(5))))
    old = Photo.objects.get()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("lop/Nguyễn Văn An.jpg", photo(0))
        made.writestr("lop/tran thi hoa.jpg", photo(1))
        made.writestr("lop/hong.jpg", b"hong")
        made.writestr(f"lop/{NUMBER}.jpg", photo(2))
    batch = _batch(teacher, in_class, ("anh.zip", packed.getvalue()))
    assert batch_counts(batch) == {"matched": 2, "asked": 1, "refused": 1, "skipped": 0}
    asked = batch.items.get(state="asked")
    assert set(asked.candidates) == {pupils["hoà"].pk, pupils["hoa"].pk}
    review.choose(teacher, asked, pupils["hoa"].pk)
    assert review.confirm(teacher, batch) == 3
    for who in ("an", "hoa", "hân"):
        pupils[who].pupil.refresh_from_db()
        assert pupils[who].pupil.photo_id not in (None, old.digest)
    assert Photo.objects.count() == 4
    assert not any(bytes(i.source) or bytes(i.portrait) for i in PhotoItem.objects.all())
    assert NUMBER not in str(list(PhotoItem.objects.values())) + str(list(Event.objects.values()))


def test_the_same_files_again_change_nothing_and_a_second_photo_of_a_pupil_is_asked(pupils, in_class):
    teacher = people.actor(Role.HOMEROOM, in_class.school, in_class)
    batch = _batch(teacher, in_class, ("Nguyễn Văn An.jpg", photo(0)))
    again = add_files(teacher, batch=batch, files=[("Nguyễn Văn An.jpg", photo(0)), ("Hoà.jpg", photo(1))])
    assert (again.same, again.asked) == (1, 1)
    add_files(
        teacher, batch=batch, files=[("An-Nguyễn Văn An.jpg", photo(2)), ("nguyen van an.jpg", photo(3))]
    )
    second = batch.items.get(code="photo_second")
    review.choose(teacher, second, pupils["an"].pk)
    assert batch.items.get(state="matched") == second
    assert batch.items.get(state="skipped").name == "Nguyễn Văn An.jpg"


def test_the_frame_is_moved_before_saving(pupils, in_class):
    teacher = people.actor(Role.HOMEROOM, in_class.school, in_class)
    batch = _batch(teacher, in_class, ("Nguyễn Văn An.jpg", photo()))
    item = batch.items.get()
    before = item.frame
    review.adjust(teacher, item, Frame(*before).moved("nearer"))
    assert batch.items.get().frame == [before[0], before[1], before[2] - 8]


def test_a_closed_batch_takes_nothing_and_keeps_no_face(pupils, in_class):
    teacher = people.actor(Role.HOMEROOM, in_class.school, in_class)
    batch = _batch(teacher, in_class, ("Nguyễn Văn An.jpg", photo()))
    review.cancel(teacher, batch)
    batch.refresh_from_db()
    assert not Photo.objects.exists()
    assert not bytes(batch.items.get().source)
    for late in (
        lambda: add_files(teacher, batch=batch, files=[("a.jpg", photo(1))]),
        lambda: review.confirm(teacher, batch),
        lambda: review.adjust(teacher, batch.items.get(), Frame()),
    ):
        with pytest.raises(DomainError) as refused:
            late()
        assert refused.value.code == "photo_batch_closed"


def test_nobody_gives_photos_to_another_class(pupils, in_class):
    stranger = people.actor(Role.HOMEROOM, in_class.school, pupils["an 3B"].school_class)
    teacher = people.actor(Role.HOMEROOM, in_class.school, in_class)
    with pytest.raises(NotAllowed):
        open_batch(stranger, school=in_class.school, year=people.YEAR, school_class=in_class)
    with pytest.raises(NotAllowed):
        open_batch(teacher, school=in_class.school, year=people.YEAR)  # the whole school
    batch = _batch(teacher, in_class, ("x.jpg", photo()))
    with pytest.raises(DomainError) as refused:
        review.choose(teacher, batch.items.get(), pupils["an 3B"].pk)
    assert refused.value.code == "photo_not_in_batch"
    open_batch(Actor.operator(), school=in_class.school, year=people.YEAR)
