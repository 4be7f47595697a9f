"""``hocbaso photos import`` (issue 4): a folder or ZIP of portraits, matched to pupils by file name."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.core.errors import Unreadable
from hocbaso.interfaces.cli.imports import check_year
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.pupils.models import PhotoBatch

commands = typer.Typer(no_args_is_help=True, help="Ảnh 3×4 của học sinh.")

SOURCE = typer.Argument(..., metavar="DIR|ZIP", help="Thư mục ảnh hoặc tệp ZIP.")
SCHOOL = typer.Option(..., "--school", help="Mã trường.")
YEAR = typer.Option(..., "--year", help="Năm học, ví dụ 2025-2026.")
DRY_RUN = typer.Option(False, "--dry-run", help="Chỉ kiểm tra; không lưu ảnh nào.")


@commands.callback()
def _group() -> None:
    """Keeps ``import`` a command of its own."""


@commands.command("import")
def import_(
    source: Path = SOURCE,
    school: str = SCHOOL,
    year: str = YEAR,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON_OPTION,
) -> None:
    """Nhập ảnh theo tên tệp: mã học sinh, số định danh hoặc họ tên. Ảnh chưa rõ của ai thì không lưu."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    with told(as_json=as_json):
        check_year(year)
        document = _run(source, school, year, dry_run)
    answer(document, as_json=as_json, human=lambda: _told(document))
    if document["asked"] or document["refused"]:
        raise typer.Exit(Exit.NEGATIVE)


def _run(source: Path, school_code: str, year: str, dry_run: bool) -> dict[str, Any]:
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.organisations.queries import school as school_by_code
    from hocbaso.apps.pupils.use_cases import photos_review
    from hocbaso.apps.pupils.use_cases.photos_batch import add_files, batch_counts, open_batch

    actor = Actor.operator()
    batch = open_batch(actor, school=school_by_code(school_code), year=year)
    try:
        add_files(actor, batch=batch, files=_files(source))
    except BaseException:
        photos_review.cancel(actor, batch)
        raise
    counts, items = batch_counts(batch), _items(batch)
    saved = 0
    if dry_run or not counts["matched"]:
        photos_review.cancel(actor, batch)
    else:
        saved = photos_review.confirm(actor, batch)
    return {
        "batch": batch.pk,
        "matched": counts["matched"],
        "asked": counts["asked"],
        "refused": counts["refused"],
        "saved": saved,
        "dry_run": dry_run,
        "items": items,
    }


def _items(batch: PhotoBatch) -> list[dict[str, Any]]:
    rows = batch.items.defer("source", "portrait").select_related("enrolment__pupil")
    return [
        {
            "file": row.name,
            "state": row.state,
            "pupil": row.enrolment.pupil.code if row.enrolment else None,
            "by": row.how,
            "code": row.code,
            "message": row.message,
            "warnings": row.warnings,
        }
        for row in rows
    ]


def _files(source: Path) -> Iterator[tuple[str, bytes | Path]]:
    """The ZIP, or the folder's files one by one; links are not followed, no file is read beyond its limit.

    :raises Unreadable: ``intake_no_file``
    """
    from hocbaso.engines.images import MAX_BYTES

    try:
        if not source.is_dir():
            yield (source.name, source) if zipfile.is_zipfile(source) else (source.name, source.read_bytes())
            return
        for folder, _folders, names in sorted(os.walk(source)):
            for name in sorted(names):
                path = Path(folder) / name
                if name.startswith(".") or path.is_symlink() or not path.is_file():
                    continue
                with path.open("rb") as file:
                    yield path.relative_to(source).as_posix(), file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable("intake_no_file", path=source, reason=error.strerror or "lỗi đọc") from error


def _told(document: dict[str, Any]) -> None:
    counts = (document["matched"], document["asked"], document["refused"], document["saved"])
    messages.print("Khớp {} ảnh, chưa rõ của ai {}, không nhận {}, đã lưu {}.".format(*counts))
    left = [i for i in document["items"] if i["state"] != "matched"]
    if left:
        table("Chưa lưu", ["Tệp", "Lý do"], [[i["file"], i["message"]] for i in left])


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="photos")
