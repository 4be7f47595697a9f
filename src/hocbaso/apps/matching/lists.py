"""Pairs and cases as their readers may see them: the own side whole, the other side masked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.matching.homes import homes, sees
from hocbaso.apps.matching.models import CaseState, MergeCase, Pair, PairState, UndoRequest, UndoState
from hocbaso.apps.matching.use_cases.cases import schools_of_case
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.privacy.masking import masked_number
from hocbaso.apps.pupils.models import Enrolment, IdentityState, Pupil
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.core.vietnamese.names import initials

MOST = 300


@dataclass(frozen=True, slots=True)
class Side:
    """One file as the reader may see it; ``pupil`` only when it is the reader's own."""

    name: str
    birth: str
    school: Organisation | None
    class_name: str
    code: str
    pupil: Pupil | None


@dataclass(frozen=True, slots=True)
class PairLine:
    """One pair with both sides."""

    pair: Pair
    first: Side
    second: Side
    case: MergeCase | None = None
    undoing: bool = False  # somebody waits for an answer about taking the merge apart

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.first, self.second

    @property
    def facts(self) -> list[tuple[str, str, str]]:
        """(label, first, second) of what is compared, when the reader may see both sides."""
        one, other = self.first.pupil, self.second.pupil
        if one is None or other is None:
            return []
        return [
            (label, _fact(one, name), _fact(other, name))
            for label, name in (
                ("Họ tên", "full_name"),
                ("Ngày sinh", "birth_date"),
                ("Giới tính", "sex"),
                ("Số định danh", "personal_number"),
                ("Thường trú", "commune"),
                ("Cha", "father_name"),
                ("Mẹ", "mother_name"),
                ("Trạng thái xác thực", "identity_state"),
            )
        ]

    @property
    def across(self) -> bool:
        """Between two schools."""
        return self.first.school != self.second.school


def _fact(pupil: Pupil, name: str) -> str:
    if name == "birth_date":
        return format_vi(pupil.birth_date)
    if name == "personal_number":
        return masked_number(pupil.personal_number)
    if name == "identity_state":
        return str(IdentityState(pupil.identity_state).label)
    return str(getattr(pupil, name))


def side_of(actor: Actor, pupil: Pupil, home: Enrolment | None) -> Side:
    """A file whole or masked."""
    school = home.school_class.school if home else None
    if sees(actor, school):
        assert home is not None
        place = f"{home.school_class.name}, {home.school_class.school_year}"
        return Side(pupil.full_name, format_vi(pupil.birth_date), school, place, pupil.code, pupil)
    return Side(initials(pupil.full_name), pupil.birth_date[:4], school, "", "", None)


def lines_of(actor: Actor, pairs: Iterable[Pair]) -> list[PairLine]:
    """Pairs with their sides. Two queries, with cases three."""
    rows = list(pairs)
    where = homes({pk for row in rows for pk in (row.first_id, row.second_id)})
    cases = {
        case.pair_id: case
        for case in MergeCase.objects.filter(
            pair__in=[row.pk for row in rows], state__in=[CaseState.PROPOSED, CaseState.MERGED]
        ).order_by("pk")
    }
    waits = UndoRequest.objects.filter(case__in=cases.values(), state=UndoState.PROPOSED)
    undoing = set(waits.values_list("case__pair", flat=True)) if cases else set()
    return [
        PairLine(
            row,
            side_of(actor, row.first, where.get(row.first_id)),
            side_of(actor, row.second, where.get(row.second_id)),
            cases.get(row.pk),
            row.pk in undoing,
        )
        for row in rows
    ]


def pairs_of(unit: Organisation, state: str = "") -> QuerySet[Pair]:
    """Pairs one of whose files has been in a school of the unit; without a state those that wait."""
    enrolled = Enrolment.objects.filter(school_class__school__in=schools_under(unit)).values("pupil")
    rows = Pair.objects.filter(Q(first__in=enrolled) | Q(second__in=enrolled))
    if state in PairState.values:
        wanted = Q(state=state)
    else:
        undoing = UndoRequest.objects.filter(state=UndoState.PROPOSED).values("case__pair")
        wanted = Q(state__in=[PairState.OPEN, PairState.PROPOSED]) | Q(pk__in=undoing)
    return rows.filter(wanted).select_related("first", "second").order_by("-score", "pk")


def visible(lines: Collection[PairLine], schools: Collection[int]) -> list[PairLine]:
    """Lines one of whose files is at home in one of these schools now, or would be if a merge that somebody
    wants to take apart had not been."""

    def of(line: PairLine) -> set[int]:
        apart = schools_of_case(line.case) if line.undoing and line.case else []
        return {one.pk for one in (*(side.school for side in line.sides), *apart) if one is not None}

    return [line for line in lines if of(line) & set(schools)]
