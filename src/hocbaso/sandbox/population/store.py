"""The registry's own database: people, residence, what was answered, offers, counters."""

from __future__ import annotations

import csv
import hashlib
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hocbaso.core.errors import Unreadable, register
from hocbaso.core.vietnamese.letters import fold
from hocbaso.sandbox.population.compare import Person
from hocbaso.sandbox.population.places import read_place

register(
    {
        "population_file": (
            "Tệp {file} không phải dữ liệu dân cư của hộp cát: {detail}.",
            "{file} cannot be loaded: {detail}.",
        )
    }
)

PEOPLE = ("so_dinh_danh", "ho_ten", "ngay_sinh", "gioi_tinh", "tinh", "xa")
STAYS = (
    "so_dinh_danh",
    "loai",
    "tinh",
    "xa",
    "dia_chi",
    "tu_ngay",
    "den_ngay",
    "quan_he_voi_chu_ho",
    "so_dinh_danh_chu_ho",
)
_PERSON = "number, name, birth, sex, province, commune"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS person (
  number TEXT PRIMARY KEY, name TEXT NOT NULL, birth TEXT NOT NULL, sex TEXT NOT NULL,
  province TEXT NOT NULL, commune TEXT NOT NULL, name_key TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_search ON person (name_key, birth);
CREATE TABLE IF NOT EXISTS stay (
  number TEXT NOT NULL, kind TEXT NOT NULL, province TEXT NOT NULL, commune TEXT NOT NULL,
  address TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, relation TEXT NOT NULL,
  head TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS stay_number ON stay (number, since);
CREATE TABLE IF NOT EXISTS answered (
  request_id TEXT PRIMARY KEY, content TEXT NOT NULL, outcome TEXT NOT NULL, answer TEXT NOT NULL,
  asked INTEGER NOT NULL, first_at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offer (
  token TEXT PRIMARY KEY, number TEXT NOT NULL, unit TEXT NOT NULL, expires TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (day TEXT NOT NULL, client TEXT NOT NULL, used INTEGER NOT NULL,
  PRIMARY KEY (day, client)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS loaded (part TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
"""


class Store:
    """One SQLite file, one connection, one lock; every change is a transaction that a kill cannot halve."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(0o600)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=20)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def load_people(self, file: Path) -> int:
        """Replace the register by a CSV file; a file that is loaded already is left.

        :raises Unreadable: it has not the columns, or two people with one number.
        """
        rows = ((row[0], row[1], row[2], row[3], row[4], row[5], fold(row[1])) for row in _rows(file, PEOPLE))
        return self._replace("person", file, "INSERT INTO person VALUES (?,?,?,?,?,?,?)", rows)

    def load_stays(self, file: Path) -> int:
        """Replace the residence register by a CSV file."""
        return self._replace("stay", file, "INSERT INTO stay VALUES (?,?,?,?,?,?,?,?,?)", _rows(file, STAYS))

    def _replace(self, table: str, file: Path, insert: str, rows: Iterable[tuple[str, ...]]) -> int:
        try:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise Unreadable("population_file", file=file.name, detail=error.strerror or "") from error
        with self.transaction() as db:
            known = db.execute("SELECT digest FROM loaded WHERE part = ?", (table,)).fetchone()
            if known != (digest,):
                db.execute(f"DELETE FROM {table}")  # noqa: S608  one of our two tables
                try:
                    db.executemany(insert, rows)
                except sqlite3.IntegrityError as error:
                    raise Unreadable(
                        "population_file", file=file.name, detail="trùng số định danh"
                    ) from error
                db.execute("INSERT OR REPLACE INTO loaded VALUES (?, ?)", (table, digest))
            (count,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(count)

    def people(self, numbers: Collection[str]) -> dict[str, Person]:
        """Registered persons by number."""
        marks = ",".join("?" * len(numbers))
        with self._lock:
            found = self._db.execute(
                f"SELECT {_PERSON} FROM person WHERE number IN ({marks})",  # noqa: S608  marks only
                tuple(numbers),
            ).fetchall()
        return {row[0]: _person(row) for row in found}

    def named(self, name: str, birth: str) -> list[Person]:
        """Everybody of that name (tone marks anywhere) whose date of birth may be the given one."""
        coarser = [birth[:length] for length in (4, 7, 10) if length <= len(birth)]
        marks = ",".join("?" * len(coarser))
        with self._lock:
            found = self._db.execute(
                f"SELECT {_PERSON} FROM person WHERE name_key = ?"  # noqa: S608  our own words
                f" AND (birth IN ({marks}) OR (birth > ? AND birth < ?)) LIMIT 500",
                (fold(name), *coarser, birth, birth + "~"),
            ).fetchall()
        return [_person(row) for row in found]

    def stays(self, number: str) -> list[tuple[str, ...]]:
        """Dated stays, oldest first: kind, province, commune, address, since, until, relation, head."""
        with self._lock:
            return self._db.execute(
                "SELECT kind, province, commune, address, since, until, relation, head FROM stay"
                " WHERE number = ? ORDER BY since, kind",
                (number,),
            ).fetchall()

    def counters(self) -> dict[str, int]:
        """What was counted: ``distinct`` questions answered, ``repeated`` ones, outcomes, messages …"""
        with self._lock:
            counted = dict(self._db.execute("SELECT name, value FROM counter").fetchall())
            distinct, asked = self._db.execute(
                "SELECT count(*), coalesce(sum(asked), 0) FROM answered"
            ).fetchone()
            outcomes = self._db.execute("SELECT outcome, count(*) FROM answered GROUP BY outcome").fetchall()
        told = {f"outcome_{name}": count for name, count in outcomes}
        return counted | told | {"distinct": distinct, "repeated": asked - distinct}

    def forget_answers(self) -> None:
        """Empty what was answered, spent and counted; people stay."""
        with self.transaction() as db:
            for table in ("answered", "offer", "spent", "counter"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608  our own tables


def count(db: sqlite3.Connection, name: str, by: int = 1) -> None:
    """Add to a counter."""
    db.execute(
        "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        (name, by),
    )


def _person(row: tuple[str, ...]) -> Person:
    number, name, birth, sex, province, commune = row
    return Person(number, name, birth, sex, read_place("", "", province, commune), commune)


def _rows(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in columns if name not in header]
        if missing:
            raise Unreadable("population_file", file=file.name, detail=f"thiếu cột {', '.join(missing)}")
        places = [header.index(name) for name in columns]
        for line, row in enumerate(reader, start=2):
            if not any(row):
                continue
            if len(row) != len(header):
                raise Unreadable("population_file", file=file.name, detail=f"dòng {line} thiếu hoặc thừa ô")
            yield tuple(row[place].strip() for place in places)
