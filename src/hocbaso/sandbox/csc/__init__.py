"""A remote-signing provider of the sandbox: CSC API v2 over credentials of the sandbox's authorities."""

from hocbaso.sandbox.csc.service import Behaviour, RemoteSigningService
from hocbaso.sandbox.csc.web import MOUNT, make_csc_app

__all__ = ["MOUNT", "Behaviour", "RemoteSigningService", "make_csc_app"]
