"""The published vectors: each breaks exactly its rules, the verifier agrees, the tool makes the same set."""

from __future__ import annotations

import importlib.util
import json
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from hocbaso.core.document.schema import validate
from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.conformance import Vector, catalogue, catalogue_markdown, check_file, load_vectors
from hocbaso.engines.trust.conformance.vectors import unpack
from hocbaso.engines.trust.verification import verify_file

ROOT = Path(__file__).resolve().parents[5]
SET = load_vectors()
GOOD = [vector for vector in SET.vectors if not vector.rules]
BAD = [vector for vector in SET.vectors if vector.rules]


@lru_cache(maxsize=1)
def bundle() -> TrustBundle:
    return TrustBundle.from_json(SET.bundle)


def verdict_of(vector: Vector) -> str:
    try:
        found = verify_file("v", vector.data, bundle() if vector.bundle else None, now=SET.now)
    except Unreadable:
        return "refused"
    order = ("invalid", "indeterminate", "valid")
    return min((verdict.verdict for verdict in found), key=order.index)


@pytest.mark.parametrize("vector", SET.vectors, ids=lambda vector: vector.file)
def test_each_vector_breaks_exactly_its_rules_and_the_verifier_says_what_the_manifest_says(
    vector: Vector,
) -> None:
    reports = check_file(vector.file, vector.data, bundle() if vector.bundle else None, now=SET.now)
    assert {rule for report in reports for rule in report.rules} == set(vector.rules)
    assert verdict_of(vector) == vector.verdict
    if not vector.rules:
        assert vector.verdict == "valid"
        assert not any(report.undecided for report in reports)


def test_the_set_has_enough_of_either_kind_and_says_why_in_both_languages() -> None:
    assert len(GOOD) >= 6
    assert len(BAD) >= 60
    assert all(vector.vi and vector.en for vector in SET.vectors)
    assert len({vector.file for vector in SET.vectors}) == len(SET.vectors)
    assert {rule for vector in BAD for rule in vector.rules} <= set(catalogue())


def test_good_vectors_satisfy_the_published_schema() -> None:
    assert [validate(vector.data) for vector in GOOD if vector.file.endswith(".xml")] == [[]] * (
        len(GOOD) - 1
    )


def test_nothing_bad_is_valid_for_the_verifier_but_a_package_that_repeats_a_good_sheet() -> None:
    assert [vector.file for vector in BAD if vector.verdict == "valid"] == ["sai/goi/trung.zip"]


def test_the_tool_makes_the_same_set_again() -> None:
    tools = str(ROOT / "tools")
    sys.path.insert(0, tools)
    try:
        spec = importlib.util.spec_from_file_location("make_vectors", f"{tools}/make_vectors.py")
        assert spec is not None
        assert spec.loader is not None
        tool = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tool)
        again = unpack(tool.build())
    finally:
        sys.path.remove(tools)
    assert again.manifest == SET.manifest
    assert again.vectors == SET.vectors
    assert again.bundle == SET.bundle


def test_the_catalogue_in_the_documentation_is_the_one_of_the_program() -> None:
    assert (ROOT / "docs" / "conformance.md").read_text("utf-8").endswith(catalogue_markdown())


def test_the_catalogue_is_large_ordered_and_complete() -> None:
    rules = list(catalogue().values())
    assert len(rules) >= 50
    assert all(rule.vi and rule.en and rule.source for rule in rules)
    places = [tuple(map(int, rule.number.removeprefix("HBS-").split("."))) for rule in rules]
    assert places == sorted(places)


def test_the_manifest_is_plain_json_of_modest_size() -> None:
    text = json.dumps(SET.manifest, ensure_ascii=False)
    assert json.loads(text) == SET.manifest
    assert sum(len(vector.data) for vector in SET.vectors) < 8 * 2**20
