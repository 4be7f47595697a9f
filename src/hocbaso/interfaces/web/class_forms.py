"""Forms of classes, places, teaching and arrivals: they read what was typed; use cases judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hocbaso.apps.pupils.models import ArrivalTerm
from hocbaso.apps.pupils.use_cases.set_status import LEAVING_REASONS
from hocbaso.core.codelists.attributes import pupil_statuses
from hocbaso.core.errors import DomainError
from hocbaso.interfaces.web.errors import words

Choices = Iterable[tuple[str, Any]]
_CHOOSE = ("", _("Chọn…"))


class Plain(forms.Form):
    """Labels without a colon, no bubbles of the browser: the page says what is missing."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def attempt(self, call: Callable[[], Any], fields: Mapping[str, str]) -> Any:
        """What ``call`` returns, or None with its refusal at the field that the code belongs to."""
        try:
            return call()
        except DomainError as refusal:
            if refusal.code == "not_allowed":
                raise
            at = fields.get(refusal.code, fields.get("", ""))
            self.add_error(at if at in self.fields else None, words(refusal))
            return None


def text(
    label: Any, limit: int, *, hint: Any = "", required: Any = "", area: bool = False
) -> forms.CharField:
    """A line (or some lines) of text; ``required`` are the words when it is missing."""
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=limit,
        required=bool(required),
        error_messages={"required": required} if required else None,
        widget=forms.Textarea(attrs={"rows": 2}) if area else forms.TextInput(),
    )


def day(label: Any, *, hint: Any = "", required: Any = "") -> forms.DateField:
    """A day; the browser's own picker, ISO underneath."""
    return forms.DateField(
        label=label,
        help_text=hint,
        required=bool(required),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        error_messages={"required": required or "", "invalid": _("Ngày ghi dạng ngày/tháng/năm")},
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )


def choice(label: Any, choices: Choices = (), *, hint: Any = "", required: Any = "") -> forms.ChoiceField:
    """One of a list; empty first, so that nothing is chosen by accident."""
    return forms.ChoiceField(
        label=label,
        help_text=hint,
        choices=[_CHOOSE, *choices],
        required=bool(required),
        error_messages={"required": required or "", "invalid_choice": _("Chọn lại trong danh sách")},
    )


DECISION_HINT = _("Hiệu trưởng tự làm thì có thể để trống.")


class ClassForm(Plain):
    """A class's name and campus."""

    name = text(_("Tên lớp"), 20, hint=_("Bắt đầu bằng khối, ví dụ 6A1"), required=_("Ghi tên lớp"))
    campus = text(_("Điểm trường"), 120, hint=_("Nếu trường có nhiều điểm; không bắt buộc"))


class CloseForm(Plain):
    """When a class is dissolved."""

    day = day(_("Ngày đóng lớp"), required=_("Chọn ngày đóng lớp"))


class MoveForm(Plain):
    """Into which class, from which day, why."""

    to_class = choice(_("Chuyển sang lớp"), required=_("Chọn lớp mới"))
    day = day(_("Học lớp mới từ ngày"), required=_("Chọn ngày"))
    reason = text(_("Lý do"), 300, required=_("Ghi lý do chuyển lớp"))
    decision = text(_("Số quyết định của hiệu trưởng"), 120, hint=DECISION_HINT)

    def __init__(self, *args: Any, classes: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_class"].choices = [_CHOOSE, *classes]  # type: ignore[attr-defined]


class StatusForm(Plain):
    """One of the sector's twelve statuses."""

    status = choice(
        _("Trạng thái mới"),
        [(s.name, s.name) for s in pupil_statuses()],
        required=_("Chọn trạng thái"),
    )
    day = day(_("Từ ngày"), required=_("Chọn ngày"))
    reason_code = choice(_("Lý do thôi học"), list(LEAVING_REASONS.items()), hint=_("Khi học sinh thôi học"))
    reason = text(_("Ghi thêm"), 300, hint=_("Bắt buộc khi học sinh không còn học mà chưa chọn lý do ở trên"))
    decision = text(_("Số quyết định của hiệu trưởng"), 120, hint=DECISION_HINT)


class UndoForm(Plain):
    """Why a move is taken back."""

    reason = text(_("Lý do hoàn tác"), 300, required=_("Ghi lý do hoàn tác"))
    decision = text(_("Số quyết định của hiệu trưởng"), 120, hint=DECISION_HINT)


#: What is done to a post, in the words of the page.
ACTIONS = {
    "giao": _("Giao thêm một người dạy"),
    "thay": _("Thay hẳn từ một ngày"),
    "day-thay": _("Dạy thay trong một thời gian"),
    "ket-thuc": _("Kết thúc phân công"),
    "ky-thay": _("Ký thay (người dạy đã đi hoặc chứng thư hết hạn)"),
}


class TeachingForm(Plain):
    """One change of who teaches."""

    action = forms.ChoiceField(label=_("Việc cần làm"), choices=list(ACTIONS.items()))
    post = choice(_("Phân công đang có"), hint=_("Không cần khi giao thêm người"))
    user = choice(_("Người nhận"), hint=_("Không cần khi kết thúc phân công"))
    first_day = day(_("Từ ngày"), hint=_("Khi kết thúc: để trống"))
    last_day = day(_("Đến hết ngày"), hint=_("Để trống nếu chưa biết ngày kết thúc"))
    reason = text(_("Lý do"), 200, hint=_("Cần khi dạy thay, ký thay"))
    decision_number = text(_("Số quyết định"), 80, hint=_("Thiếu thì ghi vào danh sách còn thiếu quyết định"))
    decision_date = day(_("Ngày quyết định"))
    decision_signer = text(_("Người ký quyết định"), 120)

    def __init__(self, *args: Any, posts: Choices = (), people: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["post"].choices = [_CHOOSE, *posts]  # type: ignore[attr-defined]
        self.fields["user"].choices = [_CHOOSE, *people]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        action = values.get("action")
        if action != "giao" and not values.get("post"):
            self.add_error("post", _("Chọn phân công đang có"))
        if action != "ket-thuc" and not values.get("user"):
            self.add_error("user", _("Chọn người nhận"))
        if action in ("giao", "thay", "day-thay") and not values.get("first_day"):
            self.add_error("first_day", _("Chọn ngày bắt đầu"))
        if action in ("ket-thuc", "day-thay") and not values.get("last_day"):
            self.add_error("last_day", _("Chọn ngày cuối"))
        return values


class ArrivalForm(Plain):
    """Who arrives, where from, with which papers."""

    school_class = choice(_("Vào lớp"), required=_("Chọn lớp"))
    term = choice(_("Thời điểm đến"), ArrivalTerm.choices, required=_("Chọn thời điểm đến"))
    arrived_on = day(_("Ngày đến"), required=_("Chọn ngày đến"))
    code = text(_("Mã học sinh"), 20, required=_("Ghi mã học sinh của cơ sở dữ liệu ngành"))
    full_name = text(_("Họ và tên"), 120, required=_("Ghi họ và tên"))
    birth_date = text(_("Ngày sinh"), 20, hint=_("ngày/tháng/năm"), required=_("Ghi ngày sinh"))
    sex = choice(_("Giới tính"), [("Nam", _("Nam")), ("Nữ", _("Nữ"))], required=_("Chọn giới tính"))
    personal_number = text(_("Số định danh cá nhân"), 15, hint=_("12 chữ số; để trống nếu chưa có"))
    source_school = text(_("Trường cũ"), 200, required=_("Ghi tên trường cũ"))
    source_place = text(_("Nơi trường cũ đóng"), 160, hint=_("Xã, phường, tỉnh"))
    papers_number = text(
        _("Số giấy giới thiệu chuyển trường hoặc số hồ sơ"), 120, required=_("Ghi số giấy tờ")
    )
    papers_date = day(_("Ngày của giấy tờ"))
    from_abroad = forms.BooleanField(label=_("Học sinh về từ nước ngoài"), required=False)

    def __init__(self, *args: Any, classes: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["school_class"].choices = [_CHOOSE, *classes]  # type: ignore[attr-defined]


class SeriesForm(Plain):
    """How the register numbers."""

    pattern = text(_("Mẫu số"), 40, hint=_("{so:4} là số thứ tự bốn chữ số, {nam} là năm vào trường"))
    first = forms.IntegerField(
        label=_("Bắt đầu từ số"),
        min_value=1,
        max_value=9_999_999,
        help_text=_("Số tiếp theo của sổ giấy"),
        error_messages={"invalid": _("Ghi một số"), "required": _("Ghi số bắt đầu")},
    )
