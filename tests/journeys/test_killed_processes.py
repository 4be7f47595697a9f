"""SIGKILL at many moments, then the same commands again: everything finishes, nothing twice, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journeys.commands import ADD_SCHOOL, OF_SCHOOL, WORKBOOKS, Home
from tests.journeys.killing import Killer, Probe, open_probe, sound_log

pytestmark = pytest.mark.journey

ROLES = ("gvcn", "hieu_truong", "con_dau")


def check_invariants(probe: Probe) -> None:
    """What must hold whatever was killed."""
    imported = {
        name: probe.rows(f"SELECT count(*) FROM {name}")[0][0]
        for name in ("pupils_pupil", "pupils_enrolment", "assessment_yearrecord")
    }
    assert set(imported.values()) <= {0, 170}, imported  # an import is all or nothing
    assert not probe.rows(
        "SELECT sheet_id, role FROM transcripts_sheetsignature WHERE voided_at IS NULL "
        "GROUP BY sheet_id, role HAVING count(*) > 1"
    )
    signed = {"frozen": 0, "homeroom_signed": 1, "principal_signed": 2, "issued": 3}
    states = probe.rows(
        "SELECT y.state, (SELECT count(*) FROM transcripts_sheetsignature s WHERE s.sheet_id = y.id) "
        "FROM transcripts_yearsheet y"
    )
    assert all(signed[state] == number for state, number in states)
    sound_log(probe)


@pytest.fixture
def killer(tmp_path: Path) -> Killer:
    probe = open_probe(tmp_path / "node")
    return Killer(Home(tmp_path / "node", probe.url), probe, check_invariants)


def test_killed_at_any_moment_and_run_again_everything_stands_once(
    killer: Killer, samples: Path, tmp_path: Path
) -> None:
    home = killer.home
    home.begin(ADD_SCHOOL)
    kill_imports(killer, samples)
    kill_signing(killer)
    out = tmp_path / "out"
    kill_export(killer, out)
    kill_records(killer)
    assert killer.killed >= 12
    assert killer.inside >= 3  # one an import at least

    listed = home.json("transcripts", "list", *OF_SCHOOL)
    assert len(listed) == len({row["code"] for row in listed}) == len({row["pupil"] for row in listed}) == 170
    assert {(row["state"], row["version"]) for row in listed} == {("issued", 1)}
    assert dict(
        killer.probe.rows("SELECT role, count(*) FROM transcripts_sheetsignature GROUP BY role")
    ) == dict.fromkeys(ROLES, 170)
    audit = home.json("log", "audit")
    assert (audit["ok"], audit["entries"], audit["findings"]) == (True, 170, [])
    documents = sorted(str(path) for path in out.glob("*.xml"))
    verdicts = home.json("verify", *documents, "--trust-bundle", str(out / "trust-bundle.json"))
    assert [v["verdict"] for v in verdicts] == ["valid"] * 170
    assert {v["code"] for v in verdicts} == {row["code"] for row in listed}


def kill_imports(killer: Killer, samples: Path) -> None:
    """Each import while it reads and while it writes; then to its end."""
    for kind, total in (("pupils", 170), ("staff", 15), ("results", 170)):
        command = ("import", kind, str(samples / "tieu_hoc" / WORKBOOKS[kind]), *OF_SCHOOL)
        killer.kill(*command, when=lambda: True, within=1.0)
        killer.kill_inside(*command)
        killer.kill(*command, when=killer.probe.writing, within=0.1)
        done = killer.home.json(*command)
        # "same" only when the kill came after the commit.
        assert (done["new"], done["same"]) in ((total, 0), (0, total)), done
        assert done["refused"] == 0
    expected = json.loads((samples / "expected.json").read_text("utf-8"))["results"]["79000101"]
    subjects = sum(len(pupil["levels"]) for pupil in expected.values())
    assert killer.count("SELECT count(*) FROM assessment_subjectresult") == subjects


def kill_signing(killer: Killer) -> None:
    """Close, sign and issue, killed as soon as so many sheets have gone so far."""
    sheets = "SELECT count(*) FROM transcripts_yearsheet"
    signatures = "SELECT count(*) FROM transcripts_sheetsignature WHERE role = '{}'"
    issued = "SELECT count(*) FROM transcripts_issuedsheet"
    whole_year = ("transcripts", "run", *OF_SCHOOL, "--include-incomplete")
    close = ("transcripts", "close", *OF_SCHOOL, "--include-incomplete")
    homeroom = ("transcripts", "sign", *OF_SCHOOL, "--as", "gvcn")
    principal = ("transcripts", "sign", *OF_SCHOOL, "--as", "hieu_truong")
    issue = ("transcripts", "issue", *OF_SCHOOL)
    plan = (
        (close, sheets, 1),
        (close, sheets, 70),
        (homeroom, signatures.format("gvcn"), 1),
        (homeroom, signatures.format("gvcn"), 60),
        (whole_year, signatures.format("gvcn"), 140),
        (principal, signatures.format("hieu_truong"), 1),
        (whole_year, signatures.format("hieu_truong"), 90),
        (issue, issued, 1),
        (whole_year, issued, 50),
        (issue, issued, 110),
    )
    for command, question, target in plan:
        killer.kill(*command, when=lambda q=question, n=target: killer.count(q) >= n)
    done = killer.home.json(*whole_year)
    assert (done["failed"], done["blocked"], done["waiting"], done["log_size"]) == ([], [], 0, 170)


def kill_export(killer: Killer, out: Path) -> None:
    """Killed between files; a second run leaves whole files only."""
    command = ("transcripts", "export", *OF_SCHOOL, "--out", str(out))
    for target in (1, 80):
        killer.kill(*command, when=lambda n=target: len(list(out.glob("*.xml"))) >= n, within=0.01)
    names = killer.home.json(*command)["files"]
    assert len(names) == len(set(names)) == 171
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == set(names)


def kill_records(killer: Killer) -> None:
    """An evidence record over everything, killed as soon as it was opened and while it writes."""
    command = ("archive", "record", "build")
    opened = "SELECT count(*) FROM preservation_records_record"
    killer.kill(*command, when=lambda: killer.count(opened) >= 1, within=0.1)
    killer.kill(*command, when=killer.probe.writing, within=0.1)
    done = killer.home.json(*command)
    assert (done["refused"], done["problem"]) == ([], None)
    leaves = "SELECT count(*), count(DISTINCT sheet_id), max(position) FROM preservation_records_leaf"
    assert killer.probe.rows(leaves) == [(170, 170, 169)]
    assert killer.probe.rows("SELECT count(*), max(leaves) FROM preservation_records_stamp") == [(1, 170)]
