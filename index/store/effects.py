"""What a committed write changes outside the store, in the indexes and the filter columns: the union Effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.arrays import Float32Array
from index.records import Modality, Sex

# As filter columns hold it.
SEX_CODES = {Sex.UNKNOWN: 0, Sex.FEMALE: 1, Sex.MALE: 2}


@dataclass(frozen=True, slots=True)
class PackKey:
    """References of one key are compared with each other and with nothing else."""

    modality: Modality
    pack_id: str


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack as the store knows it. encoding: how its vectors are kept, see template_codec."""

    pack_number: int
    key: PackKey
    dim: int
    encoding: str


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceAdded:
    """A reference that is searchable from now on. vectors: float32 (n, dim) as the store gives them back; minutiae: of
    a finger, as in Template.

    sex: of SEX_CODES. birth_year: 0 when not recorded. original_id: of the reference whose image it was made of by
    another pack, 0 for one that was enrolled.
    """

    pack: PackRow
    reference_id: int
    subject_number: int
    finger: int
    sex: int
    birth_year: int
    gallery_numbers: tuple[int, ...]
    vectors: Float32Array
    minutiae: bytes
    original_id: int = 0


@dataclass(frozen=True, slots=True)
class ReferencesRemoved:
    """References that no search may find from now on, by id."""

    reference_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReferencesMoved:
    """References that are another subject's from now on, with what filters ask of that one; those that are not searched
    are passed over. sex: of SEX_CODES. birth_year: 0 when not recorded."""

    reference_ids: tuple[int, ...]
    subject_number: int
    sex: int
    birth_year: int
    gallery_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SubjectChanged:
    """What filters ask of a subject that has references already. sex: of SEX_CODES. birth_year: 0 when not recorded."""

    subject_number: int
    sex: int
    birth_year: int


@dataclass(frozen=True, slots=True)
class MembershipChanged:
    """Subjects that joined or left a gallery."""

    gallery_number: int
    subject_numbers: tuple[int, ...]
    is_member: bool


@dataclass(frozen=True, slots=True)
class GalleryCreated:
    """A gallery that searches may name from now on."""

    gallery_id: str
    gallery_number: int


@dataclass(frozen=True, slots=True)
class GalleryDeleted:
    """A gallery that no search may name any more; who was in it left it before."""

    gallery_id: str


Effect = (
    ReferenceAdded
    | ReferencesRemoved
    | ReferencesMoved
    | SubjectChanged
    | MembershipChanged
    | GalleryCreated
    | GalleryDeleted
)
ApplyEffects = Callable[[Sequence[Effect]], None]
