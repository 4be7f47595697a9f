"""``hocbaso verify``: no database, no network, no Django."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, told

if TYPE_CHECKING:
    from hocbaso.engines.trust.bundle import TrustBundle
    from hocbaso.engines.trust.verification import ValidationPolicy, Verdict

register(
    {
        "file_unreadable": ("Không đọc được tệp {path}: {why}.", "Cannot read {path}: {why}."),
        "file_too_large": (
            "Tệp {path} lớn hơn {limit} MB nên không được đọc.",
            "{path} is larger than {limit} MB.",
        ),
        "report_of_one": (
            "Báo cáo chỉ lập cho một tệp; lệnh này cho {count} kết quả. Thầy cô hãy kiểm tra từng tệp.",
            "A report is about one document; there are {count} results.",
        ),
        "report_kind": (
            "Tên tệp báo cáo phải kết thúc bằng .json hoặc .pdf: {path}.",
            "A report is written as .json or .pdf: {path}.",
        ),
        "report_unwritten": ("Không ghi được báo cáo {path}: {why}.", "Cannot write {path}: {why}."),
    }
)

LIMIT_MB = 64
_LONGEST_TEXT = 64 * 1024
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
    files: list[Path] = typer.Argument(None, help="Tệp XML, PDF, ảnh hoặc văn bản QR, gói ZIP."),
    trust_bundle: Path = typer.Option(
        None, "--trust-bundle", "--bundle", help="Gói tin cậy trust-bundle.json."
    ),
    qr: str = typer.Option(
        None, "--qr", help="Văn bản hoặc ảnh PNG, JPEG của mã QR; dấu - thì đọc văn bản từ đầu vào chuẩn."
    ),
    policy: str = typer.Option(
        None, "--policy", help="Chính sách xác thực: tệp JSON hoặc định danh; mặc định bản đang áp dụng."
    ),
    report: Path = typer.Option(
        None, "--report", help="Ghi báo cáo về một tệp: bao-cao.json (dữ liệu) hoặc bien-ban.pdf (bản đọc)."
    ),
    by: str = typer.Option("", "--by", help="Người kiểm tra, để ghi vào báo cáo."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Xác thực học bạ số, không cần mạng và cơ sở dữ liệu."""
    from hocbaso.engines.trust.bundle import TrustBundle

    if bool(files) == (qr is not None):
        raise typer.BadParameter("hãy nêu tệp cần xác thực, hoặc --qr với văn bản hay ảnh của mã QR")
    now = datetime.now(UTC)
    results: list[dict[str, Any]] = []
    verdicts: list[Verdict] = []
    unreadable = False
    with told(as_json=as_json):
        if report is not None and report.suffix not in (".json", ".pdf"):
            raise Unreadable("report_kind", path=str(report))
        bundle = TrustBundle.from_json(_read(trust_bundle)) if trust_bundle else None
        rules = _policy(policy) if policy else None
    for name in [str(path) for path in files or ()] or [qr]:
        try:
            judge = _judge_qr if qr is not None else _judge
            for verdict, more in judge(name, bundle, now, rules):
                verdicts.append(verdict)
                results.append(verdict.to_json() | more)
        except DomainError as error:
            unreadable = True
            results.append(_unreadable(Path(name) if qr is None else Path("qr"), error))
    if report is not None and not unreadable:
        with told(as_json=as_json):
            _write_report(report, verdicts, now, by)
    answer(results, as_json=as_json, human=lambda: _tell(results))
    if unreadable:
        raise typer.Exit(Exit.UNUSABLE)
    raise typer.Exit(Exit.DONE if all(r["verdict"] == "valid" for r in results) else Exit.NEGATIVE)


def _policy(name: str) -> ValidationPolicy:
    """A policy of the package by its identifier, else the file of that name."""
    from hocbaso.engines.trust.verification.policy import policy_named, read_policy

    return policy_named(name) if name.startswith("urn:") else read_policy(_read(Path(name)))


def _write_report(path: Path, verdicts: list[Verdict], now: datetime, by: str) -> None:
    from hocbaso import __version__
    from hocbaso.engines.trust.verification.report import report_json, report_of

    if len(verdicts) != 1:
        raise DomainError("report_of_one", count=len(verdicts))
    name = f"hocbaso {__version__}"
    made = report_of(verdicts[0], now=now, software=name, place=platform.node(), by=by)
    data = report_json(made)
    content = data.encode()
    if path.suffix == ".pdf":
        from hocbaso.engines.rendering.reports import render_report

        content = render_report(made, data)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Unreadable("report_unwritten", path=str(path), why=str(error.strerror)) from error


_Judged = list[tuple["Verdict", dict[str, Any]]]


def _judge(name: str, bundle: TrustBundle | None, now: datetime, policy: ValidationPolicy | None) -> _Judged:
    from hocbaso.engines.trust.verification import verify_file

    found = verify_file(name, _read(Path(name)), bundle, now=now, policy=policy)
    return [(verdict, {}) for verdict in found]


def _judge_qr(
    given: str, bundle: TrustBundle | None, now: datetime, policy: ValidationPolicy | None
) -> _Judged:
    """A code as text (argument, standard input) or picture; what a signed code says stands in ``qr``."""
    from hocbaso.engines.trust.offline_code import is_offline_code
    from hocbaso.engines.trust.verification import verify_file
    from hocbaso.engines.trust.verification.document import verifier
    from hocbaso.engines.trust.verification.offline import verify_code
    from hocbaso.engines.trust.verification.policy import policy_in_force

    name, data = "qr", given.encode()
    if given == "-":
        data = sys.stdin.buffer.read(_LONGEST_TEXT)
    elif not is_offline_code(given) and "://" not in given:
        name, data = given, _read(Path(given))
        data = _text_in_picture(data)
    text = data.decode("utf-8", "replace").strip()
    if not is_offline_code(text):
        return [(v, {}) for v in verify_file(name, data, bundle, now=now, policy=policy)]
    using = verifier(bundle, policy or policy_in_force(now))
    verdict, content = verify_code(text, using, now=now, file=name)
    return [(verdict, {"qr": content.to_json()})]


def _text_in_picture(data: bytes) -> bytes:
    """The one signed code in a picture; anything else is left as it is."""
    from hocbaso.engines.trust.offline_code import is_offline_code
    from hocbaso.engines.trust.qr import read_qr

    if not data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return data
    found = {text for text in read_qr(data) if is_offline_code(text)}
    return found.pop().encode() if len(found) == 1 else data


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
        for words in _words_of(result.get("qr")):
            messages.print(f"  {words}", markup=False)
        for sentence in result.get("answers", {}).values():
            messages.print(f"  - {sentence}", markup=False)
        for signature in result["signatures"]:
            mark = "đúng" if signature["valid"] else "SAI"
            messages.print(
                f"  - {signature['role']}: {signature['signer']} ({mark}). {signature['reason'] or ''}",
                markup=False,
            )


def _words_of(content: dict[str, Any] | None) -> list[str]:
    """What a signed code says, for a person to compare with the paper."""
    if content is None:
        return []
    words = [
        f"Họ và tên: {content['name']}; ngày sinh: {content['birth_date']}",
        f"Trường: {content['school']}; lớp {content['class']}",
        f"Mã học bạ: {content['code']}, phiên bản {content['version']}",
    ]
    results = content["results"]
    if results is not None:
        subjects = [f"{line['name']} {line['value'] or 'không có'}" for line in results["subjects"]]
        overall = [value for value in (results["study"], results["conduct"], results["title"]) if value]
        words.append(f"Kết quả: {'; '.join([*overall, *subjects])}")
    return words


def register_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)
