"""What may come of a certification path, and how the library's answers are told (EN 319 102-1 table 6)."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)

_T = TypeVar("_T")


class PathState(StrEnum):
    """What came of a path."""

    OK = "ok"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    UNKNOWN_ISSUER = "unknown_issuer"
    BAD_CHAIN = "bad_chain"  # a signature, constraint or algorithm in the path is not acceptable
    BAD_USAGE = "bad_usage"  # the certificate is not made for this purpose
    REVOCATION_UNKNOWN = "revocation_unknown"
    COMPROMISED = "compromised"  # a time-stamp authority whose tokens prove nothing any more


#: EN 319 102-1 table 6: the sub-indication that belongs to each state. The best signature time says when a
#: signature existed at the latest; that it was made after a revocation or an expiry (REVOKED, EXPIRED) only
#: a time stamp inside the signed content could prove, which this profile does not have.
SUB_INDICATIONS = {
    PathState.EXPIRED: "OUT_OF_BOUNDS_NO_POE",
    PathState.NOT_YET_VALID: "NOT_YET_VALID",
    PathState.REVOKED: "REVOKED_NO_POE",
    PathState.UNKNOWN_ISSUER: "NO_CERTIFICATE_CHAIN_FOUND",
    PathState.BAD_CHAIN: "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    PathState.BAD_USAGE: "CHAIN_CONSTRAINTS_FAILURE",
    PathState.REVOCATION_UNKNOWN: "TRY_LATER",
    PathState.COMPROMISED: "REVOKED_NO_POE",
}

#: The same when it is an issuing authority that is in the state (clause 5.2.6).
_OF_AUTHORITY = {
    PathState.EXPIRED: "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    PathState.NOT_YET_VALID: "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    PathState.REVOKED: "REVOKED_CA_NO_POE",
    PathState.COMPROMISED: "REVOKED_CA_NO_POE",
}
_HOLD = "certificate_hold"

_REASONS = {
    "key_compromise": "lộ khóa bí mật",
    "ca_compromise": "nơi cấp bị lộ khóa",
    "affiliation_changed": "người ký đổi đơn vị công tác",
    "superseded": "đã có chứng thư khác thay",
    "cessation_of_operation": "ngừng sử dụng",
    _HOLD: "tạm đình chỉ",
    "privilege_withdrawn": "bị rút quyền",
}


@dataclass(frozen=True, slots=True)
class PathResult:
    """The answer about one certificate at one time.

    ``environment`` and ``family`` are those of the anchor when a path to one was found, whatever its state.
    ``when`` is the time of revocation, expiry or first validity; ``reason`` says why it was revoked (vi).
    ``of_authority``: not the certificate itself is in that state, but one above it. ``anchor_ended``: there
    is an anchor of that name, which was not trusted (any more) at that time.
    """

    state: PathState
    environment: str | None = None
    family: str | None = None
    when: datetime | None = None
    reason: str | None = None
    detail: str | None = None  # English, for engineers
    of_authority: bool = False
    anchor_ended: bool = False

    @property
    def ok(self) -> bool:
        """A path is good only when everything about it is known to be good."""
        return self.state is PathState.OK

    @property
    def sub_indication(self) -> str | None:
        """EN 319 102-1 sub-indication, or ``None`` when the path is good."""
        if self.anchor_ended and self.state is PathState.UNKNOWN_ISSUER:
            return "NO_CERTIFICATE_CHAIN_FOUND_NO_POE"
        if self.of_authority and self.state in _OF_AUTHORITY:
            return _OF_AUTHORITY[self.state]
        return SUB_INDICATIONS.get(self.state)


def run(validator: CertificateValidator, *, hold_is_indeterminate: bool) -> tuple[PathResult, bytes | None]:
    """The state of the path and, when it is good, the DER of its root."""
    try:
        path = _drive(validator.async_validate_path())
        return PathResult(PathState.OK), path.first.dump()
    except RevokedError as error:
        named = str(error.reason.native)
        # EN 319 102-1 clause 5.2.6.4: what is only suspended is asked about later.
        held = named == _HOLD and hold_is_indeterminate
        state = PathResult(
            PathState.REVOCATION_UNKNOWN if held else PathState.REVOKED,
            when=error.revocation_dt,
            reason=_REASONS.get(named, "không nêu lý do"),
            detail=str(error),
            of_authority=not error.is_ee_cert or error.is_side_validation,
        )
    except ExpiredError as error:
        above = not error.is_ee_cert or error.is_side_validation
        state = PathResult(PathState.EXPIRED, when=error.expired_dt, detail=str(error), of_authority=above)
    except NotYetValidError as error:
        above = not error.is_ee_cert or error.is_side_validation
        state = PathResult(
            PathState.NOT_YET_VALID, when=error.valid_from, detail=str(error), of_authority=above
        )
    except InsufficientRevinfoError as error:
        state = PathResult(PathState.REVOCATION_UNKNOWN, detail=str(error))
    except (PathBuildingError, InvalidCertificateError) as error:
        state = PathResult(PathState.UNKNOWN_ISSUER, detail=str(error))
    except ValidationError as error:
        state = PathResult(PathState.BAD_CHAIN, detail=str(error))
    return state, None


def _drive(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine that never waits.

    Without fetchers the library awaits only itself; an event loop of our own would fail inside a server
    that runs one already.
    """
    try:
        work.send(None)
    except StopIteration as done:
        value: _T = done.value
        return value
    work.close()
    raise RuntimeError("path validation tried to wait for something outside")
