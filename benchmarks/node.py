"""A whole node in a directory that vanishes: real settings, SQLite file, sandbox keys, real use cases."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.builders import School

    from hocbaso.apps.transcripts.models import IssuedSheet
    from hocbaso.apps.transcripts.signature_store import Outcome
    from hocbaso.core.document.model import SignerRole

_CODES = count(79_000_301)
CLASS = "3A"


@dataclass
class Meter:
    """CPU seconds that the time-stamp authority took: somebody else's computer in real life."""

    seconds: float = 0.0
    tokens: int = 0


@dataclass
class Node:
    """The one node of this process."""

    home: Path
    stamping: Meter = field(default_factory=Meter)

    @property
    def database_bytes(self) -> int:
        """Size of the database as SQLite counts its pages."""
        from django.db import connection

        with connection.cursor() as cursor:
            pages = cursor.execute("PRAGMA page_count").fetchone()[0]
            return int(pages * cursor.execute("PRAGMA page_size").fetchone()[0])


def start(kind: str, database: str = "") -> Node:
    """Set Django up with keys of ``kind`` and an empty database. Once a process.

    :param database: address of an empty one, otherwise a SQLite file.
    """
    home = Path(tempfile.mkdtemp(prefix="hbs-bench-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return join(home, kind, database=database)


def join(home: Path, kind: str, first_code: int = 0, database: str = "") -> Node:
    """Take part in the node of ``home``, which another process of this run may have made.

    :param first_code: schools get codes from here on, so that two processes never make the same.
    """
    global _CODES
    _CODES = count(first_code) if first_code else _CODES
    for name in [name for name in os.environ if name.startswith("HOCBASO_")]:
        del os.environ[name]
    os.environ.update(HOCBASO_HOME=str(home), HOCBASO_SANDBOX_KEY=kind, HOCBASO_ENVIRONMENT="thu_nghiem")
    if database:
        os.environ["HOCBASO_DATABASE_URL"] = database
    from hocbaso.interfaces.cli.node import prepare_home

    prepare_home()
    node = Node(home)
    _meter_stamps(node.stamping)
    return node


def _meter_stamps(meter: Meter) -> None:
    from hocbaso.sandbox.tsa import SandboxStamper

    original = SandboxStamper.token

    def token(self: SandboxStamper, digest: bytes, **options: Any) -> bytes:
        begin = time.process_time()
        made = original(self, digest, **options)
        meter.seconds += time.process_time() - begin
        meter.tokens += 1
        return made

    SandboxStamper.token = token  # type: ignore[method-assign]


def finished_school(pupils: int) -> School:
    """A school with one class that has all its results and comments."""
    from tests.builders import finished_class, make_school

    from hocbaso.apps.assessment.models import SubjectResult

    school = make_school(str(next(_CODES)), classes=(CLASS,))
    finished_class(school, CLASS, pupils)
    comment = "Nắm chắc kiến thức, trình bày rõ ràng; cần đọc thêm sách ở nhà."
    SubjectResult.objects.filter(enrolment__school_class__school=school.unit).update(comment=comment)
    make_keys(school)
    return school


def make_keys(school: School) -> None:
    """Certificates of the people and the seal: made once in a signer's life, not once a class."""
    from hocbaso.apps.accounts.models import Role
    from hocbaso.apps.transcripts.use_cases.sign_sheets import check_signer, signer_of
    from hocbaso.core.document.model import SignerRole

    posts = {
        SignerRole.HOMEROOM: school.actor(Role.HOMEROOM, CLASS),
        SignerRole.PRINCIPAL: school.actor(Role.PRINCIPAL),
        SignerRole.SEAL: school.actor(Role.SEAL_KEEPER),
    }
    for role, actor in posts.items():
        check_signer(actor, *signer_of(actor, role, school.unit, school.classes[CLASS]))


def close(school: School) -> None:
    """Freeze the class."""
    from hocbaso.apps.accounts.models import Role
    from hocbaso.apps.transcripts.use_cases.close_class import close_class

    result = close_class(school.actor(Role.PRINCIPAL), school_class=school.classes[CLASS])
    if result.blocked:
        raise AssertionError(result.blocked[0])


def sign(school: School, role: SignerRole) -> Outcome:
    """:func:`authorise_and_run`; everything must have been signed."""
    outcome = authorise_and_run(school, role)
    if outcome.failed or outcome.sealed or not outcome.signed:
        raise AssertionError(outcome)
    return outcome


def authorise_and_run(school: School, role: SignerRole) -> Outcome:
    """One authorisation over the class in one role, then all of its signatures."""
    from tests.builders import YEAR

    from hocbaso.apps.accounts.models import Role
    from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
    from hocbaso.core.document.model import SignerRole

    posts = {
        SignerRole.HOMEROOM: (Role.HOMEROOM, CLASS),
        SignerRole.PRINCIPAL: (Role.PRINCIPAL, None),
        SignerRole.SEAL: (Role.SEAL_KEEPER, None),
    }
    post, class_name = posts[role]
    school_class = school.classes[CLASS] if class_name else None
    actor = school.actor(post, class_name)
    sheets = ready_sheets(school.unit, YEAR, role, school_class)
    batch = authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=school_class, method="cli"
    )
    return run_batch(actor, batch)


def sign_and_issue(school: School) -> None:
    """Homeroom teacher, principal, seal."""
    from hocbaso.core.document.model import SignerRole

    for role in (SignerRole.HOMEROOM, SignerRole.PRINCIPAL, SignerRole.SEAL):
        sign(school, role)


def issued_school(pupils: int) -> tuple[School, list[IssuedSheet]]:
    """A class that has gone the whole way."""
    from tests.builders import YEAR

    from hocbaso.apps.transcripts.queries import issued_sheets

    school = finished_school(pupils)
    close(school)
    sign_and_issue(school)
    return school, issued_sheets(school.unit, YEAR)


@contextmanager
def apart(node: Node) -> Iterator[list[float]]:
    """CPU seconds of the time-stamp authority inside the block, in the list's only place."""
    taken: list[Any] = [0.0]
    before = node.stamping.seconds
    yield taken
    taken[0] = node.stamping.seconds - before
