"""Whether two files speak of one person: names compared and explained, likelihood, blocking without n².

Sources: domain sheet 2.1 rule 6 (soft differences of names are shown and confirmed, never equalised), 2.2
(re-keying on the personal number), old civil papers with partial dates. Pure: no I/O, no time, no database.
"""

from hocbaso.core.matching.blocking import Pairing, candidate_pairs, keys_of
from hocbaso.core.matching.likeness import LIKELY, Likeness, Part, Profile, likeness, profile
from hocbaso.core.matching.names import Difference, NameMatch, NameVerdict, compare_names

__all__ = [
    "LIKELY",
    "Difference",
    "Likeness",
    "NameMatch",
    "NameVerdict",
    "Pairing",
    "Part",
    "Profile",
    "candidate_pairs",
    "compare_names",
    "keys_of",
    "likeness",
    "profile",
]
