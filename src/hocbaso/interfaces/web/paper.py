"""The official form as HTML: every word comes from the stored bytes of the sheet."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from hocbaso.apps.common import clock
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature, YearSheet
from hocbaso.core.document.emit import short_digest
from hocbaso.core.document.forms import is_primary
from hocbaso.core.document.model import PrimaryResult, SignerRole, SubjectLine
from hocbaso.core.document.model import YearSheet as Model
from hocbaso.core.document.parse import parse_sheet
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.engines.rendering.content import place_and_date, stamp_time
from hocbaso.engines.trust.qr import verification_url
from hocbaso.interfaces.web import paper_secondary, qr

DASH = "–"
_SUBJECT = re.compile(rb' URI="#mon-([a-z0-9-]+)"')


def role_words(role: str, class_name: str) -> str:
    """``Giáo viên chủ nhiệm lớp 3B``."""
    return {
        "gvbm": _("Giáo viên môn học"),
        "gvcn": _("Giáo viên chủ nhiệm lớp %(name)s") % {"name": class_name},
        "hieu_truong": _("Hiệu trưởng"),
        "con_dau": _("Con dấu số của trường"),
    }[role]


def signature_line(signature: SheetSignature, sheet: YearSheet) -> dict[str, Any]:
    """One signature for the list under the form."""
    serial = signature.certificate.serial.upper()
    serial = serial.zfill(len(serial) + len(serial) % 2)
    role = role_words(signature.role, sheet.school_class.name)
    if signature.role == SignerRole.SUBJECT_TEACHER:
        role = f"{role}: {', '.join(_subjects_of(signature, sheet))}"
    return {
        "role": role,
        "name": signature.signer_name,
        "at": signature.signed_at,
        "serial": " ".join(serial[i : i + 2] for i in range(0, len(serial), 2)),
        "seal": signature.role == SignerRole.SEAL,
    }


def _subjects_of(signature: SheetSignature, sheet: YearSheet) -> list[str]:
    """The names of the subjects that a subject teacher's signature covers."""
    names = {line.code: line.name for line in parse_sheet(bytes(sheet.body)).subjects}
    codes = (code.decode() for code in _SUBJECT.findall(bytes(signature.text)))
    return [names.get(code, code) for code in codes]


def tables(model: Model) -> dict[str, Any]:
    """The sections of the form of the sheet's level as plain values."""
    sections = _primary(model) if is_primary(model) else paper_secondary.tables(model)
    return {**sections, "notes": _notes(model)}


def _primary(model: Model) -> dict[str, Any]:
    """Sections 1 to 6 of the primary form."""
    traits, result = model.traits, model.result
    assert traits is not None
    assert isinstance(result, PrimaryResult)
    awards = ([result.title.value] if result.title else []) + list(result.other_awards)
    return {
        "subjects": [
            {
                "name": line.name,
                "level": line.level or (_("Miễn") if line.exempt else DASH),
                "score": DASH if line.score is None else str(line.score),
                "comment": _subject_comment(line.comment, line.exempt if line.level is None else None),
            }
            for line in model.subjects
            if isinstance(line, SubjectLine)
        ],
        "qualities": _group(traits.qualities, traits.qualities_comment),
        "general": _group(traits.general_competences, traits.general_comment),
        "specific": _group(traits.specific_competences, traits.specific_comment),
        "overall": result.overall.value,
        "awards": "; ".join(awards) or _("Không"),
        "completion": result.completion.value,
        "completion_heading": _("Hoàn thành chương trình tiểu học")
        if model.grade == 5
        else _("Hoàn thành chương trình lớp học"),
        "homeroom_comment": model.homeroom_comment,
    }


def _subject_comment(comment: str | None, exempt: str | None) -> str:
    if not exempt:
        return comment or ""
    return _("Được miễn: %(why)s") % {"why": exempt} + (f". {comment}" if comment else "")


def _group(items: Any, comment: str | None) -> dict[str, Any]:
    return {"items": [(item.name, item.level or DASH) for item in items], "comment": comment or ""}


def _notes(model: Model) -> list[str]:
    notes = []
    if model.version > 1:
        why = _(" Lý do: %(why)s.") % {"why": model.replace_reason} if model.replace_reason else ""
        notes.append(
            _("Phiên bản %(n)s thay thế phiên bản đã phát hành trước đó.") % {"n": model.version} + why
        )
    if model.remarks:
        remarks = "; ".join(remark.rstrip(".") for remark in model.remarks)
        notes.append(_("Ghi nhận khi chốt: %(remarks)s.") % {"remarks": remarks})
    return notes


def of_sheet(
    sheet: YearSheet, signatures: list[SheetSignature], issued: IssuedSheet | None
) -> dict[str, Any]:
    """Everything the form shows of a stored sheet."""
    model = parse_sheet(bytes(sheet.body))
    by_role = {s.role: s for s in signatures}
    principal = by_role.get(SignerRole.PRINCIPAL)
    url = verification_url(settings.HOCBASO_PUBLIC_URL, sheet.code, sheet.digest)
    parts = urlsplit(url)
    absent = (model.days_absent_excused, model.days_absent_unexcused)
    state = _("Phiên bản %(n)s, chưa phát hành") % {"n": sheet.version}
    if issued:
        local = issued.issued_at.astimezone(clock.VIETNAM)
        state = _("Phiên bản %(n)s, phát hành %(time)s ngày %(day)s") % {
            "n": sheet.version,
            "time": f"{local:%H:%M:%S}",
            "day": f"{local:%d/%m/%Y}",
        }
    return {
        "sandbox": model.environment != "chinh_thuc",
        "year": model.year,
        "name": model.pupil.full_name,
        "class": model.class_name,
        "birth": format_vi(model.pupil.birth_date),
        "sex": model.pupil.sex,
        "ethnic": model.pupil.ethnic_group,
        "height": DASH if model.height_cm is None else f"{model.height_cm} cm",
        "weight": DASH if model.weight_kg is None else f"{model.weight_kg} kg",
        "absent": DASH if None in absent else sum(n or 0 for n in absent),
        "excused": DASH if absent[0] is None else absent[0],
        "unexcused": DASH if absent[1] is None else absent[1],
        "pupil_code": model.pupil.code,
        "school": f"{model.school.name}, {model.school.commune}, {model.school.province}",
        "place": place_and_date(model.place, clock.iso_seconds(principal.signed_at) if principal else None),
        "principal": _signatory(model, by_role, SignerRole.PRINCIPAL),
        "homeroom": _signatory(model, by_role, SignerRole.HOMEROOM),
        "seal": {"school": model.school.name, "time": stamp_time(clock.iso_seconds(issued.issued_at))}
        if issued
        else None,
        "qr": qr.svg(url, _("Mã QR để xác thực")) if issued else "",
        "site": parts.netloc + parts.path,
        "state": state,
        "digest": short_digest(sheet.digest),
        "code": sheet.code,
        **tables(model),
    }


def _signatory(model: Model, by_role: dict[str, SheetSignature], role: SignerRole) -> dict[str, Any]:
    signature = by_role.get(role)
    person = next((p for p in model.responsible if p.role == role), None)
    name = signature.signer_name if signature else person.name if person else ""
    stamp = None
    if signature:
        stamp = {
            "name": signature.signer_name,
            "role": role_words(role, model.class_name),
            "time": stamp_time(clock.iso_seconds(signature.signed_at)),
        }
    return {"name": name, "stamp": stamp}
