"""A population registry (CSDLQGvDC) of the sandbox: its own database, its own answers, its own bad days.

It stands for somebody else's system, so it shares no code with the gateway that asks it: the rules by which
it compares are written here a second time, after domain sheet 2.1 and 2.4.
"""

from hocbaso.sandbox.population.behaviour import Behaviour
from hocbaso.sandbox.population.registry import PopulationRegistry
from hocbaso.sandbox.population.web import in_process_port, make_population_app

__all__ = ["Behaviour", "PopulationRegistry", "in_process_port", "make_population_app"]
