"""``hocbaso verify``: no database, no network, no Django."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, told

register(
    {
        "file_unreadable": ("Không đọc được tệp {path}: {why}.", "Cannot read {path}: {why}."),
        "file_too_large": (
            "Tệp {path} lớn hơn {limit} MB nên không được đọc.",
            "{path} is larger than {limit} MB.",
        ),
    }
)

LIMIT_MB = 64
_STYLE = {
    "valid": ("HỢP LỆ", "bold green"),
    "invalid": ("KHÔNG HỢP LỆ", "bold red"),
    "indeterminate": ("CHƯA KẾT LUẬN ĐƯỢC", "bold yellow"),
}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:  # at most so much, also of a pipe or a device without a size
            data = stream.read(LIMIT_MB * 1024 * 1024 + 1)
    except OSError as error:
        raise Unreadable("file_unreadable", path=str(path), why=str(error.strerror)) from error
    if len(data) > LIMIT_MB * 1024 * 1024:
        raise Unreadable("file_too_large", path=str(path), limit=LIMIT_MB)
    return data


def verify(
    files: list[Path] = typer.Argument(..., help="Tệp XML, PDF, văn bản QR hoặc gói ZIP."),
    trust_bundle: Path = typer.Option(None, "--trust-bundle", help="Gói tin cậy trust-bundle.json."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Xác thực học bạ số, không cần mạng và cơ sở dữ liệu."""
    from hocbaso.engines.trust.bundle import TrustBundle
    from hocbaso.engines.trust.verification import verify_file

    now = datetime.now(UTC)
    results: list[dict[str, Any]] = []
    unreadable = False
    with told(as_json=as_json):
        bundle = TrustBundle.from_json(_read(trust_bundle)) if trust_bundle else None
    for path in files:
        try:
            verdicts = verify_file(str(path), _read(path), bundle, now=now)
            results += [v.to_json() for v in verdicts]
        except DomainError as error:
            unreadable = True
            results.append(_unreadable(path, error))
    answer(results, as_json=as_json, human=lambda: _tell(results))
    if unreadable:
        raise typer.Exit(Exit.UNUSABLE)
    raise typer.Exit(Exit.DONE if all(r["verdict"] == "valid" for r in results) else Exit.NEGATIVE)


def _unreadable(path: Path, error: DomainError) -> dict[str, Any]:
    """A file that is no document at all still gets its row: never valid, with the sentence that says why."""
    names = ("intact", "schema", "signatures", "chain", "authority", "status", "logged", "latest")
    return {
        "file": str(path),
        "verdict": "invalid",
        "environment": None,
        "code": None,
        "checks": dict.fromkeys(names, "unknown"),
        "signatures": [],
        "reason": error.message,
        "error": error.code,
    }


def _tell(results: list[dict[str, Any]]) -> None:
    for result in results:
        words, style = _STYLE[result["verdict"]]
        messages.print(f"{result['file']}: ", end="", markup=False)
        messages.print(words, style=style)
        if result["environment"] == "thu_nghiem":
            messages.print("  THỬ NGHIỆM: không có giá trị sử dụng.", style="black on yellow")
        messages.print(f"  {result['reason']}", markup=False)
        for sentence in result.get("answers", {}).values():
            messages.print(f"  - {sentence}", markup=False)
        for signature in result["signatures"]:
            mark = "đúng" if signature["valid"] else "SAI"
            messages.print(
                f"  - {signature['role']}: {signature['signer']} ({mark}). {signature['reason'] or ''}",
                markup=False,
            )


def register_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)
