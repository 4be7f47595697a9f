"""What somebody must do now, from what the database says; the first one is the page's main action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hocbaso.apps.accounts import queries as accounts
from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.assessment.policies import class_assignments, teaches
from hocbaso.apps.intake.models import Batch, State
from hocbaso.apps.oversight.progress import ClassProgress, Progress, missing_results, required_subjects
from hocbaso.apps.oversight.waiting import Deadline, entry_deadline, waiting_for_summer
from hocbaso.apps.periods.policies import CHECKER_ROLES
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts.signing_board import duties_of, has_open_duties, missing_signers
from hocbaso.apps.transcripts.waiting.queries import waiting_by_class
from hocbaso.core.regulation.secondary import SECONDARY_GRADES
from hocbaso.interfaces.web.task import LONG, Task
from hocbaso.interfaces.web.tasks_around import elsewhere, reviews, unlock_cases
from hocbaso.interfaces.web.tasks_certificates import certificates
from hocbaso.interfaces.web.tasks_identity import identity
from hocbaso.interfaces.web.tasks_quality import quality
from hocbaso.interfaces.web.tasks_stamps import stamps
from hocbaso.interfaces.web.templatetags.hbs import date_vi, number


def _oldest(moments: list[datetime | None]) -> datetime | None:
    known = [m for m in moments if m is not None]
    return min(known) if known else None


def _names(classes: list[ClassProgress]) -> str:
    """``1A, 1B và 4 lớp khác``."""
    names = [c.school_class.name for c in classes]
    if len(names) <= 5:
        return ", ".join(names)
    return _("%(some)s và %(n)s lớp khác") % {"some": ", ".join(names[:4]), "n": len(names) - 4}


def _sign_as_principal(progress: Progress) -> list[Task]:
    waiting = [c for c in progress.classes if c.homeroom_signed > c.principal_signed]
    n = sum(c.homeroom_signed - c.principal_signed for c in waiting)
    if not n:
        return []
    return [
        Task(
            _("Ký %(n)s học bạ đã đủ điều kiện") % {"n": number(n)},
            _("%(k)s lớp: %(names)s. Giáo viên chủ nhiệm đã ký xong.")
            % {"k": len(waiting), "names": _names(waiting)},
            _("Ký học bạ"),
            "/truong/ky/",
            _oldest([c.homeroom_since for c in waiting]),
        )
    ]


def _close_as_principal(progress: Progress) -> list[Task]:
    ready = [c for c in progress.classes if c.step == "close" and not c.closed]
    if not ready:
        return []
    return [
        Task(
            _("Nhắc chốt kết quả %(n)s lớp") % {"n": len(ready)},
            _("%(names)s đã đủ kết quả cuối năm, giáo viên chủ nhiệm chưa chốt.") % {"names": _names(ready)},
            _("Xem các lớp"),
            "/truong/tong-ket/",
            _oldest([c.last_entry for c in ready]),
        )
    ]


def _seal(progress: Progress, held: Mapping[int, int]) -> list[Task]:
    """What the seal keeper issues; not what is sealed already and held up by its time stamp."""
    left = {
        c.school_class.pk: c.principal_signed - c.issued - held.get(c.school_class.pk, 0)
        for c in progress.classes
    }
    waiting = [c for c in progress.classes if left[c.school_class.pk] > 0]
    n = sum(left[c.school_class.pk] for c in waiting)
    if not n:
        return []
    return [
        Task(
            _("Phát hành %(n)s học bạ") % {"n": number(n)},
            _("%(k)s lớp: %(names)s. Hiệu trưởng đã ký xong.")
            % {"k": len(waiting), "names": _names(waiting)},
            _("Phát hành"),
            "/truong/phat-hanh/",
            _oldest([c.principal_since for c in waiting]),
        )
    ]


def _entry(title: str, text: str, deadline: Deadline) -> Task:
    """Marks to enter until their period closes; once it has, by way of an unlock case."""
    if deadline.closed:
        text += " " + _("Đã khóa nhập: muốn nhập, thầy cô gửi yêu cầu mở khóa.")
    return Task(title, text, _("Mở sổ điểm"), "/truong/so-diem/", due=deadline.closes_at)


def _own_class(own: ClassProgress, year: str) -> list[Task]:
    """What the homeroom teacher must do with the class."""
    name, tasks = own.school_class.name, []
    if own.subjects_signed > own.homeroom_signed:
        n = own.subjects_signed - own.homeroom_signed
        tasks.append(
            Task(
                _("Ký %(n)s học bạ lớp %(class)s") % {"n": n, "class": name},
                _("Kết quả đã chốt. Ký một lần cho cả danh sách."),
                _("Ký học bạ"),
                "/truong/ky/",
                own.frozen_since,
            )
        )
    if own.pupils and own.complete < own.pupils and own.closed < own.pupils:
        n = own.pupils - max(own.complete, own.closed)
        tasks.append(
            _entry(
                _("Nhập kết quả còn thiếu của %(n)s học sinh") % {"n": n},
                _("Lớp %(class)s: %(done)s / %(all)s em đã đủ kết quả các môn cuối năm.")
                % {"class": name, "done": own.complete, "all": own.pupils},
                entry_deadline(own.school_class, required_subjects(own.school_class.grade, year)),
            )
        )
    if own.complete > own.closed:
        tasks += _close_own(own)
    if own.without_photo:
        tasks.append(
            Task(
                _("Bổ sung ảnh cho %(n)s học sinh") % {"n": own.without_photo},
                _("Ảnh 3×4 in trên học bạ. Thiếu ảnh thì học bạ ghi rõ là chưa có ảnh."),
                _("Xem %(n)s em") % {"n": own.without_photo},
                "/truong/hoc-sinh/?loc=thieu-anh",
            )
        )
    return tasks


def _close_own(own: ClassProgress) -> list[Task]:
    """Pupils to close now; who waits for the summer is told apart, because nobody can close him yet."""
    name, summer = own.school_class.name, waiting_for_summer(own.school_class)
    tasks = []
    if (n := own.complete - own.closed - summer) > 0:
        tasks.append(
            Task(
                _("Chốt kết quả %(n)s học sinh lớp %(class)s") % {"n": n, "class": name},
                _("Các em đã đủ kết quả các môn. Xem lại một lượt rồi chốt."),
                _("Tổng kết lớp"),
                "/truong/tong-ket/",
                own.last_entry,
            )
        )
    if summer:
        tasks.append(
            Task(
                _("%(n)s học sinh lớp %(class)s chờ đánh giá lại trong hè") % {"n": summer, "class": name},
                _("Có kết quả đánh giá lại thì chốt được. Các em khác không phải chờ."),
                _("Xem %(n)s em") % {"n": summer},
                "/truong/tong-ket/",
            )
        )
    return tasks


def _own_subjects(actor: Actor, year: str) -> list[Task]:
    """What the subject teacher still has to enter in the class of the post."""
    post = actor.assignment
    assert post is not None
    assert actor.user is not None
    school_class = post.school_class
    if school_class is None:
        return []
    posts = class_assignments(school_class)
    codes = frozenset(
        code for code in required_subjects(school_class.grade, year) if teaches(posts, code, actor.user.pk)
    )
    n = missing_results(school_class, codes) if codes else 0
    signing = _own_signatures(actor.user, school_class)
    if not n:
        return signing
    return [
        *signing,
        _entry(
            _("Nhập kết quả cuối năm của %(n)s học sinh lớp %(class)s")
            % {"n": n, "class": school_class.name},
            _("Các môn thầy cô được phân công dạy ở lớp này."),
            entry_deadline(school_class, codes),
        ),
    ]


def _own_signatures(user: User, school_class: SchoolClass) -> list[Task]:
    """Sheets that wait for the subject teacher's signature. One query."""
    n, since = duties_of(user, school_class)
    if not n:
        return []
    return [
        Task(
            _("Ký môn học trong %(n)s học bạ lớp %(class)s") % {"n": number(n), "class": school_class.name},
            _("Kết quả đã chốt. Giáo viên chủ nhiệm ký sau khi thầy cô ký."),
            _("Ký môn học"),
            f"/truong/ky/mon/{school_class.pk}/",
            since,
        )
    ]


def _open_imports(post: Assignment) -> list[Task]:
    batches = list(
        Batch.objects.filter(school=post.organisation, state=State.CHECKED)
        .order_by("checked_at")
        .values_list("file_name", "checked_at")
    )
    if not batches:
        return []
    return [
        Task(
            _("Xác nhận hoặc hủy %(n)s tệp đã kiểm tra") % {"n": len(batches)},
            _("%(file)s: chưa có gì được ghi vào hệ thống.") % {"file": batches[0][0]},
            _("Xem tệp"),
            "/truong/nhap-lieu/",
            batches[0][1],
        )
    ]


def _roster(progress: Progress) -> list[Task]:
    """What the clerk should complete in the roster."""
    tasks = []
    bare = [c for c in progress.classes if not c.homeroom and c.pupils]
    if bare:
        tasks.append(
            Task(
                _("Phân công chủ nhiệm cho %(n)s lớp") % {"n": len(bare)},
                _("%(names)s chưa có giáo viên chủ nhiệm nên chưa chốt và ký được.")
                % {"names": _names(bare)},
                _("Nhập danh sách cán bộ"),
                "/truong/nhap-lieu/",
            )
        )
    photos = progress.total("without_photo")
    if photos:
        tasks.append(
            Task(
                _("Bổ sung ảnh cho %(n)s học sinh") % {"n": number(photos)},
                _("Ảnh 3×4 in trên học bạ. Thiếu ảnh thì học bạ ghi rõ là chưa có ảnh."),
                _("Xem các em"),
                "/truong/hoc-sinh/?loc=thieu-anh",
            )
        )
    return tasks


def _gaps(post: Assignment) -> list[Task]:
    n = accounts.assignments_without_decision(post.organisation).count()
    if not n:
        return []
    return [
        Task(
            _("Bổ sung quyết định cho %(n)s phân công") % {"n": number(n)},
            _("Phân công cần ghi số, ngày và người ký quyết định làm căn cứ cho quyền ký."),
            _("Xem phân công"),
            "/truong/can-bo/?loc=thieu-quyet-dinh",
        )
    ]


def tasks_for(actor: Actor, progress: Progress | None) -> list[Task]:
    """Open tasks of the post, most urgent first. Eight queries beyond ``progress``, more in campaigns."""
    post = actor.assignment
    assert post is not None
    leads = post.role in (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL)
    tasks = unlock_cases(actor, post) if leads else []
    if post.role in CHECKER_ROLES:
        tasks += reviews(actor, post)
    if not progress:
        return tasks
    asked = identity(actor, post)
    urgent = [task for task in asked if task.due is None or task.is_late]  # reminders, last days
    calm = [task for task in asked if task not in urgent]
    urgent = [*stamps(actor, post), *urgent]
    keys_now, keys_later = certificates(actor, post)
    urgent += keys_now
    last = [*quality(actor, post), *keys_later]
    return [*tasks, *urgent, *_of_progress(actor, post, progress), *calm, *last]


def _signs_subjects(post: Assignment) -> bool:
    """Always in secondary; in primary where sheets closed under the dated setting wait. At most one query."""
    if post.school_class is None:
        return False
    return post.school_class.grade in SECONDARY_GRADES or has_open_duties(post.user, post.organisation)


def _of_progress(actor: Actor, post: Assignment, progress: Progress) -> list[Task]:
    tasks: list[Task] = []
    signs_subjects = _signs_subjects(post)
    if allowed(actor, "signing.principal", post.organisation):
        tasks += _sign_as_principal(progress) + _close_as_principal(progress)
    if allowed(actor, "signing.seal", post.organisation):
        tasks += _seal(progress, waiting_by_class(post.organisation))
    if post.role == Role.HOMEROOM and progress.classes:
        own = progress.classes[0].school_class
        if signs_subjects:
            tasks += _own_signatures(post.user, own)
        tasks += _own_class(progress.classes[0], progress.school_year)
    if post.role == Role.SUBJECT_TEACHER:
        tasks += _own_subjects(actor, progress.school_year)
    if signs_subjects:
        tasks += elsewhere(actor)
    if allowed(actor, "pupils.import", post.organisation):
        tasks += _open_imports(post) + _roster(progress)
    if allowed(actor, "accounts.assign", post.organisation):
        tasks += _gaps(post)
    return tasks


def heading(tasks: list[Task]) -> str:
    """``5 việc cần làm, 2 việc chờ đã lâu``."""
    if not tasks:
        return _("Không có việc nào đang chờ thầy cô")
    late = sum(t.waits_long for t in tasks)
    words = ngettext("%(n)s việc cần làm", "%(n)s việc cần làm", len(tasks)) % {"n": len(tasks)}
    if late:
        words += _(", %(n)s việc đã chờ từ %(days)s ngày trở lên") % {"n": late, "days": LONG}
    return words


STEP_WORDS = {
    "entry": lambda: _("Nhập kết quả"),
    "close": lambda: _("Chốt kết quả"),
    "subjects": lambda: _("Giáo viên môn học ký"),
    "homeroom": lambda: _("Giáo viên chủ nhiệm ký"),
    "principal": lambda: _("Hiệu trưởng ký"),
    "issue": lambda: _("Phát hành"),
    "done": lambda: _("Đã xong"),
}


@dataclass(frozen=True, slots=True)
class Stuck:
    """One class that has stood still, for the table."""

    class_id: int
    name: str
    homeroom: str
    step: str
    why: str
    waiting: int
    who: str


def _why(row: ClassProgress) -> str:
    since = date_vi(row.since) if row.since else ""
    if row.step == "entry":
        text = _("%(done)s / %(all)s em đủ kết quả các môn") % {"done": row.complete, "all": row.pupils}
        return text + (_("; nhập gần nhất %(day)s") % {"day": since} if since else _("; chưa ai nhập"))
    if row.step == "close":
        text = _("%(n)s em đủ kết quả nhưng chưa chốt") % {"n": row.pupils - row.closed}
        return text + (_(", từ %(day)s") % {"day": since} if since else "")
    return _("%(n)s học bạ chờ từ %(day)s") % {"n": row.waiting, "day": since}


def _some(names: list[str]) -> str:
    """``Lý Diệu Nhi, Cao Khánh My và 5 giáo viên khác``."""
    if len(names) <= 3:
        return ", ".join(names)
    words = {"some": ", ".join(names[:2]), "n": len(names) - 2}
    return _("%(some)s và %(n)s giáo viên khác") % words


def stuck(progress: Progress, principal: str, seal_keeper: str, limit: int = 5) -> list[Stuck]:
    """The classes that have stood still longest, each with whose turn it is."""
    missing = _("chưa phân công")
    shown = progress.unfinished[:limit]
    signers = missing_signers([row.school_class.pk for row in shown if row.step == "subjects"])
    who = {
        "principal": principal or missing,
        "issue": seal_keeper or missing,
    }
    return [
        Stuck(
            row.school_class.pk,
            row.school_class.name,
            row.homeroom or missing,
            STEP_WORDS[row.step](),
            _why(row),
            row.waiting,
            _some(signers[row.school_class.pk])
            if row.school_class.pk in signers
            else who.get(row.step, row.homeroom or missing),
        )
        for row in shown
    ]
