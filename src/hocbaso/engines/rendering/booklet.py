"""The rendition of digital transcripts: the ministry's paper form as PDF/A-3b (``trust.md`` section 6)."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime
from itertools import pairwise
from typing import Any

from PIL import Image

from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.rendering.compiler import compile_pdf
from hocbaso.engines.rendering.content import cover_content, utc
from hocbaso.engines.rendering.content_primary import primary_content
from hocbaso.engines.rendering.content_secondary import secondary_content
from hocbaso.engines.rendering.forms import Form, form_of
from hocbaso.engines.rendering.printable import require_printable_sheet
from hocbaso.engines.rendering.views import Booklet, SheetView

register(
    {
        "booklet_without_sheets": (
            "Học bạ chưa có tờ năm học nào nên chưa in được.",
            "A booklet needs at least one year sheet.",
        ),
        "booklet_year_twice": (
            "Năm học {year} có hai tờ trong cùng một học bạ. Thầy cô hãy chọn một phiên bản của năm học này.",
            "The school year {year} occurs twice in one booklet.",
        ),
        "booklet_of_two_pupils": (
            "Các tờ năm học không cùng một học sinh nên không in chung thành một học bạ.",
            "The year sheets belong to different pupils.",
        ),
        "booklet_of_two_levels": (
            "Các tờ năm học thuộc hai cấp học khác nhau; mỗi cấp học có một học bạ riêng.",
            "The year sheets belong to different school levels.",
        ),
        "booklet_photo_unreadable": (
            "Không mở được ảnh của học sinh. Chỉ dùng ảnh PNG hoặc JPEG.",
            "The portrait is not a readable PNG or JPEG image.",
        ),
        "photo_not_signed": (
            "Ảnh không phải ảnh đã ghi trong tờ học bạ được ký nên không in kèm được.",
            "The portrait's digest differs from the one in the signed sheet.",
        ),
    }
)


def render_sheet(view: SheetView) -> bytes:
    """One year sheet alone, usually two A4 pages, its XML attached as ``hocba.xml``.

    Same input, same bytes: the file's time is the time of issue (of freezing, for a draft).

    :raises DomainError: ``character_not_printable``, ``template_unknown``, ``template_of_other_level``,
        ``rendering_failed``.
    """
    form = form_of(view.sheet)
    require_printable_sheet(view.sheet)
    data = {
        "kind": "sheet",
        "sheets": [sheet_content(view, form)],
        "attachments": _attachment_names((view,)),
        **_metadata(view, f"Tờ học bạ năm học {view.sheet.year}"),
    }
    return compile_pdf(form.entry, data, _attachments((view,)), _time(view))


def render_booklet(data: Booklet) -> bytes:
    """The whole booklet of one level: cover, guidance, personal page, study history, one sheet a year, oldest
    first. Years in general and in continuing education stand in one booklet, each with its own words.

    The newest sheet's XML is attached as ``hocba.xml``, the others as ``hocba-<year>.xml``.

    :raises DomainError: as :func:`render_sheet`, and ``booklet_without_sheets``, ``booklet_year_twice``,
        ``booklet_of_two_pupils``, ``booklet_of_two_levels``, ``booklet_photo_unreadable``,
        ``photo_not_signed``.
    """
    views = _ordered(data.sheets)
    forms = [form_of(view.sheet) for view in views]
    for view in views:
        require_printable_sheet(view.sheet)
    newest, form = views[-1], forms[-1]
    photo = _checked_photo(data.photo, newest)
    content = {
        "kind": "booklet",
        "cover": cover_content(newest, photo),
        "sheets": [sheet_content(view, own) for view, own in zip(views, forms, strict=True)],
        "attachments": _attachment_names(views),
        **_metadata(newest, form.title),
    }
    return compile_pdf(form.entry, content, _attachments(views), _time(newest))


def sheet_content(view: SheetView, form: Form) -> dict[str, Any]:
    """Everything that the pages of one year print, on its form."""
    primary = form.level is SchoolLevel.PRIMARY
    return primary_content(view) if primary else secondary_content(view, form)


def _ordered(sheets: tuple[SheetView, ...]) -> tuple[SheetView, ...]:
    """By school year; refuses what cannot be one booklet."""
    if not sheets:
        raise DomainError("booklet_without_sheets")
    views = tuple(sorted(sheets, key=lambda view: view.sheet.year))
    for earlier, later in pairwise(views):
        if earlier.sheet.year == later.sheet.year:
            raise DomainError("booklet_year_twice", year=later.sheet.year)
        if earlier.sheet.pupil.code != later.sheet.pupil.code:
            raise DomainError("booklet_of_two_pupils")
        if earlier.sheet.school_level != later.sheet.school_level:
            raise DomainError("booklet_of_two_levels")
    return views


def _checked_photo(photo: bytes | None, newest: SheetView) -> bytes | None:
    """The portrait, if it is the very file that the newest sheet names."""
    if photo is None:
        return None
    named = newest.sheet.pupil.photo
    if named is None or hashlib.sha256(photo).hexdigest() != named.digest:
        raise DomainError("photo_not_signed")
    try:
        Image.open(io.BytesIO(photo), formats=("PNG", "JPEG")).load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DomainError("booklet_photo_unreadable") from error
    return photo


def _time(view: SheetView) -> datetime:
    return utc(view.seal.time if view.seal else view.sheet.frozen_at)


def _metadata(view: SheetView, title: str) -> dict[str, object]:
    when = _time(view)
    return {
        "title": f"{title} – {view.sheet.pupil.full_name}",
        "author": view.sheet.school.name,
        "keywords": [view.sheet.code, f"phien-ban-{view.sheet.version}", view.sheet.template],
        "date": [when.year, when.month, when.day, when.hour, when.minute, when.second],
    }


def _attachment_names(views: tuple[SheetView, ...]) -> list[dict[str, str]]:
    """Name and description of every attachment, newest first."""
    return [
        {
            "name": "hocba.xml" if view is views[-1] else f"hocba-{view.sheet.year}.xml",
            "about": f"Tờ năm học {view.sheet.year} đã ký, mã {view.sheet.code}, "
            f"phiên bản {view.sheet.version}",
        }
        for view in reversed(views)
        if view.xml
    ]


def _attachments(views: tuple[SheetView, ...]) -> dict[str, str]:
    """Attachment name → text. Stored documents are UTF-8 by profile, so decoding loses no byte."""
    with_xml = [view for view in reversed(views) if view.xml]
    names = [entry["name"] for entry in _attachment_names(views)]
    return {name: view.xml.decode() for name, view in zip(names, with_xml, strict=True)}
