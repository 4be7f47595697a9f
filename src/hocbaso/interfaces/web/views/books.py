"""Sổ sách: the books with what each is for, the files, and the way from a printed sheet to its page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.parts import RECORD, TRAITS
from hocbaso.apps.assessment.policies import class_assignments, teaches
from hocbaso.apps.books.empty_sheets import parts_of
from hocbaso.apps.books.kinds import KINDS, BookKind, BookTarget, Kind, fits, moment_label, moments_for
from hocbaso.apps.books.page_codes import find_part, read_page_code
from hocbaso.apps.books.use_cases.export_book import BookRequest, export_book
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.progress import working_year
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotFound
from hocbaso.interfaces.web.views import actor_of, class_of, policy, require_actor, school_of

_FORMATS = {"pdf": "PDF", "xlsx": "Excel"}


def _purpose(kind: Kind) -> str:
    """What the book is for, in the language of the page."""
    return {
        Kind.CLASS_SUMMARY: _(
            "Chín mẫu của Thông tư 27/2020: mức đạt được, điểm kiểm tra, phẩm chất, năng lực của cả lớp."
        ),
        Kind.SUBJECT_BOOK: _(
            "Điểm, nhận xét từng học kỳ của một môn; giáo viên môn học ký và nộp (Thông tư 22/2021)."
        ),
        Kind.CLASS_BOOK: _(
            "Kết quả mọi môn, học tập, rèn luyện, lên lớp, danh hiệu; giáo viên chủ nhiệm ký và nộp."
        ),
        Kind.REGISTER: _("Mọi học sinh vào trường theo số đăng bộ; số này ghi trên học bạ."),
        Kind.HOMEROOM: _("Danh sách, liên hệ gia đình, sinh nhật, kết quả, chuyên cần và trang để ghi tay."),
        Kind.ENTRY_SHEETS: _(
            "In sẵn cho ngày mất điện, mất mạng: ghi tay, sau đó quét mã ở góc phiếu để nhập đúng trang."
        ),
        Kind.SLIPS: _("Phát cho từng gia đình; mỗi phiếu chỉ có kết quả của một học sinh."),
    }[kind]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the page is set to."""

    school: Organisation
    year: str
    classes: list[SchoolClass]
    in_class: SchoolClass | None
    moment: str
    subject: str
    parts: list[tuple[str, str]]


def _chosen(request: HttpRequest) -> _Chosen:
    """The class, moment and subject of the page; three queries at most, four in secondary."""
    school = school_of(request)
    policy(request, "books.view", school)
    post = actor_of(request).assignment
    own = post.school_class if post else None
    if own is not None:
        classes, year = [own], own.school_year
    else:
        year = working_year(school)
        classes = list(SchoolClass.objects.filter(school=school, school_year=year).select_related("school"))
    wanted = request.GET.get("lop", "")
    in_class = own or next((c for c in classes if str(c.pk) == wanted), None)
    if in_class is None:
        return _Chosen(school, year, classes, None, "", "", [])
    moments = moments_for(Kind.SLIPS, in_class.grade)
    moment = request.GET.get("dot", "")
    try:
        parts = parts_of(in_class)
    except DomainError:  # a kindergarten class, or a year before the programme: nothing to choose
        parts = []
    parts = _own(actor_of(request), in_class, parts)
    subject = request.GET.get("mon", "") or (
        parts[0][0] if _teaches_only(actor_of(request)) and parts else ""
    )
    return _Chosen(
        school,
        year,
        classes,
        in_class,
        moment if moment in moments else moments[-1],
        subject if any(code == subject for code, _name in parts) else "",
        parts,
    )


def _teaches_only(actor: Actor) -> bool:
    return actor.role == Role.SUBJECT_TEACHER


def _own(actor: Actor, in_class: SchoolClass, parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A subject teacher chooses among the own subjects. One query for him, none for others."""
    if not _teaches_only(actor) or actor.user is None:
        return parts
    posts = class_assignments(in_class)
    return [(c, n) for c, n in parts if c not in (TRAITS, RECORD) and teaches(posts, c, actor.user.pk)]


@require_actor
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """``/truong/so-sach/``: the books that the actor may take out, by class."""
    chosen = _chosen(request)
    in_class = chosen.in_class
    moments = moments_for(Kind.SLIPS, in_class.grade) if in_class else ()
    lines = [line for kind in KINDS.values() if (line := _line(request, chosen, kind))]
    context = {
        "school": chosen.school,
        "year": chosen.year,
        "classes": chosen.classes,
        "chosen": in_class,
        "moment": chosen.moment,
        "moments": [(m, moment_label(m, in_class.grade)) for m in moments] if in_class else [],
        "subject": chosen.subject,
        "parts": chosen.parts,
        "books": lines,
    }
    return render(request, "web/books/index.html", context)


def _line(request: HttpRequest, chosen: _Chosen, kind: BookKind) -> dict[str, object] | None:
    """One book as the page shows it; none where the actor may not take it out, or the level has none."""
    in_class = chosen.in_class
    if kind.needs_class and in_class is not None and not fits(kind.kind, in_class):
        return None
    if kind.needs_class and in_class is None and not any(fits(kind.kind, c) for c in chosen.classes):
        return None
    target = BookTarget(chosen.school, kind.kind, in_class, chosen.subject)
    if not allowed(actor_of(request), "books.export", target):
        return None
    line: dict[str, object] = {"name": kind.name, "purpose": _purpose(kind.kind), "slug": kind.slug}
    if kind.needs_class and in_class is None:
        return {**line, "lacks": _("Thầy cô chọn lớp ở trên.")}
    if kind.needs_subject and not chosen.subject:
        return {**line, "lacks": _("Thầy cô chọn môn học ở trên.")}
    values, note = _values(chosen, kind)
    files = [(_FORMATS[f], _url(kind, {**values, "dang": f})) for f in kind.formats]
    return {**line, "lacks": "", "note": note, "files": files, "more": _more(chosen, kind, values)}


def _values(chosen: _Chosen, kind: BookKind) -> tuple[dict[str, str], str]:
    """The address's values, and in words what they choose."""
    in_class = chosen.in_class
    if not kind.needs_class or in_class is None:
        return {}, _("Học sinh vào trường năm học %(year)s") % {"year": chosen.year}
    values, words = {"lop": str(in_class.pk)}, [_("Lớp %(name)s") % {"name": in_class.name}]
    names = dict(chosen.parts)
    if kind.kind in (Kind.SUBJECT_BOOK, Kind.ENTRY_SHEETS) and chosen.subject:
        values["mon"] = chosen.subject
        words.append(names[chosen.subject])
    if kind.moments:
        moment = _moment(chosen, kind.kind, in_class.grade)
        values["dot"] = moment
        words.append(moment_label(moment, in_class.grade))
    return values, " · ".join(words)


def _moment(chosen: _Chosen, kind: Kind, grade: int) -> str:
    """The chosen moment, or the semester it lies in where the book knows semesters only."""
    moments = moments_for(kind, grade)
    if chosen.moment in moments:
        return chosen.moment
    return moments[0] if chosen.moment in ("ghk1", "chk1") else moments[-1]


def _more(chosen: _Chosen, kind: BookKind, values: dict[str, str]) -> list[tuple[str, str]]:
    """Further ways in which the same book comes."""
    if kind.kind is Kind.SLIPS:
        return [
            (_("4 phiếu một trang, không nhận xét"), _url(kind, {**values, "dang": "pdf", "so-phieu": "4"}))
        ]
    if kind.kind is Kind.REGISTER:
        return [
            (_("Cả sổ, %(format)s") % {"format": _FORMATS[f]}, _url(kind, {"dang": f, "ca-so": "1"}))
            for f in kind.formats
        ]
    if kind.kind is Kind.CLASS_BOOK and chosen.in_class is not None:
        grade = chosen.in_class.grade
        return [
            (
                _("Riêng bảng %(moment)s") % {"moment": _inside(moment_label(m, grade))},
                _url(kind, {**values, "dot": m, "dang": "pdf"}),
            )
            for m in moments_for(kind.kind, grade)
        ]
    return []


def _inside(label: str) -> str:
    """A label inside a sentence: "học kỳ I"."""
    return label[:1].lower() + label[1:]


def _url(kind: BookKind, values: dict[str, str]) -> str:
    return reverse("web:books-file", args=[kind.slug]) + "?" + urlencode(values)


@require_actor
@require_safe
def download(request: HttpRequest, slug: str) -> HttpResponse:
    """One book as a file; every export is on record.

    :raises NotFound: ``not_found``, ``no_such_class``. :raises DomainError: as ``export_book``.
    """
    kind = next((k for k in KINDS.values() if k.slug == slug), None)
    if kind is None:
        raise NotFound("not_found", what=_("loại sổ này"))
    school = school_of(request)
    policy(request, "books.view", school)
    in_class = _class(request, school) if kind.needs_class else None
    made = export_book(
        actor_of(request),
        BookRequest(
            kind.kind,
            school,
            in_class.school_year if in_class else working_year(school),
            in_class,
            subject=request.GET.get("mon", ""),
            moment=request.GET.get("dot", ""),
            format=request.GET.get("dang", "pdf"),
            whole="ca-so" in request.GET,
            per_page=4 if request.GET.get("so-phieu") == "4" else 2,
        ),
    )
    header = content_disposition_header(as_attachment=True, filename=made.name)
    return HttpResponse(
        made.content, content_type=made.media_type, headers={"Content-Disposition": header or "attachment"}
    )


def _class(request: HttpRequest, school: Organisation) -> SchoolClass | None:
    """The class that the address names; none where it names none. One query.

    :raises NotFound: ``no_such_class``: not of this school.
    """
    wanted = request.GET.get("lop", "")
    if not wanted:
        return None
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10 else 0
    found = SchoolClass.objects.select_related("school").filter(pk=number, school=school).first()
    if found is None:
        raise NotFound("no_such_class")
    return found


@require_actor
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """``?ma=``: the code typed in by hand."""
    policy(request, "books.view", school_of(request))
    typed = request.GET.get("ma", "").strip()
    if not typed:
        return redirect("web:books")
    return _to_page(request, typed)


@require_actor
@require_safe
def place(request: HttpRequest, code: str) -> HttpResponse:
    """The address in the QR code of an entry sheet: on to the gradebook's page, which asks its own policy."""
    policy(request, "books.view", school_of(request))
    return _to_page(request, code)


def _to_page(request: HttpRequest, typed: str) -> HttpResponse:
    found = read_page_code(typed)
    in_class = class_of(request, found.class_id, "assessment.view_class")
    part = find_part(found, [code for code, _name in parts_of(in_class)])
    address = reverse("web:gradebook-sheet", args=[in_class.pk, part])
    return redirect(f"{address}?{urlencode({'dot': found.moment})}")
