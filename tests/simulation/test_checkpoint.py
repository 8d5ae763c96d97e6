from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from nnt_simulation.checkpoint import Checkpoints, Header, Stored

VALUES: dict[str, np.ndarray] = {
    "kernel": np.arange(2000, dtype=np.float32).reshape(40, 50),
    "state": np.array([7, 0], dtype=np.uint32),
    "steps": np.asarray(np.int64(2**40)),
}
LAYOUT = [Stored(name, str(value.dtype), value.shape) for name, value in VALUES.items()]


def write(checkpoints: Checkpoints, *epochs: int) -> None:
    for epoch in epochs:
        header = Header(epoch, threads=2, callbacks={"report": {"steps": epoch}})
        checkpoints.write(header, LAYOUT, VALUES.values())


def file_of(epoch: int, folder: Path) -> Path:
    return folder / ("odd.checkpoint" if epoch % 2 else "even.checkpoint")


def newest_epoch(checkpoints: Checkpoints) -> int | None:
    found = checkpoints.newest()
    return found.header.epoch if found else None


def test_a_checkpoint_comes_back_as_it_was_written(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.newest() is None
    write(checkpoints, 3)
    found = Checkpoints(tmp_path).newest()
    assert found is not None
    assert found.header == Header(3, 2, {"report": {"steps": 3}})
    assert found.variables.keys() == VALUES.keys()
    for name, value in VALUES.items():
        assert found.variables[name].dtype == value.dtype
        np.testing.assert_array_equal(found.variables[name], value)


def test_the_newest_and_the_one_before_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 8, 9, 10)
    assert newest_epoch(checkpoints) == 10
    assert len(list(tmp_path.iterdir())) == 2
    file_of(10, tmp_path).unlink()
    assert newest_epoch(checkpoints) == 9


def test_while_one_is_written_the_one_before_is_the_newest(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    seen = []

    def values() -> Iterator[np.ndarray]:
        for value in VALUES.values():
            yield value
            seen.append(newest_epoch(Checkpoints(tmp_path)))

    for epoch in range(4):
        checkpoints.write(Header(epoch, threads=2), LAYOUT, values())
    assert seen == [epoch for epoch in (None, 0, 1, 2) for _ in VALUES]


def test_one_that_was_not_written_to_its_end_costs_only_itself(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 3, 4)

    def breaks_off() -> Iterator[np.ndarray]:
        yield VALUES["kernel"] + 1
        raise OSError("Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        checkpoints.write(Header(5, threads=2), LAYOUT, breaks_off())
    assert newest_epoch(checkpoints) == 4
    write(checkpoints, 5)
    assert newest_epoch(checkpoints) == 5


def test_a_mixture_of_two_checkpoints_is_noticed_wherever_it_changes(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 4, 5)
    predecessor = file_of(5, tmp_path).read_bytes()
    values = [value + 1 for value in VALUES.values()]
    checkpoints.write(Header(7, threads=2, callbacks={"report": {"steps": 7}}), LAYOUT, values)
    successor = file_of(7, tmp_path).read_bytes()
    assert len(successor) == len(predecessor)
    for written in range(
        1, len(successor), 111
    ):  # a power cut loses what came before as well as what came after
        for torn in (
            successor[:written] + predecessor[written:],
            predecessor[:written] + successor[written:],
        ):
            file_of(7, tmp_path).write_bytes(torn)
            assert torn in (predecessor, successor) or newest_epoch(checkpoints) == 4


def test_a_shorter_checkpoint_is_whole_in_the_place_of_a_longer_one(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 1)
    before = file_of(1, tmp_path).stat().st_size
    checkpoints.write(Header(3, threads=2), LAYOUT[1:], list(VALUES.values())[1:])
    assert file_of(3, tmp_path).stat().st_size == before
    found = checkpoints.newest()
    assert found is not None
    assert found.header.epoch == 3
    assert found.variables.keys() == {"state", "steps"}


@pytest.mark.parametrize("kept", [0, 10, 20, 32, 4000, -1])
def test_a_truncated_checkpoint_is_passed_over(tmp_path, kept, caplog):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 4, 5)
    newest = file_of(5, tmp_path)
    newest.write_bytes(newest.read_bytes()[:kept])
    assert newest_epoch(checkpoints) == 4
    if kept >= 10 or kept < 0:  # else it does not even look like the newest
        assert "odd.checkpoint is damaged" in caplog.text


def test_a_file_of_nothing_but_zeros_is_not_a_checkpoint(tmp_path):
    file_of(0, tmp_path).write_bytes(bytes(5000))
    assert Checkpoints(tmp_path).newest() is None


def test_one_changed_bit_anywhere_is_noticed(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 5)
    newest = file_of(5, tmp_path)
    content = newest.read_bytes()
    for position in range(0, len(content), 7):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        newest.write_bytes(changed)
        assert checkpoints.newest() is None


def test_where_everything_is_damaged_there_is_no_checkpoint(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 4, 5)
    for path in tmp_path.iterdir():
        path.write_bytes(b"nothing")
    assert checkpoints.newest() is None


def test_types_that_only_keras_knows_come_back_too(tmp_path):
    value = keras.ops.convert_to_numpy(keras.ops.cast([1.5, 2.5], "bfloat16"))
    Checkpoints(tmp_path).write(Header(0, 1), [Stored("half", "bfloat16", value.shape)], [value])
    found = Checkpoints(tmp_path).newest()
    assert found is not None
    assert found.variables["half"].dtype == value.dtype
    assert found.variables["half"].tolist() == [1.5, 2.5]
