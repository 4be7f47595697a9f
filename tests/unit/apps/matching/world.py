"""A registry that offers people without number, and files that look alike."""

from __future__ import annotations

from dataclasses import dataclass, field

from hocbaso.apps.common import clock
from hocbaso.engines.population import (
    FIELDS,
    Accepted,
    Answer,
    FieldAnswer,
    OfferedPerson,
    Outcome,
    PopulationUnavailable,
    Query,
)
from tests.builders import School, make_pupil

RESIDENCE = {
    "province": "Thành phố Hồ Chí Minh",
    "province_code": "79",
    "commune": "Phường Hạnh Thông",
    "commune_code": "26890",
}


def pupil_of(school: School, number: int, class_name: str = "3A", **values: str):
    """A pupil without personal number whose other identity fields are complete."""
    pupil = make_pupil(school, class_name, number).pupil
    fields = {"identity_state": "no_number"} | RESIDENCE | values
    if fields.get("personal_number"):
        fields |= {"identity_state": values.get("identity_state", "not_sent")}
    for name, value in fields.items():
        setattr(pupil, name, value)
    pupil.save()
    return pupil


@dataclass
class Searching:
    """A population port: by name, who is found ("several", "none" or a number)."""

    people: dict[str, str] = field(default_factory=dict)
    down: PopulationUnavailable | None = None
    discloses: bool = True
    soft: tuple[str, ...] = ()
    asked: list[Query] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    def ask(self, queries):
        if self.down:
            raise self.down
        self.asked += queries
        return [self._answer(query) for query in queries]

    def _answer(self, query: Query) -> Answer:
        who = self.people.get(query.subject.full_name, "none")
        found = who not in ("none", "several")
        outcome = Outcome.MATCHED if found else (Outcome.NOT_FOUND if who == "none" else Outcome.MULTIPLE)
        if found and self.soft:
            outcome = Outcome.MISMATCH
        fields = {
            name: FieldAnswer.NOT_COMPARED
            if not found or name == "so_dinh_danh"
            else (FieldAnswer.MISMATCH if name in self.soft else FieldAnswer.MATCH)
            for name in FIELDS
        }
        offered = (
            OfferedPerson(
                f"token-{who}", "N••••• P••", f"{who[:3]}••••••{who[-3:]}", "2017", "Nữ", "Phường X"
            ),
        )
        return Answer(
            request_id=query.request_id,
            outcome=outcome,
            fields=fields,
            offered=offered if found else (),
            result_id="KQ-1",
            answered_at=clock.now(),
            raw_digest="a" * 64,
            request_digest="b" * 64,
            soft=frozenset(self.soft) if found else frozenset(),
        )

    def accept(self, query: Query, token: str) -> Accepted:
        if self.down:
            raise self.down
        self.accepted.append(query.request_id)
        number = token.removeprefix("token-") if self.discloses else ""
        return Accepted(query.request_id, Outcome.MATCHED, number, "KQ-2", clock.now())

    def residence(self, query):
        raise AssertionError("nobody asks for a residence here")
