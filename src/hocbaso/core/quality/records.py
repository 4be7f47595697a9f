"""The plain records that rules judge. The apps fill them; nothing here knows a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PupilRecord:
    """One pupil as the school's file, place and checks say. Dates are (partial) ISO texts, "" for unknown."""

    full_name: str = ""
    birth_date: str = ""
    sex: str = ""
    ethnic_group: str = ""
    religion: str = ""
    nationality: str = ""
    personal_number: str = ""
    province: str = ""
    province_code: str = ""
    commune: str = ""
    commune_code: str = ""
    hamlet: str = ""
    birth_place: str = ""
    home_town: str = ""
    current_address: str = ""
    phone: str = ""
    disability: str = ""
    father_name: str = ""
    father_occupation: str = ""
    father_birth_year: str = ""
    father_phone: str = ""
    mother_name: str = ""
    mother_occupation: str = ""
    mother_birth_year: str = ""
    mother_phone: str = ""
    guardian_name: str = ""
    # --- place
    grade: int = 0
    school_year: str = ""
    status: str = ""
    status_date: str = ""
    active: bool = True
    register_number: str = ""
    class_closed: bool = False
    other_places: int = 0  # other classes where the pupil studies in the same year
    arrival: bool = False  # where the pupil came from is on record
    # --- photo, identity, checks
    photo_on: str = ""  # day of the portrait
    identity_state: str = ""
    verified_on: str = ""
    waiting_since: str = ""  # asked and not answered
    confirmed: frozenset[str] = frozenset()  # remarks on the number that somebody stood by
    #: item of the checklist → "held", "stale" (the fields changed since) or "".
    checks: Mapping[str, str] = field(default_factory=dict)
    updated_on: str = ""
    residence_on: str = ""
    # --- beside others
    twins: int = 0  # others of the school with the same name, birth date and sex
    duplicate_cases: int = 0  # open cases of the register of duplicates
    phone_shared: int = 0  # pupils of the school with the same contact number
    temporary_code: bool = False


@dataclass(frozen=True, slots=True)
class StaffRecord:
    """One member of staff."""

    full_name: str = ""
    birth_date: str = ""
    sex: str = ""
    personal_number: str = ""
    email: str = ""
    phone: str = ""
    position: str = ""
    identity_state: str = ""
    confirmed: frozenset[str] = frozenset()
    same_email: int = 0  # others of the school with the same address


@dataclass(frozen=True, slots=True)
class ClassRecord:
    """One class of a year."""

    name: str = ""
    grade: int = 0
    pupils: int = 0  # who study there
    homeroom: str = ""
    closed: bool = False
    doubled_orders: int = 0  # numbers of the list that several pupils have
