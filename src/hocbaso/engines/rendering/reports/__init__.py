"""A validation report as a page that people read: "Biên bản xác thực", PDF/A-3b with the JSON report inside.

What stands in it comes out of the report (``engines.trust.verification.report``) alone; nothing is judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hocbaso.engines.rendering.compiler import lay_out
from hocbaso.engines.rendering.fonts import unprintable

#: Name of the attachment.
DATA_NAME = "bao-cao-xac-thuc.json"
_DIR = Path(__file__).parent
_VIETNAM = timezone(timedelta(hours=7))
_VERDICTS = {"valid": "HỢP LỆ", "invalid": "KHÔNG HỢP LỆ", "indeterminate": "CHƯA KẾT LUẬN ĐƯỢC"}
_QUESTIONS = {
    "intact": "Nội dung nguyên vẹn",
    "schema": "Đúng cấu trúc",
    "signatures": "Đủ và đúng chữ ký",
    "chain": "Chứng thư số",
    "authority": "Thẩm quyền ký",
    "status": "Tình trạng",
    "logged": "Sổ công khai",
    "latest": "Phiên bản mới nhất",
    "rendition_seal": "Con dấu trên bản PDF",
    "rendition_whole": "Bản PDF nguyên vẹn",
    "rendition_attachment": "Tệp đính kèm",
    "rendition_archive": "Lưu trữ lâu dài",
}
_RESULTS = {"ok": "Đạt", "failed": "Không đạt", "unknown": "Chưa rõ"}
_ROLES = {
    "gvbm": "Giáo viên môn học",
    "gvcn": "Giáo viên chủ nhiệm",
    "hieu_truong": "Hiệu trưởng",
    "con_dau": "Con dấu số của trường",
    "la": "Chữ ký lạ",
}
_INDICATIONS = {"TOTAL-PASSED": "Đạt", "TOTAL-FAILED": "Không đạt", "INDETERMINATE": "Chưa kết luận"}
#: The longest text of one value that is printed; the JSON inside has all of it.
_LONGEST = 600


def render_report(report: Mapping[str, Any], data: str) -> bytes:
    """The page, A4.

    :param report: of ``verification.report.report_of``.
    :param data: the same as text (``report_json``): it is attached. Same input, same bytes.
    :raises DomainError: ``rendering_failed``.
    """
    at = datetime.fromisoformat(report["validation_time"]).astimezone(UTC)
    content = _printable(_content(report, at))
    return lay_out(_DIR / "verification.typ", content, at, standard="a-3b", more={"report": data})


def _printable(value: Any) -> Any:
    """Characters that the font lacks as a question mark: a hostile file must not stop its report."""
    if isinstance(value, str):
        text = value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
        for character in unprintable(text):
            text = text.replace(character, "?")
        return text
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list | tuple) else value


def _content(report: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    validator, policy = report["validator"], report["policy"] or {}
    # What only passed in the sandbox is never shown in the colour of something genuine.
    passed_trial = report["environment"] == "thu_nghiem" and report["verdict"] == "valid"
    looked = [
        ("Người kiểm tra", validator["by"] or "không ghi"),
        ("Nơi kiểm tra", validator["place"] or "không ghi"),
        ("Lúc kiểm tra", _moment(report["validation_time"])),
        ("Phần mềm", validator["software"]),
    ]
    return {
        "title": f"Biên bản xác thực {report['document']['code'] or 'học bạ số'}",
        "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
        "name": DATA_NAME,
        "trial": report["environment"] == "thu_nghiem",
        "verdict": _VERDICTS[report["verdict"]] + (" (THỬ NGHIỆM)" if passed_trial else ""),
        "kind": "trial" if passed_trial else report["verdict"],
        "reason": report["reason"],
        "standard": " / ".join(filter(None, (report["indication"], report["sub_indication"]))),
        "document": _document(report["document"]),
        "earlier": [
            (str(item["year"] or item["code"] or "?"), _VERDICTS[item["verdict"]], item["reason"])
            for item in report["earlier_sheets"]
        ],
        "answers": [
            (_QUESTIONS[item["question"]], _RESULTS[item["result"]], item["sentence"])
            for item in report["constraints"]
        ],
        "signatures": [_signature(item) for item in report["signatures"]],
        "times": _times(report),
        "looked": looked,
        "policy": [
            (name, policy[key])
            for name, key in (
                ("Tên", "title"),
                ("Định danh", "id"),
                ("Phiên bản", "version"),
                ("SHA-256", "sha256"),
            )
            if key in policy
        ],
    }


def _document(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = (
        ("Tệp", document["file"]),
        ("Mã học bạ", document["code"]),
        ("Phiên bản", document["version"]),
        ("Nơi phát hành", document["school"]),
        ("Năm học", document["year"]),
        ("Mã tóm lược nội dung", document["digest"]),
        ("SHA-256 của tệp", document["sha256"]),
    )
    return [(name, str(value)) for name, value in lines if value]


def _signature(item: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    role = _ROLES[item["role"]]
    if item["subjects"]:
        role = f"{role} ({', '.join(item['subjects'])})"
    claimed = item["claimed_signing_time"]
    standard = " / ".join(filter(None, (item["indication"], item["sub_indication"])))
    return (
        role,
        item["signer"],
        _moment(claimed) if claimed else "",
        _INDICATIONS[item["indication"]],
        f"{item['sentence'] or ''} [{standard}]".strip(),
    )


def _times(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = []
    if report["best_signature_time"] is not None:
        proved = _moment(report["best_signature_time"]["time"])
        lines.append(("Mốc thời gian của mọi chữ ký", f"{proved}, theo dấu thời gian của con dấu"))
    for number, stamp in enumerate(report["time_stamps"]):
        name = f"Dấu thời gian lưu trữ {number}" if number else "Dấu thời gian của con dấu"
        parts = [_moment(stamp["time"]) if stamp["time"] else "", stamp["authority"], stamp["sentence"]]
        lines.append((name, "; ".join(part for part in parts if part)))
    return lines


def _moment(text: str) -> str:
    """``08:00:00 ngày 28/05/2026``, Vietnam time, as the note at the end says."""
    moment = datetime.fromisoformat(text)
    try:
        moment = moment.astimezone(_VIETNAM)
    except OverflowError:  # somebody claims the last hours of the year 9999
        return text
    return f"{moment:%H:%M:%S ngày %d/%m/%Y}"
