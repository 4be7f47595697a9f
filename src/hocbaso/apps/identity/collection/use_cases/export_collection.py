"""Take the collection workbook out: a class, several, the whole school, and staff; only who is not
verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.audit import chain
from hocbaso.apps.identity.collection.stamps import shown_of, stamp_of
from hocbaso.apps.identity.collection.wording import difference_words, state_words, to_do_words, who_words
from hocbaso.apps.identity.queries import Row, rows_of_class, rows_of_staff
from hocbaso.apps.identity.states import Person
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy import watermark
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.models import ViewKind
from hocbaso.apps.pupils.models import IdentityState, SchoolClass
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.engines.workbooks.collection_form import Line, Page, write_collection
from hocbaso.engines.workbooks.form_writer import Stamp

register(
    {
        "collection_no_class": (
            "Năm học {year} không có lớp nào để thầy cô thu thập.",
            "There is no class to collect for in {year}.",
        ),
        "collection_all_verified": (
            "Mọi người trong phạm vi đã chọn đều đã xác thực, không còn ai phải thu thập.",
            "Everybody in the scope is verified.",
        ),
    }
)

PURPOSE = "Thu thập, sửa thông tin định danh theo giấy tờ (Nghị định 88/2026/NĐ-CP Điều 9)"


@dataclass(frozen=True, slots=True)
class Exported:
    """A workbook ready to be handed out."""

    file_name: str
    content: bytes
    number: str  # of the export, also printed in it
    pupils: int
    staff: int
    sheets: tuple[str, ...]


def classes_for(actor: Actor, school: Organisation, year: str) -> list[SchoolClass]:
    """The classes of the year for which the actor may collect, in order. One query."""
    rows = SchoolClass.objects.filter(school=school, school_year=year, closed_on=None).select_related(
        "school"
    )
    return [row for row in rows if allowed(actor, "collection.class", row)]


@transaction.atomic
def export_collection(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    classes: Sequence[SchoolClass] | None = None,
    staff: bool = False,
) -> Exported:
    """The workbook of all who are not verified; on record with its number and in the view log.

    :param classes: these only; all that the actor may collect for when left out.
    :param staff: with a sheet of the school's staff.
    :raises NotAllowed: policies ``collection.class`` (of every class), ``collection.staff``.
    :raises DomainError: ``collection_no_class``, ``collection_all_verified``.
    """
    chosen = classes_for(actor, school, year) if classes is None else list(classes)
    for school_class in chosen:
        require(actor, "collection.class", school_class)
    if staff:
        require(actor, "collection.staff", school)
    if not chosen and not staff:
        raise DomainError("collection_no_class", year=year)
    groups = [(c, [row for row in rows_of_class(c) if _open(row)]) for c in chosen]
    pages = [_class_page(c, rows) for c, rows in groups if rows]
    members = [row for row in rows_of_staff(school) if _open(row)] if staff else []
    if members:
        pages.append(_page("Cán bộ", f"THU THẬP SỐ ĐỊNH DANH CÁN BỘ, GIÁO VIÊN - NĂM HỌC {year}", members))
    if not pages:
        raise DomainError("collection_all_verified")
    mark = watermark.begin(actor)
    content = write_collection(
        pages,
        school=school.name,
        school_code=school.code,
        year=year,
        stamp=Stamp(mark.by, mark.at),
        mark=mark.line,
    )
    pupils = sum(len(rows) for _class, rows in groups)
    what = "collection"
    watermark.finish(
        actor, mark, PURPOSE, what=what, content=content, persons=pupils + len(members), unit=school
    )
    _log(actor, school, year, groups, members)
    chain.record(
        actor,
        "identity.collection_export",
        mark.number,
        organisation=school.code,
        school_year=year,
        classes=[c.name for c, rows in groups if rows],
        pupils=pupils,
        staff=len(members),
    )
    scope = chosen[0].name if len(chosen) == 1 and not staff else ("can-bo" if not chosen else "truong")
    name = f"thu-thap-dinh-danh-{school.code}-{scope}-{year}.xlsx"
    return Exported(name, content, mark.number, pupils, len(members), tuple(page.name for page in pages))


def _open(row: Row) -> bool:
    return row.state != IdentityState.VERIFIED


def _log(
    actor: Actor,
    school: Organisation,
    year: str,
    groups: Sequence[tuple[SchoolClass, list[Row]]],
    members: Sequence[Row],
) -> None:
    for school_class, rows in groups:
        people: list[Person] = [row.person for row in rows]
        viewed(actor, people, ViewKind.EXPORT, "collection", school_class=school_class, purpose=PURPOSE)
    viewed(
        actor, [row.person for row in members], ViewKind.EXPORT, "collection", unit=school, purpose=PURPOSE
    )


def _class_page(school_class: SchoolClass, rows: Sequence[Row]) -> Page:
    title = f"THU THẬP SỐ ĐỊNH DANH - LỚP {school_class.name} - NĂM HỌC {school_class.school_year}"
    return _page(f"Lớp {school_class.name}", title, rows)


def _page(name: str, title: str, rows: Sequence[Row]) -> Page:
    staff = rows[0].school_class is None and not rows[0].enrolment
    return Page(name, title, [_line(row, staff=staff) for row in rows], staff=staff)


def _line(row: Row, *, staff: bool) -> Line:
    held = shown_of(row.person)
    return Line(
        code=row.person.code,
        full_name=held["full_name"],
        birth_date=format_vi(held["birth_date"]) if held["birth_date"] else "",
        sex=held["sex"],
        personal_number=held["personal_number"],
        province=held.get("province", ""),
        commune=held.get("commune", ""),
        state=state_words(row),
        differences=difference_words(row),
        responsible=who_words(row, staff=staff),
        to_do=to_do_words(row, staff=staff),
        stamp=stamp_of(held),
    )
