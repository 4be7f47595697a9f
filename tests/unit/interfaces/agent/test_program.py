"""The agent as a program: no Django, no dump of its memory, drivers where vendors put them, its window."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.providers.frames import FramePipe, PipeClosed, PipeSilent
from hocbaso.engines.trust.providers.pkcs11_tokens import list_tokens
from hocbaso.interfaces.agent.drivers import drivers, known_places
from hocbaso.interfaces.agent.keyring import TokenKeyring, holding
from hocbaso.interfaces.agent.program import Agent, Options
from tests.unit.interfaces.agent.support import SITE, FakeKeyring, Site, b64, teacher

COMMAND = str(Path(sys.executable).with_name("hocbaso"))
_CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("HOCBASO_", "DJANGO_"))}


def test_the_agent_knows_no_django() -> None:
    look = (
        "import sys, hocbaso.interfaces.agent.program\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & {'django', 'psycopg', 'sqlite3'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], env=_CLEAN, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_help_and_refusals_need_no_node(tmp_path: Path) -> None:
    where = _CLEAN | {"HOCBASO_HOME": str(tmp_path / "none"), "HOCBASO_DATABASE_URL": "postgresql://nowhere"}
    done = subprocess.run([COMMAND, "agent", "--help"], env=where, capture_output=True, text=True, check=True)
    for words in ("Chương trình ký trên máy của thầy cô", "--site", "--module", "--port", "--terminal"):
        assert words in done.stdout
    refused = subprocess.run(
        [COMMAND, "agent", "--json"], env=where, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "agent_needs_site" in refused.stdout
    assert not (tmp_path / "none").exists()


def test_a_core_file_of_the_agent_would_be_empty() -> None:
    look = (
        "import resource; from hocbaso.engines.trust.providers.hardening import no_dumps; no_dumps()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), open('/proc/self/status').read().count('x'))\n"
        "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], env=_CLEAN, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("(0, 0)")
    assert done.stdout.strip().endswith("0"), "not dumpable"


def test_drivers_are_looked_for_where_each_system_keeps_them(tmp_path: Path) -> None:
    windows = [str(path) for path in known_places("win32", {"SYSTEMROOT": "C:\\Windows"})]
    assert any("System32" in path and path.endswith("viettel-ca_v6.dll") for path in windows)
    assert all(path.endswith(".dll") for path in windows)
    assert all(path.is_absolute() for path in [*known_places("darwin"), *known_places("linux")])
    named = tmp_path / "driver.so"
    assert drivers([named]) == [named], "said by the person: taken, found or not"


def test_a_driver_that_is_none_is_said_and_no_driver_is_said_otherwise(tmp_path: Path) -> None:
    broken = tmp_path / "khong-phai.so"
    broken.write_bytes(b"nothing")
    with pytest.raises(DomainError) as caught:
        list_tokens(broken)
    assert caught.value.code == "token_module_unusable"
    assert "khong-phai.so" in caught.value.message
    with pytest.raises(DomainError) as caught:
        TokenKeyring([]).find()
    assert caught.value.code == "agent_no_driver"
    with pytest.raises(DomainError) as caught:
        holding([], teacher().certificate)
    assert caught.value.code == "agent_other_token"


def test_a_window_is_opened_when_the_person_is_wanted_and_none_is_there() -> None:
    opened: list[str] = []
    agent = Agent(Options((SITE,)), FakeKeyring(), open_page=opened.append)  # type: ignore[arg-type]
    try:
        site = Site()
        agent.desk._attention = lambda: None if agent.windows.open else agent.open_window()  # in this thread
        agent.desk.ask_pairing(SITE, site.account, b64(site.public))
        assert len(opened) == 1
        assert opened[0].startswith(f"http://127.0.0.1:{agent.port}/#")
        agent.windows.enter(opened[0].partition("#")[2])
        agent.desk.ask_pairing(SITE, site.account, b64(site.public))
        assert len(opened) == 1
    finally:
        agent.server.server_close()


@pytest.mark.parametrize("threaded", [False, True])
def test_frames_wait_the_same_with_and_without_a_thread(threaded: bool) -> None:
    reader, writer = os.pipe()
    pipe = FramePipe(reader, writer, threaded=threaded)
    pipe.send(b"A", b"one")
    pipe.send(b"B")
    assert pipe.receive(5) == (b"A", b"one")
    assert pipe.receive(None) == (b"B", b"")
    with pytest.raises(PipeSilent):
        pipe.receive(0.01)
    os.close(writer)
    for _ in range(2):
        with pytest.raises(PipeClosed):
            pipe.receive(5)
    if not threaded:
        os.close(reader)
