"""What forbids a merge, each with a sentence that says what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hocbaso.apps.identity.escalation.models import Case
from hocbaso.apps.identity.escalation.states import OPEN
from hocbaso.apps.identity.models import OPEN_JOBS, Job
from hocbaso.apps.matching import aliases
from hocbaso.apps.pupils.models import IdentityState
from hocbaso.apps.residence.models import Lookup, Told, ToldState
from hocbaso.apps.transcripts.models import SheetState, StatusEvent, YearSheet
from hocbaso.core.errors import register, sentence

if TYPE_CHECKING:
    from hocbaso.apps.matching.use_cases.preview import EnrolmentLine, Preview

register(
    {
        "merge_same": ("Hai hồ sơ này là một.", "These are one file."),
        "merge_gone": (
            "Một trong hai hồ sơ đã được gộp vào hồ sơ khác.",
            "One of the files was merged already.",
        ),
        "merge_two_verified": (
            "Cả hai số định danh đều đã xác thực và khác nhau: dữ liệu dân cư biết đây là hai người. Nếu một "
            "số bị ghi nhầm, thầy cô sửa số đó và xác thực lại trước.",
            "Both numbers are verified: two persons.",
        ),
        "merge_asked": (
            "Hồ sơ {code} đang chờ trả lời xác thực. Thầy cô gộp sau khi có kết quả.",
            "{code} waits for an answer of the register.",
        ),
        "merge_residence": (
            "Hồ sơ {code} còn kết quả tra cứu nơi cư trú đang chờ. Thầy cô xem xong ở mục Cư trú rồi gộp.",
            "A residence look-up of {code} waits.",
        ),
        "merge_escalated": (
            "Hồ sơ {code} đang có kiến nghị mở ({number}). Thầy cô chọn giữ hồ sơ này, hoặc rút kiến nghị.",
            "{code} has an open case: {number}.",
        ),
        "merge_signing": (
            "Học bạ năm học {year} của hồ sơ {code} đang chờ ký. Thầy cô cho phát hành hoặc trả lại trước "
            "khi gộp.",
            "The sheet {year} of {code} is being signed.",
        ),
        "merge_two_issued": (
            "Hai hồ sơ đều có học bạ năm học {year} đã phát hành. Học bạ đã phát hành không sửa được: cần "
            "thu hồi một bản trước.",
            "Both files hold an issued sheet of {year}.",
        ),
        "merge_turn": (
            "Lớp {name} năm học {year} của hồ sơ {code} đã khóa điểm mà chưa phát hành học bạ, nên điểm "
            "không rời hồ sơ này được. Thầy cô chọn giữ hồ sơ {code}.",
            "Class {name} of {code} is locked: keep that file.",
        ),
        "merge_turn_both": (
            "Cả hai hồ sơ đều có lớp đã khóa điểm mà chưa phát hành học bạ (lớp {name} năm học {year} của hồ "
            "sơ {code}). Thầy cô phát hành học bạ của năm đó rồi mới gộp.",
            "Both files hold locked marks without an issued sheet.",
        ),
        "merge_year": (
            "Năm học {year} em có tên ở hai lớp. Thầy cô chọn lớp em thật sự học.",
            "Choose the class of {year}.",
        ),
        "merge_year_held": (
            "Điểm của lớp {name} năm học {year} nằm ở hồ sơ {code} và không rời được. Thầy cô chọn lớp kia "
            "hoặc giữ hồ sơ {code}.",
            "The class of {year} cannot be taken along.",
        ),
    }
)


def of_people(plan: Preview) -> list[str]:
    """What waits for an answer or a person, and numbers that say two persons."""
    one, other = plan.survivor, plan.merged
    if one.pk == other.pk:
        return [sentence("merge_same")]
    found = []
    if aliases.is_merged(one) or aliases.is_merged(other):
        found.append(sentence("merge_gone"))
    numbers = {pupil.personal_number for pupil in (one, other) if pupil.personal_number}
    states = {one.identity_state, other.identity_state}
    if len(numbers) == 2 and states == {IdentityState.VERIFIED}:
        found.append(sentence("merge_two_verified"))
    asked = Job.objects.filter(pupil__in=[one.pk, other.pk], state__in=OPEN_JOBS)
    codes = {one.pk: one.code, other.pk: other.code}
    # An alias is never verified, so that its case would never end.
    open_case = Case.objects.filter(pupil=other, state__in=OPEN).first()
    if open_case is not None:
        found.append(sentence("merge_escalated", code=other.code, number=open_case.number))
    found += [sentence("merge_asked", code=codes[pk or 0]) for pk in asked.values_list("pupil", flat=True)]
    # What waits for a person would be written into the file that goes.
    waits = Told.objects.filter(pupil=other, state=ToldState.OPEN).exists()
    if waits or Lookup.objects.filter(pupil=other, state__in=OPEN_JOBS).exists():
        found.append(sentence("merge_residence", code=other.code))
    return found


def of_sheets(plan: Preview) -> list[str]:
    """Year sheets that are being signed, or issued in both files."""
    found = []
    issued: dict[str, set[str]] = {}
    for line in plan.lines:
        if line.sheet and line.sheet != SheetState.ISSUED:
            code = line.enrolment.pupil.code
            found.append(sentence("merge_signing", year=line.year, code=code))
        elif line.sheet and not _revoked(line):
            issued.setdefault(line.year, set()).add(line.side)
    found += [sentence("merge_two_issued", year=year) for year, sides in issued.items() if len(sides) == 2]
    return found


def _revoked(line: EnrolmentLine) -> bool:
    """Whether the newest issued sheet of the enrolment was revoked. Two queries, for issued ones only."""
    sheet = (
        YearSheet.objects.filter(enrolment=line.enrolment, state=SheetState.ISSUED)
        .only("code", "version")
        .order_by("-version")
        .first()
    )
    return (
        sheet is not None
        and StatusEvent.objects.filter(code=sheet.code, version=sheet.version, status="revoked").exists()
    )


def of_places(plan: Preview) -> list[str]:
    """Classes that forbid the direction, and choices that are missing or impossible."""
    found = []
    for conflict in plan.conflicts:
        if not conflict.chosen:
            found.append(sentence("merge_year", year=conflict.year))
        elif conflict.chosen not in conflict.possible:
            held = next((x for x in conflict.lines if x.enrolment.pk == conflict.chosen), conflict.lines[0])
            found.append(_held("merge_year_held", held))
    stuck = [line for line in plan.lines if line.side == "merged" and _stuck(line)]
    back = [line for line in plan.lines if line.side == "survivor" and _stuck(line)]
    code = "merge_turn_both" if back else "merge_turn"
    return [*found, *(_held(code, line) for line in stuck)]


def _stuck(line: EnrolmentLine) -> bool:
    """A class that is still to be closed and cannot leave its file."""
    return line.sealed and line.enrolment.active and not line.ends and line.sheet != SheetState.ISSUED


def _held(code: str, line: EnrolmentLine) -> str:
    row = line.enrolment
    return sentence(code, name=row.school_class.name, year=line.year, code=row.pupil.code)
