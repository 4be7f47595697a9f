"""The person whom the sheet names and the person who signed.

The sheet's list of responsible people is signed content: it designates who signs which subject. The register
says whose a certificate is. Where the register knows the staff code, a subject teacher's signature by
somebody who is not in the list fails: the sheet would name one person and carry another's word. Names alone
decide nothing (people share names and change them): a difference is told and harms nobody. The same holds
for homeroom teacher and principal, whose office may have passed on between freezing and signing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from hocbaso.core.document.model import ResponsiblePerson, YearSheet
from hocbaso.engines.trust.bundle import AuthorityEntry
from hocbaso.engines.trust.verification.sentences import role_name
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.verdict import Check, Result


def compare_named(finding: Finding, entries: Sequence[AuthorityEntry], sheet: YearSheet) -> Check | None:
    """The comparison for one signature; ``None`` when the sheet names nobody or the person fits.

    :param entries: the register's entries of this certificate in this role, school and time.
    """
    codes = {entry.staff_code for entry in entries if entry.staff_code is not None}
    names: set[str] = set()
    for people, subject in _named(finding, sheet):
        if not people or any(person.staff_code in codes for person in people):
            continue
        names = names or {_plain(entry.name) for entry in entries} | {_plain(finding.subject_name)}
        if not codes and any(_plain(person.name) in names for person in people):
            continue
        listed = " hoặc ".join(_told(person, names) for person in people)
        who = f"{role_name(finding.role)} ký là {entries[0].name}"
        about = f" môn {subject}" if subject else ""
        if codes and finding.role == "gvbm":
            sentence = f"Người ký không phải người được giao: {who}, tờ học bạ giao{about} cho {listed}."
            return Check(Result.FAILED, sentence, "SIG_CONSTRAINTS_FAILURE")
        return Check(Result.OK, f"Lưu ý: {who}, còn tờ học bạ ghi{about} {listed}.")
    return None


def check_everyone_signed(sheet: YearSheet, signed: Sequence[tuple[Finding, frozenset[str]]]) -> Check | None:
    """Whether each subject teacher in the list signed each of his subjects: nobody signs twice for two.

    :param signed: subject teachers' signatures with the staff codes of their certificates; where the register
        knows the code of one of them not, the number of certificates has to do (``teachers_missing``).
    """
    if not all(codes for _, codes in signed):
        return None
    names = {line.code: line.name for line in sheet.subjects}
    for person in sheet.responsible:
        for code in person.subjects:
            if not any(person.staff_code in codes and code in finding.subjects for finding, codes in signed):
                sentence = f"Thiếu chữ ký của {person.name}, người được giao ký môn {names.get(code, code)}."
                return Check(Result.FAILED, sentence, "SIG_CONSTRAINTS_FAILURE")
    return None


def _named(finding: Finding, sheet: YearSheet) -> list[tuple[list[ResponsiblePerson], str]]:
    """The people of whom the signer must be one, for each subject signed or for the whole sheet."""
    people = [person for person in sheet.responsible if person.role == finding.role]
    if finding.role != "gvbm":
        return [(people, "")]
    subjects = {line.code: line.name for line in sheet.subjects}
    return [
        ([person for person in people if code in person.subjects], subjects.get(code, code))
        for code in finding.subjects
    ]


def _told(person: ResponsiblePerson, names: set[str]) -> str:
    """The name; with the staff code only where another person of the same name signed."""
    same = _plain(person.name) in names
    return f"{person.name} (mã {person.staff_code})" if same else person.name


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
