"""Which finger or person a file shows, in which order, and its resolution."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from benchmarks.datasets import DatasetError, read_dataset
from benchmarks.pairs import all_pairs


def put(path: Path, *, dpi: tuple[float, float] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {} if dpi is None else {"dpi": dpi}
    PillowImage.fromarray(np.zeros((4, 4), np.uint8)).save(path, **given)


def test_flat_folder_is_grouped_by_the_name_before_the_last_underscore(tmp_path):
    for name in ("2_10.tif", "2_9.tif", "10_1.PNG", "A_b_1.jpg", "A_b_2.bmp"):
        put(tmp_path / "set" / name)
    (tmp_path / "set" / "notes.txt").write_text("no image")
    dataset = read_dataset(tmp_path / "set", fingerprints=False)
    assert dataset.name == "set"
    assert [(file.identity, file.name) for file in dataset.files] == [
        ("2", "2_9.tif"), ("2", "2_10.tif"), ("10", "10_1.PNG"), ("A_b", "A_b_1.jpg"), ("A_b", "A_b_2.bmp"),
    ]  # fmt: skip


def test_subfolders_are_persons_whatever_their_files_are_called(tmp_path):
    for name in ("s1/1.pgm", "s1/2.pgm", "s2/x_1.png", "s2/y_1.png", "s2/y_2.png"):
        put(tmp_path / name)
    dataset = read_dataset(tmp_path, fingerprints=False)
    assert {name: len(rows) for name, rows in dataset.identities().items()} == {"s1": 2, "s2": 3}


def test_a_persons_folder_of_prints_may_hold_several_fingers(tmp_path):
    for name in ("p1/1_1.png", "p1/1_2.png", "p1/2_1.png", "p2/a.png", "p2/b.png", "p3/one_1.png", "p3/two_1.png"):
        put(tmp_path / name)
    dataset = read_dataset(tmp_path, fingerprints=True, ppi=500)
    assert list(dataset.identities()) == ["p1/1", "p1/2", "p2", "p3"]


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("fvc2002_db2_b", 569.0), ("FVC2004_DB3_A", 512.0), ("fvc2002_db1_b", 500.0), ("FVC2006_Db1_a", 250.0)],
)
def test_published_resolutions_of_fvc_sets(tmp_path, folder, expected):
    put(tmp_path / folder / "1_1.tif", dpi=(300, 300))
    assert read_dataset(tmp_path / folder, fingerprints=True).files[0].ppi == expected


def test_resolution_comes_from_the_option_then_the_note_then_the_file(tmp_path):
    put(tmp_path / "1_1.tif", dpi=(1000, 1000))
    assert read_dataset(tmp_path, fingerprints=True).files[0].ppi == pytest.approx(1000, abs=0.1)
    (tmp_path / "ppi.txt").write_text("400 pixels per inch")
    assert read_dataset(tmp_path, fingerprints=True).files[0].ppi == 400
    assert read_dataset(tmp_path, fingerprints=True, ppi=300).files[0].ppi == 300


def test_an_unknown_resolution_is_assumed_aloud_and_once(tmp_path):
    put(tmp_path / "1_1.png", dpi=(72, 72))
    put(tmp_path / "1_2.png")
    with pytest.warns(UserWarning, match="500 assumed") as caught:
        dataset = read_dataset(tmp_path, fingerprints=True)
    assert len(caught) == 1
    assert {file.ppi for file in dataset.files} == {500.0}


def test_faces_have_no_resolution_and_no_warning(tmp_path):
    put(tmp_path / "a_1.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_dataset(tmp_path, fingerprints=False).files[0].ppi is None


@pytest.mark.parametrize("note", ["", "five hundred", "96"])
def test_a_useless_note_is_an_error(tmp_path, note):
    put(tmp_path / "1_1.png")
    (tmp_path / "ppi.txt").write_text(note)
    with pytest.raises(DatasetError, match=r"ppi\.txt"):
        read_dataset(tmp_path, fingerprints=True)


def test_folders_without_images_are_an_error(tmp_path):
    with pytest.raises(DatasetError, match="no image"):
        read_dataset(tmp_path, fingerprints=True)
    with pytest.raises(DatasetError, match="not a folder"):
        read_dataset(tmp_path / "absent", fingerprints=True)


def test_ten_fingers_of_eight_impressions_make_the_pairs_of_the_protocol():
    identities = np.repeat(np.arange(10), 8)
    pairs = all_pairs(identities, non_mated_limit=10**6, seed=0)
    assert (len(pairs.mated), len(pairs.non_mated)) == (280, 2880)
    assert (identities[pairs.mated[:, 0]] == identities[pairs.mated[:, 1]]).all()
    assert (identities[pairs.non_mated[:, 0]] != identities[pairs.non_mated[:, 1]]).all()
    together = np.concatenate([pairs.mated, pairs.non_mated])
    assert len(np.unique(together, axis=0)) == 3160


def test_sampled_non_mated_pairs_are_different_and_seeded():
    identities = np.arange(200) // 2
    drawn = [all_pairs(identities, non_mated_limit=1000, seed=seed) for seed in (0, 0, 1)]
    assert len(np.unique(drawn[0].non_mated, axis=0)) == 1000
    assert drawn[0].non_mated_possible == 19_800
    assert np.array_equal(drawn[0].non_mated, drawn[1].non_mated)
    assert not np.array_equal(drawn[0].non_mated, drawn[2].non_mated)
    assert (identities[drawn[0].non_mated[:, 0]] != identities[drawn[0].non_mated[:, 1]]).all()
