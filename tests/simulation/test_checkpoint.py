import keras
import numpy as np
import pytest

from nnt_simulation.checkpoint import Checkpoints, Header

VALUES: dict[str, np.ndarray] = {
    "kernel": np.arange(2000, dtype=np.float32).reshape(40, 50),
    "state": np.array([7, 0], dtype=np.uint32),
    "steps": np.asarray(np.int64(2**40)),
}


def write(checkpoints: Checkpoints, *epochs: int) -> None:
    for epoch in epochs:
        header = Header(epoch, threads=2, callbacks={"report": {"steps": epoch}})
        checkpoints.write(header, VALUES.items())


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
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "0000000009.checkpoint",
        "0000000010.checkpoint",
    ]


@pytest.mark.parametrize("kept", [0, 10, 32, 4000, -1])
def test_a_truncated_checkpoint_is_passed_over(tmp_path, kept, caplog):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 4, 5)
    newest = tmp_path / "0000000005.checkpoint"
    newest.write_bytes(newest.read_bytes()[:kept])
    assert newest_epoch(checkpoints) == 4
    assert "0000000005.checkpoint is damaged" in caplog.text


def test_one_changed_bit_anywhere_is_noticed(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    write(checkpoints, 5)
    newest = tmp_path / "0000000005.checkpoint"
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
    value = keras.ops.cast([1.5, 2.5], "bfloat16").numpy()
    Checkpoints(tmp_path).write(Header(0, 1), [("half", value)])
    found = Checkpoints(tmp_path).newest()
    assert found is not None
    assert found.variables["half"].dtype == value.dtype
    assert found.variables["half"].tolist() == [1.5, 2.5]


def test_what_a_killed_process_was_writing_is_removed(tmp_path):
    write(Checkpoints(tmp_path), 1)
    (tmp_path / "0000000002.checkpoint.tmp").touch()
    assert newest_epoch(Checkpoints(tmp_path)) == 1
    assert not (tmp_path / "0000000002.checkpoint.tmp").exists()
