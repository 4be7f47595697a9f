"""Identities verified by the command line against the sandbox's population registry over loopback."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.commands import ADD_SCHOOL, OF_SCHOOL, WORKBOOKS, YEAR, Home, import_samples
from tests.journeys.killing import Killer, Probe, open_probe
from tests.journeys.population_site import Site, free_port, population_site

pytestmark = pytest.mark.journey

SECONDARY = "79000201"
OF_SECONDARY = ("--school", SECONDARY, "--year", YEAR)
ADD_SECONDARY = (
    *("school", "add", SECONDARY, "Trường THCS Sao Khuê", "--level", "thcs"),
    *("--province", "79", "--commune", "25747"),
)
PUPILS = 170
CHECKS = "SELECT count(*) FROM identity_check"


def node_of(tmp_path: Path, site: Site | str, url: str = "") -> Home:
    base = site if isinstance(site, str) else site.base
    return Home(tmp_path / "node", url, {"HOCBASO_POPULATION_URL": base})


def outside(tmp_path: Path) -> Home:
    return Home(tmp_path / "outside")


def expected(samples: Path) -> dict[str, tuple[str, list[str]]]:
    """Pupil → (state, differences), by an independent reading of the register; the others are verified."""
    deviations = json.loads((samples / "expected.json").read_text("utf-8"))["registry_deviations"]
    found = {}
    for pupil, text in deviations.items():
        outcome, _, fields = text.partition(":")
        found[pupil] = (outcome.lower(), [name for name in fields.split(",") if name])
    return found


def deviating(document: Any) -> dict[str, tuple[str, list[str]]]:
    return {
        row["pupil"]: (row["state"], row["differences"])
        for row in document["pupils"]
        if row["state"] != "verified"
    }


def begin(home: Home, samples: Path) -> None:
    home.begin(ADD_SCHOOL)
    import_samples(home, samples, ("pupils",))


def test_both_sample_schools_are_verified_and_a_second_run_asks_nothing(
    tmp_path: Path, samples: Path
) -> None:
    people, stays = samples / "dan_cu.csv", samples / "dan_cu_cu_tru.csv"
    probe = open_probe(tmp_path / "node")
    with population_site(outside(tmp_path), people, stays) as site:
        home = node_of(tmp_path, site, probe.url)
        begin(home, samples)
        home.json(*ADD_SECONDARY)
        workbook = str(samples / "thcs" / WORKBOOKS["pupils"])
        home.json("import", "pupils", workbook, *OF_SECONDARY)
        before = home.json("identity", "report", *OF_SCHOOL)
        assert before["states"] == {"not_sent": PUPILS}

        primary = home.json("identity", "verify", *OF_SCHOOL, "--class", "1A", expect=1)
        assert {row["class"] for row in primary["pupils"]} == {"1A"}
        primary = home.json("identity", "verify", *OF_SCHOOL, expect=1)
        secondary = home.json("identity", "verify", *OF_SECONDARY, expect=1)
        assert deviating(primary) | deviating(secondary) == expected(samples)
        for document in (primary, secondary):
            assert document["states"] == Counter(row["state"] for row in document["pupils"])
            assert (document["incomplete"], document["waiting"]) == ([], 0)
        total = len(primary["pupils"]) + len(secondary["pupils"])
        asked = site.counters()
        assert (asked["distinct"], asked["verify_items"], asked["repeated"]) == (total, total, 0)

        again = home.json("identity", "verify", *OF_SCHOOL, expect=1)
        assert (again["queued"], again["pupils"]) == (0, primary["pupils"])
        assert home.json("identity", "report", *OF_SCHOOL)["pupils"] == primary["pupils"]
        assert site.counters() == asked

        failed = len(expected(samples)) - len(deviating(secondary))
        insisted = home.json("identity", "verify", *OF_SCHOOL, "--again", expect=1)
        assert (insisted["queued"], insisted["pupils"]) == (failed, primary["pupils"])
        assert site.counters()["distinct"] == total + failed


def check_evidence(probe: Probe) -> None:
    """What must hold whatever was killed: an answer once, a state that the latest answer gives."""
    once = "SELECT pupil_id FROM identity_check GROUP BY pupil_id HAVING count(*) > 1"
    assert probe.rows(once) == []
    assert (
        probe.rows(
            "SELECT p.id FROM pupils_pupil p LEFT JOIN identity_check c ON c.pupil_id = p.id "
            "WHERE (p.identity_state = 'verified') <> (coalesce(c.outcome, '') = 'matched')"
        )
        == []
    )
    assert (
        probe.rows("SELECT id FROM identity_job WHERE state = 'sent' AND worker IS NULL AND attempts = 0")
        == []
    )


def test_killed_while_asking_it_goes_on_where_it_was(tmp_path: Path, samples: Path) -> None:
    probe = open_probe(tmp_path / "node")
    with population_site(outside(tmp_path), samples / "dan_cu.csv") as site:
        home = node_of(tmp_path, site, probe.url)
        begin(home, samples)
        killer = Killer(home, probe, check_evidence)
        site.behave(latency_ms=1500)
        command = ("identity", "verify", *OF_SCHOOL)
        for done in (0, 0, 100):

            def asking(done: int = done) -> bool:
                at_work = killer.count("SELECT count(*) FROM identity_job WHERE worker IS NOT NULL")
                return at_work > 0 and killer.count(CHECKS) >= done

            killer.kill(*command, when=asking, within=0.3)
        assert killer.killed >= 2  # the last one's answers may all have come before it could be killed
        site.behave(latency_ms=0)
        document = home.json(*command, expect=1)
        assert document["states"] == {"verified": 147, "mismatch": 17, "not_found": 6}
        check_evidence(probe)
        counters = site.counters()
        assert counters["distinct"] == PUPILS
        assert killer.count(CHECKS) == PUPILS
        assert killer.count("SELECT count(*) FROM identity_job WHERE state <> 'done'") == 0
        assert list((tmp_path / "node" / "workers").glob("*")) == []


def test_two_workers_at_once_ask_about_nobody_twice(tmp_path: Path, samples: Path) -> None:
    probe = open_probe(tmp_path / "node")
    with population_site(outside(tmp_path), samples / "dan_cu.csv") as site:
        home = node_of(tmp_path, site, probe.url)
        begin(home, samples)
        site.behave(latency_ms=300)
        both = [home.start("identity", "verify", *OF_SCHOOL, "--json") for _ in range(2)]
        documents = [json.loads(process.communicate(timeout=120)[0]) for process in both]
        assert [process.returncode for process in both] == [1, 1]
        assert [document["states"] for document in documents] == [
            {"verified": 147, "mismatch": 17, "not_found": 6}
        ] * 2
        assert sorted(document["queued"] for document in documents) == [0, PUPILS]
        counters = site.counters()
        assert (counters["distinct"], counters["repeated"]) == (PUPILS, 0)
        check_evidence(probe)


def test_a_registry_that_is_down_loses_nothing(tmp_path: Path, samples: Path) -> None:
    port, probe = free_port(), open_probe(tmp_path / "node")
    home = node_of(tmp_path, f"http://127.0.0.1:{port}/population", probe.url)
    begin(home, samples)
    down = home.json("identity", "verify", *OF_SCHOOL, expect=3)
    assert down["unavailable"]["code"] == "population_unavailable"
    assert (down["waiting"], down["states"]) == (PUPILS, {"error": PUPILS})
    assert home.run("identity", "report", *OF_SCHOOL).status == 0
    with population_site(outside(tmp_path), samples / "dan_cu.csv", port=port) as site:
        up = home.json("identity", "verify", *OF_SCHOOL, expect=1)
        assert up["states"] == {"verified": 147, "mismatch": 17, "not_found": 6}
        assert (up["queued"], up["already"]) == (0, PUPILS)
        assert site.counters()["distinct"] == PUPILS


def test_a_registry_with_bad_days_is_asked_until_it_has_answered(tmp_path: Path, samples: Path) -> None:
    probe = open_probe(tmp_path / "node")
    with population_site(outside(tmp_path), samples / "dan_cu.csv") as site:
        home = node_of(tmp_path, site, probe.url)
        begin(home, samples)
        site.behave(item_error_rate=0.05, error_rate=0.2, lost_rate=0.2, malformed_rate=0.1)
        document = home.json("identity", "verify", *OF_SCHOOL, "--patience", "120", expect=1)
        assert document["states"] == {"verified": 147, "mismatch": 17, "not_found": 6}
        assert site.counters()["distinct"] == PUPILS
        check_evidence(probe)


def test_a_node_without_a_registry_says_so_and_verifies_nobody(tmp_path: Path, samples: Path) -> None:
    home = node_of(tmp_path, "")
    begin(home, samples)
    document = home.json("identity", "verify", *OF_SCHOOL, expect=3)
    assert document["unavailable"]["code"] == "population_not_configured"
    assert "verified" not in document["states"]


WRONG = (
    (("--school", "79009999", "--year", YEAR), "school_not_found"),
    (("--school", "79000101", "--year", "2025"), "school_year.format"),
    (("--school", "79000101", "--year", "2031-2032"), "identity_nobody"),
    ((*OF_SCHOOL, "--class", "9Z"), "identity_class_not_found"),
)


def test_wrong_usage_is_told_and_ends_with_two(tmp_path: Path) -> None:
    home = node_of(tmp_path, "")
    home.begin(ADD_SCHOOL)
    for arguments, code in WRONG:
        for command in ("verify", "report"):
            assert home.json("identity", command, *arguments, expect=2)["error"]["code"] == code
