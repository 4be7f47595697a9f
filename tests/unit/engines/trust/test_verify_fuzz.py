"""A bounded share of ``benchmarks/fuzz_verify.py``: no crash, and nothing accepted with another meaning."""

from __future__ import annotations

import random

import pytest
from benchmarks.fuzz_verify import Fuzzer, fuzzer


@pytest.fixture(scope="module")
def work() -> Fuzzer:
    return fuzzer()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_mutated_files_never_crash_and_are_never_believed_with_another_meaning(
    work: Fuzzer, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(250):
        work.once(chance)
    assert not work.findings, work.findings[0][2]
    assert work.tried >= 250
    assert work.refused < work.tried
