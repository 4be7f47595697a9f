"""The sandbox's authorities: created once, private, safe against kills and crowds, honest as of a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from hocbaso.engines.trust.authority import holder_of
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.provider import SandboxKeyProvider
from hocbaso.sandbox.vault import Vault
from tests.unit.sandbox.cases import NOW, sandbox, signers

SCHOOL = "Trường Tiểu học Hoa Mai"
LINH = ("Đặng Bảo Linh", "080195112649", SCHOOL)


def open_sandbox(directory: Path, now: datetime = NOW) -> SandboxAuthority:
    return SandboxAuthority(directory, clock=lambda: now, key_kind="p256")


def everything(directory: Path) -> list[bytes]:
    authority = open_sandbox(directory)
    found = [*authority.roots(), *authority.issuing(), authority.unit("tsa").certificate]
    found.append(authority.issue_person(*LINH).certificate)
    found.append(authority.issue_organisation("79000101", SCHOOL).certificate)
    return [item.fingerprint(hashes.SHA256()) for item in found]


def test_what_was_made_once_is_found_again(tmp_path: Path) -> None:
    assert everything(tmp_path) == everything(tmp_path)


def test_the_directory_and_its_files_are_private(tmp_path: Path) -> None:
    home = tmp_path / "outside" / "sandbox"
    everything(home)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in [home, *home.rglob("*")] if path.is_dir()}
    assert (modes, folders) == ({0o600}, {0o700})


def test_no_file_name_tells_a_personal_number(tmp_path: Path) -> None:
    everything(tmp_path)
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")]
    assert names
    assert not any(LINH[1] in name or "79000101" in name for name in names)


def _crowd(directory: Path, answers: multiprocessing.Queue) -> None:
    answers.put(everything(directory))


def test_a_crowd_of_processes_makes_one_sandbox(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue = context.Queue()
    crowd = [context.Process(target=_crowd, args=(tmp_path, answers)) for _ in range(6)]
    for process in crowd:
        process.start()
    found = [answers.get(timeout=120) for _ in crowd]
    for process in crowd:
        process.join(60)
    assert all(answer == found[0] for answer in found)
    assert len(list((tmp_path / "issued").iterdir())) == 2


@pytest.mark.parametrize("moment", [0.0, 0.003, 0.006, 0.01, 0.02])
def test_a_kill_at_any_moment_leaves_a_sandbox_that_goes_on(tmp_path: Path, moment: float) -> None:
    context = multiprocessing.get_context("fork")
    process = context.Process(target=everything, args=(tmp_path,))
    process.start()
    time.sleep(moment)
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    assert everything(tmp_path) == everything(tmp_path)


def test_a_torn_write_is_never_read(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write("a/b.pem", b"whole")
    (tmp_path / "a" / ".c.pem.1.2").write_bytes(b"half")
    assert vault.names("a", ".pem") == ["a/b.pem"]
    assert vault.read("a/c.pem") is None


def test_subjects_read_like_those_of_the_real_authorities() -> None:
    teacher, _, seal = (signer.certificate for signer in signers())
    assert (holder_of(teacher).name, holder_of(teacher).organisation) == (LINH[0], SCHOOL)
    assert (holder_of(teacher).scheme, holder_of(teacher).number) == ("CCCD", LINH[1])
    assert (holder_of(seal).scheme, holder_of(seal).number) == ("MDV", "79000101")
    assert teacher.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)[0].value == "VN"


def test_every_root_says_that_it_is_a_trial() -> None:
    for root in sandbox().roots():
        assert "THỬ NGHIỆM" in root.subject.rfc4514_string()


def test_a_staff_code_stands_in_for_an_unknown_personal_number() -> None:
    credential = sandbox().issue_person("Võ Tuấn Đạt", "79000101GV001", SCHOOL)
    assert holder_of(credential.certificate).scheme == "MCB"


def test_a_long_school_name_still_gives_a_certificate() -> None:
    name = "Trường Trung học cơ sở và Trung học phổ thông Nguyễn Thị Minh Khai"
    credential = sandbox().issue_organisation("79000999", name)
    assert holder_of(credential.certificate).name == "Trường Trung học cơ sở và Trung học phổ thông…"


def test_a_certificate_that_ran_out_is_followed_by_a_new_one(tmp_path: Path) -> None:
    provider = SandboxKeyProvider(open_sandbox(tmp_path))
    first = provider.person(LINH[1], LINH[0], SCHOOL)
    later = provider.person(LINH[1], LINH[0], SCHOOL, at=NOW + timedelta(days=900))
    earlier = provider.person(LINH[1], LINH[0], SCHOOL, at=NOW - timedelta(days=300))
    again = provider.person(LINH[1], LINH[0], SCHOOL, at=NOW + timedelta(days=10))
    assert len({item.certificate.serial_number for item in (first, later, earlier)}) == 3
    assert again.certificate in {item.certificate for item in (first, later, earlier)}
    assert again.certificate.not_valid_before_utc < NOW < again.certificate.not_valid_after_utc


def test_a_validity_outside_that_of_the_authority_is_refused() -> None:
    with pytest.raises(ValueError, match="validity"):
        sandbox().issue_person(*LINH, not_before=NOW - timedelta(days=9999))


# --- revocation -------------------------------------------------------------------------------------------


@pytest.fixture
def revoked(tmp_path: Path) -> tuple[SandboxAuthority, x509.Certificate, datetime]:
    authority = open_sandbox(tmp_path)
    certificate = authority.issue_person(*LINH).certificate
    when = NOW + timedelta(days=2)
    authority.revoke(certificate, when, x509.ReasonFlags.affiliation_changed)
    return authority, certificate, when


def state(
    authority: SandboxAuthority, certificate: x509.Certificate, at: datetime
) -> tuple[ocsp.OCSPCertStatus, bool]:
    answer = ocsp.load_der_ocsp_response(authority.ocsp(certificate, at=at))
    crl = authority.crl("cong_cong-issuing", at)
    listed = crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    return answer.certificate_status, listed


def test_a_revocation_counts_from_its_own_moment(revoked) -> None:
    authority, certificate, when = revoked
    before, at, after = when - timedelta(seconds=1), when, when + timedelta(days=900)
    assert state(authority, certificate, before) == (ocsp.OCSPCertStatus.GOOD, False)
    assert state(authority, certificate, at) == (ocsp.OCSPCertStatus.REVOKED, True)
    assert state(authority, certificate, after) == (ocsp.OCSPCertStatus.REVOKED, True)


def test_a_revocation_says_why_and_is_never_taken_back(revoked) -> None:
    authority, certificate, when = revoked
    authority.revoke(certificate.serial_number, when + timedelta(days=1), x509.ReasonFlags.key_compromise)
    answer = ocsp.load_der_ocsp_response(authority.ocsp(certificate, at=when + timedelta(days=9)))
    assert answer.revocation_time_utc == when
    assert answer.revocation_reason == x509.ReasonFlags.affiliation_changed


def test_a_certificate_that_was_never_issued_here_is_unknown(tmp_path: Path) -> None:
    authority, other = open_sandbox(tmp_path / "a"), open_sandbox(tmp_path / "b")
    stranger = other.issue_person(*LINH).certificate
    # The other sandbox's issuing authority has the same name but another key.
    refused = ocsp.load_der_ocsp_response(authority.ocsp(stranger, other.issuing()[1]))
    assert refused.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    asked = ocsp.load_der_ocsp_response(authority.ocsp(stranger, authority.issuing()[1]))
    assert asked.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    with pytest.raises(KeyError):
        authority.revoke(stranger, NOW)


def test_an_issuing_authority_can_be_revoked_by_its_root(tmp_path: Path) -> None:
    authority = open_sandbox(tmp_path)
    authority.revoke(authority.issuing()[0], NOW, x509.ReasonFlags.ca_compromise)
    listed = authority.crl("vgca-root", NOW).get_revoked_certificate_by_serial_number(
        authority.issuing()[0].serial_number
    )
    assert listed is not None
    assert [len(crl) for crl in authority.crls()] == [1, 0, 0, 0]


def test_every_authority_signs_its_own_list() -> None:
    for (_, certificate), crl in zip(sandbox().authorities().items(), sandbox().crls(), strict=True):
        assert crl.is_signature_valid(certificate.public_key())
        assert crl.last_update_utc == NOW


def test_garbage_asked_of_the_responder_is_malformed() -> None:
    for request in (b"", b"\x30\x03\x02\x01\x01", b"x" * 500):
        answer = ocsp.load_der_ocsp_response(sandbox().ocsp_for(request))
        assert answer.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
