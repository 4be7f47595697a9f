"""What a check found: violations by rule number, with their places."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lxml import etree

from hocbaso.engines.trust.conformance.rules import catalogue

#: A hostile file must not make a report without end.
MAX_VIOLATIONS = 400
_LONGEST_DETAIL = 200
_COUNTED = 500


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a document breaks at one place.

    ``place`` is an XPath, an ``Id``, an offset in bytes or the name of an entry; ``line`` is 1-based.
    """

    rule: str
    place: str = ""
    line: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """The answer about one document or package. ``undecided``: rules that the given bundle cannot answer."""

    file: str
    violations: tuple[Violation, ...]
    undecided: tuple[str, ...] = ()
    code: str | None = None
    version: int | None = None
    digest: str | None = None
    asked_bundle: bool = False

    @property
    def conforms(self) -> bool:
        """Whether no rule that could be asked is broken."""
        return not self.violations

    @property
    def rules(self) -> tuple[str, ...]:
        """The numbers of the broken rules, each once, in the order of the catalogue."""
        broken = {item.rule for item in self.violations}
        return tuple(number for number in catalogue() if number in broken)

    def to_json(self) -> dict[str, Any]:
        """Plain data; every violation carries its rule's sentences."""
        rules = catalogue()
        return {
            "file": self.file,
            "conforms": self.conforms,
            "code": self.code,
            "version": self.version,
            "digest": self.digest,
            "bundle": self.asked_bundle,
            "rules": list(self.rules),
            "undecided": list(self.undecided),
            "violations": [
                {
                    "rule": item.rule,
                    "area": rules[item.rule].area,
                    "place": item.place,
                    "line": item.line,
                    "detail": item.detail,
                    "vi": rules[item.rule].vi,
                    "en": rules[item.rule].en,
                    "source": rules[item.rule].source,
                }
                for item in self.violations
            ],
        }


@dataclass
class Findings:
    """Collects violations; the same rule at the same place counts once."""

    violations: list[Violation] = field(default_factory=list)
    undecided: set[str] = field(default_factory=set)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, rule: str, place: str = "", detail: str = "", line: int | None = None) -> None:
        """Record that ``rule`` is broken."""
        if rule not in catalogue():
            raise ValueError(f"no such rule: {rule}")
        key = (rule, place)
        if key in self._seen or len(self.violations) >= MAX_VIOLATIONS:
            return
        self._seen.add(key)
        self.violations.append(Violation(rule, _shown(place), line, _shown(detail)))

    def at(self, rule: str, node: etree._Element, detail: str = "") -> None:
        """Record that ``rule`` is broken at an element."""
        if len(self.violations) < MAX_VIOLATIONS:  # finding the way takes time
            self.add(rule, path_of(node), detail, node.sourceline)

    def broken(self, *prefixes: str) -> bool:
        """Whether a rule whose number begins so is broken."""
        return any(item.rule.startswith(prefixes) for item in self.violations)


def path_of(node: etree._Element) -> str:
    """The way to an element by local names; the ``Id`` where there is one."""
    steps: list[str] = []
    current: etree._Element | None = node
    while current is not None and len(steps) < 32:
        parent = current.getparent()
        name = local(current)
        identifier = current.get("Id")
        if identifier is not None:
            name += f"[@Id='{identifier[:80]}']"
        elif parent is not None:
            name += _place_among(current)
        steps.append(name)
        current = parent
    return "/" + "/".join(reversed(steps))


def _place_among(node: etree._Element) -> str:
    """``[3]`` of the third of its name; nothing where it is the only one. Counted as far as people count."""
    tag = str(node.tag)
    if not tag.startswith("{"):
        return ""
    before = len(list(islice(node.itersiblings(tag, preceding=True), _COUNTED)))
    if before == _COUNTED:
        return f"[>{_COUNTED}]"
    alone = not before and next(node.itersiblings(tag), None) is None
    return "" if alone else f"[{before + 1}]"


def local(node: etree._Element) -> str:
    """The local name of an element; of a comment or an instruction a word for it."""
    return etree.QName(node).localname if isinstance(node.tag, str) else "(chú thích)"


def _shown(text: str) -> str:
    """Text from a stranger, as a screen may show it: nothing invisible, not without end."""
    kept = "".join(c if c.isprintable() else "�" for c in text[:_LONGEST_DETAIL])
    return kept + ("…" if len(text) > _LONGEST_DETAIL else "")
