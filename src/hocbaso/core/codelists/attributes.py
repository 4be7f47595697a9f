"""Ethnic groups, religions, pupil statuses and the provinces in personal numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hocbaso.core.codelists.search import index_places, only, place_key, read_rows
from hocbaso.core.vietnamese.letters import fold


@dataclass(frozen=True, slots=True)
class CodeItem:
    """One entry of a plain code list."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class PupilStatus:
    """Trạng thái học sinh; ``active`` says whether the pupil counts as studying."""

    code: str
    name: str
    active: bool


@cache
def _items(name: str) -> dict[str, CodeItem]:
    return {code: CodeItem(code, label) for code, label in read_rows(name)}


@cache
def _items_by_text(name: str) -> dict[str, CodeItem]:
    return {fold(item.name): item for item in _items(name).values()}


def ethnic_groups() -> tuple[CodeItem, ...]:
    """Dân tộc, QĐ 121-TCTK/PPCĐ, in order of code."""
    return tuple(_items("ethnic_groups").values())


def ethnic_group(code: str) -> CodeItem | None:
    """Ethnic group by two-digit code."""
    return _items("ethnic_groups").get(code)


def find_ethnic_group(text: str) -> CodeItem | None:
    """Ethnic group by its official name, in any case and Unicode form; near misses: :func:`propose`."""
    return _items_by_text("ethnic_groups").get(fold(text))


def religions() -> tuple[CodeItem, ...]:
    """Tôn giáo; the numbers are this project's own."""
    return tuple(_items("religions").values())


def religion(code: str) -> CodeItem | None:
    """Religion by two-digit code."""
    return _items("religions").get(code)


def find_religion(text: str) -> CodeItem | None:
    """Religion by name."""
    return _items_by_text("religions").get(fold(text))


def id_number_provinces() -> tuple[CodeItem, ...]:
    """The 63 former provinces whose three-digit codes begin personal numbers."""
    return tuple(_items("id_number_provinces").values())


def id_number_province(code: str) -> CodeItem | None:
    """Province of birth registration by the first three digits of a personal number."""
    return _items("id_number_provinces").get(code)


@cache
def _id_number_index() -> dict[str, list[CodeItem]]:
    return index_places(id_number_provinces())


def find_id_number_province(text: str) -> CodeItem | None:
    """Province in personal numbers by its bare name."""
    return only(_id_number_index().get(place_key(text)))


@cache
def _statuses() -> dict[str, PupilStatus]:
    return {
        code: PupilStatus(code, name, active == "1") for code, name, active in read_rows("pupil_statuses")
    }


@cache
def _statuses_by_text() -> dict[str, PupilStatus]:
    return {fold(status.name): status for status in _statuses().values()}


def pupil_statuses() -> tuple[PupilStatus, ...]:
    """The twelve statuses of the sector database, in order of code."""
    return tuple(_statuses().values())


def pupil_status(code: str) -> PupilStatus | None:
    """Status by this project's two-digit code. Other products number them otherwise: import by text."""
    return _statuses().get(code)


def find_pupil_status(text: str) -> PupilStatus | None:
    """Status by its text, e.g. ``Chuyển đến kỳ 1``."""
    return _statuses_by_text().get(fold(text))
