"""What a person must know of a search beside its list: that it met nobody, or that no print like this can be marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.database import EnrollmentDatabase
from index.records import SUBJECT_FIELDS, FingerPosition, SearchFilter, Sex, Subject, SubjectQuery, Template
from matcher.record_forms.kinds import is_document_number
from matcher.results import Notice, NoticeCode
from matcher.scoring.scores import fuse_scores, threshold_score
from matcher.search.searcher import Searcher, SearchOutcome
from matcher.stages import Stages
from matcher.texts.catalog import text

EVERYTHING = SearchFilter()


def scope_notices(
    database: EnrollmentDatabase, templates: Sequence[Template], where: SearchFilter, outcome: SearchOutcome
) -> tuple[Notice, ...]:
    """One for each sample that met no reference, saying what kept it from any. outcome: of searching with `where`."""
    return tuple(
        Notice(_emptiness(database, template, where), number)
        for number, (template, met) in enumerate(zip(templates, outcome.reference_counts, strict=True))
        if met == 0
    )


def missed_notices(
    database: EnrollmentDatabase, templates: Sequence[Template], where: SearchFilter
) -> tuple[Notice, ...]:
    """What is on record and was not searched: references of the samples' modalities made by packs other than theirs,
    and damaged ones."""
    notices = []
    searched = {(template.modality, template.pack_id) for template in templates}
    passed_over = [held for modality, pack_id in searched for held in database.passed_over(modality, pack_id, where)]
    if passed_over:
        notices.append(
            Notice(
                NoticeCode.REFERENCES_NOT_SEARCHED,
                reference_count=sum(held.reference_count for held in passed_over),
                pack_ids=tuple(sorted({held.pack_id for held in passed_over})),
            )
        )
    if damaged := database.references_set_aside():
        notices.append(Notice(NoticeCode.REFERENCES_SET_ASIDE, reference_count=len(damaged)))
    return tuple(notices)


def reach_notices(searcher: Searcher, templates: Sequence[Template], threshold: float) -> tuple[Notice, ...]:
    """One where the very same samples again would stay below the threshold: they show too little for it, or it lies
    beyond what a score can say."""
    highest = fuse_scores([searcher.highest_score(template) for template in templates])
    if highest.value >= threshold:
        return ()
    return (Notice(NoticeCode.THRESHOLD_OUT_OF_REACH),)


def differing_notices(said: Subject, stored: Subject) -> tuple[Notice, ...]:
    """One where something is said of a subject that is recorded otherwise; what is not said is no difference."""
    fields = tuple(
        name
        for name in SUBJECT_FIELDS
        if getattr(said, name) not in ("", None, Sex.UNKNOWN) and getattr(said, name) != getattr(stored, name)
    )
    return (Notice(NoticeCode.RECORD_DIFFERS, fields=fields),) if fields else ()


def known_document_notices(database: EnrollmentDatabase, said: Subject, subject_id: str) -> tuple[Notice, ...]:
    """One where the external id that is said of a subject is a number of a document in the records of others."""
    if not is_document_number(said.external_id):
        return ()
    page = database.list_subjects(SubjectQuery(document_number=said.external_id))
    others = tuple(subject.subject_id for subject in page.items if subject.subject_id != subject_id)
    return (Notice(NoticeCode.DOCUMENT_KNOWN, subject_ids=others),) if others else ()


def disagreeing_notices(
    searcher: Searcher, templates: Sequence[Template], subject_id: str, *, target_fmr: float, stages: Stages
) -> tuple[Notice, ...]:
    """One for each sample that does not reach the score of target_fmr against what is enrolled of a subject already.
    None for a sample that nothing of the subject can be compared with, or that shows too little to reach it at all."""
    notices = []
    for number, template in enumerate(templates):
        match = searcher.subject_match(template, subject_id, stages=stages)
        if match is None:
            continue
        chance_count, reference_id, similarity = match
        threshold = threshold_score(target_fmr, chance_count)
        score = searcher.score_of(template, number, reference_id, similarity).score.value
        if score < threshold <= searcher.highest_score(template).value:
            notices.append(Notice(NoticeCode.REFERENCES_DISAGREE, number, score=score, threshold=threshold))
    return tuple(notices)


def notice_text(notice: Notice, language: str) -> str:
    """What a notice tells a person."""
    return text(
        f"notice.{notice.code.value}",
        language,
        reference_count=notice.reference_count,
        pack_ids=", ".join(notice.pack_ids),
        fields=", ".join(notice.fields),
        subject_ids=", ".join(notice.subject_ids),
        score=f"{notice.score:.1f}",
        threshold=f"{notice.threshold:.1f}",
    )


def _emptiness(database: EnrollmentDatabase, template: Template, where: SearchFilter) -> NoticeCode:
    def is_met(scope: SearchFilter) -> bool:
        return database.count(template.modality, template.pack_id, scope)[1] > 0

    if not is_met(EVERYTHING):
        return NoticeCode.NOTHING_ENROLLED
    is_narrowed = template.finger is not FingerPosition.UNKNOWN or where.fingers
    if is_narrowed and is_met(replace(where, fingers=frozenset())):
        return NoticeCode.FINGER_POSITION_NOT_ENROLLED
    return NoticeCode.SCOPE_MATCHES_NOTHING
