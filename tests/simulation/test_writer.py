from collections.abc import Iterable
from threading import Event

import pytest

from nnt_simulation.writer import Writer


def test_small_things_are_written_while_the_caller_goes_on():
    go, written = Event(), list[int]()

    def slowly(parts: Iterable[int]) -> None:
        go.wait(30)
        written.extend(parts)

    with Writer() as writer:
        current = [1, 2]
        writer.add(slowly, iter(current), size=10)
        writer.start()
        current[:] = [8, 9]  # what the training does next
        assert written == []
        go.set()
        writer.catch_up()
        assert written == [1, 2]


def test_large_things_are_read_piece_by_piece_and_the_caller_waits():
    read, written = list[int](), list[tuple[int, int]]()

    def pieces() -> Iterable[int]:
        for piece in (1, 2, 3):
            read.append(piece)
            yield piece

    def write(parts: Iterable[int]) -> None:
        written.extend((part, len(read)) for part in parts)

    with Writer() as writer:
        writer.add(write, pieces(), size=2**30)
        assert written == []
        writer.start()
        assert written == [(1, 1), (2, 2), (3, 3)]


def test_nothing_is_written_before_everything_that_belongs_together_is_there():
    read, written = list[str](), list[tuple[str, int]]()

    def part(name: str) -> Iterable[str]:
        read.append(name)
        yield name

    def write(parts: Iterable[str]) -> None:
        written.extend((part, len(read)) for part in parts)

    with Writer() as writer:
        writer.add(write, part("collection"), size=10)
        writer.add(write, part("checkpoint"), size=10)
        writer.start()
        writer.catch_up()
    assert written == [("collection", 2), ("checkpoint", 2)]


@pytest.mark.parametrize("together", [True, False])
def test_nothing_is_written_after_a_failure(together):
    go, written = Event(), list[int]()

    def fails(parts: Iterable[int]) -> None:
        go.wait(30)
        raise OSError("the disk is full")

    with Writer() as writer:
        writer.add(fails, [1], size=10)
        if not together:
            writer.start()
        writer.add(written.extend, [2], size=10)
        writer.start()
        go.set()
        with pytest.raises(OSError, match="the disk is full"):
            writer.catch_up()
        writer.add(written.extend, [3], size=10)
        writer.start()
        writer.catch_up()
    assert written == []
