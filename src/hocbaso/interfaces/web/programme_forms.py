"""Forms of programmes: they read what was typed; use cases judge it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hocbaso.interfaces.web.class_forms import Choices, Plain, choice, text

_DECISION = _("Số quyết định hoặc văn bản")


def _codes(label: Any, choices: Choices, hint: Any = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        help_text=hint,
        choices=list(choices),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


def _whole(label: Any, low: int, high: int, hint: Any = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=hint,
        required=False,
        min_value=low,
        max_value=high,
        error_messages={"invalid": _("Ghi số nguyên")},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )


class ElectivesForm(Plain):
    """What the ticked pupils have chosen."""

    decision = text(_DECISION, 120, hint=_("Căn cứ của việc chọn; không bắt buộc"))

    def __init__(
        self,
        *args: Any,
        pupils: Choices,
        electives: Choices = (),
        topics: Choices = (),
        optional: Choices = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        pupil = forms.MultipleChoiceField(
            choices=list(pupils),
            error_messages={"required": _("Chọn ít nhất một học sinh trong bảng")},
        )
        self.fields["pupils"] = pupil
        for name, label, choices in (
            ("electives", _("Bốn môn học lựa chọn"), electives),
            ("topics", _("Ba cụm chuyên đề học tập"), topics),
            ("optional", _("Môn học tự chọn"), optional),
        ):
            offered = list(choices)
            if offered:
                self.fields[name] = _codes(label, offered)

    def codes(self, name: str) -> list[str]:
        """Chosen codes; none where the grade offers nothing of the kind."""
        found: Iterable[str] = self.cleaned_data.get(name, [])
        return list(found)


class AdjustForm(Plain):
    """One adjustment of the school."""

    subject = choice(_("Khối và môn học"), required=_("Chọn khối và môn học"))
    offer = forms.ChoiceField(
        label=_("Tổ chức dạy"),
        choices=[
            ("", _("Theo chương trình")),
            ("all", _("Cả khối học môn này")),
            ("none", _("Trường không dạy môn này")),
        ],
        required=False,
        help_text=_("Môn bắt buộc không bỏ được."),
    )
    periods = _whole(_("Số tiết cả năm"), 1, 400, _("Để trống nếu như chương trình"))
    regular_columns = _whole(_("Số cột ĐĐGtx mỗi học kỳ"), 2, 6, _("Để trống nếu như quy định"))
    reason = text(_("Lý do"), 300, required=_("Ghi lý do điều chỉnh"), area=True)
    decision = text(_DECISION, 120)

    def __init__(self, *args: Any, subjects: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].choices = [("", _("Chọn…")), *subjects]  # type: ignore[attr-defined]


class DropForm(Plain):
    """Back to the programme as it is."""

    adjustment = forms.IntegerField(widget=forms.HiddenInput)
    reason = text(_("Lý do bỏ điều chỉnh"), 300, required=_("Ghi lý do"))


class ExemptForm(Plain):
    """From which subject, why, by which decision."""

    subject = choice(_("Môn học"), required=_("Chọn môn học"))
    reason = text(_("Lý do được miễn"), 150, hint=_("Để trống để bỏ miễn"))
    decision = text(_DECISION, 120, required=_("Ghi số quyết định hoặc văn bản"))

    def __init__(self, *args: Any, subjects: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].choices = [("", _("Chọn…")), *subjects]  # type: ignore[attr-defined]


class PlanForm(Plain):
    """Whether a pupil is assessed by an individual plan."""

    individual_plan = forms.BooleanField(label=_("Đánh giá theo kế hoạch giáo dục cá nhân"), required=False)
    note = text(_("Nội dung chính của kế hoạch, hoặc lý do thôi"), 300, required=_("Ghi nội dung"), area=True)
    decision = text(_DECISION, 120, required=_("Ghi số quyết định hoặc văn bản"))


class DecideForm(Plain):
    """A year's result that the rules cannot give."""

    subject = choice(_("Môn học"), required=_("Chọn môn học"))
    value = text(_("Kết quả cả năm"), 6, hint=_("Ví dụ 6,5 hoặc Đ; để trống để bỏ quyết định"))
    reason = text(_("Lý do"), 200, hint=_("Vì sao chỉ có kết quả một học kỳ"))

    def __init__(self, *args: Any, subjects: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].choices = [("", _("Chọn…")), *subjects]  # type: ignore[attr-defined]
