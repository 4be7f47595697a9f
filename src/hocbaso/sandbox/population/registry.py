"""The registry's services over its store: verify, residence, accept. Each question is answered once.

An answer is kept under its ``request_id`` in the same transaction that counts it; the same question again
gets the same answer, the same id with another question is refused. What is not final (quota, error) is not
kept.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

from hocbaso.sandbox.ca import Clock, wall_clock
from hocbaso.sandbox.population.behaviour import Behaviour, BehaviourFile
from hocbaso.sandbox.population.compare import (
    MISMATCH,
    NAMES,
    NOT_COMPARED,
    Asked,
    Compared,
    Person,
    compare,
    mask_name,
    mask_number,
    read_subject,
)
from hocbaso.sandbox.population.places import read_place
from hocbaso.sandbox.population.store import Store, count

Json = dict[str, Any]
_VIETNAM = timezone(timedelta(hours=7))
_OFFER_LASTS = timedelta(days=2)
_STAY = ("loai", "tinh", "xa", "dia_chi", "tu_ngay", "den_ngay", "quan_he_voi_chu_ho")


class PopulationRegistry:
    """The register in one directory. Safe for threads; a kill loses no answer that was given.

    :param dice: 0 to 1, for single failing subjects.
    """

    def __init__(
        self,
        directory: Path | str,
        clock: Clock = wall_clock,
        dice: Callable[[], float] = secrets.SystemRandom().random,
    ) -> None:
        directory = Path(directory)
        self.store = Store(directory / "population.sqlite3")
        self.behaviour = BehaviourFile(directory)
        self.now = clock
        self.dice = dice

    def load(self, people: Path | None = None, stays: Path | None = None) -> dict[str, int]:
        """Take the register from CSV files; counts by table.

        :raises hocbaso.core.errors.Unreadable: a file has not the right shape.
        """
        loaded: dict[str, int] = {}
        if people:
            loaded["people"] = self.store.load_people(people)
        if stays:
            loaded["stays"] = self.store.load_stays(stays)
        return loaded

    def verify(self, client: str, items: Sequence[Json]) -> list[Json]:
        """Answers to a batch, in order."""
        subjects = [read_subject(item["subject"]) for item in items]
        known = self.store.people({subject.number for subject in subjects if subject.number})
        asked = dict(zip((item["request_id"] for item in items), subjects, strict=True))

        def work(db: sqlite3.Connection, item: Json) -> Json:
            subject = asked[item["request_id"]]
            return self._verify_one(db, item, subject, known.get(subject.number))

        return self._answers(client, "verify", items, work)

    def residence(self, client: str, item: Json) -> Json:
        """Dated residence, when number, name and birth date belong together."""
        return self._answers(client, "residence", [item], lambda _db, one: self._residence(one))[0]

    def accept(self, client: str, item: Json) -> Json:
        """The number of the person whom a search offered to the same unit."""
        return self._answers(client, "accept", [item], self._accept)[0]

    def seconds_to_midnight(self) -> int:
        """Until the quota begins anew."""
        local = self.now().astimezone(_VIETNAM)
        return 86400 - (local.hour * 3600 + local.minute * 60 + local.second)

    def _answers(
        self,
        client: str,
        service: str,
        items: Sequence[Json],
        work: Callable[[sqlite3.Connection, Json], Json],
    ) -> list[Json]:
        behaviour, now = self.behaviour.current(), self.now()
        with self.store.transaction() as db:
            room = _room(db, behaviour, client, now)
            answers = []
            spent = 0
            for item in items:
                answer = _kept(db, service, item)
                if answer is None:
                    reason = self._obstacle(behaviour, room, spent)
                    outcome = work(db, item) if reason is None else {"outcome": reason}
                    answer = self._stamped(item, outcome, now)
                    if reason is None:
                        _keep(db, service, item, answer, now)
                        spent += 1
                answers.append(answer)
            count(db, "messages")
            count(db, f"{service}_items", len(items))
            _spend(db, client, now, spent)
        return answers

    def _obstacle(self, behaviour: Behaviour, room: int | None, spent: int) -> str | None:
        if room is not None and spent >= room:
            return "rate_limited"
        if behaviour.item_error_rate and self.dice() < behaviour.item_error_rate:
            return "service_unavailable"
        return None

    def _stamped(self, item: Json, outcome: Json, now: datetime) -> Json:
        final = outcome["outcome"] not in ("rate_limited", "service_unavailable")
        result = {"result_id": f"KQ-{uuid4().hex}"} if final else {}
        return {
            "request_id": item["request_id"],
            "answered_at": now.isoformat(timespec="seconds"),
            **result,
            **outcome,
        }

    def _verify_one(self, db: sqlite3.Connection, item: Json, asked: Asked, person: Person | None) -> Json:
        fault = _purpose_fault(item) or asked.fault
        if fault:
            return {"outcome": "invalid_input", "reason": fault}
        if not asked.number:
            return self._search(db, item, asked)
        compared = compare(asked, person) if person else None
        if compared is None or compared.stranger:
            elsewhere = self._elsewhere(asked)
            compared = elsewhere or compared
        return _told(compared) if compared else {"outcome": "not_found"}

    def _elsewhere(self, asked: Asked) -> Compared | None:
        """The subject under another number: only when everything else matches exactly one person."""
        found = [compare(asked, person) for person in self.store.named(asked.name, asked.birth)]
        exact = [one for one in found if one.exact and one.fields["so_dinh_danh"] == MISMATCH]
        return exact[0] if len(exact) == 1 else None

    def _search(self, db: sqlite3.Connection, item: Json, asked: Asked) -> Json:
        fitting = [
            (person, compared)
            for person in self.store.named(asked.name, asked.birth)
            if _fits(asked, person, compared := compare(asked, person))
        ]
        if len(fitting) != 1:
            return {"outcome": "multiple" if fitting else "not_found"}
        person, compared = fitting[0]
        token = secrets.token_urlsafe(24)
        expires = (self.now() + _OFFER_LASTS).isoformat()
        db.execute(
            "INSERT INTO offer VALUES (?, ?, ?, ?)",
            (token, person.number, item["requester"]["unit"], expires),
        )
        offer = {
            "token": token,
            "masked_name": mask_name(person.name),
            "masked_number": mask_number(person.number),
            "birth_year": person.birth[:4],
            "sex": person.sex,
            "commune": person.commune,
        }
        return _told(compared) | {"offered": [offer]}

    def _residence(self, item: Json) -> Json:
        asked = read_subject(item["subject"])
        fault = _purpose_fault(item) or asked.fault or ("" if asked.number else "so_dinh_danh")
        if fault:
            return {"outcome": "invalid_input", "reason": fault}
        person = self.store.people([asked.number]).get(asked.number)
        if person is None:
            return {"outcome": "not_found"}
        compared = compare(asked, person)
        hard = [name for name in ("ho_ten", "ngay_sinh") if compared.fields[name] == MISMATCH]
        if set(hard) - set(compared.soft):
            return {"outcome": "mismatch"}  # who does not know the person is told nothing
        return {"outcome": "matched", "entries": [_entry(stay) for stay in self.store.stays(asked.number)]}

    def _accept(self, db: sqlite3.Connection, item: Json) -> Json:
        if fault := _purpose_fault(item):
            return {"outcome": "invalid_input", "reason": fault}
        row = db.execute(
            "SELECT number, unit, expires FROM offer WHERE token = ?", (item["token"],)
        ).fetchone()
        if row is None or row[1] != item["requester"]["unit"] or row[2] < self.now().isoformat():
            return {"outcome": "not_found"}
        disclosed = self.behaviour.current().disclose_number
        return {"outcome": "matched", "so_dinh_danh": row[0] if disclosed else ""}


def _purpose_fault(item: Json) -> str:
    purpose: Mapping[str, str] = item["purpose"]
    return "" if purpose["code"].strip() and purpose["legal_basis"].strip() else "purpose"


def _fits(asked: Asked, person: Person, compared: Compared) -> bool:
    """A search hits by name (softly too), date (as far as both know it), sex and residence."""
    hard = {name for name, answer in compared.fields.items() if answer == MISMATCH} - set(compared.soft)
    only_province = compared.fields["thuong_tru"] == NOT_COMPARED
    return not hard and (not only_province or asked.place.province == person.place.province)


def _told(compared: Compared) -> Json:
    fields = {name: compared.fields[name] for name in NAMES}
    soft = {"soft": list(compared.soft)} if compared.soft else {}
    return {"outcome": "matched" if compared.agrees else "mismatch", "fields": fields, **soft}


def _entry(stay: tuple[str, ...]) -> Json:
    *values, head = stay
    kind, province, commune, address, since, until, relation = values
    place = read_place("", "", province, commune)
    told = dict(zip(_STAY, (kind, province, commune, address, since, until, relation), strict=True))
    return told | {"ma_tinh": place.province, "ma_xa": place.commune, "chu_ho": mask_number(head)}


def _content(service: str, item: Json) -> str:
    text = json.dumps([service, item], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _kept(db: sqlite3.Connection, service: str, item: Json) -> Json | None:
    """The answer that this question had before."""
    row = db.execute(
        "SELECT content, answer FROM answered WHERE request_id = ?", (item["request_id"],)
    ).fetchone()
    if row is None:
        return None
    answer: Json = json.loads(row[1])
    if row[0] != _content(service, item):
        count(db, "conflicts")
        stamp = {"request_id": item["request_id"], "answered_at": answer["answered_at"]}
        return stamp | {"outcome": "invalid_input", "reason": "conflict", "result_id": answer["result_id"]}
    db.execute("UPDATE answered SET asked = asked + 1 WHERE request_id = ?", (item["request_id"],))
    return answer


def _keep(db: sqlite3.Connection, service: str, item: Json, answer: Json, now: datetime) -> None:
    text = json.dumps(answer, ensure_ascii=False)
    values = (item["request_id"], _content(service, item), answer["outcome"], text, 1, now.isoformat())
    db.execute("INSERT INTO answered VALUES (?, ?, ?, ?, ?, ?)", values)


def _day(now: datetime) -> str:
    return now.astimezone(_VIETNAM).date().isoformat()


def _room(db: sqlite3.Connection, behaviour: Behaviour, client: str, now: datetime) -> int | None:
    if not behaviour.quota_per_day:
        return None
    row = db.execute("SELECT used FROM spent WHERE day = ? AND client = ?", (_day(now), client)).fetchone()
    return max(0, behaviour.quota_per_day - (row[0] if row else 0))


def _spend(db: sqlite3.Connection, client: str, now: datetime, new: int) -> None:
    if new:
        db.execute(
            "INSERT INTO spent VALUES (?, ?, ?)"
            " ON CONFLICT (day, client) DO UPDATE SET used = used + excluded.used",
            (_day(now), client, new),
        )
