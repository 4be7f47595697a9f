#!/usr/bin/env bash
# All tests on SQLite, then everything that touches the database again on a PostgreSQL that the run starts.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE # every command of a journey is a process: none shall compile the sources anew
pytest=(.venv/bin/python -m pytest -q -raR -n 2 --dist loadfile --no-loadscope-reorder)
echo "SQLite:"
"${pytest[@]}" --durations=12 "$@"
echo "PostgreSQL:"
HOCBASO_TEST_DATABASE=postgresql "${pytest[@]}" -m database tests/unit/apps tests/unit/interfaces tests/architecture "$@"
