"""A small Python client of the service: what the command line, the batch enroller and the tests use.

    with MatcherClient("127.0.0.1:50551") as client:
        answer = client.identify([face_sample("probe.jpg")], access=AccessContext("op-7", "case-12", "burglary"))
        for candidate in answer.candidates:
            print(candidate.rank, candidate.subject_id, candidate.score)

Answers are the messages of protos/biometrics/v1. Every failure is a ServiceError.
"""

from __future__ import annotations

from matcher.client.connection import DEFAULT_ADDRESS, ClientTls, MatcherClient
from matcher.client.diagnosis import unusable_files, why_unreachable
from matcher.client.errors import FieldViolation, ServiceError, error_of
from matcher.client.health import ServerHealth
from matcher.client.messages import (
    EVENT_UNDONE,
    FINGERPRINT,
    MODALITY_NAMES,
    SEALED,
    access_message,
    enroll_message,
    face_sample,
    fingerprint_sample,
    plain,
    sample_message,
    template_sample,
)

__all__ = [
    "DEFAULT_ADDRESS",
    "EVENT_UNDONE",
    "FINGERPRINT",
    "MODALITY_NAMES",
    "SEALED",
    "ClientTls",
    "FieldViolation",
    "MatcherClient",
    "ServerHealth",
    "ServiceError",
    "access_message",
    "enroll_message",
    "error_of",
    "face_sample",
    "fingerprint_sample",
    "plain",
    "sample_message",
    "template_sample",
    "unusable_files",
    "why_unreachable",
]
