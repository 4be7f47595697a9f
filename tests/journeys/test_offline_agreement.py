"""The offline page and the command judge alike: two readers of one format, asked about the same codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from playwright.sync_api import Page, Route

import hocbaso.interfaces.web
from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust import base45, cbor, cose
from hocbaso.engines.trust.bundle import CodeSigner, TrustBundle
from hocbaso.engines.trust.offline_code import BEGINNINGS, PREFIX
from hocbaso.engines.trust.offline_results import CONCLUSIONS, SUBJECTS
from hocbaso.engines.trust.status_list import LEAST_LENGTH, Status
from hocbaso.engines.trust.verification.document import Verifier
from hocbaso.engines.trust.verification.offline import verify_code
from hocbaso.engines.trust.verification.policy import ValidationPolicy, policy_in_force
from tests.unit.engines.trust.offline_support import ISSUED, Node
from tests.unit.engines.trust.test_verify_policy import changed
from tests.unit.engines.trust.verify_support import DAY, NOW, T0, YEAR

pytestmark = pytest.mark.journey
_SCRIPTS = Path(hocbaso.interfaces.web.__file__).parent / "static" / "web"
_JUDGE = """async ([bundles, asked]) => {
  const { open, verify, most } = window.HocBaSoOffline;
  const trust = await Promise.all(bundles.map((text) => open(JSON.parse(text))));
  const answers = await Promise.all(asked.map(([at, text, now]) => verify(text, trust[at], new Date(now))));
  return { most, answers: answers.map(({ verdict, why }) => [verdict, why]) };
}"""
_WORDS = {"valid": "valid", "invalid": "invalid", "indeterminate": "unknown"}
node = Node()


@pytest.fixture
def ask(page: Page) -> Callable[[list[str], list[tuple[int, str, str]]], dict[str, list[list[str]]]]:
    """The page's own scripts on an empty page of a secure address; nothing is served, nothing is fetched."""

    def empty(route: Route) -> None:
        route.fulfill(body="<!doctype html><title>.</title>", content_type="text/html")

    page.route("http://localhost/**", empty)
    page.goto("http://localhost/")
    for name in ("offline_certificates.js", "offline_code.js"):
        page.add_script_tag(content=(_SCRIPTS / name).read_text("utf-8"))
    return lambda bundles, asked: page.evaluate(_JUDGE, [bundles, asked])


def signed(payload: object, **outer: object) -> str:
    """A code over any payload, signed by the node: what a faulty or hostile node could write."""
    signer, data = node.signer(), cbor.encode(payload)
    message = cbor.decode(cose.sign1(data, signer))
    values = [outer.get(name, value) for name, value in zip("hups", message.value, strict=True)]
    return PREFIX + base45.encode(cbor.encode(cbor.Tag(cose.SIGN1, values)))


def payload(**changes: object) -> dict[int, object]:
    """The map of a good code with other values: ``k6="An"``."""
    found = cbor.decode(cbor.decode(base45.decode(node.text().removeprefix(PREFIX))).value[2])
    return found | {int(name[1:]): value for name, value in changes.items()}


def policy(*rows: tuple[str, str | None]) -> ValidationPolicy:
    return changed(lambda value: value.update(algorithms=[{"name": n, "until": u} for n, u in rows]))


def codes() -> list[str]:
    """Good ones, and everything that a reader may read otherwise than another."""
    good = payload()
    results, other = list(good[12]), node.pki.issue("Kẻ khác")
    raw = bytearray(base45.decode(node.text().removeprefix(PREFIX)))
    raw[100] ^= 1
    return [
        node.text(),
        node.text(node.code(with_results=False)),
        node.text(holder=other),
        PREFIX + base45.encode(bytes(raw)),
        signed(good, s=[0] * 64),
        signed(good, s="x" * 64),
        signed(good, s=bytes(64)),
        signed(good, u={1: 2}),
        signed(good, h=cbor.encode({1: -35, 4: cose.thumbprint(node.holder.der)})),
        *(signed(payload(k11=index)) for index in (0, LEAST_LENGTH - 1, LEAST_LENGTH, 2**32, 2**53, -1)),
        *(signed(payload(k5=int((NOW + timedelta(seconds=late)).timestamp()))) for late in (299, 300, 301)),
        *(signed(payload(k4=time)) for time in (-1, 2**33 + 1, 2**63)),
        *(signed(payload(k6=name)) for name in ("An", "", "An\u202e", "\ufeffAn", "An\x1b[2J", 7)),
        *(signed(payload(k8=school)) for school in ([9, "A"], [1], [0, "Trường X"], "Trường X")),
        *(signed(payload(k1=[*good[1][:3], year, 1])) for year in (999, "2025")),
        signed(payload(k13=1)),
        signed({key: value for key, value in good.items() if key != 9}),
        *(
            signed(payload(k12=[*results[:4], pairs]))
            for pairs in (b"\x01\x67", b"\x02\x50\x02\x51", b"\x1c\x50")
        ),
        signed(payload(k12=[*results[:2], 4, *results[3:]])),
    ]


def bundles() -> list[tuple[TrustBundle, ValidationPolicy, datetime]]:
    """What a page may have: the bundle, the policy that it carries, the moment."""
    kept, today = policy_in_force(NOW), NOW.date().isoformat()
    hour = NOW - timedelta(hours=1)
    dates = {"this_update": NOW, "next_update": NOW + DAY}
    hold = node.pki.crl([(node.holder, hour)], reason=x509.ReasonFlags.certificate_hold, **dates)
    roots = node.pki.crl(issuer=node.pki.root, **dates)
    sub = node.pki.crl([(node.pki.sub, hour)], issuer=node.pki.root, **dates)
    whole = node.bundle()
    elsewhere = CodeSigner(node.holder.der, node.label, ("01",), T0 - YEAR)
    ended = CodeSigner(node.holder.der, node.label, ("79",), T0 - YEAR, NOW - 2 * DAY)
    changes = [
        {"crls": node.pki.lists([(node.holder, hour)], **dates)},
        {"crls": (hold, roots)},
        {"crls": (node.pki.crl(**dates), sub)},
        {"crls": ()},
        {"anchors": ()},
        {"intermediates": ()},
        {"code_signers": ()},
        {"code_signers": (elsewhere,)},
        {"code_signers": (ended,)},
        {"status_lists": ()},
        {"status_lists": (whole.status_lists[0][:-8] + "AAAAAAAA",)},
    ]
    lists = [*map(node.list, Status), node.list(made=ISSUED - DAY), node.list(made=NOW + DAY)]
    rows = [(("p256", None), ("sha256", None))]
    rows += [(("p256", last), ("sha256", None)) for last in (today, (NOW - DAY).date().isoformat())]
    rows += [(("p256", None), ("sha256", (NOW - DAY).date().isoformat())), (("p384", None), ("sha256", None))]
    return [
        (whole, kept, NOW),
        (whole, kept, NOW + 31 * DAY),
        (whole, kept, datetime(2036, 1, 1, tzinfo=UTC)),
        *((replace(whole, **change), kept, NOW) for change in changes),
        *((node.bundle(listed), kept, NOW) for listed in lists),
        *((whole, policy(*row), NOW) for row in rows),
    ]


def commanded(text: str, using: Verifier, now: datetime) -> str:
    try:
        return _WORDS[verify_code(text, using, now=now)[0].verdict]
    except Unreadable:
        return "unreadable"


def test_the_page_judges_as_the_command_does_also_by_the_dates_of_the_policy(ask) -> None:
    asked: list[tuple[int, str, str]] = []
    expected: list[str] = []
    known = bundles()
    for at, (bundle, rules, now) in enumerate(known):
        using = Verifier(bundle, rules)
        for text in codes() if at == 0 else (node.text(),):
            asked.append((at, text, now.strftime("%Y-%m-%dT%H:%M:%SZ")))
            expected.append(commanded(text, using, now))
    texts = [replace(bundle, policy=rules.carried()).to_json() for bundle, rules, _ in known]
    told = ask(texts, asked)
    assert told["most"] == {
        "beginnings": len(BEGINNINGS) - 1,
        "subjects": len(SUBJECTS),
        "conclusions": len(CONCLUSIONS),
    }
    for (at, text, _), wanted, (verdict, why) in zip(asked, expected, told["answers"], strict=True):
        found = "unreadable" if (verdict, why) == ("invalid", "form") else verdict
        assert found == wanted, (at, why, text)
    assert set(expected) == {"valid", "invalid", "unknown", "unreadable"}
    ways = {why for _, why in told["answers"]}
    assert {"weak", "algorithm", "withdrawn", "unlisted", "list", "late", "early", "good"} <= ways
