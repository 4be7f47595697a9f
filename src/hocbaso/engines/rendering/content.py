"""From frozen values to what the template prints: every value a string, laid out by Typst, never markup."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from hocbaso.core.document.model import (
    PrimaryResult,
    ResponsiblePerson,
    SignerRole,
    SubjectLine,
    TraitLine,
    YearSheet,
)
from hocbaso.engines.rendering.views import SealStamp, SheetView, SignatureStamp
from hocbaso.engines.trust.qr import qr_svg

#: Asia/Ho_Chi_Minh: UTC+7 without summer time over the whole life of digital transcripts.
VIETNAM = timezone(timedelta(hours=7))
#: A run without space longer than this may be broken at any letter, so that nothing leaves its cell.
LONGEST_WORD = 14
#: Printed where the form has a place but the sheet holds no value.
NO_VALUE = "–"
_LONG_RUN = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")

#: A plain string, or lines of pieces between which the line may break.
Printed = str | list[list[str]]


def printed(value: str | None) -> Printed:
    """A data value for the template; ``None`` becomes a dash."""
    if value is None:
        return NO_VALUE
    if "\n" not in value and not _LONG_RUN.search(value):
        return value
    return [_pieces(line) for line in value.split("\n")]


def _pieces(line: str) -> list[str]:
    """Cut runs longer than :data:`LONGEST_WORD` into letters, each with its combining marks."""
    pieces: list[str] = [""]
    position = 0
    for run in _LONG_RUN.finditer(line):
        pieces[-1] += line[position : run.start()]
        for character in run.group():
            if unicodedata.combining(character):
                pieces[-1] += character
            else:
                pieces.append(character)
        pieces.append("")
        position = run.end()
    pieces[-1] += line[position:]
    return [piece for piece in pieces if piece]


def local(time: str) -> datetime:
    """Wall clock of Vietnam for an ISO 8601 instant.

    :raises ValueError: not ISO 8601, or without zone.
    """
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None:
        raise ValueError(f"time without zone: {time}")
    return moment.astimezone(VIETNAM)


def utc(time: str) -> datetime:
    """The same instant in UTC."""
    return local(time).astimezone(UTC)


def vn_date(iso: str | None) -> str:
    """``2017-02-09`` → ``09/02/2017``; a year or a month alone stays as exact as it was."""
    return "/".join(reversed(iso.split("-"))) if iso else NO_VALUE


def stamp_time(time: str) -> str:
    """``27/05/2026 16:20:41 +07:00``."""
    return local(time).strftime("%d/%m/%Y %H:%M:%S +07:00")


def place_and_date(place: str, time: str | None) -> str:
    """Place line of the form; days below 10, January and February take a zero (NĐ 30/2020, Phụ lục I)."""
    if time is None:
        return f"{place}, ngày …… tháng …… năm ……"
    day = local(time)
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"{place}, ngày {day.day:02d} tháng {month} năm {day.year}"


def measure(value: int | None, unit: str) -> str:
    """``128 cm``, or a dash."""
    return NO_VALUE if value is None else f"{value} {unit}"


def _count(value: int | None) -> str:
    """A number of days, or a dash where the school recorded none."""
    return NO_VALUE if value is None else str(value)


def _absent(sheet: YearSheet) -> int | None:
    """All days of absence, known only when both kinds are."""
    excused, unexcused = sheet.days_absent_excused, sheet.days_absent_unexcused
    return None if excused is None or unexcused is None else excused + unexcused


def short_digest(digest: str) -> str:
    """``C48E 07B2``: what people compare by eye."""
    head = digest[:8].upper()
    return f"{head[:4]} {head[4:]}"


def _subject(line: SubjectLine) -> dict[str, Printed | bool]:
    comment = line.comment
    if line.level is None and line.exempt:
        comment = f"Được miễn: {line.exempt}" + (f". {comment}" if comment else "")
    return {
        "name": printed(line.name),
        "level": line.level or ("Miễn" if line.exempt else NO_VALUE),
        "score": NO_VALUE if line.score is None else str(line.score),
        "comment": printed(comment or ""),
        "long": _long(comment),
    }


def _long(comment: str | None) -> bool:
    """Too much for a row that stays on one page."""
    return comment is not None and (len(comment) > 900 or comment.count("\n") > 12)


def _group(items: tuple[TraitLine, ...], comment: str | None) -> dict[str, Any]:
    return {
        "items": [{"name": printed(item.name), "level": item.level or NO_VALUE} for item in items],
        "comment": printed(comment or ""),
        "long": _long(comment),
        "stretch": not _long(comment) and _lines(comment, 40) > len(items),
    }


def _lines(text: str | None, width: int) -> int:
    """Lines that a text takes, roughly, at ``width`` characters a line."""
    return sum(max(1, -(-len(line) // width)) for line in (text or "").split("\n"))


def _fits_one_page(sheet: YearSheet) -> bool:
    """Whether sections 1 and 2 stay on the sheet's first page, in millimetres of the template.

    An estimate is enough: it only decides whether section 3 starts a page, and asking the layout itself would
    cost another round of it.
    """
    rows = sum(
        3 + 4.9 * max(_lines(line.name, 22), _lines(line.comment, 48), _lines(line.exempt, 40))
        for line in sheet.subjects
    )
    qualities = max(7.9 * len(sheet.traits.qualities), 3 + 4.9 * _lines(sheet.traits.qualities_comment, 48))
    return 48 + 13 + rows + 8 + 21 + qualities + 6 <= 247


def _awards(result: PrimaryResult) -> str:
    words = ([result.title.value] if result.title else []) + list(result.other_awards)
    return "; ".join(words) if words else "Không"


def _stamp(stamp: SignatureStamp) -> dict[str, Printed]:
    return {
        "signer": printed(stamp.signer),
        "label": printed(stamp.label),
        "time": stamp_time(stamp.time),
    }


def _seal(seal: SealStamp | None) -> dict[str, Printed] | None:
    if seal is None:
        return None
    return {
        "organisation": printed(seal.organisation),
        "time": stamp_time(seal.time),
        "token": "hợp lệ" if seal.timestamp_ok else "chưa có",
    }


def _signatory(view: SheetView, role: SignerRole, heading: str) -> dict[str, Any]:
    """One signature block: heading, substitute's title and decision, stamp, name."""
    stamp = next((s for s in view.stamps if s.role == role), None)
    person: ResponsiblePerson | None = next((p for p in view.sheet.responsible if p.role == role), None)
    usual = {SignerRole.PRINCIPAL: "Hiệu trưởng", SignerRole.HOMEROOM: "Giáo viên chủ nhiệm"}[role]
    name = stamp.signer if stamp else person.name if person else ""
    return {
        "heading": heading,
        "title": printed(person.title) if person and person.title != usual else None,
        "decision": printed(person.decision) if person and person.decision else None,
        "stamp": _stamp(stamp) if stamp else None,
        "name": printed(name),
    }


def _footer(view: SheetView) -> dict[str, Any]:
    parts = urlsplit(view.verify_url)
    sheet = view.sheet
    if view.seal:
        issued = local(view.seal.time)
        state = f"Phiên bản {sheet.version}, phát hành {issued:%H:%M:%S} ngày {issued:%d/%m/%Y}"
    else:
        state = f"Phiên bản {sheet.version}, chưa phát hành"
    return {
        "site": parts.netloc + parts.path,
        "code": sheet.code,
        "state": state,
        "digest": short_digest(view.digest),
        "qr": qr_svg(view.verify_url, quiet=2),
    }


def _notes(sheet: YearSheet) -> list[Printed]:
    """Small print under the results: what the sheet records about itself."""
    notes: list[Printed] = []
    if sheet.version > 1 or sheet.replaces:
        why = f" Lý do: {sheet.replace_reason}." if sheet.replace_reason else ""
        notes.append(printed(f"Phiên bản {sheet.version} thay thế phiên bản đã phát hành trước đó.{why}"))
    if sheet.remarks:
        notes.append(
            printed("Ghi nhận khi chốt: " + "; ".join(remark.rstrip(".") for remark in sheet.remarks) + ".")
        )
    return notes


def principal_time(view: SheetView) -> str | None:
    """When the principal signed, which dates the sheet; ``None`` while unsigned."""
    return next((s.time for s in view.stamps if s.role == SignerRole.PRINCIPAL), None)


def sheet_content(view: SheetView) -> dict[str, Any]:
    """Everything the year sheet's pages print."""
    sheet, pupil, traits = view.sheet, view.sheet.pupil, view.sheet.traits
    last_grade = sheet.grade == 5
    return {
        "year": sheet.year,
        "grade": sheet.grade,
        "name": printed(pupil.full_name),
        "class": printed(sheet.class_name),
        "birth": vn_date(pupil.birth_date),
        "sex": pupil.sex,
        "ethnic": printed(pupil.ethnic_group),
        "height": measure(sheet.height_cm, "cm"),
        "weight": measure(sheet.weight_kg, "kg"),
        "absent": _count(_absent(sheet)),
        "excused": _count(sheet.days_absent_excused),
        "unexcused": _count(sheet.days_absent_unexcused),
        "pupil_code": pupil.code if len(pupil.code) <= 20 else printed(pupil.code),
        "school": printed(f"{sheet.school.name}, {sheet.school.commune}, {sheet.school.province}"),
        "subjects": [_subject(line) for line in sheet.subjects],
        "one_page": _fits_one_page(sheet),
        "qualities": _group(traits.qualities, traits.qualities_comment),
        "general": _group(traits.general_competences, traits.general_comment),
        "specific": _group(traits.specific_competences, traits.specific_comment),
        "overall": printed(sheet.result.overall.value),
        "awards": printed(_awards(sheet.result)),
        "completion_heading": "Hoàn thành chương trình tiểu học"
        if last_grade
        else "Hoàn thành chương trình lớp học",
        "completion": printed(sheet.result.completion.value),
        "homeroom_comment": printed(sheet.homeroom_comment) if sheet.homeroom_comment else None,
        "notes": _notes(sheet),
        "place": printed(place_and_date(sheet.place, principal_time(view))),
        "principal": _signatory(view, SignerRole.PRINCIPAL, "Xác nhận của Hiệu trưởng"),
        "homeroom": _signatory(view, SignerRole.HOMEROOM, "Giáo viên chủ nhiệm"),
        "subject_stamps": [_stamp(s) for s in view.stamps if s.role == SignerRole.SUBJECT_TEACHER],
        "seal": _seal(view.seal),
        "footer": _footer(view),
        "draft": view.seal is None,
        "sandbox": sheet.environment != "chinh_thuc",
    }


def cover_content(view: SheetView, photo: bytes | None) -> dict[str, Any]:
    """Cover, personal page and study history, from the newest sheet."""
    sheet, pupil = view.sheet, view.sheet.pupil
    return {
        "school": printed(sheet.school.name),
        "commune": printed(sheet.school.commune),
        "province": printed(sheet.school.province),
        "nationality": printed(pupil.nationality),
        "birth_place": printed(pupil.birth_place),
        "home_town": printed(pupil.home_town),
        "residence": printed(pupil.residence) if pupil.residence else None,
        "address": printed(pupil.current_address),
        "father": printed(pupil.father),
        "mother": printed(pupil.mother),
        "guardian": printed(pupil.guardian),
        "photo": list(photo) if photo else None,
        "history": [
            {
                "year": line.year,
                "class": printed(line.class_name),
                "school": printed(line.school),
                "register": printed(line.register_number),
                "entered": vn_date(line.entered),
            }
            for line in sheet.history
        ],
    }
