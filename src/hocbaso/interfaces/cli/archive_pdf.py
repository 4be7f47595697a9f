"""``hocbaso archive pdf``: long-term data and archive time stamps for PDF files that lie in a folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.apps.common.clock import VIETNAM
from hocbaso.core.errors import ServiceUnavailable, Unreadable
from hocbaso.core.errors import register as register_codes
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.transcripts.use_cases.long_term_pdf import FileOutcome

register_codes({"file_missing": ("Không có tệp hay thư mục {path}.", "There is no file or folder {path}.")})

_WORDS = {
    "kept": "giữ nguyên",
    "extended": "đã bổ sung",
    "refused": "không bổ sung được",
    "waiting": "đang chờ",
}


def pdf(
    files: list[Path] = typer.Argument(..., help="Tệp PDF hoặc thư mục có tệp PDF."),
    no_stamp: bool = typer.Option(
        False,
        "--no-stamp",
        help="Chỉ bổ sung chứng thư và thông tin thu hồi (B-LT), không xin dấu thời gian.",
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Bổ sung dữ liệu lưu trữ dài hạn vào bản PDF đã đóng dấu và gia hạn khi đến hạn; chạy lại được.

    Hệ thống không giữ và không tự gia hạn các tệp này: nơi giữ tệp đặt lịch chạy lệnh mỗi đêm.
    """
    with told(as_json=as_json):
        paths = _paths(files)
        from hocbaso.interfaces.cli.main import use_database

        use_database()
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.preservation.sources import gatherer
        from hocbaso.apps.transcripts.use_cases.long_term_pdf import archive_files
        from hocbaso.interfaces.cli.progress import counting

        paths_counted = counting(paths, "Bổ sung dữ liệu lưu trữ")
        outcomes = list(
            archive_files(Actor.operator(), paths=paths_counted, gatherer=gatherer(), stamp=not no_stamp)
        )
    first = min((one.due for one in outcomes if one.due is not None), default=None)
    document = {
        "files": [_document(one) for one in outcomes],
        "renewed_by": "you",
        "run_again_by": first,
    }
    answer(document, as_json=as_json, human=lambda: _tell(outcomes, first))
    raise typer.Exit(_exit(outcomes))


def _paths(files: list[Path]) -> list[Path]:
    """Files as named, of folders every PDF below them; in a fixed order, each once."""
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            found += sorted(item for item in path.rglob("*") if _is_pdf(item))
        elif path.exists():
            found.append(path)
        else:
            raise Unreadable("file_missing", path=str(path))
    return list(dict.fromkeys(found))


def _is_pdf(path: Path) -> bool:
    return path.suffix.lower() == ".pdf" and path.is_file() and not path.is_symlink()


def _document(one: FileOutcome) -> dict[str, Any]:
    return {
        "file": str(one.path),
        "state": one.state,
        "before": one.before,
        "after": one.after,
        "renew_from": one.due,
        "lacking": list(one.lacking),
        "error": {"code": one.error.code, "message": one.error.message} if one.error is not None else None,
    }


def _tell(outcomes: list[FileOutcome], first: datetime | None) -> None:
    counts = {word: sum(one.state == state for one in outcomes) for state, word in _WORDS.items()}
    messages.print(" · ".join(f"{word} {number}" for word, number in counts.items() if number))
    rows = [
        [one.path.name, _WORDS[one.state], one.before, one.after, f"{one.due:%d/%m/%Y}" if one.due else ""]
        for one in outcomes
        if one.state != "kept"
    ]
    if rows:
        table(f"{len(rows)} tệp PDF", ["Tệp", "Kết quả", "Mức trước", "Mức sau", "Gia hạn từ"], rows)
    for sentence in dict.fromkeys(one.error.message for one in outcomes if one.error is not None):
        messages.print(sentence, style="red", markup=False)
    if first is not None:
        messages.print(
            f"Hệ thống không giữ và không tự gia hạn các tệp này. Nơi giữ tệp đặt lịch chạy lại lệnh này, "
            f"chậm nhất ngày {first.astimezone(VIETNAM):%d/%m/%Y}.",
            markup=False,
        )


def _exit(outcomes: list[FileOutcome]) -> Exit:
    if any(isinstance(one.error, ServiceUnavailable) for one in outcomes):
        return Exit.UNAVAILABLE
    return Exit.NEGATIVE if any(one.error is not None for one in outcomes) else Exit.DONE


def register(commands: typer.Typer) -> None:
    """Add the command to the archive group."""
    commands.command(name="pdf")(pdf)
