"""Where revocation answers come from: what the key provider holds, then its responders, then the network."""

from __future__ import annotations

from hocbaso.apps.signing.ports import KeyProvider, key_provider
from hocbaso.engines.trust.longterm.fetching import HttpAnswers
from hocbaso.engines.trust.longterm.validation_data import Ask, Gatherer


def gatherer() -> Gatherer:
    """A gatherer for one run: lists as they are now, answers kept until it ends.

    A key provider may have an ``answer(certificate, issuer)`` of its own (DER of an OCSP response or a list);
    otherwise the addresses in the certificates are asked.
    """
    provider = key_provider()
    return Gatherer(provider.trust(), asking(provider))


def asking(provider: KeyProvider) -> Ask:
    """The provider's own way to ask, else the network."""
    ask: Ask = getattr(provider, "answer", None) or HttpAnswers()
    return ask
