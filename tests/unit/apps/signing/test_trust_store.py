"""The trust store of a real node: roots as dated data, their authorities, lists that only issuers make."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import ImproperlyConfigured

from hocbaso.apps.common import clock
from hocbaso.apps.signing.providers.trust_store import REFRESH, StoredTrust, read_store
from hocbaso.core.errors import DomainError, ServiceUnavailable
from hocbaso.engines.trust.authority import Revocation
from hocbaso.sandbox.ca import SandboxAuthority
from tests.unit.sandbox.cases import NOW, sandbox


@pytest.fixture
def authority() -> SandboxAuthority:
    return sandbox("p256")


def written(home: Path, authority: SandboxAuthority, **of_first_root: str) -> Path:
    """``trust.toml`` with the sandbox's roots and authorities; every list has an address."""
    lines = []
    for number, root in enumerate(authority.roots()):
        der = root.public_bytes(Encoding.DER)
        (home / f"root{number}.cer").write_bytes(der)
        values = {
            "file": f'"root{number}.cer"',
            "family": '"vgca"' if number == 0 else '"public"',
            "environment": '"thu_nghiem"',
            "sha256": f'"{hashlib.sha256(der).hexdigest()}"',
            "crl": f'"http://lists.example/root{number}.crl"',
        } | (of_first_root if number == 0 else {})
        lines += ["[[roots]]", *(f"{key} = {value}" for key, value in values.items())]
    for number, one in enumerate(authority.issuing()):
        (home / f"sub{number}.pem").write_bytes(one.public_bytes(Encoding.PEM))
        lines += [
            "[[authorities]]",
            f'file = "sub{number}.pem"',
            f'crl = "http://lists.example/sub{number}.crl"',
        ]
    file = home / "trust.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file


class Lists:
    """The places of the lists; counts what is asked."""

    def __init__(self, authority: SandboxAuthority) -> None:
        by_issuer = {crl.issuer: crl.public_bytes(Encoding.DER) for crl in authority.crls()}
        named = [(f"root{n}", one) for n, one in enumerate(authority.roots())]
        named += [(f"sub{n}", one) for n, one in enumerate(authority.issuing())]
        self.known = {f"http://lists.example/{name}.crl": by_issuer[one.subject] for name, one in named}
        self.asked: list[str] = []

    def __call__(self, url: str) -> bytes | None:
        self.asked.append(url)
        return self.known.get(url)


def test_roots_are_believed_by_family_and_by_date(tmp_path: Path, authority: SandboxAuthority) -> None:
    written(tmp_path, authority)
    with clock.standing_at(NOW):
        trust = StoredTrust(tmp_path, Lists(authority)).trust()
        assert [anchor.family for anchor in trust.anchors] == ["vgca", *["public"] * (len(trust.anchors) - 1)]
        assert trust.intermediates == authority.issuing()
        over = (NOW - timedelta(days=1)).date().isoformat()
        written(tmp_path, authority, valid_to=over)
        later = StoredTrust(tmp_path, Lists(authority)).trust()
    assert len(later.anchors) == len(trust.anchors) - 1


def test_lists_are_taken_from_their_issuers_only_and_asked_again_when_they_are_old(
    tmp_path: Path, authority: SandboxAuthority
) -> None:
    written(tmp_path, authority)
    lists = Lists(authority)
    first, second = "http://lists.example/sub0.crl", "http://lists.example/sub1.crl"
    lists.known[first] = lists.known[second]  # somebody else's list under the first one's address
    store = StoredTrust(tmp_path, lists)
    with clock.standing_at(NOW):
        done = store.refresh_lists()
        assert (done.silent, done.taken) == ([first], len(lists.known) - 1)
        assert len(store.trust().crls) == done.taken
        lists.asked.clear()
        store.refresh_lists()
        assert lists.asked == [first]
    with clock.standing_at(NOW + REFRESH):
        lists.asked.clear()
        store.refresh_lists()
        assert set(lists.asked) == set(lists.known)


def test_it_has_no_keys_and_no_stamps_of_its_own(tmp_path: Path, authority: SandboxAuthority) -> None:
    written(tmp_path, authority)
    store = StoredTrust(tmp_path, Lists(authority))
    for call in (
        lambda: store.organisation(code="79000101", name="Trường"),
        lambda: store.person(account="a", name="A", personal_number="", school_code="", school=""),
    ):
        with pytest.raises(DomainError, match="chứng thư số"):
            call()
    with pytest.raises(ServiceUnavailable):
        store.stamper()
    assert store.revocation(authority.roots()[0], NOW).state is Revocation.UNKNOWN


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"sha256": f'"{"0" * 64}"'}, "sha256 must be"),
        ({"family": '"ai-do"'}, "family"),
        ({"crl": '"ftp://lists.example/a.crl"'}, "crl"),
        ({"file": '"sub0.pem"'}, "roots"),
        ({"pin": '"123456"'}, "known are"),
        ({"valid_from": "2040-01-01", "valid_to": "2030-01-01"}, "in order"),
        ({"valid_to": '"2030"'}, "dates"),
    ],
)
def test_a_wrong_entry_stops_the_start_and_is_named(
    tmp_path: Path, authority: SandboxAuthority, wrong: dict[str, str], told: str
) -> None:
    written(tmp_path, authority)
    file = written(tmp_path, authority, **wrong)
    with pytest.raises(ImproperlyConfigured, match=told):
        read_store(file)


def test_an_authority_that_no_root_of_the_file_issued_is_refused(
    tmp_path: Path, authority: SandboxAuthority
) -> None:
    written(tmp_path, authority)
    (tmp_path / "sub0.pem").write_bytes(sandbox("rsa2048").issuing()[0].public_bytes(Encoding.PEM))
    with pytest.raises(ImproperlyConfigured, match="authorities"):
        read_store(tmp_path / "trust.toml")
