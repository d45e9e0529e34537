"""Which fingers a mirror image is not compared with, since they may be of the same person."""

import pytest

from benchmarks.other_hand import OtherHands


@pytest.mark.parametrize(
    ("first", "second", "may_be"),
    [
        (("a", "101"), ("a", "104"), True),
        (("a", "101"), ("a", "105"), False),
        (("a", "101"), ("b", "101"), False),
        # Names tell nothing of who is who.
        (("people", "an"), ("people", "binh"), True),
        (("people", "an"), ("a", "101"), False),
        # One finger of a is one of b, so whoever lies near it in either may be the same person.
        (("a", "106"), ("b", "104"), True),
        (("b", "104"), ("a", "106"), True),
        (("a", "104"), ("b", "104"), False),
        (("a", "106"), ("b", "106"), False),
    ],
)
def test_who_may_be_one_person(first: tuple[str, str], second: tuple[str, str], *, may_be: bool) -> None:
    assert OtherHands({"b/102": "a/108"}).may_be(first, second) == may_be
