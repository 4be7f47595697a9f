"""A process that has read the libraries which every command reads, and becomes one ``hocbaso`` a request.

Started by ``nursery.py``; never imported. It holds no thread, no database and no settings: what depends on a
node's environment is read in the child, after the fork.

A request on the socket: the descriptors that shall be standard output and error, then a JSON document of
``argv``, ``env``, ``cwd`` and ``code`` (run before the command). The answers, four bytes each: the child's
process id; when it has ended, its status as :func:`os.waitstatus_to_exitcode` tells it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import struct
import sys
import threading
import traceback
from typing import Any

LIBRARIES = (
    *("argparse", "asyncio", "sqlite3", "typer._adapters", "rich.console", "rich.table", "rich.progress"),
    *("httpx", "lxml.etree", "structlog", "openpyxl", "cryptography.x509", "dj_database_url"),
    *("csp.constants", "django.urls", "django.http", "django.db.models", "django.forms", "django.template"),
    *("django.views.generic", "django.views.debug", "django.core.management", "django.core.mail"),
    *("django.db.backends.sqlite3.base", "django.contrib.auth.hashers", "django.contrib.messages"),
    *("django.contrib.auth.password_validation", "django.contrib.staticfiles.finders"),
    *("django.middleware.csrf", "django.template.loader_tags", "django.template.defaulttags"),
    "django.utils.translation.trans_real",
)


def read_libraries() -> None:
    """Everything that does not depend on settings: foreign libraries and our two lower floors."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for floor in ("hocbaso.core", "hocbaso.engines"):
        for module in pkgutil.walk_packages(importlib.import_module(floor).__path__, f"{floor}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def become(request: dict[str, Any], descriptors: list[int]) -> int:
    """In the child: what a fresh interpreter would find, then the command; gives the exit status."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, *descriptors)):
        os.dup2(descriptor, number)
    os.closerange(3, 1024)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv[:] = request["argv"]
    try:
        if request["code"]:
            exec(request["code"], {"__name__": "__main__"})
        from hocbaso.interfaces.cli.main import main

        main()
    except SystemExit as stopped:
        if stopped.code is None or isinstance(stopped.code, int):
            return int(stopped.code or 0)
        print(stopped.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def end(status: int) -> None:
    """What an interpreter does at its end, but for tearing down modules."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status & 0xFF)


def accept(listener: socket.socket, children: dict[int, socket.socket]) -> None:
    """One request: a child, and its number told."""
    connection, _ = listener.accept()
    head, descriptors, _, _ = socket.recv_fds(connection, 4, 2)
    (length,) = struct.unpack("!i", head)
    content = b""
    while len(content) < length:
        content += connection.recv(length - len(content))
    child = os.fork()
    if child == 0:
        end(become(json.loads(content), descriptors))
    for descriptor in descriptors:
        os.close(descriptor)
    children[child] = connection
    connection.sendall(struct.pack("!i", child))


def bury(children: dict[int, socket.socket]) -> None:
    """Tell of every child that has ended."""
    while children:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        connection = children.pop(child)
        with contextlib.suppress(OSError):  # nobody waits any more
            connection.sendall(struct.pack("!i", os.waitstatus_to_exitcode(status)))
        connection.close()


def main(address: str) -> None:
    """Serve until standard input ends, that is: as long as the tests live."""
    read_libraries()
    sys.path.pop(0)  # this folder, put there because a file of it was started
    ended, ring = os.pipe()
    os.set_blocking(ring, False)
    os.set_blocking(ended, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring)
    children: dict[int, socket.socket] = {}
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        listener.bind(address)
        listener.listen(64)
        for source in (0, ended, listener):
            selector.register(source, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in selector.select():
                if key.fileobj == 0:
                    return
                if key.fileobj is listener:
                    accept(listener, children)
                else:
                    os.read(ended, 4096)
            bury(children)


if __name__ == "__main__":
    main(sys.argv[1])
