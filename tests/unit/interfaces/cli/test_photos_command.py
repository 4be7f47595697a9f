"""``hocbaso photos import`` and ``hocbaso privacy …``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.apps.privacy.use_cases.purge import months_kept
from hocbaso.apps.pupils.models import Photo, PhotoBatch
from hocbaso.interfaces.cli import photos, privacy
from tests.unit.apps.accounts import people
from tests.unit.apps.pupils.test_set_photo import picture

pytestmark = pytest.mark.django_db
NUMBER = "079317394341"


def run(*words: str, status: int = 0) -> dict[str, Any]:
    app = typer.Typer()
    photos.register(app)
    privacy.register(app)
    result = CliRunner().invoke(app, [*words, "--json"])
    assert result.exit_code == status, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture
def school():
    return people.school()


@pytest.fixture
def pupil(school):
    return people.enrol(people.school_class(school), 1, "Trần Thị Hòa", personal_number=NUMBER).pupil


def test_a_folder_of_photos_is_saved_where_it_is_clear_whose_they_are(school, pupil, tmp_path: Path):
    folder = tmp_path / "1A"
    folder.mkdir()
    (folder / f"{NUMBER}.jpg").write_bytes(picture((200, 280)))
    (folder / "DSC1.jpg").write_bytes(picture((200, 280), colour="red"))
    (folder / "lien-ket.jpg").symlink_to("/etc/hostname")
    where = ("photos", "import", str(tmp_path), "--school", school.code, "--year", people.YEAR)
    tried = run(*where, "--dry-run", status=1)
    assert (tried["matched"], tried["asked"], tried["refused"], tried["saved"]) == (1, 1, 0, 0)
    assert not Photo.objects.exists()
    done = run(*where, status=1)
    assert done["saved"] == 1
    assert [(i["file"], i["state"], i["by"]) for i in done["items"]] == [
        ("079•••••••41.jpg", "matched", "number"),
        ("DSC1.jpg", "asked", ""),
    ]
    pupil.refresh_from_db()
    assert pupil.photo_id
    assert not PhotoBatch.objects.filter(state="open").exists()


def test_who_looked_is_told_without_the_number_and_asking_is_on_record(school, pupil):
    assert run("privacy", "views", "--pupil", pupil.code)["views"] == []
    (line,) = run("privacy", "views", "--pupil", pupil.code)["views"]
    assert line["what"] == "Xem hồ sơ: Dòng lệnh của máy chủ"
    assert run("privacy", "exports", "--school", school.code)["exports"] == []
    assert run("privacy", "views", "--pupil", "khong-co", status=2)["error"]["code"] == "no_such_pupil_code"


def test_young_views_are_kept(school, pupil):
    run("privacy", "views", "--pupil", pupil.code)
    purged = run("privacy", "purge", "--school", school.code)
    assert purged == {"school": school.code, "deleted": 0, "months_kept": months_kept(school)}
