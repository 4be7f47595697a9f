"""``hocbaso conformance``: somebody else's year sheet or package against every rule, offline."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.apps.common import clock
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, told
from hocbaso.interfaces.cli.verify import _read

if TYPE_CHECKING:
    from hocbaso.engines.trust.bundle import TrustBundle

register_errors(
    {
        "vectors_not_written": (
            "Không ghi được bộ mẫu thử vào {path}: {why}.",
            "The vectors cannot be written to {path}: {why}.",
        )
    }
)


def conformance(
    files: list[Path] = typer.Argument(None, help="Tờ năm học (XML) hoặc gói nộp (ZIP)."),
    bundle: Path = typer.Option(
        None, "--bundle", "--trust-bundle", help="Gói tin cậy: xét cả chứng thư, thẩm quyền, sổ, tình trạng."
    ),
    vectors: Path = typer.Option(
        None, "--vectors", help="Ghi bộ mẫu thử dành cho nhà cung cấp vào thư mục này."
    ),
    at: str = typer.Option(
        None, "--at", help="Xét như vào thời điểm này (ISO 8601), ví dụ now của manifest.json."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Kiểm tra tờ học bạ do phần mềm khác lập có đúng quy cách không; nêu mọi lỗi theo số quy tắc."""
    if bool(files) == (vectors is not None):
        raise typer.BadParameter("hãy nêu tệp cần kiểm tra, hoặc --vectors với thư mục để ghi bộ mẫu thử")
    if vectors is not None:
        _write(vectors, as_json=as_json)
        return
    now = _moment(at)
    reports: list[dict[str, Any]] = []
    with told(as_json=as_json):
        known = _bundle(bundle)
    unreadable = False
    for path in files:
        try:
            reports += _judge(path, known, now)
        except DomainError as error:
            unreadable = True
            reports.append(
                {"file": str(path), "conforms": False, "error": error.code, "reason": error.message}
            )
    answer(reports, as_json=as_json, human=lambda: _tell(reports))
    if unreadable:
        raise typer.Exit(Exit.UNUSABLE)
    raise typer.Exit(Exit.DONE if all(report["conforms"] for report in reports) else Exit.NEGATIVE)


def _moment(at: str | None) -> datetime:
    if at is None:
        return clock.now()
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise typer.BadParameter("--at là thời điểm dạng 2026-06-10T00:00:00+00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bundle(path: Path | None) -> TrustBundle | None:
    from hocbaso.engines.trust.bundle import TrustBundle

    return TrustBundle.from_json(_read(path)) if path is not None else None


def _judge(path: Path, bundle: TrustBundle | None, now: datetime) -> list[dict[str, Any]]:
    from hocbaso.engines.trust.conformance import check_file

    return [report.to_json() for report in check_file(str(path), _read(path), bundle, now=now)]


def _write(folder: Path, *, as_json: bool) -> None:
    from hocbaso.engines.trust.conformance import write_vectors

    with told(as_json=as_json):
        try:
            count = write_vectors(folder)
        except OSError as error:
            raise Unreadable("vectors_not_written", path=str(folder), why=str(error.strerror)) from error
    data = {
        "folder": str(folder),
        "vectors": count,
        "manifest": "manifest.json",
        "bundle": "trust-bundle.json",
    }
    sentence = f"Đã ghi {count} mẫu thử vào {folder}; kết quả mong đợi của từng mẫu ở manifest.json."
    answer(data, as_json=as_json, human=lambda: messages.print(sentence, markup=False))


def _tell(reports: list[dict[str, Any]]) -> None:
    for report in reports:
        messages.print(f"{report['file']}: ", end="", markup=False)
        if "error" in report:
            messages.print("KHÔNG ĐỌC ĐƯỢC", style="bold red")
            messages.print(f"  {report['reason']}", markup=False)
            continue
        right = report["conforms"]
        messages.print(
            "ĐÚNG QUY CÁCH" if right else "CHƯA ĐÚNG QUY CÁCH", style="bold green" if right else "bold red"
        )
        for item in report["violations"]:
            messages.print(f"  Trái {item['rule']}: {item['vi']}", markup=False)
            where = " ".join(filter(None, [item["place"], f"dòng {item['line']}" if item["line"] else ""]))
            for words in filter(None, (where, item["detail"])):
                messages.print(f"            {words}", style="dim", markup=False)
        if report["undecided"]:
            words = ", ".join(report["undecided"])
            messages.print(f"  Gói tin cậy chưa đủ để xét: {words}", style="yellow", markup=False)
        elif not report["bundle"]:
            messages.print(
                "  Chưa xét chứng thư, thẩm quyền, sổ và tình trạng (không có --bundle).", style="dim"
            )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="conformance")(conformance)
