"""Renditions that last: handed out as sealed, archived and renewed as files, never made worse."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.signing.ports import Trust, key_provider
from hocbaso.apps.transcripts.models import IssuedSheet, Rendition
from hocbaso.apps.transcripts.use_cases import long_term_pdf, render
from hocbaso.apps.transcripts.use_cases.export_sheets import export_sheets
from hocbaso.apps.transcripts.use_cases.long_term_pdf import archive_files
from hocbaso.apps.transcripts.use_cases.render import public_booklet
from hocbaso.core.errors import NotAllowed, ServiceUnavailable
from hocbaso.engines.trust.pades_archive import opened
from hocbaso.interfaces.cli import archive
from tests.builders import YEAR, School, finished_class, make_school
from tests.unit.apps.transcripts.test_close_sign_issue import issue_all

pytestmark = pytest.mark.django_db


class Silent:
    """A time-stamp authority that does not answer."""

    def stamp(self, digest: bytes) -> bytes:
        raise ServiceUnavailable("timestamp_unavailable", detail="test")


def one_school() -> School:
    school = make_school()
    finished_class(school, "3A", 1)
    issue_all(school)
    return school


def exported(school: School, out: Path, *, archived: bool) -> Path:
    rows = IssuedSheet.objects.select_related("sheet__school", "sheet__pupil", "sheet__school_class")
    names = export_sheets(
        Actor.operator(), school=school.unit, year=YEAR, sheets=rows, out=out, pdf=True, archive=archived
    )
    (name,) = (name for name in names if name.endswith(".pdf"))
    return out / name


def level(path: Path) -> str:
    return opened(path.read_bytes()).level


def test_what_is_handed_out_ends_with_the_seal_and_is_the_same_again() -> None:
    one_school()
    issued = IssuedSheet.objects.get()
    first = public_booklet(issued)
    assert opened(first).level == "B-T"
    assert public_booklet(issued) == first
    assert Rendition.objects.count() == 1


def test_without_revocation_answers_a_file_stays_as_it_is_and_is_made_better_later(
    tmp_path: Path, monkeypatch
) -> None:
    one_school()
    path, provider = tmp_path / "a.pdf", key_provider()
    path.write_bytes(public_booklet(IssuedSheet.objects.get()))
    whole, first = provider.trust(), path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(provider, "trust", lambda: Trust(whole.anchors, whole.intermediates, ()))
        (early,) = archive_files(Actor.operator(), paths=[path], stamp=False)
    assert early.after == level(path) == "B-T"
    (later,) = archive_files(Actor.operator(), paths=[path], stamp=False)
    assert (later.after, later.lacking) == ("B-LT", ())
    assert path.read_bytes().startswith(first)


def test_an_archived_export_is_kept_by_every_later_export(tmp_path: Path) -> None:
    school = one_school()
    path = exported(school, tmp_path, archived=True)
    assert level(path) == "B-LTA"
    before = path.read_bytes()
    for again in (True, False):
        assert exported(school, tmp_path, archived=again).read_bytes() == before


def test_a_silent_authority_leaves_b_lt_and_a_later_run_goes_on(tmp_path: Path, monkeypatch) -> None:
    one_school()
    paths = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for path in paths:
        path.write_bytes(public_booklet(IssuedSheet.objects.get()))
    with monkeypatch.context() as patch:
        patch.setattr(key_provider(), "stamper", Silent)
        outcomes = list(archive_files(Actor.operator(), paths=paths))
    assert [one.state for one in outcomes] == ["waiting", "waiting"]
    assert [level(path) for path in paths] == ["B-LT", "B-LT"]
    again = list(archive_files(Actor.operator(), paths=paths))
    assert [(one.state, one.before, one.after) for one in again] == [("extended", "B-LT", "B-LTA")] * 2


def run(*words: str | Path, status: int = 0) -> dict[str, Any]:
    app = typer.Typer()
    archive.register(app)
    result = CliRunner().invoke(app, ["archive", "pdf", *map(str, words), "--json"])
    assert result.exit_code == status, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_command_renews_what_is_due_and_nothing_else(tmp_path: Path) -> None:
    path = exported(one_school(), tmp_path, archived=False)
    path.chmod(0o640)
    (tmp_path / "la.PDF").write_bytes(b"%PDF-1.7\nkhac")
    found = {Path(one["file"]).name: one for one in run(tmp_path, status=1)["files"]}
    assert found["la.PDF"]["state"] == "refused"
    assert found["la.PDF"]["error"]["code"] == "pdf_not_extendable"
    assert (tmp_path / "la.PDF").read_bytes() == b"%PDF-1.7\nkhac"
    first = path.read_bytes()
    assert (found[path.name]["state"], found[path.name]["after"]) == ("extended", "B-LTA")
    assert path.stat().st_mode & 0o777 == 0o640
    (kept,) = run(path)["files"]
    assert (kept["state"], path.read_bytes()) == ("kept", first)
    due = long_term_pdf.extender().standing(first, clock.now()).due
    assert str(kept["renew_from"]) == str(due)
    with clock.standing_at(due + timedelta(days=1)):
        (late,) = run(path, status=1)["files"]  # the sandbox's authority then holds no longer than before
    assert (late["before"], late["error"]["code"]) == ("B-LTA", "pdf_no_gain")
    assert path.read_bytes() == first


def test_only_the_operator_extends_files(tmp_path: Path) -> None:
    school = make_school()
    with pytest.raises(NotAllowed):
        list(archive_files(school.actor(Role.PRINCIPAL), paths=[tmp_path / "a.pdf"]))


def test_the_copy_handed_out_is_made_anew_before_its_time_stamp_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The cache is no archive: years later it must not hand out what proves nothing any more."""
    school = one_school()
    issued = IssuedSheet.objects.select_related("sheet__school").get()
    path = exported(school, tmp_path, archived=True)
    first, archived = public_booklet(issued), path.read_bytes()
    soon = clock.now() + timedelta(days=30)
    ends = {first: soon}
    monkeypatch.setattr(render, "_end", lambda content: ends.get(content, soon))
    assert public_booklet(issued) == first  # the authority of today lasts no longer: no copy for nothing
    with monkeypatch.context() as patched:
        patched.setattr(key_provider(), "stamper", Silent)
        assert public_booklet(issued) == first  # nobody answers: the old one is still a copy
    assert Rendition.objects.count() == 1
    monkeypatch.setattr(render, "_end", lambda content: ends.get(content, soon + timedelta(days=900)))
    second = public_booklet(issued)
    assert second != first
    assert public_booklet(issued) == second
    assert Rendition.objects.count() == 2
    assert exported(school, tmp_path, archived=False).read_bytes() == archived  # the archive's file stays


def test_a_link_that_lies_where_the_new_file_is_written_leads_nowhere(tmp_path: Path, monkeypatch) -> None:
    """Folders of an archive have more than one owner; names of half-written files can be guessed."""
    theirs, path = tmp_path / "theirs", tmp_path / "a.pdf"
    theirs.write_bytes(b"theirs")
    path.write_bytes(b"old")
    (tmp_path / f".a.pdf.{os.getpid()}").symlink_to(theirs)
    monkeypatch.setattr(long_term_pdf, "sealed_file", lambda _: SimpleNamespace(complete=True))
    long_term_pdf._write(path, b"old", b"old and new")
    assert (theirs.read_bytes(), path.read_bytes()) == (b"theirs", b"old and new")
    assert not path.is_symlink()
