"""The rules of the house that a reader could break without noticing."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import hocbaso
from hocbaso.core import errors

SRC = Path(hocbaso.__file__).parent


def _import_everything() -> None:
    for module in pkgutil.walk_packages(hocbaso.__path__, "hocbaso."):
        if ".migrations" not in module.name and module.name != "hocbaso.config.wsgi":
            importlib.import_module(module.name)


def test_the_floors_are_kept() -> None:
    # In a process of its own: the linter sets up logging anew and would silence every logger of this one.
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--no-cache",
        "--config",
        "pyproject.toml",
    ]
    done = subprocess.run(command, cwd=SRC.parent.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


PURE = ("core.codelists", "core.regulation.tt27", "core.document.emit", "engines.trust.verification")


@pytest.mark.parametrize("package", [*PURE, "engines.workbooks", "engines.ledger.log"])
def test_ground_and_first_floor_import_without_django(package: str) -> None:
    code = f"import sys, hocbaso.{package}; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_error_code_speaks_vietnamese_and_english() -> None:
    _import_everything()
    catalogue = errors.catalogue()
    assert len(catalogue) > 50
    for code, text in catalogue.items():
        assert text.en.strip(), code
        assert len(text.vi.split()) > 1, code


_SANDBOX = ("from hocbaso.sandbox", "import hocbaso.sandbox")


def test_the_sandbox_is_imported_by_nobody() -> None:
    offenders = [
        str(path.relative_to(SRC))
        for path in SRC.rglob("*.py")
        if "sandbox" not in path.relative_to(SRC).parts[0]
        and any(
            line.lstrip().startswith(("from hocbaso.sandbox", "import hocbaso.sandbox"))
            for line in path.open()
        )
    ]
    assert offenders == []


def test_nobody_reads_the_time_but_the_clock() -> None:
    allowed = {"apps/common/clock.py", "interfaces/cli/verify.py"}  # verify works without any settings
    reads = ("datetime.now(", "date.today(", "timezone.now(", "time.time(", "utcnow(")
    offenders = [
        f"{path.relative_to(SRC)}: {line.strip()}"
        for path in SRC.rglob("*.py")
        if str(path.relative_to(SRC)) not in allowed and path.relative_to(SRC).parts[0] != "sandbox"
        for line in path.open()
        if any(read in line for read in reads)
    ]
    assert offenders == []


def test_no_float_touches_a_mark() -> None:
    for package in ("core/regulation", "apps/assessment"):
        for path in (SRC / package).rglob("*.py"):
            assert "float(" not in path.read_text(), path


@pytest.mark.django_db
def test_every_guarded_table_refuses_in_the_database() -> None:
    from django.db import connection

    from hocbaso.apps.common import guards

    tables = {guard.table for guard in guards.all_guards()}
    assert {
        "audit_event",
        "assessment_resultchange",
        "assessment_subjectresult",
        "ledger_logentry",
        "ledger_checkpoint",
        "transcripts_yearsheet",
        "transcripts_sheetsignature",
        "transcripts_issuedsheet",
        "transcripts_evidence",
        "transcripts_statusevent",
        "pupils_photo",
        "signing_certificate",
    } <= tables
    assert guards.missing(connection) == []


@pytest.mark.django_db
def test_a_missing_guard_is_said_at_start() -> None:
    from django.core.checks import run_checks
    from django.db import connection

    from hocbaso.apps.common import guards

    with guards.suspended(connection):
        found = run_checks(tags=["database"], databases=["default"])
        assert any(message.id == "hocbaso.E001" for message in found)
    assert not any(
        message.id == "hocbaso.E001" for message in run_checks(tags=["database"], databases=["default"])
    )


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_an_unknown_permission_is_denied_to_everybody() -> None:
    from hocbaso.apps.accounts import door

    assert not door.allowed(door.Actor.operator(), "no.such.permission")


def test_a_genuine_node_refuses_to_start_without_its_own_keys() -> None:
    from hocbaso.config import environment

    with pytest.raises(environment.WrongEnvironment, match="HOCBASO_KEY_PROVIDER"):
        environment.read({"HOCBASO_ENVIRONMENT": "chinh_thuc"})
    genuine = {"HOCBASO_ENVIRONMENT": "chinh_thuc", "HOCBASO_KEY_PROVIDER": "a.b", "HOCBASO_DEBUG": "1"}
    with pytest.raises(environment.WrongEnvironment, match="HOCBASO_DEBUG"):
        environment.read(genuine)
    with pytest.raises(environment.WrongEnvironment, match="HOCBASO_PROXIES"):
        environment.read({"HOCBASO_PROXIES": "-1"})
    with pytest.raises(environment.WrongEnvironment, match="HOCBASO_AGENT_PORT"):
        environment.read({"HOCBASO_AGENT_PORT": "80"})
    with pytest.raises(environment.WrongEnvironment, match="HOCBASO_ENVIRONMENT"):
        environment.read({"HOCBASO_ENVIRONMENT": "production"})
