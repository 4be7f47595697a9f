"""Every address of the node against every kind of person: who gets in, who is turned away, and how.

A new address without an entry in ``PAGES`` fails the first test: whoever adds a page says here who may open
it. The world is one school whose class 3A is issued, a second school, and the managing units.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.audit.models import Event
from hocbaso.apps.books.page_codes import page_code
from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Campaign, Reminder
from hocbaso.apps.identity.collection.use_cases.export_collection import export_collection
from hocbaso.apps.identity.collection.use_cases.handle_upload import upload
from hocbaso.apps.identity.escalation.models import Case
from hocbaso.apps.identity.models import Sending
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.matching.models import MergeCase, Pair
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.periods.models import EntryPeriod, ReviewMethod
from hocbaso.apps.periods.use_cases.attach_minutes import attach_minutes
from hocbaso.apps.periods.use_cases.decide_unlock_case import decide_unlock_case
from hocbaso.apps.periods.use_cases.open_unlock_case import open_unlock_case
from hocbaso.apps.periods.use_cases.review import assign_review
from hocbaso.apps.periods.use_cases.set_period import set_period
from hocbaso.apps.pupils.models import Enrolment, Pupil, RollOver
from hocbaso.apps.pupils.use_cases.photos_batch import add_files, open_batch
from hocbaso.apps.pupils.use_cases.receive_pupil import Newcomer, Source, receive_pupil
from hocbaso.apps.pupils.use_cases.set_photo import set_photo
from hocbaso.apps.quality.models import Finding
from hocbaso.apps.quality.use_cases.compute import compute
from hocbaso.apps.quality.use_cases.slips import print_slips
from hocbaso.apps.residence.use_cases.map_units import groups_of
from hocbaso.apps.signing import possession
from hocbaso.apps.signing.certificate_models import RequestKind
from hocbaso.apps.signing.endings import begin_ending
from hocbaso.apps.signing.models import Registration, SigningBatch
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.requests import draft
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
from hocbaso.core.document.model import SignerRole
from tests.builders import YEAR, School, finished_class, make_school
from tests.unit.apps.accounts import people
from tests.unit.apps.intake.books import book, staff
from tests.unit.apps.pupils.test_set_photo import picture

pytestmark = pytest.mark.django_db

PRINCIPAL, DEPUTY, SEAL, CLERK, HEAD = "hiệu trưởng", "phó", "văn thư", "dữ liệu", "tổ trưởng"
HOMEROOM, TEACHER, NEIGHBOUR = "chủ nhiệm 3A", "dạy Toán 3A", "chủ nhiệm 3B"
COMMUNE, DEPARTMENT, MINISTRY = "cán bộ xã", "cán bộ Sở", "cán bộ Bộ"
AUDITOR, ADMIN = "kiểm toán", "quản trị"
STRANGERS = ("hiệu trưởng trường khác", "dữ liệu trường khác", "chủ nhiệm trường khác", "văn thư trường khác")
NOBODY = "người ngoài"

LEADERS = {PRINCIPAL, DEPUTY}
IN_SCHOOL = {*LEADERS, SEAL, CLERK, HEAD, HOMEROOM, TEACHER, NEIGHBOUR}
MANAGING = {COMMUNE, DEPARTMENT, MINISTRY, AUDITOR, ADMIN}
OF_CLASS = {HOMEROOM, TEACHER}
SIGNED_IN = {*IN_SCHOOL, *MANAGING, *STRANGERS}

#: Answers by their class: what status is expected.
IN, AWAY, DOOR, LED = "in", "away", "door", "led on"


@dataclass(frozen=True)
class Page:
    """Who opens a page (200), who is led on to his own place (302); everybody else is turned away."""

    opens: set[str] = field(default_factory=set)
    args: tuple[str, ...] = ()  # names of objects of the world
    led: set[str] = field(default_factory=set)
    public: int = 0  # status for everybody, signed in or not
    query: str = ""
    post_only: bool = False
    writes: bool = False  # a GET may write: the first rendition is kept and recorded


WHOLE = {PRINCIPAL, DEPUTY, SEAL}
_SEES_PUPILS = {*WHOLE, CLERK}
_WATCH = {COMMUNE, DEPARTMENT, MINISTRY, AUDITOR}
_SIGNS = {*WHOLE, HOMEROOM, TEACHER, NEIGHBOUR, STRANGERS[0], STRANGERS[2], STRANGERS[3]}
PAGES: dict[str, Page] = {
    "healthz": Page(public=200),
    "readyz": Page(public=200),
    "metrics": Page(public=200),  # from this machine
    "sign-in": Page(led=SIGNED_IN),
    "sign-out": Page(post_only=True, opens=SIGNED_IN),
    "confirm-code": Page(led=SIGNED_IN),
    "enrol": Page(opens=SIGNED_IN, writes=True),  # proposes a secret
    "change-password": Page(opens=SIGNED_IN),
    "choose-post": Page(led=SIGNED_IN),
    "demo-code": Page(public=404),
    "set-language": Page(public=302),
    "home": Page(opens=IN_SCHOOL | set(STRANGERS), led=MANAGING),
    "managing": Page(opens=MANAGING, led=IN_SCHOOL | set(STRANGERS)),
    "staff": Page(opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}),
    "pupils": Page(opens={*_SEES_PUPILS, *OF_CLASS, NEIGHBOUR, *STRANGERS}),
    "pupil": Page(opens={*_SEES_PUPILS, *OF_CLASS}, args=("pupil",)),
    "identity": Page(opens={*_SEES_PUPILS, HOMEROOM, NEIGHBOUR, *STRANGERS}),
    "identity-step": Page(
        opens={*_SEES_PUPILS, HOMEROOM, NEIGHBOUR, *STRANGERS}, args=("identity step",), writes=True
    ),
    "identity-class": Page(opens={*_SEES_PUPILS, HOMEROOM}, args=("class",), writes=True),
    "identity-staff": Page(opens={*_SEES_PUPILS, STRANGERS[0], STRANGERS[1], STRANGERS[3]}, writes=True),
    "identity-member": Page(opens=_SEES_PUPILS, args=("member",), writes=True),
    "identity-person": Page(opens={*_SEES_PUPILS, HOMEROOM}, args=("pupil",), writes=True),
    "identity-send": Page(opens=IN_SCHOOL | set(STRANGERS), post_only=True),
    "identity-sending": Page(opens={*_SEES_PUPILS, NEIGHBOUR}, args=("sending",)),
    "collection": Page(opens={CLERK, HOMEROOM, NEIGHBOUR, STRANGERS[1], STRANGERS[2]}),
    "collection-file": Page(opens=SIGNED_IN, post_only=True),
    "collection-upload": Page(opens={CLERK}, args=("upload",)),
    "collection-answers": Page(opens={CLERK}, args=("upload",), post_only=True),
    "collection-confirm": Page(opens={CLERK}, args=("upload",), post_only=True),
    "collection-send": Page(opens={CLERK}, args=("upload",), post_only=True),
    "collection-end": Page(opens={CLERK}, args=("upload",), post_only=True),
    "collection-annotated": Page(opens={CLERK}, args=("upload",), writes=True),  # an export, on record
    "escalations": Page(opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}, writes=True),
    "escalation-new": Page(opens={PRINCIPAL, STRANGERS[0]}, writes=True),
    "escalation": Page(opens={*LEADERS, CLERK}, args=("escalation",), led={MINISTRY, AUDITOR}, writes=True),
    "escalations-managing": Page(opens={COMMUNE, DEPARTMENT, MINISTRY, AUDITOR}),
    "escalation-managing": Page(opens={MINISTRY, AUDITOR}, args=("escalation",), led={*LEADERS, CLERK}),
    "identity-letters": Page(opens=IN_SCHOOL | set(STRANGERS), post_only=True),
    "pupil-photo": Page(opens={*_SEES_PUPILS, *OF_CLASS}, args=("pupil",)),
    "classes": Page(opens={*_SEES_PUPILS, STRANGERS[0], STRANGERS[1], STRANGERS[3]}),
    "class": Page(opens={*_SEES_PUPILS, *OF_CLASS}, args=("class",)),
    "class-pupil": Page(opens={*_SEES_PUPILS, *OF_CLASS}, args=("class", "enrolment")),
    "teaching": Page(opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}),
    "teaching-proposals": Page(opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}),
    "teaching-cell": Page(opens={*LEADERS, CLERK}, args=("class", "subject")),
    "arrivals": Page(opens={PRINCIPAL, CLERK, STRANGERS[0], STRANGERS[1]}),
    "arrival": Page(opens={PRINCIPAL, CLERK, NEIGHBOUR}, args=("arrived",)),
    "register": Page(opens={PRINCIPAL, CLERK, STRANGERS[0], STRANGERS[1]}),
    "roll-over": Page(opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}),
    "roll-over-batch": Page(opens={*LEADERS, CLERK}, args=("roll-over",)),
    "imports": Page(opens={CLERK, *OF_CLASS, NEIGHBOUR, STRANGERS[1], STRANGERS[2]}),
    "imports-activation": Page(opens={PRINCIPAL, CLERK, ADMIN, STRANGERS[0], STRANGERS[1]}),
    "imports-batch": Page(opens={CLERK}, args=("import",)),
    "imports-progress": Page(opens={CLERK}, args=("import",)),
    "imports-answers": Page(opens={CLERK}, args=("import",), post_only=True),
    "imports-annotated": Page(opens={CLERK}, args=("import",)),
    "imports-confirm": Page(led={CLERK}, args=("import",)),  # already written
    "imports-cancel": Page(opens={CLERK}, args=("import",), post_only=True),
    "imports-undo": Page(opens={CLERK}, args=("import",)),
    "number-searches": Page(opens={CLERK, HOMEROOM, NEIGHBOUR, STRANGERS[1], STRANGERS[2]}),
    "number-search": Page(opens={CLERK, HOMEROOM}, args=("pupil",)),
    "number-search-staff": Page(opens={CLERK}, args=("member",)),
    "duplicates": Page(opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}),
    "duplicate": Page(opens={*LEADERS, CLERK}, args=("pair",)),
    "merge-new": Page(opens={PRINCIPAL, CLERK}, args=("pair",)),
    "merge-case": Page(opens={*LEADERS, CLERK}, args=("merge",)),
    "temporary-codes": Page(opens={PRINCIPAL, CLERK, STRANGERS[0], STRANGERS[1]}),
    "duplicates-watch": Page(opens={COMMUNE, DEPARTMENT}),
    "duplicate-watch": Page(led={*LEADERS, CLERK}, args=("pair",)),
    "merge-watch": Page(led={*LEADERS, CLERK}, args=("merge",)),
    "gradebook": Page(opens=SIGNED_IN),  # own classes; for others the list is empty
    "gradebook-class": Page(opens={*LEADERS, *OF_CLASS}, args=("class",)),
    "gradebook-sheet": Page(opens={*LEADERS, *OF_CLASS}, args=("class", "subject")),
    "gradebook-check": Page(opens={*LEADERS, *OF_CLASS}, args=("class", "subject")),
    "gradebook-history": Page(opens={*LEADERS, *OF_CLASS}, args=("class", "subject"), query="?o={cell}"),
    "gradebook-around": Page(opens={*LEADERS, *OF_CLASS}, args=("class", "subject")),
    "gradebook-export": Page(opens={*LEADERS, HOMEROOM}, args=("class", "subject"), writes=True),
    "gradebook-bank": Page(opens={*LEADERS, HEAD, HOMEROOM, TEACHER, NEIGHBOUR, STRANGERS[0], STRANGERS[2]}),
    "gradebook-sign-in": Page(public=405),  # POST only; asks for the password itself
    "programmes": Page(opens={*LEADERS, CLERK, *OF_CLASS, NEIGHBOUR, *STRANGERS[:3]}),
    "programmes-class": Page(opens={*LEADERS, CLERK, *OF_CLASS}, args=("class",)),
    "programmes-pupil": Page(opens={*LEADERS, CLERK, *OF_CLASS}, args=("class", "enrolment")),
    "lineage": Page(opens={*LEADERS, AUDITOR, STRANGERS[0]}),
    "lineage-pupil": Page(opens={*LEADERS, AUDITOR}, args=("enrolment",), writes=True),
    "lineage-sheet": Page(opens={*LEADERS, AUDITOR}, args=("sheet",), writes=True),
    "lineage-schools": Page(opens={AUDITOR}),
    "lineage-school": Page(opens={AUDITOR}, args=("school",)),
    "lineage-school-pupil": Page(opens={AUDITOR}, args=("school", "enrolment"), writes=True),  # on record
    "lineage-school-sheet": Page(opens={AUDITOR}, args=("school", "sheet"), writes=True),
    "watching": Page(opens=_WATCH, led={*_SEES_PUPILS, *STRANGERS[:2], STRANGERS[3]}),
    "watching-unit": Page(opens={MINISTRY, AUDITOR}, led=_SEES_PUPILS, args=("school",)),
    "watching-class": Page(opens={MINISTRY, AUDITOR}, args=("school", "class")),
    "watching-export": Page(opens={MINISTRY, AUDITOR, *_SEES_PUPILS}, args=("school",), writes=True),
    "watching-recount": Page(opens={MINISTRY, AUDITOR, *_SEES_PUPILS}, args=("school",), post_only=True),
    "reminders": Page(opens={COMMUNE, DEPARTMENT}),
    "reminders-send": Page(opens={COMMUNE, DEPARTMENT}, post_only=True),
    "reminder-sent": Page(opens={COMMUNE}, args=("reminder",)),
    "campaigns": Page(opens=_WATCH, led={*_SEES_PUPILS, *STRANGERS[:2], STRANGERS[3]}),
    "campaign-new": Page(opens={COMMUNE, DEPARTMENT}),
    "campaign": Page(opens={COMMUNE, MINISTRY}, args=("campaign",)),
    "campaign-export": Page(opens={COMMUNE, MINISTRY}, args=("campaign",), writes=True),
    "school-progress": Page(opens={*_SEES_PUPILS, AUDITOR, *STRANGERS[:2], STRANGERS[3]}),
    "school-campaign-new": Page(opens={PRINCIPAL, STRANGERS[0]}),
    "school-campaign": Page(opens={*_SEES_PUPILS, AUDITOR}, args=("school campaign",)),
    "reminder": Page(opens=_SEES_PUPILS, args=("reminder",)),
    "closing": Page(opens={PRINCIPAL, STRANGERS[0]}, led={HOMEROOM, NEIGHBOUR, STRANGERS[2]}),
    "closing-class": Page(opens={PRINCIPAL, HOMEROOM}, args=("class",)),
    "closing-done": Page(opens={PRINCIPAL, HOMEROOM}, args=("class",)),
    "closing-title": Page(opens={HOMEROOM}, args=("class", "enrolment")),
    "closing-promotion": Page(opens={PRINCIPAL}, args=("class", "enrolment")),
    "signing": Page(
        opens={PRINCIPAL, STRANGERS[0]}, led={*OF_CLASS, NEIGHBOUR, SEAL, STRANGERS[2], STRANGERS[3]}
    ),
    "signing-principal": Page(opens={PRINCIPAL, STRANGERS[0]}),
    "signing-class": Page(opens={HOMEROOM}, args=("class",)),
    "signing-subject": Page(opens=OF_CLASS, args=("class",)),
    "signing-receipt": Page(opens={HOMEROOM}, args=("signing batch",)),
    "signing-step": Page(opens={HOMEROOM}, args=("signing batch",), post_only=True),
    "signing-progress": Page(opens={HOMEROOM}, args=("signing batch",)),
    "signing-codes": Page(led={HOMEROOM}, args=("signing batch",)),  # nothing waits for codes
    "signing-agent": Page(led={HOMEROOM}, args=("signing batch",)),
    "key-places": Page(opens=_SIGNS),
    "key-place-test": Page(opens=_SIGNS, post_only=True),
    "key-place-proof": Page(args=("proof",)),  # of one's own remote key alone
    "agent": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}),
    "agent-state": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}),
    "agent-pair": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}, post_only=True),
    "agent-code": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}, post_only=True),
    "agent-paired": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}, post_only=True),
    "agent-leave": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}, post_only=True),
    "agent-list": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}, post_only=True),
    "agent-values": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}, post_only=True),
    "agent-prove": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}, post_only=True),
    "agent-proof": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}, post_only=True),
    "issuing": Page(opens={SEAL, STRANGERS[3]}),
    "issuing-receipt": Page(opens={SEAL}, args=("issuing batch",)),
    "issuing-bundle": Page(opens=WHOLE),
    "issuing-package": Page(opens=WHOLE, writes=True),  # taking everything away is on record
    "transcripts": Page(opens={*WHOLE, *OF_CLASS, NEIGHBOUR, STRANGERS[0], STRANGERS[2], STRANGERS[3]}),
    "transcript": Page(opens={*WHOLE, *OF_CLASS}, args=("sheet",)),
    "transcript-xml": Page(opens={*WHOLE, *OF_CLASS}, args=("sheet",)),
    "transcript-pdf": Page(opens={*WHOLE, *OF_CLASS}, args=("sheet",), writes=True),
    "books": Page(opens={*LEADERS, CLERK, *OF_CLASS, NEIGHBOUR, AUDITOR, *STRANGERS[:3]}),
    "books-file": Page(
        opens={*LEADERS, HOMEROOM, AUDITOR}, args=("book",), query="?lop={class}&dot=cn", writes=True
    ),
    "books-find": Page(led={*LEADERS, CLERK, *OF_CLASS, NEIGHBOUR, AUDITOR, *STRANGERS[:3]}),
    "books-code": Page(led={*LEADERS, *OF_CLASS}, args=("page code",)),
    "periods": Page(opens=IN_SCHOOL | {AUDITOR} | set(STRANGERS)),  # an auditor of the school
    "period-new": Page(opens={PRINCIPAL, STRANGERS[0]}),
    "period": Page(opens=IN_SCHOOL | {AUDITOR}, args=("period",)),
    "province-periods": Page(opens={DEPARTMENT}),
    "province-period-new": Page(opens={DEPARTMENT}),
    "province-period": Page(opens={DEPARTMENT}, args=("province period",)),
    "unlock-cases": Page(opens=IN_SCHOOL | set(STRANGERS)),  # the own ones; the list is empty for others
    "unlock-new": Page(opens={*LEADERS, CLERK, *OF_CLASS, NEIGHBOUR, *STRANGERS[:3]}),
    "unlock-case": Page(opens={*LEADERS, CLERK, *OF_CLASS}, args=("unlock case",), led={MINISTRY, AUDITOR}),
    "unlock-minutes": Page(opens={*LEADERS, CLERK, *OF_CLASS, MINISTRY, AUDITOR}, args=("unlock case",)),
    "unlock-signed": Page(
        opens={*LEADERS, CLERK, *OF_CLASS, MINISTRY, AUDITOR}, args=("unlock case", "signed minutes")
    ),
    "unlock-watch": Page(opens={COMMUNE, DEPARTMENT, MINISTRY, AUDITOR}),
    "unlock-watch-case": Page(
        opens={MINISTRY, AUDITOR}, args=("unlock case",), led={*LEADERS, CLERK, *OF_CLASS}
    ),
    "photos": Page(opens={*_SEES_PUPILS, *OF_CLASS, NEIGHBOUR, *STRANGERS}),
    "photos-class": Page(opens={*_SEES_PUPILS, *OF_CLASS}, args=("class",)),
    "photos-one": Page(opens={CLERK, HOMEROOM}, args=("pupil",)),
    "photos-batch": Page(opens={CLERK, HOMEROOM}, args=("photo batch",)),
    "photos-item": Page(opens={CLERK, HOMEROOM}, args=("photo batch", "photo item")),
    "photos-item-image": Page(opens={CLERK, HOMEROOM}, args=("photo batch", "photo item")),
    "views": Page(opens={PRINCIPAL, AUDITOR, STRANGERS[0]}),
    "views-pupil": Page(opens={PRINCIPAL, CLERK}, args=("pupil",)),
    "views-schools": Page(led={AUDITOR}),  # an auditor of one school is led on to it
    "views-school": Page(opens={PRINCIPAL, AUDITOR}, args=("school",)),
    "views-school-pupil": Page(opens={PRINCIPAL, AUDITOR}, args=("school", "pupil")),
    "reveal": Page(led=SIGNED_IN),  # a form's answer; the address alone shows nothing
    "residence": Page(
        opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}, led={HOMEROOM, NEIGHBOUR, STRANGERS[2]}
    ),
    "residence-class": Page(opens={*LEADERS, CLERK, HOMEROOM}, args=("class",), writes=True),
    "residence-mapping": Page(opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}),
    "residence-ask": Page(opens={CLERK}, args=("old units",), led={STRANGERS[1]}, writes=True),
    "residence-exceptions": Page(opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}),
    "residence-pupil": Page(opens={*LEADERS, CLERK, HOMEROOM}, args=("pupil",), writes=True),
    "residence-print": Page(opens={*LEADERS, CLERK, HOMEROOM}, args=("pupil",), writes=True),
    "residence-exception": Page(opens={PRINCIPAL, CLERK}, args=("pupil",)),
    "certificates": Page(
        opens={*WHOLE, CLERK, STRANGERS[0], STRANGERS[1], STRANGERS[3]},
        led={HOMEROOM, TEACHER, NEIGHBOUR, STRANGERS[2]},
    ),
    "certificates-file": Page(
        opens={*WHOLE, CLERK, STRANGERS[0], STRANGERS[1], STRANGERS[3]}, post_only=True
    ),
    "certificate-register": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}),
    "certificate-proof": Page(opens={*WHOLE, CLERK, HOMEROOM}, args=("proof",)),
    "certificate-as-of": Page(opens={*WHOLE, CLERK, STRANGERS[0], STRANGERS[1], STRANGERS[3]}),
    "certificate-requests": Page(opens={*WHOLE, CLERK, STRANGERS[0], STRANGERS[1], STRANGERS[3]}),
    "certificate-request": Page(opens={*WHOLE, CLERK}, args=("certificate request",)),
    "certificate-own": Page(opens={*WHOLE, CLERK, HOMEROOM, TEACHER, NEIGHBOUR, *STRANGERS}),
    "certificate-end": Page(opens={PRINCIPAL, CLERK, HOMEROOM}, query="?chung-thu={certificate}"),
    "certificate-ending": Page(opens={*WHOLE, CLERK, HOMEROOM}, args=("ending",)),
    "certificate-setting": Page(opens={*WHOLE, CLERK, STRANGERS[0], STRANGERS[1], STRANGERS[3]}),
    "certificates-watch": Page(opens=_WATCH),
    "preservation": Page(
        opens={*WHOLE, CLERK, AUDITOR, STRANGERS[0], STRANGERS[1], STRANGERS[3]},
        led={COMMUNE, DEPARTMENT, MINISTRY},
    ),
    "preservation-watch": Page(opens=_WATCH),
    "preservation-watch-school": Page(opens={MINISTRY, AUDITOR}, args=("school",)),
    "certificates-watch-setting": Page(opens=_WATCH),
    "certificates-watch-unit": Page(opens={MINISTRY, AUDITOR}, args=("school",)),
    "certificates-watch-file": Page(opens={MINISTRY, AUDITOR}, args=("school",), post_only=True),
    "quality": Page(
        opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}, led={HOMEROOM, NEIGHBOUR, STRANGERS[2]}
    ),
    "quality-work": Page(opens={*LEADERS, CLERK, HOMEROOM, NEIGHBOUR, *STRANGERS[:3]}, writes=True),
    "quality-finding": Page(opens={*LEADERS, CLERK, HOMEROOM}, args=("finding",)),
    "quality-explanations": Page(opens={*LEADERS, CLERK, STRANGERS[0], STRANGERS[1]}),
    "quality-pupil": Page(opens={*LEADERS, CLERK, HOMEROOM}, args=("pupil",), writes=True),
    "quality-class": Page(opens={*LEADERS, CLERK, HOMEROOM}, args=("class",), writes=True),
    "quality-checklist": Page(opens={*LEADERS, CLERK, HOMEROOM}, args=("class",), writes=True),
    "quality-slips": Page(opens={*LEADERS, CLERK, HOMEROOM}, args=("class",), writes=True),
    "quality-paper": Page(opens={HOMEROOM}, args=("slip number",), writes=True),
    "quality-watch": Page(opens={COMMUNE, DEPARTMENT, MINISTRY, AUDITOR}),
    "slip": Page(public=200, args=("slip token",)),
    "reviews": Page(opens={*LEADERS, HEAD, AUDITOR, STRANGERS[0]}),
    "review-assign": Page(opens={PRINCIPAL, STRANGERS[0]}),
    "review": Page(opens={*LEADERS, HEAD, AUDITOR}, args=("review",)),
    "verify": Page(public=200, query="?c={sheet}"),
    "verify-file": Page(public=302),
    "verify-open": Page(public=405),
    "verify-pdf": Page(public=403, query="?c={sheet}"),
    "verify-proof": Page(public=200, query="?c={sheet}"),
    "verify-slip": Page(public=200, query="?c={sheet}"),
    "verify-report": Page(public=405),
    "verify-qr": Page(public=403, query="?c={sheet}"),
    "transcript-qr": Page(opens={*WHOLE, HOMEROOM}, args=("sheet",)),
    "offline": Page(public=200),
    "offline-worker": Page(public=200),
    "offline-bundle": Page(public=200, writes=True),
    "status-list": Page(public=200, args=("status list",), writes=True),
    "log-keys": Page(public=200),
    "log-key": Page(public=200, args=("year",)),
    "log-checkpoint": Page(public=200, args=("year",)),
    "log-tile": Page(public=200, args=("year", "tile")),
    "schema": Page(public=200, args=("schema",)),
}
#: The first pupil's personal number, and where an official form must hold it whole.
NUMBER = "079317394341"
SHOWS_NUMBER = {"transcript-xml"}
#: Addresses that take a POST of anybody without a token: nothing of the visitor's is used.
WITHOUT_TOKEN = {"verify-file"}


#: Objects of the world that addresses name by number.
NUMBERED = {
    "pair",
    "photo batch",
    "photo item",
    "class",
    "sending",
    "import",
    "enrolment",
    "arrived",
    "roll-over",
    "signing batch",
    "issuing batch",
}


def names() -> list[str]:
    """The name of every address of the resolver; one without a name is spelled out."""
    found = []

    def walk(resolver: URLResolver, prefix: str) -> None:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                walk(entry, prefix + str(entry.pattern))
            else:
                assert isinstance(entry, URLPattern)
                found.append(entry.name or prefix + str(entry.pattern))

    walk(get_resolver(), "")
    return found


@pytest.fixture(autouse=True)
def _calm(settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    from hocbaso.interfaces.web.views import verification

    for limiter in ("lookups", "uploads"):
        monkeypatch.setattr(getattr(verification, limiter), "take", lambda _address: None)


def _issue(school: School) -> None:
    close_class(school.actor(Role.PRINCIPAL), school_class=school.classes["3A"])
    for role, post in (
        (SignerRole.HOMEROOM, Role.HOMEROOM),
        (SignerRole.PRINCIPAL, Role.PRINCIPAL),
        (SignerRole.SEAL, Role.SEAL_KEEPER),
    ):
        own = school.classes["3A"] if role is SignerRole.HOMEROOM else None
        actor = school.actor(post, "3A" if own else None)
        sheets = ready_sheets(school.unit, YEAR, role, own)
        run_batch(
            actor,
            authorise(actor, role=role, school=school.unit, sheets=sheets, school_class=own, method="totp"),
        )


@dataclass
class World:
    people: dict[str, Assignment]
    objects: dict[str, object]
    inside: Callable[..., Client]

    def url(self, name: str) -> str:
        page = PAGES[name]
        args = [self.objects[thing] for thing in page.args]
        return reverse(f"web:{name}", args=args) + page.query.format(**self.objects)

    def client(self, who: str, **kwargs) -> Client:
        return Client() if who == NOBODY else self.inside(self.people[who], **kwargs)


def _arrived(school: School) -> Enrolment:
    """A pupil who came to 3B in the course of the year."""
    return receive_pupil(
        school.actor(Role.DATA_CLERK),
        school_class=school.classes["3B"],
        newcomer=Newcomer("7900099001", "Lý Gia Bảo", "09/02/2017", "Nam"),
        source=Source("Trường Tiểu học Khác", "1/GGT"),
        term="hk2",
        arrived_on=date(2026, 1, 19),
    )


def _old_units(school: School) -> str:
    """The key of an address in former units, of a pupil of 3A."""
    last = Enrolment.objects.filter(school_class=school.classes["3A"]).last()
    Pupil.objects.filter(pk=last.pupil_id).update(commune="P.14, Q.10", province="Thành phố Hồ Chí Minh")
    return groups_of(school.unit, YEAR)[0].key


def collection_objects(school: School, pupil: Pupil, commune: Organisation) -> dict[str, object]:
    """A collection workbook that came back as it went out, and a case before the commune."""
    clerk, now = school.actor(Role.DATA_CLERK), clock.now()
    out = export_collection(clerk, school=school.unit, year=YEAR, classes=[school.classes["3A"]])
    values = {"school": school.unit, "school_year": YEAR}
    brought = upload(clerk, data=out.content, file_name="thu-thap.xlsx", school=school.unit, year=YEAR)
    case = Case.objects.create(
        number="KN-2025-79000901-0001",
        pupil=pupil,
        class_name="3A",
        holder=commune,
        opened_by=school.principal,
        opened_at=now,
        changed_at=now,
        **values,
    )
    return {"upload": brought.pk, "escalation": case.number}


def certificate_objects(school: School) -> dict[str, object]:
    """A proof of the homeroom teacher that waits for the principal, and a request."""
    actor, clerk = school.actor(Role.HOMEROOM, "3A"), school.actor(Role.DATA_CLERK)
    signer = possession.signer_for(key_provider(), school.unit, actor.user)
    case = possession.begin(actor, school.unit, actor.user, signer.certificate)
    possession.answer(actor, case, possession.sign_here(case))
    request = draft(clerk, school.unit, RequestKind.NEW, "vgca", [None], "Năm học mới")
    registered = Registration.objects.filter(user=actor.user, role="gvcn").select_related("certificate").get()
    ending = begin_ending(clerk, school.unit, registered.certificate, "Đổi thiết bị")
    objects = {"proof": case.pk, "certificate request": request.number, "ending": ending.pk}
    return objects | {"certificate": registered.certificate_id}


def matching_objects(school: School) -> dict[str, object]:
    """Two pupils of 3A who may be one, and a merge that waits for the principal."""
    one, other = Pupil.objects.filter(enrolments__school_class=school.classes["3A"]).order_by("pk")
    now = clock.now()
    pair = Pair.objects.create(
        first=one, second=other, kind="likely", score=74, digest="x" * 64, found_at=now
    )
    case = MergeCase.objects.create(
        number="GHS-2025-0001",
        survivor=one,
        merged=other,
        evidence="Giấy khai sinh",
        choices={"code": "survivor", "fields": {}, "years": {}},
        digest="x" * 64,
        proposed_by=school.clerk,
        proposed_at=now,
    )
    return {"pair": pair.pk, "merge": case.number}


def period_objects(
    school: School, teacher: Assignment, head: Assignment, department: Organisation
) -> dict[str, object]:
    """A period of the school and of the province, a case that was granted, its minutes, and a review."""
    in_class, now = school.classes["3A"], clock.now()
    principal = school.actor(Role.PRINCIPAL)
    times = {"school_year": YEAR, "opens_at": now, "closes_at": now + timedelta(days=3)}
    of_province = EntryPeriod.objects.create(unit=department, made_at=now, made_by="x", **times)
    case = open_unlock_case(
        people.Actor.of(teacher),
        school_class=in_class,
        part="toan",
        moment="cn",
        why="Nhầm.",
        minutes="Sửa.",
        until=now + timedelta(days=1),
    )
    decide_unlock_case(principal, case=case, grant=True)
    minutes = attach_minutes(principal, case=case, name="bien-ban.jpg", content=picture())
    review = assign_review(
        principal,
        school_class=in_class,
        part="toan",
        moment="cn",
        column="score",
        method=ReviewMethod.BLIND,
        checker=head.user,
    )
    return {
        "period": set_period(principal, unit=school.unit, moment="ghk1", **times).pk,
        "province period": of_province.pk,
        "unlock case": case.number,
        "signed minutes": minutes.pk,
        "review": review.pk,
    }


def watching_objects(school: School, commune: Organisation) -> dict[str, object]:
    """A campaign of the commune and one of the school, and a reminder that the school has not seen."""
    common = {
        "title": "Đợt 1",
        "starts_on": clock.today(),
        "deadline": clock.today(),
        "made_at": clock.now(),
        "made_by": "x",
    }
    theirs = Campaign.objects.create(owner=commune, **common)
    own = Campaign.objects.create(owner=school.unit, **common)
    reminder = Reminder.objects.create(
        school=school.unit,
        day=clock.today(),
        sender=commune,
        campaign=theirs,
        facts={"pupils": {"total": 2, "verified": 1, "not_sent": 1}},
        sent_at=clock.now(),
        by="x",
    )
    return {"campaign": theirs.pk, "school campaign": own.pk, "reminder": reminder.pk}


def quality_objects(school: School) -> dict[str, object]:
    """A finding of 3A and a slip of one of its pupils."""
    compute(school.unit, YEAR)
    teacher = school.actor(Role.HOMEROOM, "3A")
    printed = print_slips(teacher, school_class=school.classes["3A"])[0]
    found = Finding.objects.filter(pupil=printed.pupil, rule="DU-027").get()
    return {"finding": found.pk, "slip number": printed.slip.pk, "slip token": printed.token}


@pytest.fixture
def world(inside, sandbox_home):
    here = make_school("79000901", classes=("3A", "3B"))
    there = make_school("79000902", classes=("3A",))
    (pupil, *_rest) = finished_class(here, "3A", 2)
    pupil.pupil.personal_number = NUMBER
    pupil.pupil.save(update_fields=["personal_number"])
    set_photo(here.actor(Role.HOMEROOM, "3A"), enrolment=pupil, content=picture())
    _issue(here)
    imported = import_workbook(
        people.Actor.operator(),
        kind=Kind.STAFF,
        school=here.unit,
        year=YEAR,
        data=book([staff(1)]),
        file_name="cb.xlsx",
    ).batch
    unit = here.unit

    def somebody(role: Role, at: Organisation = unit, **fields) -> Assignment:
        return people.actor(role, at, **fields).assignment

    units = {
        kind: Organisation.objects.create(code=kind, kind=kind, name=kind, valid_from=people.START)
        for kind in ("xa", "so", "bo")
    }
    posts = {
        PRINCIPAL: here.actor(Role.PRINCIPAL).assignment,
        DEPUTY: somebody(Role.DEPUTY_PRINCIPAL),
        SEAL: here.actor(Role.SEAL_KEEPER).assignment,
        CLERK: here.actor(Role.DATA_CLERK).assignment,
        HEAD: somebody(Role.GROUP_HEAD),
        HOMEROOM: here.actor(Role.HOMEROOM, "3A").assignment,
        TEACHER: somebody(Role.SUBJECT_TEACHER, in_class=here.classes["3A"], subject_code="toan"),
        NEIGHBOUR: here.actor(Role.HOMEROOM, "3B").assignment,
        COMMUNE: somebody(Role.COMMUNE_OFFICER, units["xa"]),
        DEPARTMENT: somebody(Role.DEPARTMENT_OFFICER, units["so"]),
        MINISTRY: somebody(Role.MINISTRY_OFFICER, units["bo"]),
        AUDITOR: somebody(Role.AUDITOR),
        ADMIN: somebody(Role.SYSTEM_ADMIN, units["so"]),
        STRANGERS[0]: there.actor(Role.PRINCIPAL).assignment,
        STRANGERS[1]: there.actor(Role.DATA_CLERK).assignment,
        STRANGERS[2]: there.actor(Role.HOMEROOM, "3A").assignment,
        STRANGERS[3]: there.actor(Role.SEAL_KEEPER).assignment,
    }
    sheet = YearSheet.objects.get(enrolment=pupil)
    photos = open_batch(here.actor(Role.DATA_CLERK), school=unit, year=YEAR, school_class=here.classes["3A"])
    add_files(here.actor(Role.DATA_CLERK), batch=photos, files=[("DSC01.jpg", picture())])
    objects = {
        "class": here.classes["3A"].pk,
        "subject": "toan",
        "cell": f"o-{pupil.pk}-level",
        "enrolment": pupil.pk,
        "arrived": _arrived(here).pk,
        "identity step": 1,
        "sending": Sending.objects.get().pk,  # the arrival's
        "member": StaffMember.objects.filter(organisation=unit).first().code,
        "old units": _old_units(here),
        "roll-over": RollOver.objects.create(
            school=unit, from_year=YEAR, state="undone", created_by="x", created_at=people.DAY
        ).pk,
        "pupil": pupil.pupil.code,
        "sheet": sheet.code,
        "school": unit.code,
        "import": imported.pk,
        "signing batch": SigningBatch.objects.get(role=SignerRole.HOMEROOM).pk,
        "issuing batch": SigningBatch.objects.get(role=SignerRole.SEAL).pk,
        "year": YEAR,
        "tile": "0/000.p/2",
        "book": "bang-tong-hop",
        "photo batch": photos.pk,
        "photo item": photos.items.get().pk,
        "page code": page_code(here.classes["3A"].pk, "toan", "cn"),
        "status list": "2025-1",
        "schema": "hocbaso-1.0.xsd",
        **collection_objects(here, pupil.pupil, units["xa"]),
        **period_objects(here, posts[TEACHER], posts[HEAD], units["so"]),
        **quality_objects(here),
        **matching_objects(here),
        **certificate_objects(here),
        **watching_objects(here, units["xa"]),
    }
    return World(posts, objects, inside)


def test_every_address_says_who_may_open_it():
    known = set(PAGES) | {"xac-thuc/", r"^static/(?P<path>.*)$"}
    assert set(names()) <= known, "a new address needs an entry in PAGES"
    assert set(PAGES) <= set(names())


def expected(name: str, who: str) -> str:
    page = PAGES[name]
    if page.public:
        return str(page.public)
    if who == NOBODY:
        return IN if name == "sign-in" else DOOR
    return IN if who in page.opens else LED if who in page.led else AWAY


def judged(name: str, response) -> str:
    """The class of an answer."""
    if PAGES[name].public:
        return str(response.status_code)
    if response.status_code == 302:
        where = response.headers["Location"]
        return DOOR if where == "/" or where.startswith("/?tiep=") else LED
    return {200: IN, 403: AWAY, 404: AWAY}.get(response.status_code, str(response.status_code))


def asked(world: World, kind: Callable[[str, str], str]) -> set[tuple[str, str]]:
    """(person, page) pairs to try: all of them on SQLite.

    PostgreSQL, whose queries must run, need not repeat the whole product: there two people a page and kind
    of answer go, in turn, so that everybody and every page comes; who may what is decided by the same lines.
    """
    everybody = [NOBODY, *world.people]
    pairs = {(who, name) for who in everybody for name in PAGES}
    if connection.vendor == "sqlite":
        return pairs
    chosen = set()
    for turn, name in enumerate(PAGES):
        groups: dict[str, list[str]] = {}
        for who in everybody:
            groups.setdefault(kind(name, who), []).append(who)
        for group in groups.values():
            chosen |= {(group[(turn + more) % len(group)], name) for more in range(2)}
    return chosen


@contextmanager
def watched(writes: list[str]):
    """Collects what is written to the database, the session, the log of views and of exports apart."""

    def look(execute, sql, params, many, context):
        words = sql.lstrip('( "').split()
        own = "django_session" in sql or "privacy_" in sql
        if words[0] in ("INSERT", "UPDATE", "DELETE") and not own:
            writes.append(sql[:90])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield


def test_who_opens_which_page_and_looking_changes_nothing(world):
    wrong = []
    pairs = asked(world, expected)
    for who in [NOBODY, *world.people]:
        client = world.client(who)
        for name, page in PAGES.items():
            if (who, name) not in pairs:
                continue
            written: list[str] = []
            with watched(written):
                response = client.get(world.url(name))
            if page.post_only:
                ok = response.status_code == 405 or (who == NOBODY and judged(name, response) == DOOR)
                if not ok:
                    wrong.append(f"{who}: GET {name} is {response.status_code}, not 405")
                continue
            if (found := judged(name, response)) != expected(name, who):
                wrong.append(f"{who}: {name} is {found}, not {expected(name, who)}")
            if NUMBER.encode() in response.getvalue() and name not in SHOWS_NUMBER:
                wrong.append(f"{who}: {name} shows a whole personal number")
            if written and not page.writes:
                wrong.append(f"{who}: GET {name} writes {written}")
            cached = response.headers.get("Cache-Control", "")
            if who != NOBODY and not page.public and "no-store" not in cached:
                wrong.append(f"{who}: {name} may be kept: {cached!r}")
    assert wrong == []


def test_nobody_changes_what_he_may_not_open(world):
    wrong = []
    pairs = asked(world, expected)
    for who in [NOBODY, *world.people]:
        client = world.client(who)
        for name, page in PAGES.items():
            allowed = page.opens | page.led
            if (who, name) not in pairs:
                continue
            if page.public or who in allowed or (who == NOBODY and name == "sign-in"):
                continue
            before = Event.objects.count()
            response = client.post(world.url(name), {"viec": "ky", "ly-do": "x", "so-dang-bo": "7"})
            turned = response.status_code in (403, 404, 405) or judged(name, response) == DOOR
            if not turned:
                wrong.append(f"{who}: POST {name} is {response.status_code}")
            if Event.objects.count() != before:
                wrong.append(f"{who}: POST {name} left a trace")
    assert wrong == []


def test_no_form_is_taken_without_its_token(world):
    """A page of somebody else cannot act in the name of whoever looks at it."""
    for who in (PRINCIPAL, CLERK, HOMEROOM, SEAL):
        client = world.client(who)
        client.handler.enforce_csrf_checks = True
        for name in sorted(set(PAGES) - WITHOUT_TOKEN):
            before = Event.objects.count()
            response = client.post(world.url(name), {"u": "x"})
            assert response.status_code in (403, 405), (who, name, response.status_code)
            assert Event.objects.count() == before, (who, name)


@pytest.mark.parametrize(
    ("who", "name"), [(HOMEROOM, "signing-class"), (PRINCIPAL, "signing-principal"), (SEAL, "issuing")]
)
def test_no_desk_opens_without_the_second_factor(world, who, name):
    client = world.client(who, second_factor=False)
    assert client.get(world.url(name)).status_code in (403, 404)
    assert client.post(world.url(name), {"viec": "ky"}).status_code in (403, 404)


def test_numbers_that_are_too_large_are_pages_that_are_not_there(world):
    client = world.client(CLERK)
    for name, page in PAGES.items():
        ids = NUMBERED & set(page.args)
        if not ids or page.post_only:
            continue
        args = [2**70 if thing in ids else world.objects[thing] for thing in page.args]
        try:
            path = reverse(f"web:{name}", args=args)
        except NoReverseMatch:
            continue
        assert client.get(path).status_code in (403, 404), path
