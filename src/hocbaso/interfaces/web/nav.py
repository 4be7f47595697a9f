"""The main menu: only what the actor's policy allows, so that no item leads to a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from hocbaso.apps.accounts.door import Actor, allowed, holds
from hocbaso.apps.accounts.models import SIGNING_ROLES, Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.signing.elsewhere.places import has_places
from hocbaso.apps.signing.seats import primary_too

#: Posts whose home is the managing levels' page.
MANAGING_ROLES = frozenset(
    {Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER, Role.MINISTRY_OFFICER, Role.AUDITOR, Role.SYSTEM_ADMIN}
)


@dataclass(frozen=True, slots=True)
class NavItem:
    """One item as the template shows it."""

    label: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class NavGroup:
    """One entry of the top line: a page, or a group that opens with its first page."""

    label: str
    url: str
    current: bool
    items: tuple[NavItem, ...]  # more than one: the second line, while the group is current


@dataclass(frozen=True, slots=True)
class _Entry:
    label: str
    url: str
    test: Callable[[Actor, Organisation, SchoolClass], bool]
    homeroom_label: str = ""
    also: tuple[str, ...] = ()  # addresses of the same area that begin otherwise


def _any(*permissions: str) -> Callable[[Actor, Organisation, SchoolClass], bool]:
    """Any of these permissions on the school."""
    return lambda actor, school, _class: any(allowed(actor, p, school) for p in permissions)


def _on_class(*permissions: str) -> Callable[[Actor, Organisation, SchoolClass], bool]:
    """Any of these permissions on the post's own class, or on any class of the school."""
    return lambda actor, _school, school_class: any(allowed(actor, p, school_class) for p in permissions)


def _signs(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    if allowed(actor, "signing.principal", school) or allowed(actor, "signing.homeroom", school_class):
        return True
    if school_class.grade is None or not allowed(actor, "signing.subject", school_class):
        return False
    if school_class.grade > 5 or actor.user is None:
        return school_class.grade > 5
    # primary: by the dated setting (one query, two where somebody has set it); what was closed under a former
    # one stands on the home page
    return primary_too([school], clock.today())[school.pk]


def _in_school(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    return actor.role not in MANAGING_ROLES


def _managing(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    return actor.role in MANAGING_ROLES


def _any_in_school(permission: str) -> Callable[[Actor, Organisation, SchoolClass], bool]:
    return lambda actor, school, _class: (
        actor.role not in MANAGING_ROLES and allowed(actor, permission, school)
    )


def _watching(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    """No query: the unit is the actor's own."""
    return actor.role in MANAGING_ROLES and allowed(actor, "periods.view_cases", school)


def _watches_identity(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    """No query: the unit is the actor's own."""
    return actor.role in MANAGING_ROLES and allowed(actor, "identity.watch", school)


def _watches_certificates(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    """No query: the unit is the actor's own."""
    return actor.role in MANAGING_ROLES and allowed(actor, "certificates.watch", school)


def _chooses_place(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    """Whoever signs, where the node knows more places than its own. No query."""
    return actor.second_factor and actor.role in SIGNING_ROLES and has_places()


def _watches_archive(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    """No query: the unit is the actor's own."""
    return actor.role in MANAGING_ROLES and allowed(actor, "preservation.watch", school)


def _sets_defaults(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    return actor.role == Role.DEPARTMENT_OFFICER and allowed(actor, "periods.set", school)


def _photos(actor: Actor, school: Organisation, school_class: SchoolClass) -> bool:
    """Whoever may add photos, and the leaders, who see which class lacks them."""
    return allowed(actor, "pupils.photos", school_class) or holds(
        actor, school.pk or 0, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL
    )


_ENTRIES = (
    _Entry(gettext_noop("Việc hôm nay"), "/truong/", _in_school),
    _Entry(gettext_noop("Tiến độ"), "/quan-ly/", _managing),
    _Entry(gettext_noop("Học sinh"), "/truong/hoc-sinh/", _on_class("pupils.view_class")),
    _Entry(
        gettext_noop("Nhập từ Excel"),
        "/truong/nhap-lieu/",
        _any("pupils.import", "accounts.import_staff", "assessment.import_results", "assessment.import_own"),
    ),
    _Entry(
        gettext_noop("Lớp và phân công"),
        "/truong/lop/",
        _any("pupils.manage_classes", "accounts.view_staff"),
        also=("/truong/phan-cong/", "/truong/chuyen-den/", "/truong/dang-bo/", "/truong/ket-chuyen/"),
    ),
    _Entry(gettext_noop("Cán bộ"), "/truong/can-bo/", _any("accounts.view_staff")),
    _Entry(gettext_noop("Xác thực danh tính"), "/truong/danh-tinh/", _on_class("identity.view_class")),
    _Entry(gettext_noop("Đợt xác thực"), "/truong/danh-tinh/dot/", _any_in_school("identity.acknowledge")),
    _Entry(gettext_noop("Xác thực danh tính"), "/quan-ly/danh-tinh/", _watches_identity),
    _Entry(gettext_noop("Thu thập định danh"), "/truong/danh-tinh/thu-thap/", _any("collection.staff")),
    _Entry(
        gettext_noop("Kiến nghị"), "/truong/danh-tinh/kien-nghi/", _any_in_school("escalation.view_school")
    ),
    _Entry(gettext_noop("Kiến nghị"), "/quan-ly/kien-nghi/", _any("escalation.view_cases")),
    _Entry(gettext_noop("Tìm số định danh"), "/truong/tim-so-dinh-danh/", _on_class("matching.search_class")),
    _Entry(
        gettext_noop("Trùng hồ sơ"),
        "/truong/trung-ho-so/",
        lambda actor, school, _c: (
            not _managing(actor, school, _c) and allowed(actor, "matching.view", school)
        ),
    ),
    _Entry(gettext_noop("Trùng hồ sơ"), "/quan-ly/trung-ho-so/", _any("matching.watch")),
    _Entry(gettext_noop("Ảnh học sinh"), "/truong/anh/", _photos),
    _Entry(
        gettext_noop("Nhật ký xem"),
        "/truong/nhat-ky-xem/",
        lambda actor, school, _c: (
            not _managing(actor, school, _c) and allowed(actor, "privacy.view_log", school)
        ),
    ),
    _Entry(gettext_noop("Nhật ký xem"), "/quan-ly/nhat-ky-xem/", _any("audit.read")),
    _Entry(gettext_noop("Cư trú"), "/truong/cu-tru/", _on_class("residence.view_class")),
    _Entry(gettext_noop("Chất lượng dữ liệu"), "/truong/chat-luong/", _on_class("quality.view_class")),
    _Entry(gettext_noop("Chất lượng dữ liệu"), "/quan-ly/chat-luong/", _any("quality.watch")),
    _Entry(gettext_noop("Sổ điểm"), "/truong/so-diem/", _on_class("assessment.view_class")),
    _Entry(gettext_noop("Đợt nhập"), "/truong/dot-nhap/", _in_school, also=("/truong/mo-khoa/",)),
    _Entry(gettext_noop("Mở khóa"), "/truong/mo-khoa/", _any_in_school("periods.view_cases")),
    _Entry(gettext_noop("Kiểm tra bài"), "/truong/kiem-tra/", _any_in_school("periods.view_reviews")),
    _Entry(gettext_noop("Mở khóa"), "/quan-ly/mo-khoa/", _watching),
    _Entry(gettext_noop("Đợt nhập"), "/quan-ly/dot-nhap/", _sets_defaults),
    _Entry(gettext_noop("Chương trình học"), "/truong/chuong-trinh/", _any("assessment.programmes")),
    _Entry(
        gettext_noop("Tổng kết lớp"),
        "/truong/tong-ket/",
        _on_class("transcripts.close"),
        homeroom_label=gettext_noop("Lớp chủ nhiệm"),
    ),
    _Entry(gettext_noop("Ký học bạ"), "/truong/ky/", _signs),
    _Entry(gettext_noop("Phát hành"), "/truong/phat-hanh/", _any("signing.seal")),
    _Entry(
        gettext_noop("Chứng thư số"),
        "/truong/chung-thu/",
        _any("certificates.view", "certificates.prove"),
    ),
    _Entry(
        gettext_noop("Nơi giữ khóa ký"), "/tai-khoan/khoa-ky/", _chooses_place, also=("/truong/thiet-bi-ky/",)
    ),
    _Entry(gettext_noop("Chứng thư số"), "/quan-ly/chung-thu/", _watches_certificates),
    _Entry(gettext_noop("Học bạ"), "/truong/hoc-ba/", _on_class("transcripts.view_class")),
    _Entry(gettext_noop("Lưu trữ dài hạn"), "/truong/luu-tru/", _any_in_school("preservation.view")),
    _Entry(gettext_noop("Lưu trữ dài hạn"), "/quan-ly/luu-tru/", _watches_archive),
    _Entry(gettext_noop("Sổ sách"), "/truong/so-sach/", _any_in_school("books.view")),
    _Entry(
        gettext_noop("Truy vết"),
        "/truong/truy-vet/",
        lambda actor, school, _c: (
            not _managing(actor, school, _c) and allowed(actor, "assessment.lineage", school)
        ),
    ),
    _Entry(gettext_noop("Truy vết"), "/quan-ly/truy-vet/", _any("audit.read")),
    _Entry(gettext_noop("Xác thực"), "/xac-thuc", lambda actor, school, school_class: True),
)


#: The top line: which addresses stand together. What stands in no group stands alone.
_GROUPS = (
    (
        gettext_noop("Học sinh và lớp"),
        ("/truong/hoc-sinh/", "/truong/lop/", "/truong/can-bo/", "/truong/nhap-lieu/", "/truong/xac-thuc-"),
    ),
    (
        gettext_noop("Danh tính và dữ liệu"),
        (
            "/truong/danh-tinh/",
            "/truong/tim-so-dinh-danh/",
            "/truong/cu-tru/",
            "/truong/trung-ho-so/",
            "/truong/chat-luong/",
            "/truong/anh/",
            "/truong/nhat-ky-xem/",
            "/quan-ly/danh-tinh/",
            "/quan-ly/kien-nghi/",
            "/quan-ly/trung-ho-so/",
            "/quan-ly/chat-luong/",
            "/quan-ly/nhat-ky-xem/",
        ),
    ),
    (
        gettext_noop("Điểm và nhận xét"),
        (
            "/truong/so-diem/",
            "/truong/chuong-trinh/",
            "/truong/dot-nhap/",
            "/truong/mo-khoa/",
            "/truong/kiem-tra/",
        ),
    ),
    (
        gettext_noop("Học bạ"),
        (
            "/truong/tong-ket/",
            "/truong/ky/",
            "/truong/phat-hanh/",
            "/truong/chung-thu/",
            "/tai-khoan/khoa-ky/",
            "/truong/hoc-ba/",
            "/truong/luu-tru/",
            "/truong/so-sach/",
            "/truong/truy-vet/",
        ),
    ),
)
#: A menu this short is easier to read in one line.
_FLAT, _WIDE = 7, 72  # entries, letters


def menu(actor: Actor, path: str) -> list[NavGroup]:
    """The menu in two lines: groups, and below them the pages of the current group. No query."""
    found = items(actor, path)
    if len(found) <= _FLAT and sum(len(item.label) for item in found) <= _WIDE:
        return [NavGroup(item.label, item.url, item.current, ()) for item in found]
    lines: list[NavGroup] = []
    taken: set[str] = set()
    for item in found:
        if item.url in taken:
            continue
        label, prefixes = next(((g, p) for g, p in _GROUPS if item.url.startswith(p)), ("", ()))
        own = tuple(i for i in found if prefixes and i.url.startswith(prefixes)) or (item,)
        taken |= {i.url for i in own}
        current = any(i.current for i in own)
        if len(own) == 1:
            lines.append(NavGroup(own[0].label, own[0].url, current, ()))
        else:
            lines.append(NavGroup(_(label), own[0].url, current, own))
    return lines


def items(actor: Actor, path: str) -> list[NavItem]:
    """The menu of ``actor`` on the page at ``path``. No query: the post, its unit and class are at hand."""
    post = actor.assignment
    assert post is not None
    # A class that is nobody's own (pk 0): what is allowed on it is allowed on every class of the school.
    school_class = post.school_class or SchoolClass(pk=0, school=post.organisation)
    shown = [e for e in _ENTRIES if e.test(actor, post.organisation, school_class)]
    nearest = max(shown, key=lambda e: (_nearness(e, path), path.startswith(e.url)))
    homeroom = actor.role == Role.HOMEROOM
    return [
        NavItem(
            _(e.homeroom_label if homeroom and e.homeroom_label else e.label),
            e.url,
            e is nearest and _nearness(e, path) > 0,
        )
        for e in shown
    ]


def _nearness(entry: _Entry, path: str) -> int:
    """How much of the address an entry knows; the homes know only their own page."""
    if entry.url in ("/truong/", "/quan-ly/"):
        return len(path) if path == entry.url else 0
    return max((len(prefix) for prefix in (entry.url, *entry.also) if path.startswith(prefix)), default=0)


def home_url(actor: Actor | None) -> str:
    """Where the brand and "back home" lead."""
    if actor is None:
        return "/"
    return "/quan-ly/" if actor.role in MANAGING_ROLES else "/truong/"


_ROLE_LABELS = {
    Role.PRINCIPAL: gettext_lazy("Hiệu trưởng"),
    Role.DEPUTY_PRINCIPAL: gettext_lazy("Phó hiệu trưởng"),
    Role.SEAL_KEEPER: gettext_lazy("Văn thư giữ con dấu"),
    Role.GROUP_HEAD: gettext_lazy("Tổ trưởng chuyên môn"),
    Role.GROUP_DEPUTY: gettext_lazy("Tổ phó chuyên môn"),
    Role.HOMEROOM: gettext_lazy("Giáo viên chủ nhiệm"),
    Role.SUBJECT_TEACHER: gettext_lazy("Giáo viên môn học"),
    Role.DATA_CLERK: gettext_lazy("Nhân viên dữ liệu"),
    Role.COMMUNE_OFFICER: gettext_lazy("Cán bộ UBND cấp xã"),
    Role.DEPARTMENT_OFFICER: gettext_lazy("Cán bộ Sở"),
    Role.MINISTRY_OFFICER: gettext_lazy("Cán bộ Bộ"),
    Role.AUDITOR: gettext_lazy("Kiểm toán viên"),
    Role.SYSTEM_ADMIN: gettext_lazy("Quản trị hệ thống"),
}


def role_label(role: str) -> str:
    """The role in the language of the page."""
    return str(_ROLE_LABELS[Role(role)])


def _group_words(name: str) -> str:
    """``Tổ Khoa học xã hội`` → ``Khoa học xã hội`` (the role says the first word); ``Tổ 1`` → ``tổ 1``."""
    first, _space, rest = name.partition(" ")
    if first.casefold() != "tổ" or not rest:
        return name
    return f"tổ {rest}" if rest[0].isdigit() else rest


def post_label(post: Assignment) -> str:
    """``Giáo viên chủ nhiệm lớp 7A2``."""
    label = role_label(post.role)
    if post.role == Role.SUBJECT_TEACHER and post.subject_code == "*":
        label = _("Giáo viên dạy các môn còn lại")
    if post.school_class is not None:
        return _("%(role)s lớp %(class)s") % {"role": label, "class": post.school_class.name}
    if post.group_name:
        return f"{label} {_group_words(post.group_name)}"
    return label
