"""``hocbaso sandbox --population FILE --residence FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hocbaso.interfaces.cli import node
from hocbaso.sandbox import server


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> list[dict[str, Any]]:
    """What the server was started with, on a home of its own."""
    seen: list[dict[str, Any]] = []
    settings.HOCBASO_HOME = tmp_path
    monkeypatch.setattr(node, "prepare_home", dict)
    monkeypatch.setattr(server, "serve", lambda host, port, **options: seen.append(options | {"port": port}))
    return seen


def run(*arguments: str) -> Any:
    import typer

    app = typer.Typer()
    app.command()(node.sandbox)
    return CliRunner().invoke(app, list(arguments))


def test_both_files_are_loaded_and_stay_for_the_next_start(
    served: list[dict[str, Any]], samples: Path
) -> None:
    files = ("--population", str(samples / "dan_cu.csv"), "--residence", str(samples / "dan_cu_cu_tru.csv"))
    for arguments in (files, ()):
        assert run(*arguments).exit_code == 0
        registry = served[-1]["registry"]
        assert registry.store.people(["074219519343"])
        assert len(registry.store.stays("079219715396")) == 3
        assert served[-1]["port"] == 8089
        registry.store.close()


def test_a_file_that_is_something_else_ends_the_command(
    served: list[dict[str, Any]], samples: Path, tmp_path: Path
) -> None:
    for file in (samples / "dan_cu_cu_tru.csv", tmp_path / "nowhere.csv"):
        assert run("--population", str(file)).exit_code == 2
    assert served == []
