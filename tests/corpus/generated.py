"""The corpus that every checkout has: committed generated prints, and the photograph that insightface ships.

Twenty people with two fingers each, six of them with faces. The photograph is read from the installed package.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import replace
from pathlib import Path

from PIL import Image

from index.records import FingerPosition, Modality, SearchFilter, Sex, Subject
from matcher.samples import EncodedSample
from tests.corpus.images import (
    Change,
    blurred,
    changed,
    covered,
    grayed,
    lit,
    mirrored,
    noisy,
    part,
    png,
    scaled,
    shifted,
    turned,
)
from tests.corpus.probes import Corpus, Person, Question

PRINTS_FOLDER = Path(__file__).with_name("prints")
PPI = 500.0
INDEX, THUMB = FingerPosition.RIGHT_INDEX, FingerPosition.LEFT_THUMB
PERSON_COUNT = 20
# Second captures exist of the index fingers 1 to 20 and of the thumbs 21 to 30; 41 to 44 were never enrolled.
THUMB_PROBES = range(21, 31)
STRANGERS = range(41, 45)
# Left, top, right, bottom of each face with its margin in the photograph, px.
FACES = (
    (842, 0, 1062, 270),
    (0, 205, 225, 465),
    (400, 210, 630, 470),
    (214, 95, 424, 330),
    (694, 297, 889, 527),
    (1080, 224, 1279, 450),
)
GALLERIES = (frozenset({"records"}), frozenset({"records", "wanted"}))


@functools.cache
def photograph() -> Image.Image:
    """Six people, RGB."""
    package = importlib.util.find_spec("insightface")
    assert package is not None
    assert package.origin is not None
    return Image.open(Path(package.origin).parent / "data" / "images" / "t1.jpg").convert("RGB")


def finger_image(number: int, capture: int) -> Image.Image:
    return Image.open(PRINTS_FOLDER / f"{number:02d}-{capture}.png").convert("L")


def finger(
    number: int, capture: int, *changes: Change, position: FingerPosition | None = None, ppi: float = PPI
) -> EncodedSample:
    """Fingers 1 to 20 are index fingers, 21 to 40 the thumbs of the same people."""
    own = INDEX if number <= PERSON_COUNT else THUMB
    image = changed(finger_image(number, capture), *changes)
    return EncodedSample(Modality.FINGERPRINT, png(image), finger=own if position is None else position, ppi=ppi)


def face(number: int, *changes: Change) -> EncodedSample:
    image = changed(photograph().crop(FACES[number - 1]), *changes)
    return EncodedSample(Modality.FACE, png(image), largest_face=True)


def people() -> list[Person]:
    """In the order of enrollment. Faces 4 to 6 have several references, which are fused."""
    found = []
    for number in range(1, PERSON_COUNT + 1):
        samples = [finger(number, 1), finger(number + PERSON_COUNT, 1)]
        if number <= len(FACES):
            samples.append(face(number))
        if 4 <= number <= len(FACES):
            samples += [face(number, turned(4), lit(0.9)), face(number, scaled(0.8), noisy(8, number))]
        subject = Subject(
            "",
            f"P{number:02d}",
            galleries=GALLERIES[number % 2],
            sex=(Sex.UNKNOWN, Sex.FEMALE, Sex.MALE)[number % 3],
            birth_year=1950 + number if number % 4 else None,
        )
        found.append(Person(subject, tuple(samples)))
    return found


def questions() -> list[Question]:
    return [*_fingers(), *_faces(), *_together(), *_narrowed(), *_shortlisted()]


def _one(name: str, sample: EncodedSample, **options: object) -> Question:
    return replace(Question(name, (sample,)), **options)  # type: ignore[arg-type]


def _fingers() -> list[Question]:
    numbers = (*range(1, PERSON_COUNT + 1), *THUMB_PROBES)
    unknown = FingerPosition.UNKNOWN
    asked = [_one(f"finger {number}", finger(number, 2)) for number in numbers]
    asked += [
        _one(f"finger {number} turned", finger(number, 2, turned(-90 + 11 * number), position=unknown))
        for number in range(1, PERSON_COUNT + 1)
    ]
    places = ((0.0, 0.0, 0.7, 0.7), (0.3, 0.0, 1.0, 0.7), (0.0, 0.3, 0.7, 1.0), (0.3, 0.3, 1.0, 1.0))
    asked += [
        _one(f"finger {number} in part", finger(number, 2, part(*places[number % 4]))) for number in numbers[5:25]
    ]
    for number in range(1, 6):
        asked += [
            _one(f"finger {number} light", finger(number, 2, lit(-1.0, 255.0))),
            _one(f"finger {number} noisy", finger(number, 2, noisy(60, number), blurred(0.6))),
            _one(f"finger {number} at 569 ppi", finger(number, 2, scaled(569 / 500), ppi=569.0)),
            _one(f"finger {number} pale", finger(number, 2, lit(0.4, 130.0), shifted(20, -15))),
        ]
    asked += [_one(f"stranger {number}", finger(number, 2, position=unknown)) for number in STRANGERS]
    asked += [_one(f"finger {number} mirrored", finger(number, 2, mirrored)) for number in range(6, 8)]
    return asked


def _faces() -> list[Question]:
    ways: dict[str, tuple[Change, ...]] = {
        "shifted": (shifted(12, -9),),
        "turned": (turned(-8),),
        "on its side": (turned(90),),
        "small": (scaled(0.4),),
        "large": (scaled(1.6),),
        "dark": (lit(0.5), noisy(12, 3)),
        "bright": (lit(1.3, 20.0),),
        "noisy": (noisy(40, 7), blurred(0.8)),
        "gray": (grayed, shifted(-6, 5)),
        "mirrored": (mirrored,),
        "half covered": (covered(0.0, 0.62, 1.0, 1.0),),
    }
    asked = [
        _one(f"face {number} {name}", face(number, *changes))
        for name, changes in ways.items()
        for number in range(1, len(FACES) + 1)
    ]
    whole = EncodedSample(Modality.FACE, png(photograph()))
    return [
        *asked,
        *(_one(f"photograph, face {number}", replace(whole, face_number=number)) for number in (1, 4, 6)),
        _one("photograph, no face named", whole),
    ]


def _together() -> list[Question]:
    both = [
        Question(f"face and finger {number}", (face(number, turned(6), scaled(0.7)), finger(number, 2)))
        for number in range(1, 7)
    ]
    two = [
        Question(f"two fingers {number}", (finger(number, 2, noisy(30, 1)), finger(number + PERSON_COUNT, 2)))
        for number in range(1, 6)
    ]
    other = [
        Question(f"face {number} and finger {number + 1}", (face(number, noisy(25, 2)), finger(number + 1, 2)))
        for number in range(1, 5)
    ]
    return [*both, *two, *other]


def _narrowed() -> list[Question]:
    unknown = FingerPosition.UNKNOWN
    return [
        _one("wanted only", finger(7, 2), where=SearchFilter(galleries=frozenset({"wanted"}))),
        _one("not in wanted", finger(8, 2), where=SearchFilter(galleries=frozenset({"wanted"}))),
        _one("face in wanted", face(5, lit(0.8)), where=SearchFilter(galleries=frozenset({"wanted"}))),
        _one("of a sex", finger(4, 2), where=SearchFilter(sex=Sex.FEMALE)),
        _one("of years", finger(10, 2, position=unknown), where=SearchFilter(birth_year_min=1955, birth_year_max=1962)),
        _one("thumbs too", finger(9, 2), where=SearchFilter(fingers=frozenset({THUMB}))),
        _one("as a thumb", finger(9, 2, position=THUMB)),
        _one("exhaustive", finger(11, 2, part(0.1, 0.2, 0.8, 0.9), position=unknown), exhaustive=True),
        _one("rare alarms", finger(12, 2), target_fpir=0.0001),
        _one("many alarms", face(2, turned(5)), target_fpir=0.2),
        _one("one candidate", face(3, turned(5)), max_candidates=1),
        _one("all candidates", finger(13, 2, position=unknown), max_candidates=40),
    ]


def _shortlisted() -> list[Question]:
    unknown = FingerPosition.UNKNOWN
    asked = [
        _one(f"finger {number} shortlisted", finger(number, 2, position=unknown), shortlisted=True)
        for number in range(14, 19)
    ]
    return [
        *asked,
        _one("stranger shortlisted", finger(42, 2, position=unknown), shortlisted=True),
        _one("shortlist, exhaustive", finger(14, 2, position=unknown), shortlisted=True, exhaustive=True),
    ]


CORPUS = Corpus("generated", 500, people, questions)
