from __future__ import annotations

import pytest

from tests.unit.apps.periods.world import World


@pytest.fixture
def world(db) -> World:
    return World()
