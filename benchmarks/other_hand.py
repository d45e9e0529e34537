"""Fingers that a mirror image may resemble because one person has both.

A mirror image of a print is another finger with the statistics of a real one. But a finger resembles the same finger of
the other hand in the mirror, and whoever gave one finger to a set mostly gave others. On the one ten-print card at hand
the mirror image of a ring finger is the nearest stranger of all to the other ring finger. Such pairs are no strangers
as a search meets them, so a mirror image is not compared with fingers that may be the same person's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

FINGERS_OF_A_PERSON = 4
"""That a volunteer of the FVC gave, numbered in a row: forefinger and middle finger of both hands."""

Finger = tuple[str, str]
"""Folder and identity."""


@dataclass(frozen=True, slots=True)
class OtherHands:
    """same: FOLDER/IDENTITY by FOLDER/IDENTITY of one finger that two folders show."""

    same: Mapping[str, str]

    def may_be(self, first: Finger, second: Finger) -> bool:
        """Whether both fingers may be one person's. Where identities are no numbers, all of a folder may."""
        if _are_near(first, second):
            return True
        for one, other in self.same.items():
            here, there = _finger(one), _finger(other)
            if _are_near(first, here) and _are_near(second, there):
                return True
            if _are_near(first, there) and _are_near(second, here):
                return True
        return False


def _are_near(first: Finger, second: Finger) -> bool:
    if first[0] != second[0]:
        return False
    if not (first[1].isdecimal() and second[1].isdecimal()):
        return True
    return abs(int(first[1]) - int(second[1])) < FINGERS_OF_A_PERSON


def _finger(name: str) -> Finger:
    folder, _, identity = name.partition("/")
    return folder, identity
