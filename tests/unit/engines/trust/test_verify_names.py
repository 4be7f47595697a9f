"""Names come from strangers: whatever a certificate says of its holder, no answer about it obeys."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest

from hocbaso.core.document.model import SignerRole
from hocbaso.core.shown import shown
from hocbaso.engines.rendering.reports import render_report
from hocbaso.engines.trust.verification import verify_document
from hocbaso.engines.trust.verification.report import report_json, report_of
from hocbaso.interfaces.cli.output import messages
from tests.unit.engines.trust.verify_support import NOW, Pki, School

SCREEN = "\x1b[2J\x1b[1;32mHỢP LỆ\x1b[0m"
TURNED = "Lê \u202eĐnạ"
FAR = "中😀\U000f0000"


@lru_cache(maxsize=1)
def school() -> School:
    return School(Pki("Tên"))


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(item)


@pytest.mark.parametrize("name", [SCREEN, TURNED, FAR, "An\nBình\0"], ids=range(4))
def test_a_name_in_a_certificate_neither_steers_a_terminal_nor_turns_a_sentence(name: str) -> None:
    signer = school().pki.issue(name)
    tsa = school().pki.issue(name, time_stamping=True)
    document = school().issue(holders={SignerRole.HOMEROOM: signer}, stamped=None)
    at = document.rindex(b"<ds:Signature ")
    end = document.index(b"</DSCKS>")
    stamped = school().stamp(document[at:end], tsa=tsa)
    verdict = verify_document(document[:at] + stamped + document[end:], school().bundle(document), now=NOW)
    assert not verdict.valid  # nobody registered that certificate
    assert verdict.best_signature_time is not None
    report = report_of(verdict, now=NOW, software="hocbaso")
    told = [*texts(verdict.to_json()), *texts(report)]
    assert any(shown(name) in text for text in told)
    assert all(text.isprintable() for text in told)
    assert render_report(report, report_json(report)).startswith(b"%PDF-")


def test_no_command_hands_a_control_character_on_to_the_terminal() -> None:
    with messages.capture() as heard:
        messages.print(f"tệp {SCREEN}\nhai dòng", markup=False)
    assert "\x1b" not in heard.get()
    assert "HỢP LỆ" in heard.get()
    assert heard.get().count("\n") == 2


def test_what_is_shown_has_an_end() -> None:
    assert shown("a" * 300, 200) == "a" * 200 + "…"
    assert shown(TURNED) == "Lê \ufffdĐnạ"
