"""What is asked of the population registry and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from hocbaso.core.errors import ServiceUnavailable, register

#: Fields that the registry compares (domain sheet 2.3), in the order in which people read them.
FIELDS = ("ho_ten", "ngay_sinh", "gioi_tinh", "so_dinh_danh", "thuong_tru")
#: Queries in one message.
MAX_BATCH = 100

register(
    {
        "population_unavailable": (
            "Dịch vụ dữ liệu dân cư chưa trả lời. Yêu cầu vẫn được giữ và sẽ gửi lại, "
            "thầy cô không phải nhập lại.",
            "The population service does not answer ({detail}).",
        ),
        "population_malformed": (
            "Dịch vụ dữ liệu dân cư trả lời không đúng khuôn dạng nên kết quả không được dùng. "
            "Yêu cầu vẫn được giữ và sẽ gửi lại.",
            "The population service's answer cannot be used: {detail}.",
        ),
        "population_busy": (
            "Dịch vụ dữ liệu dân cư đang quá tải. Yêu cầu vẫn được giữ và sẽ gửi lại sau.",
            "The population service asks to wait ({detail}).",
        ),
        "population_quota": (
            "Hôm nay đã dùng hết số lượt hỏi dữ liệu dân cư. Phần còn lại sẽ gửi tiếp vào ngày mai.",
            "The daily quota of questions is used up ({detail}).",
        ),
        "population_window": (
            "Ngoài khung giờ được hỏi dữ liệu dân cư. Yêu cầu sẽ gửi khi đến giờ.",
            "Outside the hours in which the population service may be asked ({detail}).",
        ),
        "population_refused": (
            "Dịch vụ dữ liệu dân cư từ chối yêu cầu của nút này. "
            "Thầy cô báo người quản trị kiểm tra cấu hình kết nối.",
            "The population service refuses this node's requests ({detail}).",
        ),
        "population_not_configured": (
            "Nút này chưa được cấu hình kết nối dữ liệu dân cư. Thầy cô báo người quản trị.",
            "No population service is configured ({detail}).",
        ),
    }
)


class Fault(StrEnum):
    """Why there is no answer; the value is the error code."""

    UNAVAILABLE = "population_unavailable"
    MALFORMED = "population_malformed"
    BUSY = "population_busy"
    QUOTA = "population_quota"
    WINDOW = "population_window"
    REFUSED = "population_refused"
    NOT_CONFIGURED = "population_not_configured"


class PopulationUnavailable(ServiceUnavailable):
    """No usable answer: nothing of the batch is known, all of it may be asked again with the same ids.

    :ivar retry_at: not before this moment, when that is known.
    :ivar lasting: asking again will not help before somebody changes the configuration.
    """

    def __init__(self, fault: Fault, detail: str, retry_at: datetime | None = None) -> None:
        super().__init__(fault.value, detail=detail)
        self.fault = fault
        self.retry_at = retry_at

    @property
    def lasting(self) -> bool:
        return self.fault in (Fault.REFUSED, Fault.NOT_CONFIGURED)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.fault, self.params["detail"], self.retry_at)


class Outcome(StrEnum):
    """What the registry says about one subject."""

    MATCHED = "matched"
    MISMATCH = "mismatch"
    NOT_FOUND = "not_found"
    MULTIPLE = "multiple"  # a search without number that fits several persons
    INVALID_INPUT = "invalid_input"
    SERVICE_UNAVAILABLE = "service_unavailable"  # for this one subject; ask again with the same id
    RATE_LIMITED = "rate_limited"  # the same

    @property
    def final(self) -> bool:
        """Whether the registry has answered; otherwise the same request is asked again."""
        return self not in (Outcome.SERVICE_UNAVAILABLE, Outcome.RATE_LIMITED)


class FieldAnswer(StrEnum):
    """What the registry says about one field."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_COMPARED = "not_compared"


@dataclass(frozen=True, slots=True)
class Subject:
    """The person as the school's record has them; ``repr`` shows nothing of it."""

    personal_number: str = field(repr=False)  # 12 digits; "" = search
    full_name: str = field(repr=False)
    birth_date: str = field(repr=False)  # ISO, may be partial
    sex: str = field(repr=False)  # "Nam" | "Nữ"
    province_code: str = field(default="", repr=False)
    commune_code: str = field(default="", repr=False)
    province: str = field(default="", repr=False)  # used where there is no code; former units too
    commune: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why it is asked, and what permits it (travels with every query)."""

    code: str  # e.g. "xac_thuc_ho_so_hoc_sinh"
    legal_basis: str  # e.g. "Nghị định 88/2026/NĐ-CP Điều 9"


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    :ivar request_id: UUID, the idempotency key: the same id is the same question and gets the same answer.
        With the same id the content must be the same too; the registry refuses another one
        (``INVALID_INPUT``, reason ``conflict``).
    """

    request_id: str
    subject: Subject
    purpose: Purpose
    requester_unit: str  # school code
    requester_user: str


@dataclass(frozen=True, slots=True)
class OfferedPerson:
    """The one person whom a search without number found; masked by the registry."""

    token: str = field(repr=False)  # opaque; given back to accept the offer
    masked_name: str  # "Ng••••• T•• A••"
    masked_number: str  # "079••••••412"
    birth_year: str
    sex: str
    commune: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The registry's answer to one query.

    :ivar fields: every name of :data:`FIELDS`; all ``not_compared`` unless ``MATCHED`` or ``MISMATCH``.
    :ivar soft: fields that mismatch only in writing (place of the tone mark, i for y, a partial date). They
        are mismatches all the same; a person confirms them.
    :ivar offered: at most one person, only after a search without number. An offer verifies nobody.
    :ivar reason: what is wrong, with ``INVALID_INPUT``: ``so_dinh_danh``, ``ho_ten``, ``ngay_sinh``,
        ``gioi_tinh``, ``thuong_tru``, ``purpose`` or ``conflict``.
    :ivar result_id: the registry's own number of this result; empty when it is not final.
    :ivar raw_digest: SHA-256 (hex) of this answer's canonical JSON; a repeated answer has the same.
    :ivar request_digest: SHA-256 (hex) of this query's canonical JSON as it was sent.
    """

    request_id: str
    outcome: Outcome
    fields: Mapping[str, FieldAnswer]
    offered: tuple[OfferedPerson, ...]
    result_id: str
    answered_at: datetime
    raw_digest: str
    request_digest: str
    soft: frozenset[str] = frozenset()
    reason: str = ""

    @property
    def verified(self) -> bool:
        """The person was found by number and every compared field agrees."""
        return self.outcome is Outcome.MATCHED and not self.offered

    @property
    def differences(self) -> tuple[str, ...]:
        """Fields that mismatch, in the order of :data:`FIELDS`."""
        return tuple(name for name in FIELDS if self.fields.get(name) is FieldAnswer.MISMATCH)


@dataclass(frozen=True, slots=True)
class ResidenceEntry:
    """A dated stay. Dates are ISO; ``until`` is empty while it lasts."""

    kind: str  # "thuong_tru" | "tam_tru" | "noi_o_hien_tai"
    province: str
    commune: str
    province_code: str  # of today's units; "" when the registry's words name no single one
    commune_code: str
    address: str = field(repr=False)
    since: str = ""
    until: str = ""
    relation: str = ""  # to the head of the household, e.g. "Con"
    head_masked: str = ""  # the head's personal number, masked


@dataclass(frozen=True, slots=True)
class ResidenceAnswer:
    """Residence of one person.

    :ivar outcome: ``MATCHED`` with entries; ``MISMATCH`` without any: number, name and birth date do not
        belong together, so nothing is told; ``NOT_FOUND``, ``INVALID_INPUT`` or not final, likewise empty.
    """

    request_id: str
    outcome: Outcome
    entries: tuple[ResidenceEntry, ...]
    result_id: str
    answered_at: datetime
    raw_digest: str
    request_digest: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The offered person, after somebody accepted the offer.

    :ivar outcome: ``MATCHED``; ``NOT_FOUND`` when the token is unknown, expired or another unit's.
    :ivar personal_number: empty when the registry does not disclose it: the school asks the family then.
    """

    request_id: str
    outcome: Outcome
    personal_number: str = field(repr=False)
    result_id: str = ""
    answered_at: datetime | None = None
    raw_digest: str = ""
    request_digest: str = ""


class PopulationPort(Protocol):
    """The registry as the house uses it. Every method raises :class:`PopulationUnavailable`."""

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """Answers to at most :data:`MAX_BATCH` queries, one each, in order: all of them or an error.

        :raises ValueError: too many queries, or an id twice.
        """

    def residence(self, query: Query) -> ResidenceAnswer:
        """Dated residence and household relation of a person with a number."""

    def accept(self, query: Query, token: str) -> Accepted:
        """Take up the offer that the search ``query.subject`` led to; ``query`` has an id of its own."""
