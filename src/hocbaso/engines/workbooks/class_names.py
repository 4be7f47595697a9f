"""What a class's name tells: its grade (khối) in the sector's code list (domain sheet 1.3).

Grades 1 to 12 stand in front of the name. Kindergarten classes bear names instead; their codes are 13 (3–12
months), 14 (13–24), 15 (25–36), 16 (mẫu giáo bé, 3–4 years), 17 (nhỡ, 4–5) and 18 (lớn, 5–6).
"""

from __future__ import annotations

import re

from hocbaso.engines.workbooks.text import bare

KINDERGARTEN = range(13, 19)
_NUMBERED = re.compile(r"^(1[0-2]|[1-9])(?!\d)")
# The rest is matched against :func:`bare` text: no marks, no hyphens.
_YEARS = re.compile(r"^(?:(?:mg|mau giao|lop)\s*)?([345])(?: [456])? ?tuoi\b")
_MONTHS = re.compile(r"^(?:nha tre|nhom tre|nt)\s*(3 12|13 24|25 36)\b")
_NAMED = re.compile(r"^(?:(?:mg|mau giao)\s*)?(mam|be|choi|nho|la|lon)(?![a-z])")
_OF_NAME = {"mam": 16, "be": 16, "choi": 17, "nho": 17, "la": 18, "lon": 18}
_OF_MONTHS = {"3": 13, "13": 14, "25": 15}


def grade_of(class_name: str | None) -> int | None:
    """The grade that a class name tells: ``3A`` → 3, ``12.6`` → 12, ``Lá 1`` → 18; else None."""
    name = bare(class_name or "")
    if match := _YEARS.match(name):
        return int(match[1]) + 13
    if match := _NUMBERED.match(class_name or ""):
        return int(match[1])
    if match := _MONTHS.match(name):
        return _OF_MONTHS[match[1].partition(" ")[0]]
    match = _NAMED.match(name)
    return _OF_NAME[match[1]] if match else None


def school_age(grade: int) -> int:
    """The grade as a number of years at school: a child of code 18 stands one year before grade 1."""
    return grade - 18 if grade in KINDERGARTEN else grade
