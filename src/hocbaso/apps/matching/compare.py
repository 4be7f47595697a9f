"""Pupils' files as the pure comparison takes them, and what a comparison is kept as."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from hocbaso.apps.pupils.models import IdentityState, Pupil
from hocbaso.core.matching import Likeness, Profile, likeness, profile

#: Columns that are compared, in the order of :func:`_profile`.
COLUMNS = (
    *("pk", "full_name", "birth_date", "sex", "province_code", "commune_code", "father_name", "mother_name"),
    *("personal_number", "identity_state"),
)
_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison as a pair keeps it."""

    likeness: Likeness
    explanation: list[dict[str, Any]]
    digest: str


def profile_of(pupil: Pupil) -> Profile:
    """One file."""
    return _profile(tuple(getattr(pupil, name) for name in COLUMNS))


def profiles(pupils: QuerySet[Pupil]) -> Iterator[Profile]:
    """Many files, read in parts. One query."""
    for row in pupils.order_by().values_list(*COLUMNS).iterator(chunk_size=_CHUNK):
        yield _profile(row)


def _profile(row: tuple[Any, ...]) -> Profile:
    pk, name, birth, sex, province, commune, father, mother, number, state = row
    return profile(
        pk,
        name,
        birth,
        sex,
        province_code=province,
        commune_code=commune,
        father=father,
        mother=mother,
        personal_number=number,
        verified=state == IdentityState.VERIFIED,
    )


def compared(first: Pupil, second: Pupil) -> Compared:
    """Compare two files whatever it comes to."""
    return kept(profile_of(first), profile_of(second))


def kept(first: Profile, second: Profile, found: Likeness | None = None) -> Compared:
    """The comparison as it is kept: sentences that quote nothing, and a digest of what was compared."""
    found = found or likeness(first, second)
    explanation = [
        {"field": part.field, "verdict": part.verdict, "points": part.points, "text": part.text}
        for part in found.parts
    ]
    return Compared(found, explanation, digest_of(first, second))


def digest_of(first: Profile, second: Profile) -> str:
    """SHA-256 over the compared values of both; a judgement holds as long as it stays the same."""
    ordered = sorted((first, second), key=lambda one: one.ref)
    text = "\x1e".join(
        "\x1f".join(
            (
                str(one.ref),
                one.name,
                one.birth_date,
                one.sex,
                one.province_code,
                one.commune_code,
                one.father,
                one.mother,
                one.personal_number,
            )
        )
        for one in ordered
    )
    return hashlib.sha256(text.encode()).hexdigest()
