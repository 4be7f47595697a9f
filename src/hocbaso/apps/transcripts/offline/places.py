"""Places in status lists: drawn by lot, so that a list tells nothing about who stands in it."""

from __future__ import annotations

import secrets
from collections.abc import Container, Iterable, Sequence

from django.db import connection, transaction

from hocbaso.apps.common.rows import Rows
from hocbaso.apps.transcripts.offline.models import StatusPlace
from hocbaso.engines.trust.offline_code import StatusPlace as Place

#: Entries of one list: more than the W3C's least, so that a whole province has few lists.
LENGTH = 1 << 20
#: A list is closed for new sheets when it is half full: lots are then still drawn quickly.
_FULL = LENGTH // 2


def take_places(sheets: Iterable[tuple[str, int]], year: str) -> dict[tuple[str, int], Place]:
    """The places of issued versions; whoever has none gets one. Belongs to the transaction of the issue.

    :param sheets: transcript code and version, of one school year.
    :param year: "2025-2026".
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a place belongs to the transaction of the issue")
    wanted = list(sheets)
    rows = StatusPlace.objects.filter(code__in={code for code, _ in wanted})
    found = {(row.code, row.version): Place(row.list, row.index) for row in rows}
    lacking = [sheet for sheet in dict.fromkeys(wanted) if sheet not in found]
    if lacking:
        found |= _draw(lacking, year)
    return {sheet: found[sheet] for sheet in wanted}


class Lots:
    """Places drawn for sheets that are about to be issued, before the issue's transaction. Three queries.

    :param sheets: transcript code and version, of one school year; they have no place yet, as a rule.
    """

    def __init__(self, sheets: Sequence[tuple[str, int]], year: str) -> None:
        self._sheets, self._year = list(sheets), year
        self._rows = _rows(_lots(self._sheets, year))

    def take(self, only: Container[int] | None = None) -> None:
        """Keep them, inside the transaction of the issue. One statement, unless somebody took one meanwhile.

        :param only: numbers of the sheets (0, 1, …) that are issued.
        """
        wanted = [one for at, one in enumerate(self._sheets) if only is None or at in only]
        if self._rows.insert(only, pass_over=True) < len(wanted):
            take_places(wanted, self._year)


def _draw(lacking: list[tuple[str, int]], year: str) -> dict[tuple[str, int], Place]:
    places = _lots(lacking, year)
    _rows(places).insert()
    return places


def _lots(lacking: list[tuple[str, int]], year: str) -> dict[tuple[str, int], Place]:
    name = _open_list(year[:4])
    indexes: set[int] = set()
    while len(indexes) < len(lacking):
        drawn = {secrets.randbelow(LENGTH) for _ in range(len(lacking) - len(indexes))}
        taken = StatusPlace.objects.filter(list=name, index__in=drawn).values_list("index", flat=True)
        indexes |= drawn - set(taken)
    order = list(indexes)
    secrets.SystemRandom().shuffle(order)  # a set of numbers comes out in an order of its own
    return {sheet: Place(name, index) for sheet, index in zip(lacking, order, strict=True)}


def _rows(places: dict[tuple[str, int], Place]) -> Rows:
    return Rows(
        StatusPlace(code=code, version=version, list=place.list, index=place.index)
        for (code, version), place in places.items()
    )


def _open_list(start: str) -> str:
    """The list of a school year that takes new sheets. Two queries."""
    names = StatusPlace.objects.filter(list__startswith=f"{start}-").values_list("list", flat=True).distinct()
    number = max((int(name.partition("-")[2]) for name in names), default=1)
    name = f"{start}-{number}"
    full = StatusPlace.objects.filter(list=name).count() >= _FULL
    return f"{start}-{number + 1}" if full else name
