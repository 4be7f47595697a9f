"""Facts about the machine that a reader needs to judge figures, and nothing that names it."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("cryptography", "django", "signxml", "lxml", "openpyxl", "python-calamine", "typst", "pyhanko")


def facts() -> dict[str, object]:
    """Python, processor, cores, libraries."""
    return {
        "python": platform.python_version(),
        "system": sys.platform,
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "sqlite": sqlite3.sqlite_version,
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
