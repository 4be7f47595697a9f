"""Values that several books share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClassHead:
    """One class with the people who answer for its books."""

    name: str
    grade: int
    year: str  # "2025-2026"
    homeroom: str = ""  # full name of the homeroom teacher
    principal: str = ""
    principal_title: str = "Hiệu trưởng"

    @property
    def running(self) -> str:
        """What continuation pages repeat."""
        return f"Lớp {self.name} · Năm học {self.year}"


@dataclass(frozen=True, slots=True)
class Person:
    """A pupil as every list names him."""

    number: int  # STT of the class list
    code: str  # mã học sinh
    name: str
    birth: str = ""  # ISO, possibly only year or month
    sex: str = ""  # "Nam" | "Nữ"
    ethnic_group: str = ""
    left: bool = False  # no longer in the class: named, not counted
    left_note: str = ""  # "Chuyển trường từ 12/01/2026"
