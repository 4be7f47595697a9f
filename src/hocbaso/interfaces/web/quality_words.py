"""Where a finding is put right, and how the pages of data quality say things."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hocbaso.apps.common import clock
from hocbaso.apps.quality.models import Finding, State, Step
from hocbaso.core.errors import catalogue
from hocbaso.core.quality import BY_ID, Fix, Owner, Rule


def rule_sentence(rule: Rule, params: dict[str, str]) -> str:
    """What to do, in the language of the page."""
    if (get_language() or "vi").startswith("en"):
        return catalogue()[rule.code].en.format(**params)
    return rule.says(params)


def owner_words(owner: str) -> str:
    """``giáo viên chủ nhiệm``."""
    return {
        Owner.HOMEROOM: _("Giáo viên chủ nhiệm"),
        Owner.CLERK: _("Nhân viên dữ liệu"),
        Owner.PRINCIPAL: _("Hiệu trưởng"),
    }[Owner(owner)]


def _address(name: str, *args: Any) -> str:
    try:
        return reverse(f"web:{name}", args=args)
    except NoReverseMatch:
        return ""


def fix_link(finding: Finding) -> tuple[str, str]:
    """Address and words of the button that leads to where the finding is put right."""
    rule = BY_ID[finding.rule]
    if finding.pupil is not None:
        return _of_pupil(finding, rule, finding.pupil.code)
    if rule.fix is Fix.IDENTITY:
        return _address("identity-staff") or _address("staff"), _("Mở xác thực")
    if rule.fix is Fix.STAFF:
        return _address("staff"), _("Mở danh sách cán bộ")
    if rule.fix is Fix.TEACHING:
        return _address("teaching"), _("Mở phân công")
    return _address("class", finding.school_class_id), _("Mở lớp")


def _of_pupil(finding: Finding, rule: Rule, code: str) -> tuple[str, str]:
    file = _address("quality-pupil", code)
    if rule.fix is Fix.IDENTITY:
        return _address("identity-person", code) or file, _("Sửa, xác thực")
    if rule.fix is Fix.PHOTO:
        return _address("photos-one", code) or _address("pupil", code), _("Tải ảnh")
    if rule.fix is Fix.REGISTER:
        return _address("pupil", code), _("Ghi số đăng bộ")
    if rule.fix is Fix.CHECKLIST and finding.school_class_id:
        return _address("quality-checklist", finding.school_class_id), _("Mở bảng đối chiếu")
    if rule.fix is Fix.DUPLICATES:
        return _address("duplicates") or file, _("Xem hồ sơ trùng")
    if rule.fix is Fix.PLACE and finding.school_class_id:
        return _address("class", finding.school_class_id), _("Mở lớp")
    field = f"#o-{rule.fields[0]}" if rule.fields else ""
    return file + field, _("Sửa hồ sơ")


@dataclass(frozen=True, slots=True)
class Shown:
    """One finding as the pages show it."""

    id: int
    rule: str
    name: str
    sentence: str
    error: bool
    owner: str
    subject: str
    code: str  # of the pupil, for a link
    class_name: str
    due: date
    late: bool
    state: str
    url: str
    action: str
    explain: bool
    said: str
    said_by: str
    returned: str


def show(finding: Finding, *, steps: list[Step] | None = None) -> Shown:
    """Words and links of one finding; ``steps`` where what was said about it is shown too."""
    rule = BY_ID[finding.rule]
    url, action = fix_link(finding)
    last = steps[-1] if steps else None
    explained = next((s for s in reversed(steps or []) if s.act == "explain"), None)
    return Shown(
        id=finding.pk,
        rule=rule.id,
        name=rule.name,
        sentence=rule_sentence(rule, finding.params),
        error=finding.severity == "error",
        owner=owner_words(finding.owner),
        subject=_subject(finding),
        code=finding.pupil.code if finding.pupil else "",
        class_name=finding.school_class.name if finding.school_class else "",
        due=finding.due_on,
        late=finding.due_on < clock.today(),
        state=finding.state,
        url=url,
        action=action,
        explain=finding.severity == "query" and finding.state == State.OPEN,
        said=explained.text if explained else "",
        said_by=explained.name if explained else "",
        returned=last.text if last is not None and last.act == "return" else "",
    )


def _subject(finding: Finding) -> str:
    if finding.pupil is not None:
        return finding.pupil.full_name
    if finding.staff is not None:
        return finding.staff.full_name
    name = finding.school_class.name if finding.school_class else ""
    return _("Lớp %(name)s") % {"name": name}
