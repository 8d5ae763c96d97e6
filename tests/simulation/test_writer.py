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
        writer.write(slowly, iter(current), size=10)
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
        writer.write(write, pieces(), size=2**30)
        assert written == [(1, 1), (2, 2), (3, 3)]


def test_nothing_is_written_after_a_failure():
    go, written = Event(), list[int]()

    def fails(parts: Iterable[int]) -> None:
        go.wait(30)
        raise OSError("the disk is full")

    with Writer() as writer:
        writer.write(fails, [1], size=10)
        writer.write(written.extend, [2], size=10)
        go.set()
        with pytest.raises(OSError, match="the disk is full"):
            writer.catch_up()
        writer.write(written.extend, [3], size=10)
        writer.catch_up()
    assert written == []
