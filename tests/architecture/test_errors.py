"""Every error class has one line in the status table, a reason on the wire, and texts in both languages."""

from __future__ import annotations

import inspect

import pytest

from index import errors as index_errors
from index.errors import DatabaseError
from matcher import errors as matcher_errors
from matcher.audit.entries import outcome_of
from matcher.errors import MatcherError
from matcher.server.status import mapped_classes, status_of
from matcher.texts import face_quality, fingerprint_quality
from matcher.texts.catalog import catalog, quality_text, text
from matcher.texts.languages import LANGUAGES
from matcher.texts.reasons import classes_with_a_reason, error_text, reason_of
from protos.biometrics.v1 import error_reason_pb2

CLASSES = sorted(
    (
        found
        for module, base in ((index_errors, DatabaseError), (matcher_errors, MatcherError))
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, base)
    ),
    key=lambda found: found.__name__,
)
REASONS = {name for name in error_reason_pb2.ErrorReason.keys() if not name.endswith("UNSPECIFIED")}  # noqa: SIM118


def _made(kind: type[Exception], message: str) -> Exception:
    if kind is matcher_errors.SeveralFacesError:
        return matcher_errors.SeveralFacesError(message, ())
    if kind is matcher_errors.QualityError:
        return matcher_errors.QualityError(message, score=1, reasons=())
    if kind is matcher_errors.ImageKindError:
        return matcher_errors.ImageKindError(message)
    return kind(message)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_is_mapped_to_a_known_reason(kind: type[Exception]) -> None:
    assert kind in mapped_classes()
    assert reason_of(_made(kind, "")) in REASONS


def test_nothing_else_is_mapped() -> None:
    assert mapped_classes() == classes_with_a_reason() == frozenset(CLASSES)


def test_the_trees_are_drawn_in_full() -> None:
    for module, base in ((index_errors, DatabaseError), (matcher_errors, MatcherError)):
        for kind in CLASSES:
            if issubclass(kind, base):
                assert kind.__name__ in (module.__doc__ or "")


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_has_a_text_in_both_languages(reason: str) -> None:
    vietnamese, english = (text(reason, language) for language in LANGUAGES)
    assert vietnamese != english
    assert vietnamese.endswith((".", "doctor"))


def test_texts_have_the_same_places_in_both_languages() -> None:
    for code, (vietnamese, english) in catalog().items():
        places = [{part.partition("}")[0] for part in version.split("{")[1:]} for version in (vietnamese, english)]
        assert places[0] == places[1], code


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_what_is_not_about_the_sample_is_told_from_the_table(kind: type[Exception]) -> None:
    secret = "/srv/folder/file of subject 17"
    error = _made(kind, secret)
    told = f"{status_of(error, language='vi')}{error_text(error, 'vi')}"
    told_as_it_is = (matcher_errors.SampleError, matcher_errors.RequestError, index_errors.PageSizeError)
    if not isinstance(error, (*told_as_it_is, index_errors.PageTokenError)):
        told += error_text(error, "en")
        assert secret not in told


@pytest.mark.parametrize("code", sorted({**face_quality.TEXTS, **fingerprint_quality.TEXTS}))
def test_every_quality_reason_says_what_to_do_in_both_languages(code: str) -> None:
    vietnamese, english = (quality_text(code, language) for language in LANGUAGES)
    assert vietnamese != english
    assert " " in vietnamese.strip()


def test_a_quality_refusal_names_its_reasons_in_the_language_asked_for() -> None:
    error = matcher_errors.QualityError("low", score=3, reasons=("too_dry", "face_blurred"))
    told = error_text(error, "vi")
    assert all(quality_text(code, "vi") in told for code in error.reasons)


def test_an_unforeseen_error_tells_nothing_but_the_call_id() -> None:
    status = status_of(ValueError("/srv/folder"), language="en", call_id="r-1")
    assert "/srv" not in str(status)
    assert "r-1" in str(status)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (matcher_errors.NoFaceError(""), "refused"),
        (matcher_errors.RequestError(""), "refused"),
        (index_errors.SubjectNotFoundError(""), "refused"),
        (index_errors.DatabaseFullError(""), "failed"),
        (matcher_errors.SessionError(""), "failed"),
        (matcher_errors.DeadlineError(""), "failed"),
        (ValueError(""), "failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_the_audit_tells_refusals_from_failures(error: Exception, outcome: str) -> None:
    assert outcome_of(error) == outcome
