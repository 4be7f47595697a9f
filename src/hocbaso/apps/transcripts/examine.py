"""What stands between a pupil's results and the year sheet: every reason, with a code and a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field

from hocbaso.apps.organisations import queries as units
from hocbaso.apps.periods.queries import review_block, unlock_block
from hocbaso.apps.pupils.models import IdentityState, SchoolClass
from hocbaso.apps.transcripts.forms import Assessed, Form, PupilRows
from hocbaso.apps.transcripts.forms.base import Signers
from hocbaso.core.document import model
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import register, sentence

register(
    {
        "missing_results": ("Còn thiếu: {what}.", "Missing: {what}."),
        "summer_pending": (
            "Chưa hoàn thành chương trình lớp học, chờ đánh giá bổ sung trong hè ({what}).",
            "Has not completed the grade; waits for the summer re-assessment.",
        ),
        "no_homeroom_teacher": (
            "Lớp {name} chưa có giáo viên chủ nhiệm được phân công.",
            "Class {name} has no homeroom teacher.",
        ),
        "no_principal": ("Trường chưa có hiệu trưởng được phân công.", "The school has no principal."),
        "no_subject_teacher": (
            "Lớp {name} chưa có giáo viên ký môn {subjects}.",
            "Nobody is assigned to sign {subjects} of class {name}.",
        ),
        "review_pending": (
            "Chưa duyệt xong trước khi ký: {what}",
            "A check before signing is not done: {what}",
        ),
        "identity_not_verified": (
            "Danh tính chưa được xác thực với CSDL quốc gia về dân cư ({state}).",
            "The identity is not verified ({state}).",
        ),
        "absences_not_recorded": ("Chưa ghi số ngày nghỉ.", "Days of absence are not recorded."),
        "photo_missing": ("Chưa có ảnh 3×4.", "The portrait is missing."),
    }
)


@dataclass(frozen=True, slots=True)
class Blocked:
    """One pupil who cannot be closed yet, and exactly why."""

    pupil: str
    name: str
    class_name: str
    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        return {"pupil": self.pupil, "class": self.class_name, "code": self.code, "message": self.message}

    @classmethod
    def of(cls, rows: PupilRows, school_class: SchoolClass, code: str, message: str) -> Blocked:
        pupil = rows.enrolment.pupil
        return cls(pupil.code, pupil.full_name, school_class.name, code, message)


@dataclass(frozen=True, slots=True)
class Ready:
    """A pupil whose sheet can be frozen."""

    rows: PupilRows
    assessed: Assessed
    remarks: tuple[str, ...]


@dataclass(slots=True)
class CloseResult:
    """What closing did, or (``preview``) what it would do."""

    closed: int = 0
    already: int = 0
    blocked: list[Blocked] = field(default_factory=list)
    warnings: list[Blocked] = field(default_factory=list)
    ready: list[Ready] = field(default_factory=list)  # of a preview: who would be closed, in class order


def result_reasons(assessed: Assessed) -> list[tuple[str, str]]:
    """What of the results stops the sheet: code and sentence, at most one."""
    if assessed.summer is not None:
        return [("summer_pending", sentence("summer_pending", what=assessed.summer))]
    if assessed.missing or assessed.result is None:
        return [("missing_results", sentence("missing_results", what="; ".join(assessed.missing)))]
    return []


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """The questions that one class's pupils must pass."""

    form: Form
    people: dict[SignerRole, model.ResponsiblePerson]
    signers: Signers
    identity_gate: str
    photo_gate: str
    reviews: tuple[str, ...]  # what a checker still has to confirm, where signing waits for it
    cases: tuple[str, ...]  # unlock cases that are open: half a correction is not frozen

    @classmethod
    def of(
        cls, form: Form, people: dict[SignerRole, model.ResponsiblePerson], signers: Signers
    ) -> Gatekeeper:
        """At most seven queries."""
        school = form.school_class.school
        return cls(
            form,
            people,
            signers,
            units.setting(school, "identity_gate"),
            units.setting(school, "photo_gate"),
            review_block(form.school_class),
            unlock_block(form.school_class),
        )

    def examine(self, rows: PupilRows, result: CloseResult) -> Ready | None:
        """All findings of one pupil into ``result``; Ready when nothing blocks. No query."""
        school_class = self.form.school_class
        assessed = self.form.assess(rows)
        reasons = [*self._class_reasons(assessed), *result_reasons(assessed)]
        remarks = self._gates(rows, reasons)
        for warning in assessed.contradictions:
            result.warnings.append(Blocked.of(rows, school_class, warning.code, warning.message))
        for code, message in reasons:
            result.blocked.append(Blocked.of(rows, school_class, code, message))
        return None if reasons else Ready(rows, assessed, remarks)

    def _class_reasons(self, assessed: Assessed) -> list[tuple[str, str]]:
        name = self.form.school_class.name
        found = []
        if SignerRole.HOMEROOM not in self.people:
            found.append(("no_homeroom_teacher", sentence("no_homeroom_teacher", name=name)))
        if SignerRole.PRINCIPAL not in self.people:
            found.append(("no_principal", sentence("no_principal")))
        lacking = self.signers.missing(one.code for one in assessed.subjects if not one.exempt)
        if lacking:
            names = ", ".join(self.form.subject_name(code) for code in lacking)
            found.append(("no_subject_teacher", sentence("no_subject_teacher", name=name, subjects=names)))
        found += [("review_pending", sentence("review_pending", what=what)) for what in self.reviews]
        found += [("unlock_open", what) for what in self.cases]
        return found

    def _gates(self, rows: PupilRows, reasons: list[tuple[str, str]]) -> tuple[str, ...]:
        """Identity and photo: policy says whether they stop the sheet or are only recorded on it."""
        remarks = []
        pupil = rows.enrolment.pupil
        if pupil.identity_state != IdentityState.VERIFIED:
            state = IdentityState(pupil.identity_state).label.lower()
            message = sentence("identity_not_verified", state=state)
            if self.identity_gate == "block":
                reasons.append(("identity_not_verified", message))
            else:
                remarks.append(message)
        if pupil.photo is None:
            message = sentence("photo_missing")
            if self.photo_gate == "block":
                reasons.append(("photo_missing", message))
            else:
                remarks.append(message)
        record = rows.record
        if record is None or record.absent_excused is None or record.absent_unexcused is None:
            remarks.append(sentence("absences_not_recorded"))
        return tuple(remarks)
