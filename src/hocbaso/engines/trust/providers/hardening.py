"""A process through which a PIN passes: no core dump, nobody looks into its memory. Every system in its way.

Works as far as the system lets it; what it cannot do it leaves, because no system has all of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys

_PR_SET_DUMPABLE = 4
_NO_ERROR_BOXES = 0x0001 | 0x0002 | 0x8000  # SEM_FAILCRITICALERRORS, _NOGPFAULTERRORBOX, _NOOPENFILEERRORBOX


def no_dumps() -> None:
    """No core dump of this process and its children, no debugger of another account (Linux).

    Windows has no core files; its error reporting, which would send parts of the memory, is switched off.
    """
    if sys.platform == "win32":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.windll.kernel32.SetErrorMode(_NO_ERROR_BOXES)
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
