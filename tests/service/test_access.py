"""Every call has an operator, every change a purpose, every comparison a case: with less nobody learns anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from index.records import Gallery, Subject
from matcher.access.context import AccessContext
from matcher.client import MatcherClient, ServiceError
from tests.fakes import face, finger
from tests.service.conftest import ACCESS, Service

Call = Callable[[MatcherClient, str, AccessContext], Any]
READS: dict[str, Call] = {
    "get_subject": lambda client, subject_id, access: client.get_subject(subject_id, access=access),
    "list_subjects": lambda client, _, access: list(client.subjects(access=access)),
    "list_references": lambda client, subject_id, access: list(client.references(subject_id, access=access)),
    "list_galleries": lambda client, _, access: list(client.galleries(access=access)),
    "server_info": lambda client, _, access: client.server_info(access=access),
    "assess": lambda client, _, access: client.assess([face(1)], access=access),
}
CHANGES: dict[str, Call] = {
    "enroll": lambda client, _, access: client.enroll(
        [face(2)], subject=Subject("", "2"), skip_duplicate_check=True, access=access
    ),
    "create_gallery": lambda client, _, access: client.create_gallery("other", access=access),
    "export_template": lambda client, subject_id, access: client.export_template(
        client.enroll([finger(1)], subject=Subject(subject_id), access=ACCESS).samples[0].reference_id, access=access
    ),
    "update_gallery": lambda client, _, access: client.update_gallery("watch", display_name="Watched", access=access),
    "delete_gallery": lambda client, _, access: client.delete_gallery("watch", access=access),
    "add_to_gallery": lambda client, subject_id, access: client.add_to_gallery("watch", [subject_id], access=access),
    "remove_from_gallery": lambda client, subject_id, access: client.remove_from_gallery(
        "watch", [subject_id], access=access
    ),
    "delete_reference": lambda client, _, access: client.delete_reference(1, access=access),
    "delete_subject": lambda client, subject_id, access: client.delete_subject(subject_id, access=access),
}
COMPARISONS: dict[str, Call] = {
    "identify": lambda client, _, access: client.identify([face(1)], access=access),
    "list_subjects by name": lambda client, _, access: list(client.subjects(name="an", access=access)),
    "verify": lambda client, subject_id, access: client.verify([face(1)], subject_id=subject_id, access=access),
    "verify two": lambda client, _, access: client.verify([face(1)], other=[face(1)], access=access),
    "enroll compared": lambda client, _, access: client.enroll([face(1)], subject=Subject("", "3"), access=access),
}
NEEDED = {
    **dict.fromkeys(READS, ("operator_id",)),
    **dict.fromkeys(CHANGES, ("operator_id", "purpose")),
    **dict.fromkeys(COMPARISONS, ("operator_id", "case_number", "purpose")),
}
CALLS = READS | CHANGES | COMPARISONS
SAYS_NOTHING = ["", " ", ".", "-", "…", "a", "?!", "\u200b\u200b", "١"]


@pytest.mark.parametrize("name", CALLS)
def test_what_a_call_needs_is_asked_for_and_nothing_else(service: Service, name: str) -> None:
    service.database.create_gallery(Gallery("watch", "Watch"))
    subject_id = service.client.enroll([face(1)], subject=Subject("", "1")).subject_id
    said = {field: getattr(ACCESS, field) for field in ("operator_id", "case_number", "purpose")}
    for field in NEEDED[name]:
        for value in SAYS_NOTHING:
            with pytest.raises(ServiceError) as refusal:
                CALLS[name](service.client, subject_id, AccessContext(**{**said, field: value}))
            assert [violation.field for violation in refusal.value.violations] == [f"access.{field}"]
            assert service.audit.events[-1].outcome == "refused"
    assert [subject.external_id for subject in service.client.subjects()] == ["1"]
    enough = {field: value if field in NEEDED[name] else "" for field, value in said.items()}
    CALLS[name](service.client, subject_id, AccessContext(**enough))
    assert service.audit.events[-1].outcome == "ok"


def test_every_method_of_the_wire_is_among_them(service: Service) -> None:
    methods = {
        method
        for stub in (service.client.matching, service.client.enrollment, service.client.server)
        for method in vars(stub)
        if not method.startswith("_")
    }
    named = {"".join(part.title() for part in name.split(" ")[0].split("_")) for name in CALLS}
    # A batch goes through Enroll, item by item.
    assert methods == named | {"BatchEnroll"}


@pytest.mark.parametrize("purpose", ["điều tra", "ÉÉ", "案件", "№ 12", "07"])
def test_a_purpose_may_be_of_any_script(service: Service, purpose: str) -> None:
    service.client.identify([face(1)], access=AccessContext("op-7", "12/2026", purpose))
