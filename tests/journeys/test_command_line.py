"""The command line's contract: one JSON document, exit statuses, no traceback, whatever comes in."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.journeys.commands import ADD_SCHOOL, COMMAND, OF_SCHOOL, WORKBOOKS, YEAR, Answer, Home

pytestmark = pytest.mark.journey

IMPORTED = {"new", "changed", "same", "refused", "warnings", "issues"}
CHECKS = {"intact", "schema", "signatures", "chain", "authority", "status", "logged", "latest"}
VERDICT = {"file", "verdict", "environment", "code", "checks", "signatures", "reason"}
ISSUE = {"row", "column", "code", "severity", "message"}
LISTED = {"code", "pupil", "class", "state", "version", "result"}
RESULT = {"overall", "completed", "promoted", "title"}
FIFTH = "5A"
#: In the order of a school year; "{samples}" and "{out}" are filled in. Class 5A goes first: PDFs of it only.
YEAR_OF_A_SCHOOL: tuple[tuple[str, set[str], tuple[str, ...]], ...] = (
    ("init", {"home", "database"}, ("init",)),
    ("school", {"code"}, ADD_SCHOOL),
    ("pupils", IMPORTED, ("import", "pupils", "{samples}/" + WORKBOOKS["pupils"], *OF_SCHOOL)),
    ("staff", IMPORTED, ("import", "staff", "{samples}/" + WORKBOOKS["staff"], *OF_SCHOOL)),
    ("results", IMPORTED, ("import", "results", "{samples}/" + WORKBOOKS["results"], *OF_SCHOOL)),
    ("close", {"closed", "blocked"}, ("transcripts", "close", *OF_SCHOOL, "--class", FIFTH)),
    ("gvbm", {"signed", "waiting", "failed"}, ("transcripts", "sign", *OF_SCHOOL, "--as", "gvbm")),
    ("gvcn", {"signed", "waiting", "failed"}, ("transcripts", "sign", *OF_SCHOOL, "--as", "gvcn")),
    ("ht", {"signed", "waiting", "failed"}, ("transcripts", "sign", *OF_SCHOOL, "--as", "hieu_truong")),
    ("issue", {"issued", "failed", "log_size"}, ("transcripts", "issue", *OF_SCHOOL)),
    ("export", {"files"}, ("transcripts", "export", *OF_SCHOOL, "--out", "{out}", "--pdf")),
    (
        "run",
        {"closed", "blocked", "signed", "waiting", "issued", "failed", "log_size"},
        ("transcripts", "run", *OF_SCHOOL, "--include-incomplete"),
    ),
    ("list", set(), ("transcripts", "list", *OF_SCHOOL)),
    ("checkpoint", {"checkpoint"}, ("log", "checkpoint")),
    ("audit", {"ok", "entries"}, ("log", "audit")),
    ("resume", {"resumed"}, ("import", "resume")),
)
NEGATIVE = {"close"}  # pupils without complete results block


@dataclass(frozen=True)
class Node:
    """A school whose whole year went through the command line, and what every command answered."""

    home: Home
    out: Path
    answers: dict[str, Answer]

    @property
    def bundle(self) -> str:
        return str(self.out / "trust-bundle.json")

    @property
    def documents(self) -> list[Path]:
        return sorted(self.out.glob("*.xml"))


def each(home: Home, commands: Sequence[Sequence[str]]) -> list[Answer]:
    """Independent commands, as many at a time as there are cores."""
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return list(pool.map(lambda arguments: home.run(*arguments), commands))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Node:
    folder = tmp_path_factory.mktemp("command-line")
    home, out = Home(folder / "node"), folder / "out"
    answers = {}
    for name, _, arguments in YEAR_OF_A_SCHOOL:
        filled = [part.format(samples=samples / "tieu_hoc", out=out) for part in arguments]
        answers[name] = home.run(*filled, "--json")
    return Node(home, out, answers)


def is_clean(answer: Answer) -> bool:
    """No traceback, nothing but the document on standard output."""
    return "Traceback" not in answer.err + answer.out and answer.out.count("\n") <= 1


@pytest.mark.parametrize("name", [name for name, _, _ in YEAR_OF_A_SCHOOL])
def test_every_step_of_a_year_answers_with_one_document_that_holds_its_keys(node: Node, name: str) -> None:
    answer = node.answers[name]
    keys = next(keys for step, keys, _ in YEAR_OF_A_SCHOOL if step == name)
    assert answer.status in ((0, 1) if name in NEGATIVE else (0,)), answer
    assert is_clean(answer), answer
    assert keys <= set(answer.document if keys else ()), answer
    assert answer.err == ""


def test_the_counts_of_a_year_add_up(node: Node) -> None:
    document = {name: answer.document for name, answer in node.answers.items()}
    fifth = document["close"]["closed"]
    assert document["pupils"]["new"] == document["results"]["new"] == 170
    assert 0 < fifth == document["gvcn"]["signed"] == document["ht"]["signed"] == document["issue"]["issued"]
    assert all({"pupil", "code", "message"} <= set(row) for row in document["close"]["blocked"])
    assert fifth + document["run"]["issued"] == document["run"]["log_size"] == 170
    assert document["audit"]["entries"] == 170
    assert len(document["export"]["files"]) == 2 * fifth + 1
    assert sorted(document["export"]["files"]) == sorted(path.name for path in node.out.iterdir())
    assert document["audit"]["ok"] is True


def test_the_results_of_all_pupils_are_those_of_an_independent_reading(node: Node, samples: Path) -> None:
    expected = json.loads((samples / "expected.json").read_text("utf-8"))["results"]["79000101"]
    listed = node.answers["list"].document
    assert all(set(row) >= LISTED and set(row["result"]) == RESULT for row in listed)
    assert {row["pupil"]: row["result"]["overall"] for row in listed} == {
        code: pupil["overall"] for code, pupil in expected.items()
    }
    assert {row["pupil"]: row["class"] for row in listed} == {c: p["lop"] for c, p in expected.items()}


def test_a_proof_of_the_log_is_given_for_a_code(node: Node) -> None:
    code = node.answers["list"].document[0]["code"]
    assert node.home.json("log", "prove", code)["code"] == code


def test_a_dry_run_names_every_fault_and_leaves_the_database_byte_equal(
    node: Node, samples: Path, tmp_path: Path
) -> None:
    database = node.home.path / "hocbaso.sqlite3"
    before = hashlib.sha256(database.read_bytes()).digest()
    answer = node.home.run(
        *("import", "pupils", str(samples / "tieu_hoc" / "danh_sach_hoc_sinh_loi.xlsx"), *OF_SCHOOL),
        *("--dry-run", "--annotated", str(tmp_path / "notes.xlsx"), "--json"),
    )
    assert answer.status == 1, answer
    assert is_clean(answer)
    assert answer.document["refused"] > 0
    assert all(set(issue) >= ISSUE for issue in answer.document["issues"])
    assert hashlib.sha256(database.read_bytes()).digest() == before
    assert zipfile.is_zipfile(tmp_path / "notes.xlsx")


def test_a_forked_command_answers_like_the_installed_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    home.begin(ADD_SCHOOL)
    for arguments in (("log", "audit", "--json"), ("nonsense", "--json"), ("transcripts", "run", "--help")):
        done = subprocess.run(
            [COMMAND, *arguments], env=home.environment(), capture_output=True, encoding="utf-8", timeout=300
        )
        assert home.run(*arguments) == Answer(arguments, done.returncode, done.stdout, done.stderr)


# --- wrong usage and unreadable input ------------------------------------------------


def hostile_workbooks(folder: Path, samples: Path) -> list[str]:
    """Files that are no workbook, each in its own way."""
    good = (samples / "tieu_hoc" / WORKBOOKS["pupils"]).read_bytes()
    empty_archive = io.BytesIO()
    zipfile.ZipFile(empty_archive, "w").close()
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 300_000_000)
    contents = {
        "empty.xlsx": b"",
        "truncated.xlsx": good[: len(good) // 2],
        "bitten.xlsx": good[:2000] + bytes(500) + good[2500:],
        "zeros.xls": bytes(5000),
        "text.xlsx": "Mã học sinh;Họ tên\n1;An\n".encode(),
        "archive.xlsx": empty_archive.getvalue(),
        "bomb.xlsx": bomb.getvalue(),
        "results.xlsx": (samples / "tieu_hoc" / WORKBOOKS["results"]).read_bytes(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [*(str(folder / name) for name in contents), str(folder), str(folder / "absent.xlsx"), "/dev/null"]


def assert_refused(answers: list[Answer], *statuses: int) -> None:
    for answer in answers:
        assert answer.status in (statuses or (2,)), answer
        assert is_clean(answer), answer
        error = answer.document["error"]
        assert error["code"], answer
        assert error["message"], answer
        assert error["message"].split()[0] in answer.err, answer  # people read the same sentence


def test_what_is_no_workbook_is_unreadable_and_changes_nothing(
    node: Node, samples: Path, tmp_path: Path
) -> None:
    files = hostile_workbooks(tmp_path, samples)
    assert_refused(each(node.home, [("import", "pupils", f, *OF_SCHOOL, "--json") for f in files]))
    assert len(node.home.json("transcripts", "list", *OF_SCHOOL)) == 170


def test_an_unknown_school_is_named_by_every_command(node: Node, samples: Path, tmp_path: Path) -> None:
    unknown = ("--school", "79999999", "--year", YEAR, "--json")
    workbook = str(samples / "tieu_hoc" / WORKBOOKS["pupils"])
    commands = [
        ("import", "pupils", workbook, *unknown),
        *(("transcripts", verb, *unknown) for verb in ("close", "issue", "list")),
        ("transcripts", "sign", "--as", "gvcn", *unknown),
        ("transcripts", "export", "--out", str(tmp_path / "out"), *unknown),
    ]
    assert_refused(each(node.home, commands))


def test_what_is_not_there_and_what_cannot_be_written_is_said(node: Node, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    later = ("--school", "79000101", "--year", "2031-2032")
    commands = [
        ("transcripts", "close", *OF_SCHOOL, "--class", "9Z"),
        ("transcripts", "close", *later),
        ("transcripts", "sign", *later, "--as", "hieu_truong"),
        ("transcripts", "issue", *later),
        ("transcripts", "run", *later),
        ("transcripts", "export", *OF_SCHOOL, "--out", str(tmp_path / "file")),
        ("log", "prove", "HB-nothing"),
        ("log", "checkpoint", "--year", "2031-2032"),
        ("import", "undo", "987654"),
    ]
    assert_refused(each(node.home, [(*command, "--json") for command in commands]))


def test_a_year_that_is_none_is_refused_by_every_command(node: Node, samples: Path, tmp_path: Path) -> None:
    workbook = str(samples / "tieu_hoc" / WORKBOOKS["pupils"])
    wrong = [("--school", "79000101", "--year", year, "--json") for year in ("2025-2027", "2025", "năm nay")]
    commands = [
        *(("transcripts", verb, *wrong[0]) for verb in ("run", "list")),
        ("transcripts", "sign", "--as", "hieu_truong", *wrong[1]),
        ("transcripts", "export", "--out", str(tmp_path / "out"), *wrong[2]),
        ("import", "pupils", workbook, *wrong[2]),
    ]
    assert_refused(each(node.home, commands))


def test_wrong_usage_ends_with_2_and_one_document(node: Node) -> None:
    commands = [
        ("transcripts", "sign", *OF_SCHOOL),
        ("transcripts", "sign", *OF_SCHOOL, "--as", "con_dau"),
        ("transcripts", "run", "--year", YEAR),
        ("import", "undo", "many"),
        ("verify",),
        ("nonsense",),
    ]
    for answer in each(node.home, [(*command, "--json") for command in commands]):
        assert answer.status == 2, answer
        assert is_clean(answer), answer
        assert answer.document["error"]["code"] == "wrong_usage"
        assert answer.err, answer


def test_a_database_that_does_not_answer_a_node_not_begun_and_a_wrong_setting_are_told_apart(
    tmp_path: Path,
) -> None:
    homes = {
        "database_unavailable": (3, Home(tmp_path / "a", "postgresql://nobody@127.0.0.1:1/none")),
        "not_initialised": (2, Home(tmp_path / "b")),
        "wrong_environment": (2, Home(tmp_path / "c", extra={"HOCBASO_ENVIRONMENT": "elsewhere"})),
    }
    for code, (status, home) in homes.items():
        answer = home.run("log", "audit", "--json")
        assert_refused([answer], status)
        assert answer.document["error"]["code"] == code


def test_a_device_without_end_is_too_large() -> None:
    answer = Home(Path("/nonexistent")).run("verify", "/dev/zero", "--json")
    assert (answer.status, answer.document[0]["error"]) == (2, "file_too_large")


def test_a_school_that_cannot_be_is_refused(node: Node) -> None:
    place = ("--province", "79", "--commune", "25747")
    commands = [
        ADD_SCHOOL,  # a second time
        ("school", "add", "79000102", "Trường", "--level", "dai_hoc", *place),
        ("school", "add", "79000102", "Trường", "--level", "tieu_hoc", "--province", "79", "--commune", "1"),
        ("school", "add", "79000102", "Trường", "--level", "tieu_hoc", *place, "--ownership", "mine"),
    ]
    assert_refused(each(node.home, [(*command, "--json") for command in commands]), 1)


# --- verify --------------------------------------------------------------------------

#: Ends the process at once on a socket, a database, Django, or a file opened for writing.
GUARD = """
import os, sys
def _guard(event, arguments):
    wrong = None
    if event == "socket.__new__" and arguments[1] != 1 or event in ("socket.connect", "socket.getaddrinfo"):
        wrong = "network"
    elif event == "sqlite3.connect":
        wrong = "database"
    elif event == "import" and arguments[0].partition(".")[0] in ("django", "psycopg"):
        wrong = "import of " + arguments[0]
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        wrong = "writing " + str(arguments[0])
    if wrong and arguments[:1] != ("/dev/null",):
        os.write(2, f"verify touched: {wrong}".encode())
        os._exit(97)
sys.addaudithook(_guard)
"""


def guarded(folder: Path, *arguments: str) -> Answer:
    """``hocbaso verify`` by somebody who has nothing but the command, in an empty directory."""
    (folder / "guard").mkdir(exist_ok=True)
    (folder / "guard" / "sitecustomize.py").write_text(GUARD)
    (folder / "empty").mkdir(exist_ok=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HOCBASO_", "DJANGO_"))}
    environment = {**clean, "PYTHONPATH": str(folder / "guard"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [COMMAND, "verify", *arguments, "--json"]
    done = subprocess.run(
        command, cwd=folder / "empty", env=environment, capture_output=True, encoding="utf-8", timeout=120
    )
    assert not list((folder / "empty").iterdir())
    return Answer(tuple(command), done.returncode, done.stdout, done.stderr)


def test_the_guard_would_notice_a_database(node: Node, tmp_path: Path) -> None:
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    watched = Home(node.home.path, extra={"PYTHONPATH": str(tmp_path / "guard")})
    assert watched.run("log", "audit", "--json").status == 97


def test_verify_needs_no_home_no_database_no_network_and_no_django(node: Node, tmp_path: Path) -> None:
    pdfs = sorted(node.out.glob("*.pdf"))[:3]
    answer = guarded(tmp_path, *map(str, [*node.documents, *pdfs]), "--trust-bundle", node.bundle)
    assert answer.status == 0, answer
    assert len(answer.document) == len(node.documents) + 3
    for verdict in answer.document:
        assert set(verdict) >= VERDICT
        assert set(verdict["checks"]) == CHECKS
        assert (verdict["verdict"], verdict["environment"]) == ("valid", "thu_nghiem")
        assert [s["role"] for s in verdict["signatures"]][:3] == ["gvcn", "hieu_truong", "con_dau"]
        assert all({"role", "signer", "valid", "reason"} <= set(s) for s in verdict["signatures"])


def test_without_a_bundle_nothing_is_valid_and_a_changed_mark_is_invalid(node: Node, tmp_path: Path) -> None:
    good = node.documents[0]
    changed = tmp_path / "changed.xml"
    changed.write_bytes(good.read_bytes().replace(b">H</MucDatDuoc>", b">T</MucDatDuoc>", 1))
    assert changed.read_bytes() != good.read_bytes()
    answer = guarded(tmp_path, str(good), str(changed))
    assert answer.status == 1
    assert [row["verdict"] for row in answer.document] == ["indeterminate", "invalid"]
    mixed = guarded(tmp_path, str(good), str(changed), "--trust-bundle", node.bundle)
    assert mixed.status == 1
    assert [row["verdict"] for row in mixed.document] == ["valid", "invalid"]


def hostile_documents(folder: Path, good: bytes) -> list[str]:
    """Files that somebody might hand to a verifier."""
    slip = io.BytesIO()
    with zipfile.ZipFile(slip, "w") as archive:
        archive.writestr("../../escape.xml", good.replace(b">T</MucDatDuoc>", b">C</MucDatDuoc>"))
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    contents: dict[str, bytes] = {
        "empty.xml": b"",
        "zeros": bytes(100_000),
        "broken.pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\n",
        "broken.zip": b"PK\x03\x04" + bytes(200),
        "slip.zip": slip.getvalue(),
        "laughs.xml": f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><HocBaSo>&l9;</HocBaSo>'.encode(),
        "entity.xml": b'<!DOCTYPE x [<!ENTITY p SYSTEM "file:///etc/passwd">]><HocBaSo>&p;</HocBaSo>',
        "deep.xml": b"<HocBaSo>" + b"<a>" * 200_000,
        "other.xml": b"<html></html>",
        "utf16.xml": good.decode().encode("utf-16"),
        "qr.txt": b"HBS1:NOTBASE45",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "loop.xml").symlink_to(folder / "loop.xml")
    return [*(str(folder / n) for n in contents), *(str(folder / n) for n in ("loop.xml", "absent.xml", "."))]


def test_hostile_files_get_a_row_each_never_valid_and_none_stops_the_others(
    node: Node, tmp_path: Path
) -> None:
    good = node.documents[0]
    files = [*hostile_documents(tmp_path, good.read_bytes()), str(good)]
    answer = guarded(tmp_path, *files, "--trust-bundle", node.bundle)
    assert answer.status == 2, answer
    assert is_clean(answer), answer
    rows = {row["file"]: row for row in answer.document}
    assert set(files) <= set(rows) | {str(tmp_path / "slip.zip")}
    assert rows[str(good)]["verdict"] == "valid"
    others = [row for file, row in rows.items() if file != str(good)]
    assert all(row["verdict"] != "valid" and row["reason"] for row in others)
    assert "root:" not in answer.out  # of the password file
    assert not list(tmp_path.parent.rglob("escape.xml"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b'{"version": 1', b"\xff\xfe", b'{"a":' * 50_000, b'{"logs": 1e999}'],
    ids=lambda content: content[:12].hex() or "nothing",
)
def test_an_unreadable_trust_bundle_is_refused_as_such(node: Node, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bundle.json").write_bytes(content)
    assert_refused(
        [guarded(tmp_path, str(node.documents[0]), "--trust-bundle", str(tmp_path / "bundle.json"))]
    )


def test_an_absent_trust_bundle_is_refused_too(node: Node, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.json"):
        assert_refused([guarded(tmp_path, str(node.documents[0]), "--trust-bundle", str(path))])


# --- the tree of commands ------------------------------------------------------------


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    """Every command by its words, as the entry point builds them."""
    from hocbaso.interfaces.cli import main

    if not main.app.registered_commands:
        main._register()
    found: dict[str, Any] = {}

    def walk(command: Any, words: str) -> None:
        for name, child in getattr(command, "commands", {}).items():
            walk(child, f"{words} {name}".strip())
        if not hasattr(command, "commands"):
            found[words] = command

    walk(typer.main.get_command(main.app), "")
    return found


def test_every_command_but_the_servers_answers_in_json_and_says_what_it_does(tree: dict[str, Any]) -> None:
    servers = {"serve", "sandbox", "worker"}
    assert {"init", "verify", "school add", "import pupils", "transcripts run", "log audit"} <= set(tree)
    for words, command in tree.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert words in servers or "--json" in options, words
        assert command.help, words


def test_help_needs_no_node(tmp_path: Path) -> None:
    home = Home(tmp_path / "none")
    for answer in each(home, [("--help",), ("transcripts", "run", "--help"), ("--version",)]):
        assert answer.status == 0, answer
        assert answer.out.strip()
    assert not home.path.exists()
