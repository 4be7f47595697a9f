"""What every form prints: words, dates, signatures, footer. Every value is a string, never markup."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from hocbaso.core.document.model import (
    PrimaryResult,
    ResponsiblePerson,
    SecondaryResult,
    SignerRole,
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


def person(value: str | None) -> Printed:
    """A name; a roster that answers "không" names nobody."""
    return printed(None if value is not None and value.strip().casefold() == "không" else value)


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
    return f"{vietnam_time(time)} +07:00"


def vietnam_time(time: str) -> str:
    """``27/05/2026 16:20:41``, where the page says once whose time it is."""
    return local(time).strftime("%d/%m/%Y %H:%M:%S")


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


def count(value: int | None) -> str:
    """A number of days or sessions, or a dash where the school recorded none."""
    return NO_VALUE if value is None else str(value)


def absent(sheet: YearSheet) -> int | None:
    """All absence, in the unit of the form, known only when both kinds are."""
    excused, unexcused = sheet.days_absent_excused, sheet.days_absent_unexcused
    return None if excused is None or unexcused is None else excused + unexcused


def lines(text: str | None, width: int) -> int:
    """Lines that a text takes, roughly, at ``width`` characters a line."""
    return sum(max(1, -(-len(line) // width)) for line in (text or "").split("\n"))


def short_digest(digest: str) -> str:
    """``C48E 07B2``: what people compare by eye."""
    head = digest[:8].upper()
    return f"{head[:4]} {head[4:]}"


def stamp_content(stamp: SignatureStamp) -> dict[str, Printed]:
    return {
        "signer": printed(stamp.signer),
        "label": printed(stamp.label),
        "time": stamp_time(stamp.time),
    }


def seal_content(seal: SealStamp | None) -> dict[str, Printed] | None:
    if seal is None:
        return None
    return {
        "organisation": printed(seal.organisation),
        "time": stamp_time(seal.time),
        "token": "hợp lệ" if seal.timestamp_ok else "chưa có",
    }


def signatory(view: SheetView, role: SignerRole, heading: str, *usual: str) -> dict[str, Any]:
    """One signature block: heading, substitute's title and decision, stamp, name.

    :param usual: titles that the heading says already.
    """
    stamp = next((s for s in view.stamps if s.role == role), None)
    person: ResponsiblePerson | None = next((p for p in view.sheet.responsible if p.role == role), None)
    name = stamp.signer if stamp else person.name if person else ""
    return {
        "heading": heading,
        "title": printed(person.title) if person and person.title not in usual else None,
        "decision": printed(person.decision) if person and person.decision else None,
        "stamp": stamp_content(stamp) if stamp else None,
        "name": printed(name),
    }


def footer_content(view: SheetView) -> dict[str, Any]:
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


def remarks(sheet: YearSheet) -> list[Printed]:
    """What was recorded when the sheet was frozen, as small print."""
    if not sheet.remarks:
        return []
    return [printed("Ghi nhận khi chốt: " + "; ".join(remark.rstrip(".") for remark in sheet.remarks) + ".")]


def awards(result: PrimaryResult | SecondaryResult) -> str:
    """Title and other awards, or that there are none."""
    words = ([result.title.value] if result.title else []) + list(result.other_awards)
    return "; ".join(words) if words else "Không"


def replacement(sheet: YearSheet) -> str | None:
    """Which version this one replaces and why; ``None`` for a first version."""
    if sheet.version == 1 and not sheet.replaces:
        return None
    why = f" Lý do: {sheet.replace_reason}." if sheet.replace_reason else ""
    return f"Phiên bản {sheet.version} thay thế phiên bản đã phát hành trước đó.{why}"


def principal_time(view: SheetView) -> str | None:
    """When the principal signed, which dates the sheet; ``None`` while unsigned."""
    return next((s.time for s in view.stamps if s.role == SignerRole.PRINCIPAL), None)


def surroundings(view: SheetView) -> dict[str, Any]:
    """What stands around a sheet of any form: whose it is, place and date, seal, footer, markings."""
    sheet, pupil = view.sheet, view.sheet.pupil
    return {
        "year": sheet.year,
        "grade": sheet.grade,
        "name": printed(pupil.full_name),
        "class": printed(sheet.class_name),
        "birth": vn_date(pupil.birth_date),
        "sex": pupil.sex,
        "ethnic": printed(pupil.ethnic_group),
        "absent": count(absent(sheet)),
        "excused": count(sheet.days_absent_excused),
        "unexcused": count(sheet.days_absent_unexcused),
        "pupil_code": pupil.code if len(pupil.code) <= 20 else printed(pupil.code),
        "school": printed(f"{sheet.school.name}, {sheet.school.commune}, {sheet.school.province}"),
        "homeroom_comment": printed(sheet.homeroom_comment) if sheet.homeroom_comment else None,
        "place": printed(place_and_date(sheet.place, principal_time(view))),
        "seal": seal_content(view.seal),
        "footer": footer_content(view),
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
        "father": person(pupil.father),
        "mother": person(pupil.mother),
        "guardian": person(pupil.guardian),
        "father_occupation": printed(pupil.father_occupation),
        "mother_occupation": printed(pupil.mother_occupation),
        "policy_family": printed(pupil.policy_family),
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
