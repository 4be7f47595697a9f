"""A secondary school that signs: one key for each subject teacher, as the sheet's list asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SchoolLevel, SecondarySubjectLine, SignerRole, YearSheet
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.signers import subject_signatures
from hocbaso.engines.trust.bundle import AuthorityEntry, TrustBundle, certificate_digest, serial_hex
from hocbaso.engines.trust.xades import prepare_subjects, sign
from tests.unit.core.document.secondary_sheets import TEACHERS, secondary, staff_code, teacher
from tests.unit.engines.trust.verify_support import CHAIN, DAY, SIGN_TIMES, T0, Holder, Pki, School

GVBM = SignerRole.SUBJECT_TEACHER


def sheet_of(grade: int = 6, **changes: object) -> YearSheet:
    """A full secondary sheet, frozen before anybody here signs."""
    return replace(secondary(grade), **({"frozen_at": "2026-05-01T00:00:00Z"} | changes))  # type: ignore[arg-type]


def shared_out(teachers: int, grade: int = 10) -> YearSheet:
    """The same sheet with its subjects given to so many teachers in turn."""
    sheet = sheet_of(grade)
    codes = [line.code for line in sheet.subjects if line.exempt is None]
    people = [teacher(number, *codes[number::teachers]) for number in range(teachers)]
    chain = [person for person in sheet.responsible if person.role is not GVBM]
    return replace(sheet, responsible=(*people, *chain))


def many_subjects(count: int) -> YearSheet:
    """A sheet of ``count`` subjects, each with a teacher of its own."""
    lines = tuple(SecondarySubjectLine(f"mon-{n}", f"Môn {n}", "diem", "8", "8", "8") for n in range(count))
    people = tuple(
        replace(teacher(0, f"mon-{n}"), name=f"Giáo viên {n}", staff_code=f"GV{n:02d}") for n in range(count)
    )
    chain = tuple(person for person in secondary().responsible if person.role is not GVBM)
    return sheet_of(subjects=lines, responsible=(*people, *chain))


@dataclass
class SecondarySchool(School):
    """Signs secondary sheets; ``teachers`` hold the keys of the people by staff code."""

    teachers: dict[str, Holder] = field(default_factory=dict)

    def holder(self, code: str, name: str) -> Holder:
        """The key holder of a staff code."""
        if code not in self.teachers:
            self.teachers[code] = self.pki.issue(name, ends=self.ends)
        return self.teachers[code]

    def teach(
        self,
        text: bytes,
        codes: Sequence[str],
        *,
        number: int = 1,
        holder: Holder | None = None,
        minutes: int = 0,
    ) -> bytes:
        """One subject teacher's signature."""
        signer = self.signer(holder or self.holder(staff_code(0), TEACHERS[0]))
        prepared = prepare_subjects(
            text,
            codes,
            signing_time=SIGN_TIMES[GVBM] + timedelta(minutes=minutes),
            certificate=signer.certificate,
            chain=signer.chain,
            number=number,
        )
        return sign(prepared, signer)

    def teachers_of(self, sheet: YearSheet, text: bytes) -> list[bytes]:
        """Every subject teacher's signature that the sheet asks for, in order."""
        return [
            self.teach(
                text,
                wanted.subjects,
                number=wanted.number,
                holder=self.holder(wanted.person.staff_code, wanted.person.name),
            )
            for wanted in subject_signatures(sheet)
        ]

    def chain_over(self, text: bytes, teachers: Iterable[bytes]) -> list[bytes]:
        """Homeroom teacher, principal and stamped seal over these."""
        previous, made = list(teachers), []
        for role in CHAIN:
            made.append(self.sign(text, role, previous))
            previous = [made[-1]]
        return [*made[:-1], self.stamp(made[-1])]

    def issue_secondary(self, sheet: YearSheet, teachers: Sequence[bytes] | None = None) -> bytes:
        """An issued document; ``teachers`` in place of the signatures that the sheet asks for."""
        text = emit(sheet)
        made = self.teachers_of(sheet, text) if teachers is None else list(teachers)
        return document_bytes(text, [*made, *self.chain_over(text, made)])

    def entries(
        self, sheet: YearSheet, changes: Mapping[str, Mapping[str, object]] | None = None
    ) -> tuple[AuthorityEntry, ...]:
        """The register: each teacher for his subjects in this class, the others in their roles.

        :param changes: by staff code.
        """
        chain = (
            replace(entry, school=sheet.school.code) for entry in self.register() if entry.role != GVBM.value
        )
        teachers = []
        for person in sheet.responsible:
            if person.role is not GVBM:
                continue
            holder = self.holder(person.staff_code, person.name)
            entry = AuthorityEntry(
                certificate_sha256=certificate_digest(holder.der),
                serial=serial_hex(holder.certificate.serial_number),
                role=GVBM.value,
                school=sheet.school.code,
                valid_from=T0 - DAY,
                valid_to=None,
                name=person.name,
                subjects=person.subjects,
                class_name=sheet.class_name if sheet.school_level is not SchoolLevel.PRIMARY else None,
                staff_code=person.staff_code,
            )
            teachers.append(replace(entry, **(changes or {}).get(person.staff_code, {})))  # type: ignore[arg-type]
        return (*teachers, *chain)

    def secondary_bundle(
        self, document: bytes, sheet: YearSheet, changes: Mapping[str, Mapping[str, object]] | None = None
    ) -> TrustBundle:
        """A bundle that knows everything about a secondary document."""
        return self.bundle(document, authority=self.entries(sheet, changes))


def new_school(label: str = "S") -> SecondarySchool:
    """A school under a PKI of its own."""
    return SecondarySchool(Pki(label))
