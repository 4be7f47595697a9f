"""A log watched from outside: what only grows is cosigned and told, whatever was rewritten is refused."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import repeat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hocbaso.core.errors import DomainError, ServiceUnavailable, Unreadable
from hocbaso.engines.ledger.checkpoints import open_checkpoint
from hocbaso.engines.ledger.entries import EntryType, LogEntry, code_hash
from hocbaso.engines.ledger.log import Ledger, MemoryStore
from hocbaso.engines.ledger.notes import NoteSigner, NoteVerifier
from hocbaso.interfaces.cli import published_log
from hocbaso.interfaces.cli.monitor import look
from hocbaso.interfaces.cli.published_log import fetcher, one_round
from hocbaso.interfaces.cli.witness import cosign

ORIGIN, SCHOOL = "nut.example/log/2025-2026", "79000101"
KEY = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))


def entry(number: int, school: str = SCHOOL, time: str = "", kind: EntryType = EntryType.ISSUE) -> bytes:
    return LogEntry(
        type=kind,
        digest=hashlib.sha256(b"%d" % number).hexdigest(),
        school=school,
        time=time or f"2026-05-26T08:{number % 60:02}:00Z",
        code=code_hash(f"HB-{number}"),
        sheet_version=1,
    ).to_bytes()


def publish(folder: Path, entries: Sequence[bytes]) -> Ledger:
    """The files of a log that holds exactly these entries."""
    ledger = Ledger(MemoryStore(), ORIGIN)
    ledger.append(entries)
    for path, content in ledger.files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "checkpoint").write_text(ledger.sign(KEY), "utf-8")
    return ledger


class Observer:
    """A witness and a monitor with their own files."""

    def __init__(self, folder: Path) -> None:
        self.log, self.folder = folder / "log", folder
        self.log.mkdir()

    def witness(self, key: str = "") -> dict[str, object]:
        files = (self.folder / "nhan-chung.pem", self.folder / "nhan-chung.json")
        return cosign(str(self.log), *files, "thanh-tra.example", key)

    def monitor(self, key: str = "", known: Path | None = None) -> dict[str, object]:
        return look(str(self.log), SCHOOL, self.folder / "truong.json", key, known)


@pytest.fixture
def observer(tmp_path: Path) -> Observer:
    made = Observer(tmp_path)
    publish(made.log, [entry(n) for n in range(300)])
    made.witness(str(KEY.verifier))
    made.monitor(str(KEY.verifier))
    return made


def code_of(call: object, *arguments: object) -> str:
    with pytest.raises(DomainError) as refused:
        call(*arguments)  # type: ignore[operator]
    return refused.value.code


def test_a_growing_log_is_cosigned_by_a_key_that_anybody_can_check(observer: Observer) -> None:
    publish(observer.log, [entry(n) for n in range(700)])
    answer = observer.witness()
    witness = NoteVerifier.parse(str(answer["witness"]))
    opened = open_checkpoint(str(answer["checkpoint"]), KEY.verifier, [witness], quorum=1)
    assert (opened.checkpoint.size, opened.witnesses[0][0]) == (700, "thanh-tra.example")
    assert (observer.folder / "nhan-chung.pem").stat().st_mode & 0o077 == 0
    assert observer.witness()["size"] == 700  # nothing new is no fault


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([entry(n) for n in range(299)], "log_shrunk"),
        ([entry(n) for n in range(299)] + [entry(900)], "log_forked"),
        ([entry(900)] + [entry(n) for n in range(1, 400)], "checkpoint_inconsistent"),
        ([entry(n) for n in range(1, 400)], "checkpoint_inconsistent"),
    ],
    ids=["last entry removed", "last entry exchanged", "first entry altered", "first entry removed"],
)
def test_a_rewritten_log_is_refused_and_the_proof_of_it_kept(
    observer: Observer, entries: list[bytes], code: str
) -> None:
    before = (observer.folder / "nhan-chung.json").read_bytes()
    publish(observer.log, entries)
    assert code_of(observer.witness) == code
    assert (observer.folder / "nhan-chung.json").read_bytes() == before
    (kept,) = observer.folder.glob("nhan-chung.tu-choi-*")
    assert kept.read_text("utf-8").startswith(ORIGIN)
    assert code_of(observer.monitor) in ("log_shrunk", "log_forked")


def test_two_rounds_at_once_never_share_one_memory(observer: Observer) -> None:
    """Else a log that shows each of them another side of a fork had both sides cosigned."""
    with one_round(observer.folder / "nhan-chung.json"):
        assert code_of(observer.witness) == "state_in_use"
    assert observer.witness()["size"] == 300


def test_the_monitor_tells_a_school_its_own_new_entries_and_those_it_does_not_know(
    observer: Observer,
) -> None:
    publish(observer.log, [*(entry(n) for n in range(300)), entry(300), entry(301, "79000999"), entry(302)])
    known = observer.folder / "da-phat-hanh.txt"
    known.write_text(hashlib.sha256(b"300").hexdigest() + "\n", "utf-8")
    answer = observer.monitor(known=known)
    assert [one["index"] for one in answer["new"]] == [300, 302]  # type: ignore[attr-defined]
    assert [finding.split(":")[0] for finding in answer["findings"]] == ["Mục 302"]  # type: ignore[attr-defined]
    again = observer.monitor(known=known)
    assert (again["new"], again["ok"]) == ([], True)


def test_the_monitor_names_a_version_entered_twice_and_an_entry_dated_back(observer: Observer) -> None:
    back = entry(301, time="2026-05-20T08:00:00Z")
    publish(observer.log, [*(entry(n) for n in range(300)), entry(7, time="2026-05-26T09:00:00Z"), back])
    answer = observer.monitor()
    assert not answer["ok"]
    assert [finding.split(":")[0] for finding in answer["findings"]] == ["Mục 300", "Mục 301"]  # type: ignore[attr-defined]


def test_the_monitor_believes_entries_only_when_they_give_the_signed_root(observer: Observer) -> None:
    publish(observer.log, [entry(n) for n in range(310)])
    bundle = observer.log / "tile/entries/001.p/54"
    before, _, after = bundle.read_bytes().rpartition(SCHOOL.encode())
    bundle.write_bytes(before + b"79000999" + after)
    state = (observer.folder / "truong.json").read_bytes()
    assert code_of(observer.monitor) == "log_forked"
    assert (observer.folder / "truong.json").read_bytes() == state


def test_the_key_comes_from_elsewhere_and_another_key_is_refused(observer: Observer, tmp_path: Path) -> None:
    fresh = Observer(tmp_path / "khac") if (tmp_path / "khac").mkdir() is None else observer
    publish(fresh.log, [entry(1)])
    assert code_of(fresh.witness) == "witness_needs_key"
    assert code_of(fresh.monitor) == "monitor_needs_key"
    other = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
    assert code_of(fresh.witness, str(other.verifier)) == "note_untrusted"


def test_a_log_that_is_away_and_a_damaged_memory_are_told(observer: Observer) -> None:
    (observer.log / "checkpoint").unlink()
    with pytest.raises(ServiceUnavailable):
        observer.monitor()
    for damaged in ("{", "[]", json.dumps({"size": 3, "edge": []})):
        (observer.folder / "truong.json").write_text(damaged, "utf-8")
        with pytest.raises(Unreadable):
            observer.monitor(str(KEY.verifier))


class Hostile(BaseHTTPRequestHandler):
    """A log whose checkpoint unpacks without end, and whose tile leads to another address."""

    def do_GET(self) -> None:
        bomb = gzip.compress(bytes(1 << 20), 9)
        moved = self.path.startswith("/log/tile")
        self.send_response(302 if moved else 200)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(0 if moved else len(bomb)))
        self.end_headers()
        if not moved:
            self.wfile.write(bomb)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def hostile() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/log"
        server.shutdown()


def test_a_log_that_answers_without_end_or_leads_elsewhere_costs_one_file_and_is_refused(
    hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hocbaso.interfaces.cli.published_log._LARGEST", 1 << 16)
    for path in ("checkpoint", "tile/0/000"):
        with pytest.raises(ServiceUnavailable):
            fetcher(hostile)(path)
    assert len(published_log._at_most(repeat(bytes(1000)))) < 1 << 17  # a stream that never ends is left
