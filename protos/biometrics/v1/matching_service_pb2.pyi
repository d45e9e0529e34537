from protos.biometrics.v1 import sample_pb2 as _sample_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MinutiaKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MINUTIA_KIND_UNSPECIFIED: _ClassVar[MinutiaKind]
    MINUTIA_KIND_RIDGE_ENDING: _ClassVar[MinutiaKind]
    MINUTIA_KIND_RIDGE_BIFURCATION: _ClassVar[MinutiaKind]
MINUTIA_KIND_UNSPECIFIED: MinutiaKind
MINUTIA_KIND_RIDGE_ENDING: MinutiaKind
MINUTIA_KIND_RIDGE_BIFURCATION: MinutiaKind

class Probe(_message.Message):
    __slots__ = ("samples",)
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[_sample_pb2.Sample]
    def __init__(self, samples: _Optional[_Iterable[_Union[_sample_pb2.Sample, _Mapping]]] = ...) -> None: ...

class SearchScope(_message.Message):
    __slots__ = ("gallery_ids", "finger_positions", "sex", "birth_year_min", "birth_year_max", "subject_ids")
    GALLERY_IDS_FIELD_NUMBER: _ClassVar[int]
    FINGER_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_YEAR_MIN_FIELD_NUMBER: _ClassVar[int]
    BIRTH_YEAR_MAX_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_IDS_FIELD_NUMBER: _ClassVar[int]
    gallery_ids: _containers.RepeatedScalarFieldContainer[str]
    finger_positions: _containers.RepeatedScalarFieldContainer[_sample_pb2.FingerPosition]
    sex: _sample_pb2.Sex
    birth_year_min: int
    birth_year_max: int
    subject_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, gallery_ids: _Optional[_Iterable[str]] = ..., finger_positions: _Optional[_Iterable[_Union[_sample_pb2.FingerPosition, str]]] = ..., sex: _Optional[_Union[_sample_pb2.Sex, str]] = ..., birth_year_min: _Optional[int] = ..., birth_year_max: _Optional[int] = ..., subject_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class IdentifyRequest(_message.Message):
    __slots__ = ("access", "probe", "scope", "max_candidates", "target_fpir", "explained_candidate_count", "exhaustive")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    MAX_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    TARGET_FPIR_FIELD_NUMBER: _ClassVar[int]
    EXPLAINED_CANDIDATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXHAUSTIVE_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    probe: Probe
    scope: SearchScope
    max_candidates: int
    target_fpir: float
    explained_candidate_count: int
    exhaustive: bool
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., probe: _Optional[_Union[Probe, _Mapping]] = ..., scope: _Optional[_Union[SearchScope, _Mapping]] = ..., max_candidates: _Optional[int] = ..., target_fpir: _Optional[float] = ..., explained_candidate_count: _Optional[int] = ..., exhaustive: _Optional[bool] = ...) -> None: ...

class IdentifyResponse(_message.Message):
    __slots__ = ("candidates", "gallery_size", "reference_count", "threshold_score", "target_fpir", "expected_false_candidate_count", "pack_ids", "audit_id", "proved", "stage_ms", "probe_samples", "notices")
    class StageMsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    GALLERY_SIZE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_SCORE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FPIR_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FALSE_CANDIDATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PACK_IDS_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    PROVED_FIELD_NUMBER: _ClassVar[int]
    STAGE_MS_FIELD_NUMBER: _ClassVar[int]
    PROBE_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    gallery_size: int
    reference_count: int
    threshold_score: float
    target_fpir: float
    expected_false_candidate_count: float
    pack_ids: _containers.RepeatedScalarFieldContainer[str]
    audit_id: str
    proved: bool
    stage_ms: _containers.ScalarMap[str, float]
    probe_samples: _containers.RepeatedCompositeFieldContainer[ProbeSample]
    notices: _containers.RepeatedCompositeFieldContainer[_sample_pb2.Notice]
    def __init__(self, candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., gallery_size: _Optional[int] = ..., reference_count: _Optional[int] = ..., threshold_score: _Optional[float] = ..., target_fpir: _Optional[float] = ..., expected_false_candidate_count: _Optional[float] = ..., pack_ids: _Optional[_Iterable[str]] = ..., audit_id: _Optional[str] = ..., proved: _Optional[bool] = ..., stage_ms: _Optional[_Mapping[str, float]] = ..., probe_samples: _Optional[_Iterable[_Union[ProbeSample, _Mapping]]] = ..., notices: _Optional[_Iterable[_Union[_sample_pb2.Notice, _Mapping]]] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("rank", "subject_id", "external_id", "display_name", "score", "score_extrapolated", "above_threshold", "reference_id", "sample_scores", "gallery_ids", "sex", "birth_year")
    RANK_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORE_EXTRAPOLATED_FIELD_NUMBER: _ClassVar[int]
    ABOVE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SCORES_FIELD_NUMBER: _ClassVar[int]
    GALLERY_IDS_FIELD_NUMBER: _ClassVar[int]
    SEX_FIELD_NUMBER: _ClassVar[int]
    BIRTH_YEAR_FIELD_NUMBER: _ClassVar[int]
    rank: int
    subject_id: str
    external_id: str
    display_name: str
    score: float
    score_extrapolated: bool
    above_threshold: bool
    reference_id: int
    sample_scores: _containers.RepeatedCompositeFieldContainer[SampleScore]
    gallery_ids: _containers.RepeatedScalarFieldContainer[str]
    sex: _sample_pb2.Sex
    birth_year: int
    def __init__(self, rank: _Optional[int] = ..., subject_id: _Optional[str] = ..., external_id: _Optional[str] = ..., display_name: _Optional[str] = ..., score: _Optional[float] = ..., score_extrapolated: _Optional[bool] = ..., above_threshold: _Optional[bool] = ..., reference_id: _Optional[int] = ..., sample_scores: _Optional[_Iterable[_Union[SampleScore, _Mapping]]] = ..., gallery_ids: _Optional[_Iterable[str]] = ..., sex: _Optional[_Union[_sample_pb2.Sex, str]] = ..., birth_year: _Optional[int] = ...) -> None: ...

class SampleScore(_message.Message):
    __slots__ = ("modality", "finger_position", "probe_index", "reference_id", "similarity", "score", "score_extrapolated", "explanation")
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    FINGER_POSITION_FIELD_NUMBER: _ClassVar[int]
    PROBE_INDEX_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_ID_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORE_EXTRAPOLATED_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    modality: _sample_pb2.Modality
    finger_position: _sample_pb2.FingerPosition
    probe_index: int
    reference_id: int
    similarity: float
    score: float
    score_extrapolated: bool
    explanation: FingerprintExplanation
    def __init__(self, modality: _Optional[_Union[_sample_pb2.Modality, str]] = ..., finger_position: _Optional[_Union[_sample_pb2.FingerPosition, str]] = ..., probe_index: _Optional[int] = ..., reference_id: _Optional[int] = ..., similarity: _Optional[float] = ..., score: _Optional[float] = ..., score_extrapolated: _Optional[bool] = ..., explanation: _Optional[_Union[FingerprintExplanation, _Mapping]] = ...) -> None: ...

class FingerprintExplanation(_message.Message):
    __slots__ = ("pairs", "rotation_deg", "translation_x_px", "translation_y_px", "probe_minutiae", "reference_minutiae", "probe_width_px", "probe_height_px", "reference_width_px", "reference_height_px")
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    ROTATION_DEG_FIELD_NUMBER: _ClassVar[int]
    TRANSLATION_X_PX_FIELD_NUMBER: _ClassVar[int]
    TRANSLATION_Y_PX_FIELD_NUMBER: _ClassVar[int]
    PROBE_MINUTIAE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_MINUTIAE_FIELD_NUMBER: _ClassVar[int]
    PROBE_WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    PROBE_HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    pairs: _containers.RepeatedCompositeFieldContainer[MinutiaPair]
    rotation_deg: float
    translation_x_px: float
    translation_y_px: float
    probe_minutiae: _containers.RepeatedCompositeFieldContainer[Minutia]
    reference_minutiae: _containers.RepeatedCompositeFieldContainer[Minutia]
    probe_width_px: int
    probe_height_px: int
    reference_width_px: int
    reference_height_px: int
    def __init__(self, pairs: _Optional[_Iterable[_Union[MinutiaPair, _Mapping]]] = ..., rotation_deg: _Optional[float] = ..., translation_x_px: _Optional[float] = ..., translation_y_px: _Optional[float] = ..., probe_minutiae: _Optional[_Iterable[_Union[Minutia, _Mapping]]] = ..., reference_minutiae: _Optional[_Iterable[_Union[Minutia, _Mapping]]] = ..., probe_width_px: _Optional[int] = ..., probe_height_px: _Optional[int] = ..., reference_width_px: _Optional[int] = ..., reference_height_px: _Optional[int] = ...) -> None: ...

class MinutiaPair(_message.Message):
    __slots__ = ("probe", "reference", "probe_index", "reference_index")
    PROBE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    PROBE_INDEX_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_INDEX_FIELD_NUMBER: _ClassVar[int]
    probe: _sample_pb2.PointPx
    reference: _sample_pb2.PointPx
    probe_index: int
    reference_index: int
    def __init__(self, probe: _Optional[_Union[_sample_pb2.PointPx, _Mapping]] = ..., reference: _Optional[_Union[_sample_pb2.PointPx, _Mapping]] = ..., probe_index: _Optional[int] = ..., reference_index: _Optional[int] = ...) -> None: ...

class Minutia(_message.Message):
    __slots__ = ("x_px", "y_px", "direction_deg", "kind", "quality", "pair_index")
    X_PX_FIELD_NUMBER: _ClassVar[int]
    Y_PX_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_DEG_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    PAIR_INDEX_FIELD_NUMBER: _ClassVar[int]
    x_px: float
    y_px: float
    direction_deg: float
    kind: MinutiaKind
    quality: float
    pair_index: int
    def __init__(self, x_px: _Optional[float] = ..., y_px: _Optional[float] = ..., direction_deg: _Optional[float] = ..., kind: _Optional[_Union[MinutiaKind, str]] = ..., quality: _Optional[float] = ..., pair_index: _Optional[int] = ...) -> None: ...

class ProbeSample(_message.Message):
    __slots__ = ("modality", "finger_position", "quality", "pack_id", "face", "landmarks", "minutia_count", "minutiae", "width_px", "height_px")
    MODALITY_FIELD_NUMBER: _ClassVar[int]
    FINGER_POSITION_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    PACK_ID_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    LANDMARKS_FIELD_NUMBER: _ClassVar[int]
    MINUTIA_COUNT_FIELD_NUMBER: _ClassVar[int]
    MINUTIAE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PX_FIELD_NUMBER: _ClassVar[int]
    modality: _sample_pb2.Modality
    finger_position: _sample_pb2.FingerPosition
    quality: _sample_pb2.Quality
    pack_id: str
    face: _sample_pb2.FaceBox
    landmarks: _containers.RepeatedCompositeFieldContainer[_sample_pb2.PointPx]
    minutia_count: int
    minutiae: _containers.RepeatedCompositeFieldContainer[Minutia]
    width_px: int
    height_px: int
    def __init__(self, modality: _Optional[_Union[_sample_pb2.Modality, str]] = ..., finger_position: _Optional[_Union[_sample_pb2.FingerPosition, str]] = ..., quality: _Optional[_Union[_sample_pb2.Quality, _Mapping]] = ..., pack_id: _Optional[str] = ..., face: _Optional[_Union[_sample_pb2.FaceBox, _Mapping]] = ..., landmarks: _Optional[_Iterable[_Union[_sample_pb2.PointPx, _Mapping]]] = ..., minutia_count: _Optional[int] = ..., minutiae: _Optional[_Iterable[_Union[Minutia, _Mapping]]] = ..., width_px: _Optional[int] = ..., height_px: _Optional[int] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ("access", "probe", "subject_id", "other_probe", "target_fmr", "explained")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    OTHER_PROBE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FMR_FIELD_NUMBER: _ClassVar[int]
    EXPLAINED_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    probe: Probe
    subject_id: str
    other_probe: Probe
    target_fmr: float
    explained: bool
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., probe: _Optional[_Union[Probe, _Mapping]] = ..., subject_id: _Optional[str] = ..., other_probe: _Optional[_Union[Probe, _Mapping]] = ..., target_fmr: _Optional[float] = ..., explained: _Optional[bool] = ...) -> None: ...

class VerifyResponse(_message.Message):
    __slots__ = ("score", "score_extrapolated", "above_threshold", "threshold_score", "sample_scores", "pack_ids", "audit_id", "stage_ms", "probe_samples", "notices")
    class StageMsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORE_EXTRAPOLATED_FIELD_NUMBER: _ClassVar[int]
    ABOVE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_SCORE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SCORES_FIELD_NUMBER: _ClassVar[int]
    PACK_IDS_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_MS_FIELD_NUMBER: _ClassVar[int]
    PROBE_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    score: float
    score_extrapolated: bool
    above_threshold: bool
    threshold_score: float
    sample_scores: _containers.RepeatedCompositeFieldContainer[SampleScore]
    pack_ids: _containers.RepeatedScalarFieldContainer[str]
    audit_id: str
    stage_ms: _containers.ScalarMap[str, float]
    probe_samples: _containers.RepeatedCompositeFieldContainer[ProbeSample]
    notices: _containers.RepeatedCompositeFieldContainer[_sample_pb2.Notice]
    def __init__(self, score: _Optional[float] = ..., score_extrapolated: _Optional[bool] = ..., above_threshold: _Optional[bool] = ..., threshold_score: _Optional[float] = ..., sample_scores: _Optional[_Iterable[_Union[SampleScore, _Mapping]]] = ..., pack_ids: _Optional[_Iterable[str]] = ..., audit_id: _Optional[str] = ..., stage_ms: _Optional[_Mapping[str, float]] = ..., probe_samples: _Optional[_Iterable[_Union[ProbeSample, _Mapping]]] = ..., notices: _Optional[_Iterable[_Union[_sample_pb2.Notice, _Mapping]]] = ...) -> None: ...

class AssessRequest(_message.Message):
    __slots__ = ("access", "samples", "with_minutiae")
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    WITH_MINUTIAE_FIELD_NUMBER: _ClassVar[int]
    access: _sample_pb2.AccessContext
    samples: _containers.RepeatedCompositeFieldContainer[_sample_pb2.Sample]
    with_minutiae: bool
    def __init__(self, access: _Optional[_Union[_sample_pb2.AccessContext, _Mapping]] = ..., samples: _Optional[_Iterable[_Union[_sample_pb2.Sample, _Mapping]]] = ..., with_minutiae: _Optional[bool] = ...) -> None: ...

class AssessResponse(_message.Message):
    __slots__ = ("assessments", "audit_id", "stage_ms")
    class StageMsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    ASSESSMENTS_FIELD_NUMBER: _ClassVar[int]
    AUDIT_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_MS_FIELD_NUMBER: _ClassVar[int]
    assessments: _containers.RepeatedCompositeFieldContainer[SampleAssessment]
    audit_id: str
    stage_ms: _containers.ScalarMap[str, float]
    def __init__(self, assessments: _Optional[_Iterable[_Union[SampleAssessment, _Mapping]]] = ..., audit_id: _Optional[str] = ..., stage_ms: _Optional[_Mapping[str, float]] = ...) -> None: ...

class SampleAssessment(_message.Message):
    __slots__ = ("sample", "usable", "error_reason", "error_text", "faces")
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    USABLE_FIELD_NUMBER: _ClassVar[int]
    ERROR_REASON_FIELD_NUMBER: _ClassVar[int]
    ERROR_TEXT_FIELD_NUMBER: _ClassVar[int]
    FACES_FIELD_NUMBER: _ClassVar[int]
    sample: ProbeSample
    usable: bool
    error_reason: str
    error_text: str
    faces: _containers.RepeatedCompositeFieldContainer[_sample_pb2.FaceBox]
    def __init__(self, sample: _Optional[_Union[ProbeSample, _Mapping]] = ..., usable: _Optional[bool] = ..., error_reason: _Optional[str] = ..., error_text: _Optional[str] = ..., faces: _Optional[_Iterable[_Union[_sample_pb2.FaceBox, _Mapping]]] = ...) -> None: ...
