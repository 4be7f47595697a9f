"""Dated stays, the questions that brought them, what waits for a person, and the register of exceptions.

Evidence of a question is flags, digests and numbers; the register's addresses are kept only where they have
become part of the pupil's file, or wait for a person to take them over.
"""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q

from hocbaso.apps.common.guards import guard
from hocbaso.apps.identity.models import JobState, Wait
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil, SchoolClass


class Kind(models.TextChoices):
    """Kinds of residence (Luật Cư trú 2020 Điều 2); the values are the register's."""

    PERMANENT = "thuong_tru", "Thường trú"
    TEMPORARY = "tam_tru", "Tạm trú"
    CURRENT = "noi_o_hien_tai", "Nơi ở hiện tại"


class Source(models.TextChoices):
    """Where an address was learnt, the most reliable first."""

    POPULATION = "population", "CSDL quốc gia về dân cư"
    PAPER = "paper", "Giấy tờ (trường hợp ngoại lệ)"
    STATEMENT = "statement", "Lời khai của cha mẹ, người giám hộ"
    FILE = "file", "Hồ sơ của trường"


class Order(models.Model):
    """One order to look residence up: who asked for whom, and who could not be asked about."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="residence_orders")
    school_year = models.CharField(max_length=9)
    school_class = models.ForeignKey(
        SchoolClass, null=True, blank=True, on_delete=models.PROTECT, related_name="residence_orders"
    )
    purpose = models.CharField(max_length=40)
    legal_basis = models.CharField(max_length=200)
    queued = models.PositiveIntegerField(default=0)
    already = models.PositiveIntegerField(default=0)  # answered for the same person, or waiting already
    incomplete = models.JSONField(default=list)  # [{"pupil": code, "missing": [field, …]}]
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]


class Lookup(models.Model):
    """One pupil waiting for an answer; the id stands here, committed, before anything is asked under it."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lookups")
    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="residence_lookups")
    state = models.CharField(max_length=8, choices=JobState, default=JobState.QUEUED)
    request_id = models.UUIDField(unique=True, default=uuid4)  # the idempotency key at the register
    worker = models.BigIntegerField(null=True, blank=True)  # who asks now: see identity.workers
    snapshot_hash = models.CharField(max_length=64)
    asked = models.JSONField()  # the school's own values as they are asked, until the answer is there
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    wait = models.CharField(max_length=12, choices=Wait, blank=True, default=Wait.NONE)
    sent_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pupil"], condition=Q(state__in=["queued", "sent"]), name="one_open_lookup_a_pupil"
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                condition=Q(state__in=["queued", "sent"]),
                name="residence_open_lookups",
            ),
        ]


class Outcome(models.TextChoices):
    """Final answers about residence, worded for people."""

    MATCHED = "matched", "Có thông tin cư trú"
    MISMATCH = "mismatch", "Số định danh, họ tên, ngày sinh không khớp nhau"
    NOT_FOUND = "not_found", "Không tìm thấy số định danh"
    MULTIPLE = "multiple", "Nhiều kết quả"
    INVALID_INPUT = "invalid_input", "Dữ liệu gửi không hợp lệ"


class Answer(models.Model):
    """Evidence of one answered question. Append-only; no address stands here."""

    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="residence_answers")
    request_id = models.UUIDField(unique=True)
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")  # who asked
    purpose = models.CharField(max_length=40)
    legal_basis = models.CharField(max_length=200)
    sent_at = models.DateTimeField()
    answered_at = models.DateTimeField()  # by the register's clock
    recorded_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    reason = models.CharField(max_length=20, blank=True)  # what is wrong, with invalid_input
    entries = models.PositiveSmallIntegerField(default=0)  # stays that were told
    result_id = models.CharField(max_length=80, blank=True)
    request_digest = models.CharField(max_length=64)
    answer_digest = models.CharField(max_length=64)
    snapshot_hash = models.CharField(max_length=64)
    attempt = models.PositiveSmallIntegerField(default=1)
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]


guard(Answer)


class Paper(models.TextChoices):
    """What may be looked at instead when the data cannot be used (NĐ 104/2022/NĐ-CP)."""

    CT07 = "ct07", "Giấy xác nhận thông tin về cư trú (CT07)"
    CARD = "card", "Thẻ căn cước"
    NUMBER = "number", "Giấy thông báo số định danh cá nhân"


class ExceptionReason(models.TextChoices):
    """Why the data could not be used."""

    UNAVAILABLE = "unavailable", "Hệ thống dân cư không trả lời"
    NOT_FOUND = "not_found", "Tra cứu không có thông tin cư trú"
    MISMATCH = "mismatch", "Số định danh, họ tên, ngày sinh không khớp nên không tra cứu được"
    NO_NUMBER = "no_number", "Học sinh chưa có số định danh"
    OUTDATED = "outdated", "Dữ liệu dân cư chưa cập nhật nơi ở thực tế, gia đình tự nguyện cung cấp giấy tờ"


class PaperException(models.Model):
    """A residence paper was looked at all the same: the only way to note one. Append-only, reported."""

    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="residence_exceptions")
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="residence_exceptions")
    school_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="+")
    paper = models.CharField(max_length=8, choices=Paper)
    reason = models.CharField(max_length=12, choices=ExceptionReason)
    explanation = models.CharField(max_length=500)
    answer = models.ForeignKey(  # the look-up that failed; none where there could be no answer
        Answer, null=True, blank=True, on_delete=models.PROTECT, related_name="exceptions"
    )
    paper_number = models.CharField(max_length=60, blank=True)
    paper_date = models.DateField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["-id"]


guard(PaperException)


class Stay(models.Model):
    """A dated address of a pupil. Append-only: a later row supersedes an earlier one, or takes it back."""

    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="stays")
    kind = models.CharField(max_length=16, choices=Kind)
    detail = models.CharField(max_length=300, blank=True)  # house, street, hamlet
    commune = models.CharField(max_length=80, blank=True)
    commune_code = models.CharField(max_length=5, blank=True)
    province = models.CharField(max_length=80, blank=True)
    province_code = models.CharField(max_length=2, blank=True)
    mapped = models.CharField(max_length=400, blank=True)  # "Phường 5, Quận Gò Vấp → Phường An Nhơn (…)"
    since = models.CharField(max_length=10, blank=True)  # ISO, possibly only year or month; "" unknown
    until = models.CharField(max_length=10, blank=True)  # last day; "" while it lasts
    relation = models.CharField(max_length=60, blank=True)  # to the head of the household
    head_masked = models.CharField(max_length=20, blank=True)  # as the register masked it
    source = models.CharField(max_length=12, choices=Source)
    answer = models.ForeignKey(Answer, null=True, blank=True, on_delete=models.PROTECT, related_name="stays")
    exception = models.ForeignKey(
        PaperException, null=True, blank=True, on_delete=models.PROTECT, related_name="stays"
    )
    said_by = models.CharField(max_length=160, blank=True)  # "Trần Thị Mai (mẹ)"
    note = models.CharField(max_length=300, blank=True)
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    void = models.BooleanField(default=False)  # takes ``supersedes`` back, says nothing itself
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(source="paper", exception__isnull=False)
                | (~Q(source="paper") & Q(exception__isnull=True)),
                name="paper_only_by_exception",
            ),
            models.CheckConstraint(
                condition=Q(source="population", answer__isnull=False) | ~Q(source="population"),
                name="register_stay_has_its_answer",
            ),
        ]


guard(Stay)


class ToldState(models.TextChoices):
    OPEN = "open", "Chờ thầy cô xem"
    TAKEN = "taken", "Đã nhận vào hồ sơ"
    KEPT = "kept", "Giữ theo hồ sơ"
    GONE = "gone", "Có câu trả lời mới hơn"


class Told(models.Model):
    """A stay that the register told and the file does not say: a person decides. Its content goes then."""

    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="residence_told")
    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="told")
    kind = models.CharField(max_length=16, choices=Kind)
    entry = models.JSONField(default=dict)  # the stay's fields while it is open
    entry_hash = models.CharField(max_length=64)
    units_differ = models.BooleanField()  # another commune than the file's; else house and street only
    state = models.CharField(max_length=6, choices=ToldState, default=ToldState.OPEN)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pupil", "kind"], condition=Q(state="open"), name="one_open_told_a_kind"
            ),
        ]


class UnitDecision(models.Model):
    """A former unit in addresses of a school was read as one of today's. Append-only."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    written = models.CharField(max_length=400)
    commune_code = models.CharField(max_length=5)
    mapped = models.CharField(max_length=400)
    proposed = models.BooleanField()  # the only reading; otherwise a person chose
    pupils = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["-id"]


guard(UnitDecision)
