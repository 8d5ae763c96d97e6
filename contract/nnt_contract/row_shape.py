"""The shape of one row of data: sizes without the batch axis, in which None is any size."""

from collections.abc import Sequence

RowShape = Sequence[int | None]


def fits(received: RowShape, expected: RowShape) -> bool:
    return len(received) == len(expected) and all(
        there is None or here == there for here, there in zip(received, expected, strict=True)
    )


def without_last_one(shape: RowShape) -> RowShape:
    return shape[:-1] if len(shape) and shape[-1] == 1 else shape


def text(shape: RowShape) -> str:
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
