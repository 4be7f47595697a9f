"""Gateway to the national population database (CSDLQGvDC): its words, its rules of use, its X-Road client.

Sources: domain sheet 2.3 and 2.4 (fields and contract), trust.md section 7 (headers of the bus), X-Road
Message Protocol for REST (PR-REST). Asked are match flags, never the citizen's values; the exceptions are the
residence, which schools must use in place of paper (Nghị định 104/2022/NĐ-CP), and the number of an offered
person once somebody has accepted the offer.
"""

from hocbaso.engines.population.client import XRoadPopulation
from hocbaso.engines.population.limits import Backoff, CircuitBreaker, DailyQuota, NightWindow
from hocbaso.engines.population.model import (
    FIELDS,
    MAX_BATCH,
    Accepted,
    Answer,
    Fault,
    FieldAnswer,
    OfferedPerson,
    Outcome,
    PopulationPort,
    PopulationUnavailable,
    Purpose,
    Query,
    ResidenceAnswer,
    ResidenceEntry,
    Subject,
)
from hocbaso.engines.population.pipeline import ask_in_parallel
from hocbaso.engines.population.settings import GatewaySettings, WrongSettings

__all__ = [
    "FIELDS",
    "MAX_BATCH",
    "Accepted",
    "Answer",
    "Backoff",
    "CircuitBreaker",
    "DailyQuota",
    "Fault",
    "FieldAnswer",
    "GatewaySettings",
    "NightWindow",
    "OfferedPerson",
    "Outcome",
    "PopulationPort",
    "PopulationUnavailable",
    "Purpose",
    "Query",
    "ResidenceAnswer",
    "ResidenceEntry",
    "Subject",
    "WrongSettings",
    "XRoadPopulation",
    "ask_in_parallel",
]
