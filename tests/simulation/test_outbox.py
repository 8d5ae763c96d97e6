import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nnt_contract.updates import Array, Collection, Finish
from nnt_simulation.outbox import Outbox
from tests.simulation.builders import SIM
from tests.simulation.fake_parser import parse_frame

FINISH = Finish(sim_id=SIM, attempt=1)
VALUES = np.arange(6, dtype="<f4").reshape(2, 3)
COLLECTION = Collection(
    sim_id=SIM,
    attempt=1,
    epoch=0,
    logs={"loss": float("nan")},
    arrays=(Array(layer_index=1, layer_name="a", variable="kernel", shape=(2, 3)),),
)


def outbox(folder: Path, files: int = 10, size: int = 10_000) -> Outbox:
    return Outbox(folder / "outbox", files, size)


def put(box: Outbox) -> None:
    box.put(COLLECTION, [VALUES.reshape(-1).data])


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "outbox"))


def test_an_update_is_a_file_named_by_its_turn_and_kind(tmp_path):
    box = outbox(tmp_path)
    put(box)
    box.put(FINISH)
    assert names(tmp_path) == ["0000000000.update", "0000000001.finish"]
    update, arrays = parse_frame((tmp_path / "outbox" / "0000000000.update").read_bytes())
    assert isinstance(update, Collection)
    assert update.arrays == COLLECTION.arrays
    np.testing.assert_array_equal(arrays[1, "kernel"], VALUES)


def test_what_another_process_left_comes_first(tmp_path):
    first = outbox(tmp_path)
    put(first)
    put(first)
    first.remove(tmp_path / "outbox" / "0000000000.update")
    second = outbox(tmp_path)
    second.put(FINISH)
    assert names(tmp_path) == ["0000000001.update", "0000000002.finish"]
    assert second.oldest() == tmp_path / "outbox" / "0000000001.update"


def test_what_was_not_written_to_its_end_is_not_an_update(tmp_path):
    box = outbox(tmp_path)

    def breaks_off() -> Iterator[memoryview]:
        yield VALUES.reshape(-1).data
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        box.put(COLLECTION, breaks_off())
    assert names(tmp_path) == []
    (tmp_path / "outbox" / "0000000007.update.tmp").touch()  # of a process that was killed
    assert outbox(tmp_path).oldest() is None
    assert names(tmp_path) == []


def test_the_oldest_of_a_kind_is_found(tmp_path):
    box = outbox(tmp_path)
    assert box.oldest() is None
    put(box)
    box.put(FINISH)
    assert box.oldest("finish") == tmp_path / "outbox" / "0000000001.finish"
    assert box.oldest("send_error") is None


def test_there_is_room_up_to_the_number_of_files(tmp_path):
    box = outbox(tmp_path, files=2)
    for _ in range(2):
        assert box.has_room(1)
        box.put(FINISH)
    assert not box.has_room(1)
    box.remove(tmp_path / "outbox" / "0000000000.finish")
    assert box.has_room(1)


def test_there_is_room_up_to_the_number_of_bytes_and_always_for_one(tmp_path):
    box = outbox(tmp_path, size=300)
    assert box.has_room(301)
    box.put(FINISH)
    assert box.has_room(100)
    assert not box.has_room(300)
    assert not outbox(tmp_path, size=300).has_room(300)


def test_whoever_waits_is_woken_when_an_update_comes_or_goes(tmp_path):
    box = outbox(tmp_path)
    put_later = threading.Thread(target=put, args=(box,))
    put_later.start()
    assert box.wait_until(lambda: len(box) == 1, 30)
    remove_later = threading.Thread(
        target=box.remove, args=(tmp_path / "outbox" / "0000000000.update",)
    )
    remove_later.start()
    assert box.wait_until(lambda: len(box) == 0, 30)
    put_later.join()
    remove_later.join()


def test_waiting_ends(tmp_path):
    assert not outbox(tmp_path).wait_until(lambda: False, 0.01)
