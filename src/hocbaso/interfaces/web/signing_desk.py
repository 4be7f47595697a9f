"""What the signing screens share: teachers, principal, seal keeper (experience.md 6.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.signing.elsewhere.places import Held, Owner, held_by
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.signing.register import Seat
from hocbaso.apps.transcripts import signing_board
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.apps.transcripts.signing_board import OpenBatch, Row, Standing
from hocbaso.apps.transcripts.use_cases.sign_sheets import list_digest, seat_of
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register

register(
    {
        "list_changed": (
            "Danh sách đã thay đổi từ lúc thầy cô mở trang (có học bạ vừa được chốt, ký hoặc trả lại). "
            "Chưa ký gì. Thầy cô xem lại danh sách dưới đây rồi ký.",
            "The list has changed since the page was opened. Nothing was signed.",
        ),
        "nothing_chosen": (
            "Chưa chọn học bạ nào. Thầy cô đánh dấu ít nhất một học bạ trong danh sách.",
            "No sheet was chosen.",
        ),
    }
)

#: Most sheets under one authorisation; more stay for the next.
MOST = 600
#: How long a reload may go on with the authorisation just given, without a new code.
GRACE = timedelta(minutes=10)
_GRANTS = "signing_grants"

FILTERS = ("tat-ca", "ky-duoc", "bi-chan", "da-ky")
READY = (Standing.READY, Standing.FAILED, Standing.AUTHORISED)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one desk; a button is its verb and its object."""

    title: str
    role: str
    sign: str  # "Ký", "Phát hành"
    signed: str  # "Đã ký"
    done_filter: str
    ready_filter: str
    ready: str
    order: str  # what one authorisation covers


def words_of(role: SignerRole, school_class: SchoolClass | None) -> Words:
    """The words of a role's desk."""
    if role is SignerRole.SEAL:
        return Words(
            _("Phát hành học bạ"),
            _("văn thư giữ con dấu"),
            _("Phát hành"),
            _("Đã phát hành"),
            _("Đã phát hành"),
            _("Phát hành được"),
            _("Sẵn sàng phát hành"),
            _("Một mã xác nhận đóng dấu đúng các học bạ này, theo mã tóm lược trong danh sách."),
        )
    if role is SignerRole.SUBJECT_TEACHER:
        return Words(
            _("Ký môn học lớp %(name)s") % {"name": school_class.name if school_class else ""},
            _("giáo viên môn học"),
            _("Ký"),
            _("Đã ký"),
            _("Đã ký"),
            _("Ký được"),
            _("Sẵn sàng ký"),
            _("Một mã xác nhận ký đúng phần môn học của thầy cô trong các học bạ này."),
        )
    title = (
        _("Ký học bạ lớp %(name)s") % {"name": school_class.name}
        if school_class
        else _("Ký học bạ của trường")
    )
    return Words(
        title,
        _("giáo viên chủ nhiệm") if role is SignerRole.HOMEROOM else _("hiệu trưởng"),
        _("Ký"),
        _("Đã ký"),
        _("Đã ký"),
        _("Ký được"),
        _("Sẵn sàng ký"),
        _("Một mã xác nhận ký đúng các học bạ này, theo mã tóm lược trong danh sách."),
    )


@dataclass(slots=True)
class Desk:
    """One signing screen: who looks, at what, and everything the page tells."""

    request: HttpRequest
    actor: Actor
    role: SignerRole
    school: Organisation
    year: str
    school_class: SchoolClass | None
    words: Words
    rows: list[Row] = field(default_factory=list)
    stopped: OpenBatch | None = None
    filter: str = "tat-ca"
    only_class: str = ""
    error: str = ""
    error_at: str = ""
    authorised: bool = False  # in this very request
    _key: tuple[Seat, str, Held] | None = None

    @property
    def key(self) -> tuple[Seat, str, Held]:
        """The seat that is signed from, the number of the staff file, and where the key is. Asked once."""
        if self._key is None:
            seat, number = seat_of(self.actor, self.role, self.school, self.school_class)
            self._key = seat, number, held_by(Owner.of(seat))
        return self._key

    @property
    def held(self) -> Held:
        """Where the key is."""
        return self.key[2]

    @property
    def in_view(self) -> list[Row]:
        """Rows of the chosen class (the whole list where none is chosen)."""
        if not self.only_class:
            return self.rows
        return [r for r in self.rows if r.enrolment.school_class.name == self.only_class]

    @property
    def selectable(self) -> list[YearSheet]:
        """What one authorisation on this page may cover, in order of display."""
        sheets = [r.sheet for r in self.in_view if r.selectable and r.sheet is not None]
        return sheets[:MOST]

    @property
    def digest(self) -> str:
        """The digest of exactly the list shown."""
        return list_digest([sheet.digest for sheet in self.selectable])

    @property
    def needs_code(self) -> bool:
        """Whether going on with the stopped batch asks for a new code."""
        return self.stopped is None or not granted(self.request, self.stopped.batch)

    def chosen(self) -> list[YearSheet]:
        """The sheets that the posted form names, checked against what was shown.

        :raises DomainError: ``list_changed``, ``nothing_chosen``.
        """
        if self.request.POST.get("danh-sach") != self.digest:
            raise DomainError("list_changed")
        wanted = set(self.request.POST.getlist("hoc-ba"))
        sheets = [s for s in self.selectable if str(s.pk) in wanted]
        if not sheets:
            raise DomainError("nothing_chosen")
        if len(sheets) != len(wanted):
            raise DomainError("list_changed")
        return sheets


def load(
    request: HttpRequest,
    actor: Actor,
    role: SignerRole,
    school: Organisation,
    year: str,
    school_class: SchoolClass | None,
) -> Desk:
    """The desk with its rows. A fixed number of queries whatever the number of pupils."""
    desk = Desk(request, actor, role, school, year, school_class, words_of(role, school_class))
    desk.filter = request.GET.get("loc", "tat-ca")
    if desk.filter not in FILTERS:
        desk.filter = "tat-ca"
    assert actor.user is not None
    desk.stopped = signing_board.open_batch(actor.user, school, role, school_class)
    if school_class is not None:
        signer = actor.user if role is SignerRole.SUBJECT_TEACHER else None
        desk.rows = signing_board.rows_of_class(school_class, role, desk.stopped, signer)
    else:
        desk.rows = signing_board.rows_of_school(school, year, role, desk.stopped)
        names = {r.enrolment.school_class.name for r in desk.rows}
        desk.only_class = request.GET.get("lop", "")
        if desk.only_class not in names:
            desk.only_class = ""
        if "loc" not in request.GET and any(r.standing in READY for r in desk.in_view):
            desk.filter = "ky-duoc"  # a whole school: what can be done now comes alone
    return desk


def reloaded(desk: Desk) -> Desk:
    """The same desk as it stands now."""
    return load(desk.request, desk.actor, desk.role, desk.school, desk.year, desk.school_class)


def grant(request: HttpRequest, batch: SigningBatch) -> None:
    """This session has just given the code for ``batch`` (or goes on with it)."""
    grants = dict(request.session.get(_GRANTS, {}))
    grants[str(batch.pk)] = clock.iso_seconds(clock.now())
    request.session[_GRANTS] = dict(list(grants.items())[-5:])


def granted(request: HttpRequest, batch: SigningBatch) -> bool:
    """Whether the session may go on with ``batch`` without a new code."""
    at = request.session.get(_GRANTS, {}).get(str(batch.pk))
    return at is not None and clock.now() - datetime.fromisoformat(at) <= GRACE


def homeroom_names(school: Organisation) -> dict[int, str]:
    """Homeroom teachers of today by class. One query."""
    posts = Assignment.objects.filter(valid_on(clock.today()), organisation=school, role=Role.HOMEROOM)
    return dict(posts.values_list("school_class_id", "user__full_name"))
