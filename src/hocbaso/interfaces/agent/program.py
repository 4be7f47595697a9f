"""The agent as a program: starts listening, opens the person's window, ends cleanly."""

from __future__ import annotations

import getpass
import json
import signal
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.trust.providers.hardening import no_dumps
from hocbaso.interfaces.agent.desk import Desk
from hocbaso.interfaces.agent.drivers import drivers
from hocbaso.interfaces.agent.guard import origin_of
from hocbaso.interfaces.agent.http import AgentServer
from hocbaso.interfaces.agent.keyring import Keyring, TokenKeyring
from hocbaso.interfaces.agent.terminal import TerminalWindow
from hocbaso.interfaces.agent.window import Windows

register(
    {
        "agent_port_taken": (
            "Cổng {port} trên máy này đang có chương trình khác dùng (có thể chương trình ký đã chạy rồi). "
            "Thầy cô đóng cửa sổ cũ rồi chạy lại.",
            "Port {port} is taken.",
        ),
        "agent_needs_site": (
            "Cần địa chỉ trang học bạ: chạy lại với --site, ví dụ "
            "hocbaso agent --site https://hocba.truong.edu.vn.",
            "Name the site with --site.",
        ),
    }
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How the agent was started."""

    sites: tuple[str, ...]
    modules: tuple[Path, ...] = ()
    port: int = 0
    terminal: bool = False
    browser: bool = True
    as_json: bool = False


class Agent:
    """One running agent: its desk, windows and server.

    :raises DomainError: ``agent_needs_site``, ``agent_site_wrong``, ``agent_port_taken``.
    """

    def __init__(
        self,
        options: Options,
        keyring: Keyring | None = None,
        *,
        open_page: Callable[[str], object] = webbrowser.open,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not options.sites:
            raise Unreadable("agent_needs_site")
        sites = tuple(dict.fromkeys(origin_of(site) for site in options.sites))
        self.options = options
        self.windows = Windows(clock)
        self._open_page = open_page
        self.desk = Desk(
            sites, keyring or TokenKeyring(drivers(options.modules)), clock=clock, attention=self.attention
        )
        try:
            self.server = AgentServer(self.desk, self.windows, options.port)
        except OSError:
            raise DomainError("agent_port_taken", port=options.port) from None
        if set(sites) & set(self.server.gate.own_origins):
            self.server.server_close()
            raise Unreadable("agent_site_wrong", site=sites[0])

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server.server_address[1])

    def window_address(self) -> str:
        """Opens one window, once."""
        return f"http://127.0.0.1:{self.port}/#{self.windows.word()}"

    def open_window(self) -> None:
        """In the person's default browser, unless he wants none."""
        if self.options.browser and not self.options.terminal:
            with suppress(webbrowser.Error, OSError):
                self._open_page(self.window_address())

    def attention(self) -> None:
        """The person is wanted: a window must be open."""
        if not self.windows.open:
            threading.Thread(target=self.open_window, daemon=True).start()

    def __enter__(self) -> Agent:
        threading.Thread(target=self.server.serve_forever, args=(0.2,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.desk.unpair()
        self.server.shutdown()
        self.server.server_close()


def run(options: Options, say: Say) -> None:
    """Until Ctrl+C, SIGTERM or the end of the terminal.

    :param say: writes one line for the person.
    :raises DomainError: as :class:`Agent`.
    """
    no_dumps()
    stop = threading.Event()
    for name in ("SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    with Agent(options) as agent, suppress(KeyboardInterrupt):  # Ctrl+C also while a PIN is being typed
        _greet(agent, say)
        if options.terminal:
            _in_the_terminal(agent, say, stop)
        else:
            _beside_the_page(agent, say, stop)
    say("Chương trình ký đã dừng.")


def _greet(agent: Agent, say: Say) -> None:
    found = agent.desk.tokens()
    if agent.options.as_json:
        ready = {"ready": True, "port": agent.port, "window": agent.window_address(), **found}
        sys.stdout.write(json.dumps(ready, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    say(f"Chương trình ký đang chạy trên máy này cho {', '.join(agent.desk.sites)}.")
    for token in found["tokens"]:
        names = [one["name"] for one in token["certificates"] if not one["authority"]]
        shown = ", ".join(names) or "chứng thư số chỉ hiện sau khi nhập mã PIN"
        say(f"  Thiết bị ký: {token['label'] or token['serial']} ({shown})")
    if found["error"]:
        say(f"  {found['error']['message']}")
    elif not found["tokens"]:
        say("  Chưa thấy thiết bị ký nào; thầy cô cắm thiết bị vào cổng USB lúc nào cũng được.")
    if not agent.options.terminal:
        say("Cửa sổ Chương trình ký mở trong trình duyệt. Bấm Enter ở đây để mở lại; Ctrl+C để dừng.")
        if not agent.options.browser:
            say(f"  Địa chỉ cửa sổ (dùng một lần): {agent.window_address()}")
        agent.open_window()


def _in_the_terminal(agent: Agent, say: Say, stop: threading.Event) -> None:
    def ask(question: str) -> str:
        try:
            return getpass.getpass(question)
        except EOFError:  # nobody can type here: nothing is signed
            return ""

    TerminalWindow(agent.desk, say, ask).follow(stop.is_set)


def _beside_the_page(agent: Agent, say: Say, stop: threading.Event) -> None:
    """Enter opens a window again; without a terminal (tests, services) only signals are heard."""
    teller = TerminalWindow(agent.desk, say, None)
    threading.Thread(target=teller.follow, args=(stop.is_set,), daemon=True).start()
    if not agent.options.as_json and sys.stdin is not None and sys.stdin.isatty():
        threading.Thread(target=_enter_key, args=(agent, say), daemon=True).start()
    while not stop.wait(1.0):  # Windows hears Ctrl+C only between waits
        pass


def _enter_key(agent: Agent, say: Say) -> None:
    while sys.stdin.readline():
        if agent.options.browser:
            agent.open_window()
        else:
            say(f"  Địa chỉ cửa sổ (dùng một lần): {agent.window_address()}")
