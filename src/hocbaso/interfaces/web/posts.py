"""A person's posts in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.accounts.queries import PostChoice
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.regulation.programme import TT32_PRIMARY
from hocbaso.core.regulation.secondary import SECONDARY_PROGRAMMES
from hocbaso.interfaces.web.nav import post_label


@dataclass(frozen=True, slots=True)
class Described:
    """One choice as the page shows it."""

    id: int
    title: str
    unit: str
    may: str
    terms: str  # from when to when, by which decision
    checked: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A post that is over."""

    title: str
    unit: str
    until: date | None


def subject_names(codes: tuple[str, ...], grade: int) -> str:
    """``Tiếng Anh, Tin học`` for codes of the programme; codes that it does not know stay as they are."""
    names = {}
    if grade in TT32_PRIMARY.grades:
        names = {line.code: line.short_name for line in TT32_PRIMARY.grades[grade].lines}
    for programme in SECONDARY_PROGRAMMES:
        if grade in programme.grades:
            names |= {subject.code: subject.name for subject in programme.grades[grade].subjects}
    return ", ".join(names.get(code, code) for code in codes if code != "*")


def _title(choice: PostChoice) -> str:
    post = choice.post
    if post.role == Role.SUBJECT_TEACHER and post.school_class is not None:
        names = subject_names(choice.subjects, post.school_class.grade)
        if names:
            return _("Giáo viên %(subjects)s lớp %(class)s") % {
                "subjects": names,
                "class": post.school_class.name,
            }
    return post_label(post)


def _may(post: Assignment, pupils: int) -> str:
    """What the post may do, in a sentence."""
    sentences = {
        Role.PRINCIPAL: _("Duyệt kết quả, ký học bạ của cả trường."),
        Role.DEPUTY_PRINCIPAL: _("Xem kết quả và học bạ của cả trường."),
        Role.SEAL_KEEPER: _("Đóng dấu số, phát hành học bạ."),
        Role.GROUP_HEAD: _("Theo dõi kết quả các môn của tổ."),
        Role.GROUP_DEPUTY: _("Theo dõi kết quả các môn của tổ."),
        Role.DATA_CLERK: _("Nhập danh sách học sinh, cán bộ và kết quả từ Excel."),
        Role.COMMUNE_OFFICER: _("Theo dõi tiến độ của các trường thuộc xã, phường."),
        Role.DEPARTMENT_OFFICER: _("Theo dõi tiến độ của các trường trong tỉnh."),
        Role.MINISTRY_OFFICER: _("Theo dõi tiến độ của các tỉnh."),
        Role.AUDITOR: _("Xem nhật ký hệ thống."),
        Role.SYSTEM_ADMIN: _("Quản trị đơn vị, tài khoản và phân công."),
    }
    if post.role == Role.HOMEROOM:
        return _("Nhận xét, chốt lớp, ký học bạ của %(n)s học sinh.") % {"n": pupils}
    if post.role == Role.SUBJECT_TEACHER:
        return _("Nhập kết quả môn học của %(n)s học sinh.") % {"n": pupils}
    return sentences[Role(post.role)]


def _terms(post: Assignment) -> str:
    if post.valid_to is None:
        return ""
    span = _("Từ %(from)s đến hết %(to)s") % {
        "from": f"{post.valid_from:%d/%m/%Y}",
        "to": f"{post.valid_to:%d/%m/%Y}",
    }
    if post.decision_number and post.decision_date:
        return _("%(span)s, theo Quyết định số %(number)s ngày %(date)s.") % {
            "span": span,
            "number": post.decision_number,
            "date": f"{post.decision_date:%d/%m/%Y}",
        }
    return f"{span}."


def described(choices: list[PostChoice], chosen: int | None) -> list[Described]:
    """The choices in words; the present one (else the first) is ticked. One query."""
    classes = [c.post.school_class_id for c in choices if c.post.school_class_id]
    sizes = dict(
        Enrolment.objects.filter(school_class__in=classes)
        .values_list("school_class")
        .annotate(n=Count("pk", filter=Q(active=True)))
        .values_list("school_class", "n")
    )
    if chosen not in {c.post.pk for c in choices}:
        chosen = choices[0].post.pk if choices else None
    return [
        Described(
            c.post.pk,
            _title(c),
            c.post.organisation.name,
            _may(c.post, sizes.get(c.post.school_class_id or 0, 0)),
            _terms(c.post),
            c.post.pk == chosen,
        )
        for c in choices
    ]


def ended(posts: list[Assignment]) -> list[Ended]:
    """Posts that are over, in words."""
    return [Ended(post_label(p), p.organisation.name, p.valid_to) for p in posts]
