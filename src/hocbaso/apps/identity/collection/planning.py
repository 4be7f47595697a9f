"""What a workbook would do to the files as they are now, row by row; nothing is written here."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Literal

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.identity import evidence
from hocbaso.apps.identity.collection.reading import Read, question_key
from hocbaso.apps.identity.collection.stamps import shown_of, stamp_of
from hocbaso.apps.identity.evidence import LABELS
from hocbaso.apps.identity.models import ConfirmationKind, Outcome
from hocbaso.apps.identity.queries import Row, pupils_of, rows_of_people
from hocbaso.apps.identity.states import Person
from hocbaso.apps.identity.use_cases.typed_values import read_values
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil, SchoolClass
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.vietnamese.letters import collapse, nfc
from hocbaso.engines.workbooks.collection_columns import CONFIRM, WAIT
from hocbaso.engines.workbooks.collection_record import CollectionRow
from hocbaso.engines.workbooks.model import Issue, Severity

register(
    {
        "collection_other_school": (
            "Tệp này được xuất từ trường {school}, năm học {year}, không phải trường và năm học đang mở. "
            "Thầy cô xuất "
            "lại tệp của trường mình.",
            "The workbook was exported from school {school}, {year}.",
        ),
        "collection_unknown": (
            "Không có {whom} mang mã {code} trong phạm vi thầy cô phụ trách, năm học {year}.",
            "Nobody with code {code} in the actor's scope.",
        ),
        "collection_other_person": (
            "Mã {code} là của {name}, nhưng dòng này ghi “{written}”. Có thể các dòng đã bị xê dịch. Thầy "
            "cô kiểm tra "
            "lại cả dòng.",
            "Code {code} belongs to {name}, the row says {written!r}.",
        ),
        "collection_stale": (
            "Hồ sơ đã được sửa sau khi xuất tệp này{fields}. Thầy cô xem hồ sơ hiện nay rồi xuất tệp mới, "
            "để không ghi "
            "đè việc người khác vừa làm.",
            "The file was changed since the export{fields}.",
        ),
        "collection_number_twice": (
            "Số định danh này được ghi cho hai người trong tệp (dòng {row}, trang tính “{sheet}”).",
            "The same number is given to two persons of the workbook.",
        ),
        "collection_nothing_to_confirm": (
            "Hồ sơ này không có điểm nào phải xác nhận nên dòng được bỏ qua.",
            "There is nothing to confirm.",
        ),
        "collection_number_doubtful": (
            "{warnings} Thầy cô đã xem giấy tờ và đúng là như vậy?",
            "{warnings} Is it so on the paper?",
        ),
        "collection_number_check": (
            "{warnings} Dòng vẫn được ghi, nhưng phải xác nhận đã xem giấy tờ thì mới gửi xác thực được.",
            "{warnings} It must be confirmed before it can be sent.",
        ),
    }
)

Act = Literal["correct", "confirm", "same", "untouched", "wait", "refused"]
YES = "Đúng như giấy tờ"


@dataclass(slots=True)
class PlanRow:
    """One row of the workbook and what it will do."""

    row: CollectionRow
    person: Person | None = None
    school_class: SchoolClass | None = None
    act: Act = "untouched"
    changed: dict[str, str] = field(default_factory=dict)  # field of the file → new value
    confirm_after: bool = False  # the person stands by doubtful values: papers were seen


@dataclass(slots=True)
class Plan:
    """What importing would do."""

    rows: list[PlanRow] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    questions: dict[str, Issue] = field(default_factory=dict)
    fingerprint: str = ""

    @property
    def counts(self) -> Counter[str]:
        """act → rows."""
        return Counter(row.act for row in self.rows)

    @property
    def writes(self) -> list[PlanRow]:
        """Rows that change something."""
        return [row for row in self.rows if row.act in ("correct", "confirm")]


def plan(actor: Actor, school: Organisation, year: str, found: Read, answers: Mapping[str, bool]) -> Plan:
    """Compare what was read with the files. About ten queries, whatever the size.

    :raises DomainError: ``collection_other_school``.
    """
    reading = found.reading
    key = reading.key
    if key is not None and (key.school, key.year) != (school.code, year):
        raise DomainError("collection_other_school", school=key.school, year=key.year)
    planner = _Planner(actor, school, year, found, answers)
    made = Plan([planner.row(one) for one in reading.rows])
    planner.numbers(made.rows)
    made.issues = sorted([*reading.issues, *planner.issues], key=_place(reading.sheets))
    made.questions = found.questions | planner.questions
    made.fingerprint = _fingerprint(made)
    return made


def _place(sheets: tuple[str, ...]) -> Callable[[Issue], tuple[int, int]]:
    order = {name: index for index, name in enumerate(sheets)}
    return lambda issue: (order.get(issue.sheet, len(order)), issue.row)


def _fingerprint(made: Plan) -> str:
    """Of what will be written and of the files it will be written to."""
    digest = hashlib.sha256()
    for one in made.rows:
        held = evidence.fields_of(one.person).digest if one.person is not None else ""
        parts = (one.row.code, one.act, held, sorted(one.changed.items()), one.confirm_after)
        digest.update(repr(parts).encode())
    return digest.hexdigest()


class _Planner:
    def __init__(
        self, actor: Actor, school: Organisation, year: str, found: Read, answers: Mapping[str, bool]
    ) -> None:
        self.school, self.year, self.answers = school, year, answers
        self.stamps = found.reading.key.stamps if found.reading.key is not None else {}
        self.issues: list[Issue] = []
        self.questions: dict[str, Issue] = {}
        rows = found.reading.rows
        self.people, self.classes = _people(actor, school, year, rows)
        self.about = {
            (isinstance(row.person, StaffMember), row.person.pk): row
            for group in (Pupil, StaffMember)
            for row in rows_of_people([p for p in self.people.values() if isinstance(p, group)])
        }

    def row(self, row: CollectionRow) -> PlanRow:
        """What one row will do."""
        made = PlanRow(row)
        if not row.ok:
            made.act = "refused"
            return made
        person = self.people.get((row.staff, row.code))
        if person is None:
            whom = "cán bộ" if row.staff else "học sinh"
            return self._refuse(made, "code", "collection_unknown", whom=whom, code=row.code, year=self.year)
        made.person, made.school_class = person, self.classes.get(person.pk) if not row.staff else None
        wanted = self._wanted(made, person)
        if wanted is None:
            return made
        made.changed = {name: value for name, value in wanted.items() if getattr(person, name) != value}
        if made.changed:
            made.act = "correct"
        elif row.handling == CONFIRM:
            made.act = self._confirming(row, person)
        elif row.values:
            made.act = "same"
        else:
            made.act = "wait" if row.handling == WAIT else "untouched"
        if made.act in ("correct", "confirm") and not self._fresh(made, person):
            return made
        self._doubts(made, person)
        return made

    def _wanted(self, made: PlanRow, person: Person) -> dict[str, str] | None:
        """The values as the repair would write them; None: refused, each with its sentence."""
        values, wanted, refused = made.row.values, dict[str, str](), False
        parts = [{name: value} for name, value in values.items() if not name.endswith("_code")]
        if "commune_code" in values:
            parts.append({name: value for name, value in values.items() if name.endswith("_code")})
        for part in parts:
            try:
                wanted |= read_values(person, part)
            except DomainError as error:
                column = next(iter(part)).removesuffix("_code")
                self._note(made.row, column, error.code, "error", error.message)
                refused = True
        if refused:
            made.act = "refused"
            return None
        return wanted

    def _fresh(self, made: PlanRow, person: Person) -> bool:
        """Nobody changed the file since the export, but for what this very workbook says."""
        row, now = made.row, shown_of(person)
        if row.shown.get("full_name") and row.shown["full_name"] != person.full_name:
            stamp = self.stamps.get((row.staff, row.code))
            if stamp is None and row.values.get("full_name") != person.full_name:
                return self._of_another(made, person)
        own = {name for name, value in row.values.items() if getattr(person, name) == value}
        if "commune_code" in own:
            own |= {"commune", "province"}
        before = {name: row.shown.get(name, value) if name in own else value for name, value in now.items()}
        stamp = self.stamps.get((row.staff, row.code))
        fresh = (
            stamp_of(before) == stamp
            if stamp
            else all(row.shown.get(name, value) == value for name, value in before.items())
        )
        if fresh and not self._same_name(row, before["full_name"]):
            return self._of_another(made, person)
        if fresh:
            return True
        moved = [
            LABELS[name].lower() for name, value in before.items() if row.shown.get(name, value) != value
        ]
        self._refuse(made, "code", "collection_stale", fields=f" ({', '.join(moved)})" if moved else "")
        return False

    @staticmethod
    def _same_name(row: CollectionRow, name: str) -> bool:
        """The grey name of the row is the name that the file had at the export: the row was not shifted."""
        written = row.shown.get("full_name", "")
        return not written or collapse(nfc(written)) == collapse(nfc(name))

    def _of_another(self, made: PlanRow, person: Person) -> bool:
        written = made.row.shown["full_name"]
        name = person.full_name
        self._refuse(made, "code", "collection_other_person", code=made.row.code, name=name, written=written)
        return False

    def _confirming(self, row: CollectionRow, person: Person) -> Act:
        about = self.about[row.staff, person.pk]
        if subjects_to_confirm(about):
            return "confirm"
        seen = bool(about.confirmations)
        if not seen:
            self._note(row, "handling", "collection_nothing_to_confirm", "warning")
        return "same" if seen else "untouched"

    def _doubts(self, made: PlanRow, person: Person) -> None:
        """Number, birth date and sex that would contradict each other: asked where a paper was seen."""
        if made.act != "correct":
            return
        after = copy(person)
        for name, value in made.changed.items():
            setattr(after, name, value)
        warned = evidence.warnings(after)
        codes = sorted(evidence.MUST_CONFIRM & warned.keys())
        if not codes:
            return
        told = " ".join(warned[code] for code in codes)
        row, column = made.row, "personal_number"
        if not row.paper:
            self._note(row, column, "collection_number_check", "warning", warnings=told)
            return
        message = sentence("collection_number_doubtful", warnings=told)
        issue = self._issue(row, column, "collection_number_doubtful", "warning", message, YES)
        key = question_key(row.code, issue)
        self.questions[key] = issue
        made.confirm_after = self.answers.get(key, False)
        if key not in self.answers:
            self.issues.append(issue)
        elif not made.confirm_after:
            self._note(row, column, "collection_number_check", "warning", warnings=told)

    def numbers(self, rows: Iterable[PlanRow]) -> None:
        """A number belongs to one person: in the workbook, and in the database."""
        given: dict[tuple[bool, str], PlanRow] = {}
        for made in rows:
            number = made.changed.get("personal_number", "") if made.act == "correct" else ""
            if not number:
                continue
            first = given.setdefault((made.row.staff, number), made)
            if first is not made:
                row, sheet = first.row.row, first.row.sheet
                self._refuse(made, "personal_number", "collection_number_twice", row=row, sheet=sheet)
        for staff in (False, True):
            wanted = {number: made for (of_staff, number), made in given.items() if of_staff is staff}
            for number, pk in _taken(staff, self.school, wanted):
                made = wanted[number]
                if made.act == "correct" and made.person is not None and made.person.pk != pk:
                    self._refuse(made, "personal_number", "identity_number_taken")

    def _refuse(self, made: PlanRow, column: str, problem: str, /, **params: object) -> PlanRow:
        self._note(made.row, column, problem, "error", **params)
        made.act = "refused"
        return made

    def _note(
        self,
        row: CollectionRow,
        column: str,
        problem: str,
        severity: Severity,
        message: str = "",
        /,
        **params: object,
    ) -> None:
        told = message or sentence(problem, **params)
        self.issues.append(self._issue(row, column, problem, severity, told))

    @staticmethod
    def _issue(
        row: CollectionRow,
        column: str,
        code: str,
        severity: Severity,
        message: str,
        proposal: str | None = None,
    ) -> Issue:
        title, letter = row.columns.get(column, ("", ""))
        value = row.code if column == "code" else row.values.get(column, "")
        return Issue(row.row, title, letter, code, severity, message, value, proposal, row.sheet)


def subjects_to_confirm(about: Row) -> list[ConfirmationKind]:
    """What a confirmation would say anything new about, with the file as it is."""
    kinds = [ConfirmationKind.WARNING] if about.to_confirm else []
    check = about.check
    if check is not None and about.state.value in ("mismatch", "not_found"):
        open_fields = ["so_dinh_danh"] if check.outcome == Outcome.NOT_FOUND else about.differences
        seen = evidence.confirmed(about.person, about.confirmations, ConfirmationKind.DIFFERENCE)
        if set(open_fields) - seen:
            kinds.append(ConfirmationKind.DIFFERENCE)
    return kinds


def _people(
    actor: Actor, school: Organisation, year: str, rows: Iterable[CollectionRow]
) -> tuple[dict[tuple[bool, str], Person], dict[int, SchoolClass]]:
    """(is staff, code) → who it is, and pupil id → class; only those for whom the actor may collect."""
    codes = {staff: [row.code for row in rows if row.staff is staff and row.code] for staff in (False, True)}
    people: dict[tuple[bool, str], Person] = {}
    classes: dict[int, SchoolClass] = {}
    rights: dict[int, bool] = {}
    if codes[False]:
        enrolled = pupils_of(school, year).select_related("pupil", "school_class__school")
        for found in enrolled.filter(pupil__code__in=codes[False]):
            of = found.school_class
            if rights.setdefault(of.pk, allowed(actor, "collection.class", of)):
                people[False, found.pupil.code] = found.pupil
                classes[found.pupil_id] = of
    if codes[True] and allowed(actor, "collection.staff", school):
        for member in StaffMember.objects.filter(organisation=school, code__in=codes[True]):
            people[True, member.code] = member
    return people, classes


def _taken(staff: bool, school: Organisation, numbers: Iterable[str]) -> list[tuple[str, int]]:
    """(number, id of the person who has it now)."""
    wanted = list(numbers)
    if not wanted:
        return []
    if staff:
        members = StaffMember.objects.filter(organisation=school, personal_number__in=wanted)
        return list(members.values_list("personal_number", "pk"))
    return list(Pupil.objects.filter(personal_number__in=wanted).values_list("personal_number", "pk"))
