"""The sample lower secondary school by the command line: from its workbooks to verified files, killed on
the way, and run twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.commands import YEAR, Answer, Home
from tests.journeys.killing import Killer, Probe, open_probe, sound_log
from tests.unit.engines.workbooks.test_pupil_samples import TRAPS

pytestmark = pytest.mark.journey

SCHOOL = "79000201"
ADD_SCHOOL = (
    *("school", "add", SCHOOL, "Trường THCS Sao Khuê", "--level", "thcs"),
    *("--province", "79", "--commune", "25747"),
)
OF_SCHOOL = ("--school", SCHOOL, "--year", YEAR)
BOOKS = ("so_diem_6A1.xlsx", "so_diem_9A1.xlsx")
PUPILS, SUBJECTS = 69, 12
CHAIN = ("gvcn", "hieu_truong", "con_dau")


def importing(kind: str, name: str, *options: str) -> tuple[str, ...]:
    return ("import", kind, "{samples}/" + name, *OF_SCHOOL, *options)


def transcripts(verb: str, *options: str) -> tuple[str, ...]:
    return ("transcripts", verb, *OF_SCHOOL, *options)


#: Name of a step, its exit status, its arguments; the steps of a school year, several of them twice.
YEAR_OF_A_SCHOOL: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("init", 0, ("init",)),
    ("school", 0, ADD_SCHOOL),
    ("spoiled, dry", 1, importing("pupils", "danh_sach_hoc_sinh_loi.xlsx", "--dry-run")),
    ("spoiled, good rows", 1, importing("pupils", "danh_sach_hoc_sinh_loi.xlsx", "--accept-good-rows")),
    ("pupils", 0, importing("pupils", "danh_sach_hoc_sinh.xlsx")),
    ("staff", 0, importing("staff", "danh_sach_can_bo.xlsx")),
    ("book, dry", 0, importing("results", BOOKS[0], "--dry-run")),
    ("book 6A1", 0, importing("results", BOOKS[0])),
    ("book 9A1", 0, importing("results", BOOKS[1])),
    ("close", 0, transcripts("close")),
    ("gvbm", 0, transcripts("sign", "--as", "gvbm")),
    ("gvcn", 0, transcripts("sign", "--as", "gvcn")),
    ("hieu_truong", 0, transcripts("sign", "--as", "hieu_truong")),
    ("issue", 0, transcripts("issue")),
    ("run", 0, transcripts("run", "--include-incomplete")),
    ("list", 0, transcripts("list")),
    ("export", 0, transcripts("export", "--out", "{out}", "--pdf")),
    ("audit", 0, ("log", "audit")),
    ("pupils again", 0, importing("pupils", "danh_sach_hoc_sinh.xlsx")),
    ("staff again", 0, importing("staff", "danh_sach_can_bo.xlsx")),
    ("run again", 0, transcripts("run", "--include-incomplete")),
    ("export again", 0, transcripts("export", "--out", "{out}")),
    ("list again", 0, transcripts("list")),
)


@dataclass(frozen=True)
class Node:
    """A school whose whole year went through the command line, and what every command answered."""

    home: Home
    out: Path
    answers: dict[str, Answer]
    #: What the database file held before and after each step.
    database: dict[str, tuple[bytes, bytes]]

    def document(self, name: str) -> Any:
        return self.answers[name].document


def digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").digest()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Node:
    folder = tmp_path_factory.mktemp("secondary")
    home, out = Home(folder / "node"), folder / "out"
    made = Node(home, out, {}, {})
    for name, status, arguments in YEAR_OF_A_SCHOOL:
        filled = [part.format(samples=samples / "thcs", out=out) for part in arguments]
        before = digest(home.path / "hocbaso.sqlite3")
        made.answers[name] = home.run(*filled, "--json", expect=status)
        made.database[name] = before, digest(home.path / "hocbaso.sqlite3")
    return made


@pytest.fixture(scope="module")
def expected(samples: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((samples / "expected.json").read_text("utf-8"))
    return found


def test_every_trap_of_the_spoiled_list_is_named_on_its_row(node: Node, expected: dict[str, Any]) -> None:
    traps = {trap["row"]: trap["trap"] for trap in expected["roster_traps"][SCHOOL]}
    assert len(traps) == 12
    found = {(i["row"], i["code"], i["severity"]) for i in node.document("spoiled, dry")["issues"]}
    assert found == {(row, *TRAPS[trap]) for row, trap in traps.items() if TRAPS[trap]}


def test_good_rows_come_in_and_the_clean_list_brings_the_rest(node: Node) -> None:
    refused = len({i["row"] for i in node.document("spoiled, dry")["issues"] if i["severity"] == "error"})
    first, clean, again = (node.document(n) for n in ("spoiled, good rows", "pupils", "pupils again"))
    assert (first["new"], first["refused"]) == (PUPILS - refused, refused)
    assert (clean["new"], clean["refused"]) == (refused, 0)
    assert clean["new"] + clean["changed"] + clean["same"] == PUPILS
    assert (again["new"], again["changed"], again["same"]) == (0, 0, PUPILS)


@pytest.mark.parametrize("name", ["spoiled, dry", "book, dry", "list", "audit", "list again"])
def test_what_only_looks_leaves_the_database_byte_equal(node: Node, name: str) -> None:
    before, after = node.database[name]
    assert before == after


def test_pupils_who_have_not_completed_the_year_wait_for_the_summer(
    node: Node, expected: dict[str, Any]
) -> None:
    incomplete = {c for c, p in expected["results"][SCHOOL].items() if not p["len_lop"]}
    blocked = node.document("close")["blocked"]
    assert {row["pupil"] for row in blocked} == incomplete
    assert {row["code"] for row in blocked} == {"summer_pending"}
    assert node.document("close")["closed"] == PUPILS - len(incomplete) == 53


def test_subject_teachers_sign_before_the_homeroom_teacher_and_the_counts_add_up(node: Node) -> None:
    closed = node.document("close")["closed"]
    assert node.document("gvbm") == {"signed": closed * SUBJECTS, "waiting": 0, "failed": []}
    assert node.document("gvcn")["signed"] == node.document("hieu_truong")["signed"] == closed
    assert node.document("issue")["issued"] == node.document("issue")["log_size"] == closed
    run, left = node.document("run"), PUPILS - closed
    assert (run["closed"], run["issued"], run["log_size"]) == (left, left, PUPILS)
    assert run["signed"] == left * (SUBJECTS + 2)
    assert (run["blocked"], run["failed"], run["waiting"]) == ([], [], 0)


def test_the_results_of_all_pupils_are_those_of_an_independent_reading(
    node: Node, expected: dict[str, Any]
) -> None:
    listed = {row["pupil"]: row for row in node.document("list")}
    wanted = {
        code: (pupil["lop"], pupil["hoc_tap"], pupil["ren_luyen"], pupil["len_lop"], pupil["danh_hieu"])
        for code, pupil in expected["results"][SCHOOL].items()
    }
    assert len(wanted) == PUPILS
    assert {
        code: (
            row["class"],
            row["result"]["study"],
            row["result"]["conduct"],
            row["result"]["promoted"],
            row["result"]["title"] or "",
        )
        for code, row in listed.items()
    } == wanted
    assert {(row["state"], row["version"]) for row in listed.values()} == {("issued", 1)}


def test_a_second_time_changes_nothing(node: Node) -> None:
    again = node.document("run again")
    assert (again["closed"], again["signed"], again["issued"], again["log_size"]) == (0, 0, 0, PUPILS)
    assert (again["blocked"], again["failed"]) == ([], [])
    assert node.document("staff again")["same"] == node.document("staff")["new"] == 16
    assert node.document("list again") == node.document("list")
    assert node.document("audit")["ok"] is True
    assert node.document("audit")["entries"] == PUPILS


def test_every_exported_file_is_valid_and_names_every_signer(node: Node) -> None:
    files = node.document("export")["files"]
    assert sorted(files) == sorted(path.name for path in node.out.iterdir())
    assert len(files) == 2 * PUPILS + 1
    documents = sorted(str(path) for path in node.out.iterdir() if path.suffix != ".json")
    verdicts = node.home.json("verify", *documents, "--trust-bundle", str(node.out / "trust-bundle.json"))
    assert len(verdicts) == 2 * PUPILS
    listed = {row["pupil"]: row["code"] for row in node.document("list")}
    for verdict in verdicts:
        assert (verdict["verdict"], verdict["environment"]) == ("valid", "thu_nghiem"), verdict
        assert verdict["code"] == listed[Path(verdict["file"]).stem]
        roles = [signature["role"] for signature in verdict["signatures"]]
        assert roles[: SUBJECTS + 3] == ["gvbm"] * SUBJECTS + [*CHAIN]
        assert all(signature["valid"] for signature in verdict["signatures"])
    assert {answer for verdict in verdicts for answer in verdict["checks"].values()} == {"ok"}


def test_a_changed_mark_is_found_out(node: Node, tmp_path: Path) -> None:
    good = next(iter(sorted(node.out.glob("*.xml"))))
    mark = good.read_bytes().split(b"<CaNam>", 1)[1].split(b"<", 1)[0]
    changed = tmp_path / "changed.xml"
    changed.write_bytes(good.read_bytes().replace(b"<CaNam>%s<" % mark, b"<CaNam>10<", 1))
    answer = node.home.run(
        "verify", str(changed), "--trust-bundle", str(node.out / "trust-bundle.json"), "--json", expect=1
    )
    assert [row["verdict"] for row in answer.document] == ["invalid"]


# --- killed --------------------------------------------------------------------------


def check_invariants(probe: Probe) -> None:
    """Whatever was killed: one live signature a sheet and Id, a state that its signatures bear out."""
    assert not probe.rows(
        "SELECT sheet_id, signature_id FROM transcripts_sheetsignature WHERE voided_at IS NULL "
        "GROUP BY sheet_id, signature_id HAVING count(*) > 1"
    )
    after = {"subjects": 0, "frozen": 0, "homeroom_signed": 1, "principal_signed": 2, "issued": 3}
    states = probe.rows(
        "SELECT y.state, (SELECT count(*) FROM transcripts_sheetsignature s WHERE s.sheet_id = y.id AND "
        "s.role <> 'gvbm'), (SELECT count(*) FROM transcripts_sheetsignature s WHERE s.sheet_id = y.id AND "
        "s.role = 'gvbm'), (SELECT count(*) FROM transcripts_subjectduty d WHERE d.sheet_id = y.id AND "
        "d.signed) FROM transcripts_yearsheet y"
    )
    for state, chain, teachers, duties in states:
        assert chain == after[state]
        assert teachers == duties
        assert (teachers < SUBJECTS) == (state == "subjects")
    sound_log(probe)


@pytest.fixture
def killer(tmp_path: Path) -> Killer:
    probe = open_probe(tmp_path / "node")
    return Killer(Home(tmp_path / "node", probe.url), probe, check_invariants)


def kill_on_the_way(killer: Killer, plan: Sequence[tuple[tuple[str, ...], str, int]]) -> None:
    for command, question, target in plan:
        killer.kill(*command, when=lambda q=question, n=target: killer.count(q) >= n)


def test_killed_while_teachers_sign_and_while_sheets_are_issued_everything_stands_once(
    killer: Killer, samples: Path
) -> None:
    home = killer.home
    home.begin(ADD_SCHOOL)
    for kind, name in (
        ("pupils", "danh_sach_hoc_sinh.xlsx"),
        ("staff", "danh_sach_can_bo.xlsx"),
        ("results", BOOKS[0]),
        ("results", BOOKS[1]),
    ):
        home.json("import", kind, str(samples / "thcs" / name), *OF_SCHOOL)
    home.json(*transcripts("close", "--include-incomplete"))

    signed = "SELECT count(*) FROM transcripts_sheetsignature WHERE role = '{}'"
    issued = "SELECT count(*) FROM transcripts_issuedsheet"
    teachers, issue = transcripts("sign", "--as", "gvbm"), transcripts("issue")
    whole_year = transcripts("run", "--include-incomplete")
    kill_on_the_way(
        killer,
        (
            (teachers, signed.format("gvbm"), 1),
            (teachers, signed.format("gvbm"), 300),
            (whole_year, signed.format("gvbm"), 600),
            (whole_year, signed.format("gvcn"), 20),
            (whole_year, signed.format("hieu_truong"), 30),
            (issue, issued, 1),
            (whole_year, issued, 40),
        ),
    )
    assert killer.killed >= 5
    done = home.json(*whole_year)
    assert (done["failed"], done["blocked"], done["waiting"], done["log_size"]) == ([], [], 0, PUPILS)
    assert dict(killer.probe.rows("SELECT role, count(*) FROM transcripts_sheetsignature GROUP BY role")) == {
        "gvbm": PUPILS * SUBJECTS,
        **dict.fromkeys(CHAIN, PUPILS),
    }
    audit = home.json("log", "audit")
    assert (audit["ok"], audit["entries"], audit["findings"]) == (True, PUPILS, [])
