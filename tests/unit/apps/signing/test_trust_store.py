"""The trust store of a real node: roots as dated data, their authorities, lists that only issuers make."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import ImproperlyConfigured

from hocbaso.apps.common import clock
from hocbaso.apps.signing.anchors import bundle_anchors
from hocbaso.apps.signing.providers import trust_store
from hocbaso.apps.signing.providers.trust_store import REFRESH, StoredTrust, read_store
from hocbaso.core.errors import DomainError, ServiceUnavailable
from hocbaso.engines.trust.authority import Revocation
from hocbaso.engines.trust.longterm.validation_data import gather
from hocbaso.engines.trust.stampers import Belief
from hocbaso.engines.trust.tokens import read_token
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


def test_a_root_that_is_believed_no_more_still_answers_for_its_time(
    tmp_path: Path, authority: SandboxAuthority
) -> None:
    """What was stamped before stays provable for decades; nothing new rests on it."""
    last = (NOW + timedelta(days=30)).astimezone(clock.VIETNAM).date()
    written(tmp_path, authority, valid_to=last.isoformat())
    root = authority.roots()[0]
    chain = [[authority.unit("tsa").certificate]]
    store = StoredTrust(tmp_path, Lists(authority))
    with clock.standing_at(NOW):
        store.refresh_lists()
    with clock.standing_at(NOW + timedelta(days=60)):
        trust = store.trust()
        assert [one.certificate for one in trust.former] == [root]
        anchors = {one.certificate: one for one in bundle_anchors(trust)}
        assert anchors[root.public_bytes(Encoding.DER)].valid_to == datetime.combine(
            last, time(23, 59, 59), clock.VIETNAM
        )
        assert gather(chain, NOW, trust, older=True).certificates
        with pytest.raises(DomainError, match="tin cậy"):
            gather(chain, NOW + timedelta(days=59), trust, older=True)


def test_a_time_stamp_under_a_root_that_is_believed_no_more_is_not_taken(
    tmp_path: Path, authority: SandboxAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, authority, valid_to=NOW.date().isoformat())
    taken = {}
    monkeypatch.setattr(trust_store, "configured", lambda: ("a",))
    monkeypatch.setattr(trust_store, "failover", lambda authorities, **given: taken.update(given))
    store = StoredTrust(tmp_path, Lists(authority))
    token = authority.stamper().stamp(bytes(32))
    info = read_token(token, bytes(32), NOW)
    with clock.standing_at(NOW):
        store.stamper()
        belief = Belief(taken["anchors"], taken["intermediates"])
        belief.check(info)
    with clock.standing_at(NOW + timedelta(days=1)), pytest.raises(DomainError, match="tin"):
        Belief(taken["anchors"], taken["intermediates"]).check(info)


def test_an_older_list_played_again_one_of_the_future_and_a_full_disk_change_nothing(
    tmp_path: Path, authority: SandboxAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, authority)
    lists = Lists(authority)
    place = "http://lists.example/sub0.crl"
    issuer = authority.issuing()[0].subject

    def listed(at: datetime) -> bytes:
        return next(one for one in authority.crls(at) if one.issuer == issuer).public_bytes(Encoding.DER)

    def refreshed(at: datetime, der: bytes) -> tuple[bool, bool]:
        lists.known[place] = der
        with clock.standing_at(at):
            silent = place in store.refresh_lists().silent
        return silent, der in store.trust().crls

    store = StoredTrust(tmp_path, lists)
    old, new = listed(NOW), listed(NOW + timedelta(hours=7))
    assert refreshed(NOW, listed(NOW + timedelta(days=1))) == (True, False)
    assert refreshed(NOW, old) == (False, True)
    later = NOW + timedelta(hours=8)
    with monkeypatch.context() as patched:
        patched.setattr(trust_store.os, "fsync", _full)
        assert refreshed(later, new) == (True, False)
    assert not list((tmp_path / "trust-lists").glob(".*"))  # nothing half-written
    assert refreshed(later, new) == (False, True)
    assert refreshed(later + REFRESH, old) == (True, False)
    assert store.trust().crls


def test_a_list_taken_while_the_clock_ran_ahead_is_asked_for_again(
    tmp_path: Path, authority: SandboxAuthority
) -> None:
    written(tmp_path, authority)
    lists = Lists(authority)
    store = StoredTrust(tmp_path, lists)
    with clock.standing_at(NOW):
        store.refresh_lists()
    ahead = (NOW + timedelta(days=3650)).timestamp()
    for kept in (tmp_path / "trust-lists").iterdir():
        os.utime(kept, (ahead, ahead))
    lists.asked.clear()
    with clock.standing_at(NOW + timedelta(hours=1)):
        store.refresh_lists()
    assert set(lists.asked) == set(lists.known)


def _full(_: int) -> None:
    raise OSError(28, "No space left on device")
