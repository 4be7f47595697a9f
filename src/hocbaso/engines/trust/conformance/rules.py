"""The catalogue of rules by which somebody else's year sheet or package is judged.

A number is never given to another rule and never taken away: vendors quote it. The first part is the area.
Sources: T = trust specification (section), P = ``docs/xml-profile.md``, XMLDSIG = XML Signature 1.1,
C14N = Canonical XML 1.0, EN 319 132-1 (XAdES), EN 319 102-1 (validation), RFC 3161, RFC 5280, RFC 6962.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

AREAS = {
    "bytes": ("Byte của tệp", "Bytes of the file"),
    "structure": ("Cấu trúc", "Structure"),
    "content": ("Nội dung", "Content"),
    "signature": ("Dạng chữ ký", "Form of signatures"),
    "binding": ("Ràng buộc của chữ ký", "What signatures bind"),
    "order": ("Thứ tự và đủ chữ ký", "Order and number of signatures"),
    "certificate": ("Chứng thư số và thẩm quyền", "Certificates and authority"),
    "time": ("Thời gian", "Time"),
    "log": ("Sổ công khai và tình trạng", "Log and status"),
    "package": ("Gói nộp", "Package"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its number (``HBS-1.03``), area, source, and the sentence in Vietnamese and English."""

    number: str
    area: str
    source: str
    vi: str
    en: str


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Rule]:
    """Every rule by its number, in order."""
    text = resources.files(__package__).joinpath("rules.txt").read_text("utf-8")
    areas = list(AREAS)
    found: dict[str, Rule] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        number, source, vi, en = (cell.strip() for cell in line.split("|"))
        if number in found:
            raise ValueError(f"rule {number} stands twice")
        found[number] = Rule(number, areas[int(number[4:].split(".")[0]) - 1], source, vi, en)
    return found


def catalogue_markdown() -> str:
    """The catalogue as the tables of ``docs/conformance.md``."""
    out: list[str] = []
    for place, (area, (vi, en)) in enumerate(AREAS.items(), start=1):
        rows = [rule for rule in catalogue().values() if rule.area == area]
        out += [f"### {place}. {vi} ({en})", "", "| rule | quy tắc | rule in English | source |"]
        out += ["|---|---|---|---|"]
        out += [f"| {_cell(r.number)} | {_cell(r.vi)} | {_cell(r.en)} | {_cell(r.source)} |" for r in rows]
        out.append("")
    return "\n".join(out)


def _cell(text: str) -> str:
    """Markup in a rule's words is shown, not interpreted."""
    return text.replace("<", "&lt;").replace(">", "&gt;")
