"""Names of columns and categories, of every kind of index and of strings that pandas has had."""

from itertools import pairwise
from typing import Any

import numpy as np

from nnt_datasets.pickles import arrays
from nnt_datasets.pickles.program import Made, class_of

_ALL = range(10**6)
_OFFSETS: dict[str, np.dtype[np.signedinteger]] = {
    "string": np.dtype("<i4"),
    "large_string": np.dtype("<i8"),
}


def labels_of(index: Any) -> list[Any]:
    """Texts and numbers of an index, and intervals of numbers as texts; raises ValueError."""
    if isinstance(index, Made) and index.maker.name == "_new_IntervalIndex":
        _, fields = index.arguments
        return _intervals(fields["left"], fields["right"], fields["closed"])
    kind, fields = _kind_and_fields(index)
    if kind == "RangeIndex":
        return _range(fields)
    if "data" not in fields:
        raise ValueError(f"an index of the kind {kind}")
    return values_of(fields["data"])


def _kind_and_fields(index: Any) -> tuple[str, Any]:
    if not isinstance(index, Made) or index.maker.name != "_new_Index":
        raise ValueError("an index of an unknown kind")
    kind, fields = index.arguments
    return kind.name, fields


def _range(fields: Any) -> list[int]:
    return list(_ALL[fields["start"] : fields["stop"] : fields["step"]])


def _intervals(left: Any, right: Any, closed: Any) -> list[str]:
    """As pandas shows them: `(0.5, 2.0]`."""
    begin = "[" if closed in ("left", "both") else "("
    end = "]" if closed in ("right", "both") else ")"
    pairs = zip(_bounds(left), _bounds(right), strict=True)
    return [f"{begin}{least}, {most}{end}" for least, most in pairs]


def _bounds(index: Any) -> list[Any]:
    # Not labels_of: of intervals between intervals, each one twice as many, there is no end.
    kind, fields = _kind_and_fields(index)
    if kind == "RangeIndex":
        return _range(fields)
    bounds = arrays.array(fields["data"]) if arrays.is_array(fields["data"]) else []
    if isinstance(bounds, list):
        raise ValueError("intervals between what are no numbers")
    return bounds.tolist()  # type: ignore[no-any-return]


def values_of(described: Any) -> list[Any]:
    if arrays.is_array(described):
        values = arrays.array(described)
        return values if isinstance(values, list) else values.tolist()
    if class_of(described) == "Categorical":
        categories, codes = categories_and_codes(described.state)
        return [categories[code] for code in codes.tolist()]
    if isinstance(described, Made) and isinstance(described.state, tuple):
        inside = [part for part in described.state if arrays.is_array(part)]
        if len(inside) == 1:
            return values_of(inside[0])
    if isinstance(described, Made) and isinstance(described.state, dict):
        state = described.state
        if "_ndarray" in state:
            return values_of(state["_ndarray"])
        if "_pa_array" in state:
            return _arrow_texts(state["_pa_array"])
    raise ValueError("an index of unknown values")


def categories_and_codes(state: Any) -> tuple[list[Any], np.ndarray]:
    """Of a Categorical; a code of -1 is a missing value, and no other is without a category."""
    if isinstance(state, dict):
        dtype, indices = state["_dtype"], state["_ndarray" if "_ndarray" in state else "_codes"]
    else:
        [dtype] = [part for part in state if class_of(part) == "CategoricalDtype"]
        [indices] = [part for part in state if arrays.is_array(part)]
    categories, codes = labels_of(dtype.state["categories"]), np.asarray(arrays.array(indices))
    if codes.dtype.kind != "i" or (codes.size and codes.max() >= len(categories)):
        raise ValueError("a category that there is not")
    return categories, codes


def _arrow_texts(described: Made) -> list[str]:
    """As pyarrow keeps texts: where each begins, and all of them in one piece."""
    if described.maker.name == "chunked_array":
        return [text for chunk in described.arguments[0] for text in _arrow_texts(chunk)]
    kind, length, _, first, (_, offsets, content), *_ = described.arguments[0]
    starts = np.frombuffer(_buffer(offsets), _OFFSETS[kind.arguments[0]])
    ends = starts[first : first + length + 1].tolist()
    whole = bytes(_buffer(content)) if content is not None else b""
    return [whole[start:end].decode() for start, end in pairwise(ends)]


def _buffer(described: Made) -> bytes | bytearray:
    return arrays.octets(described.arguments[0])
