"""Certificates are judged as of the best signature time; what is not known is never good."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hocbaso.engines.trust.bundle import Anchor, TrustBundle
from hocbaso.engines.trust.paths import Evidence, PathChecker, PathResult, PathState, Purpose
from tests import loops
from tests.unit.engines.trust.verify_support import DAY, T0, YEAR, Holder, Pki

PKI = Pki("P")
FOREIGN = Pki("Q")


def bundle(pki: Pki = PKI, **changes: object) -> TrustBundle:
    anchor = Anchor(pki.root.der, "hop_cat", "thu_nghiem", T0 - YEAR, T0 + 10 * YEAR)
    parts: dict[str, object] = {
        "created": T0,
        "as_of": T0,
        "anchors": (anchor,),
        "intermediates": (pki.sub.der,),
        "crls": pki.lists(),
    }
    return TrustBundle(**(parts | changes))  # type: ignore[arg-type]


def judge(
    holder: Holder, given: TrustBundle, at: datetime = T0, purpose: Purpose = Purpose.SIGN
) -> PathResult:
    return PathChecker(given).check(holder.der, at, purpose)


TEACHER = PKI.issue("Giáo viên")


def test_a_certificate_under_a_known_root_is_good_and_names_its_world() -> None:
    result = judge(TEACHER, bundle())
    assert (result.state, result.environment, result.family) == (PathState.OK, "thu_nghiem", "hop_cat")


def test_a_foreign_root_is_unknown() -> None:
    assert judge(FOREIGN.issue("Kẻ lạ"), bundle()).state is PathState.UNKNOWN_ISSUER


def test_a_foreign_chain_with_the_names_of_ours_is_not_believed() -> None:
    forged = Pki("P-giả")
    forged.root = forged._make(
        "Gốc P", forged.root.key, None, _ca_usage(), begins=T0 - YEAR, ends=T0 + YEAR, ca=True
    )
    forged.sub = forged._make(
        "Trung gian P", forged.sub.key, forged.root, _ca_usage(), begins=T0 - YEAR, ends=T0 + YEAR, ca=True
    )
    given = Evidence(certificates=(forged.sub.der, forged.root.der), crls=forged.lists())
    result = PathChecker(bundle()).check(forged.issue("Kẻ giả").der, T0, Purpose.SIGN, given)
    assert result.state in (PathState.UNKNOWN_ISSUER, PathState.BAD_CHAIN)


def _ca_usage():  # type: ignore[no-untyped-def]
    from tests.unit.engines.trust.verify_support import _usage

    return _usage(key_cert_sign=True, crl_sign=True)


def test_expired_and_not_yet_valid_are_told_apart() -> None:
    checker = PathChecker(bundle(crls=PKI.lists(next_update=T0 + 3 * YEAR)))
    late = checker.check(TEACHER.der, T0 + YEAR + DAY, Purpose.SIGN)
    early = checker.check(TEACHER.der, T0 - 2 * DAY, Purpose.SIGN)
    assert (late.state, early.state) == (PathState.EXPIRED, PathState.NOT_YET_VALID)


@pytest.mark.parametrize(
    ("offset", "state"),
    [
        (timedelta(seconds=-1), PathState.REVOKED),
        (timedelta(0), PathState.REVOKED),
        (timedelta(seconds=1), PathState.OK),
    ],
)
def test_only_a_revocation_up_to_the_signature_time_counts(offset: timedelta, state: PathState) -> None:
    crls = PKI.lists([(TEACHER, T0 + offset)], this_update=T0 + DAY)
    result = judge(TEACHER, bundle(crls=crls))
    assert result.state is state
    if state is PathState.REVOKED:
        assert (result.when, result.reason) == (T0 + offset, "lộ khóa bí mật")


def test_a_kept_answer_never_crosses_the_instant_of_revocation() -> None:
    checker = PathChecker(bundle(crls=PKI.lists([(TEACHER, T0)])))
    states = [
        checker.check(TEACHER.der, T0 + timedelta(seconds=offset), Purpose.SIGN).state
        for offset in (1, -1, 0, 2, -2)
    ]
    bad, good = PathState.REVOKED, PathState.OK
    assert states == [bad, good, bad, bad, good]


def test_the_revocation_of_the_issuing_authority_revokes_what_it_issued() -> None:
    crls = (PKI.crl(), PKI.crl([(PKI.sub, T0 - DAY)], issuer=PKI.root))
    assert judge(TEACHER, bundle(crls=crls)).state is PathState.REVOKED


@pytest.mark.parametrize(
    "crls",
    [
        (),
        (PKI.crl(),),
        PKI.lists(this_update=T0 - 9 * DAY, next_update=T0 - 8 * DAY),
        PKI.lists(this_update=T0 + 2 * YEAR, next_update=T0 + 3 * YEAR),
        FOREIGN.lists(),
    ],
    ids=["none", "root's list lacks", "stale", "made after expiry", "of somebody else"],
)
def test_revocation_that_no_list_covers_is_unknown_and_not_good(crls: tuple[bytes, ...]) -> None:
    assert judge(TEACHER, bundle(crls=crls)).state is PathState.REVOCATION_UNKNOWN


def test_lists_that_travel_with_the_document_fill_what_the_bundle_lacks() -> None:
    checker = PathChecker(bundle(crls=(), intermediates=()))
    evidence = Evidence(certificates=(PKI.sub.der,), crls=PKI.lists())
    assert checker.check(TEACHER.der, T0, Purpose.SIGN, evidence).ok
    assert not checker.check(TEACHER.der, T0, Purpose.SIGN).ok


def test_unreadable_evidence_never_makes_good_nor_raises() -> None:
    checker = PathChecker(bundle(crls=()))
    evidence = Evidence(certificates=(b"\x30\x80",), crls=(b"rubbish",))
    assert not checker.check(TEACHER.der, T0, Purpose.SIGN, evidence).ok
    assert checker.check(b"\x30\x03abc", T0, Purpose.SIGN).state is PathState.BAD_CHAIN


def test_usage_separates_signers_from_time_stamp_authorities() -> None:
    tsa = PKI.issue("Dấu thời gian", time_stamping=True)
    cipher = PKI.issue("Mã hóa", signing=False)
    given = bundle()
    assert judge(tsa, given, purpose=Purpose.TIME_STAMP).ok
    assert judge(tsa, given).state is PathState.BAD_USAGE
    assert judge(TEACHER, given, purpose=Purpose.TIME_STAMP).state is PathState.BAD_USAGE
    assert judge(cipher, given).state is PathState.BAD_USAGE
    assert judge(PKI.sub, given).state is PathState.BAD_USAGE


def test_an_anchor_is_trusted_only_in_its_own_time() -> None:
    anchor = Anchor(PKI.root.der, "hop_cat", "thu_nghiem", T0 + DAY, T0 + YEAR)
    assert judge(TEACHER, bundle(anchors=(anchor,))).state is PathState.UNKNOWN_ISSUER


def test_a_running_event_loop_does_not_disturb() -> None:
    async def inside() -> PathResult:
        return judge(TEACHER, bundle())

    assert loops.run(inside()).ok
