"""What can go wrong in each phase of a probe, in the words of the contract and in a sentence."""

import http.client
import ssl
from typing import Literal

Phase = Literal["resolve", "connect", "tls", "processing", "transfer"]


class ProbeError(Exception):
    """A probe that ended early: a word of the contract's closed list, and why in a few words."""

    def __init__(self, error_type: str, reason: str) -> None:
        super().__init__(reason)
        self.error_type, self.reason = error_type, reason


def error_type(phase: Phase, error: Exception) -> str:
    if phase == "resolve":
        return "dns"
    if phase == "connect":
        if isinstance(error, ConnectionRefusedError):
            return "connect_refused"
        return "connect_timeout" if isinstance(error, TimeoutError) else "other"
    if phase == "tls" or isinstance(error, ssl.SSLError):  # TLS 1.3 refuses a client only when it reads
        return "tls_verify" if isinstance(error, ssl.SSLCertVerificationError) else "tls_handshake"
    return "read_timeout" if isinstance(error, TimeoutError) else "other"


def reason(phase: Phase, error: Exception, budget_s: float) -> str:
    """A few words without anything that the server said."""
    if isinstance(error, TimeoutError):
        return f"{phase} did not end within {budget_s:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {error.verify_message}"
    if isinstance(error, http.client.IncompleteRead):
        return "the answer broke off"
    return f"{phase} failed ({type(error).__name__})"
