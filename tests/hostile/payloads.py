"""What hostile uploads are made of: small pieces, generated, each harmless unless it is run."""

import base64
import io
import json
import marshal
import os
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 12


def honest_model(*layers: Any, **config: Any) -> dict[str, Any]:
    """One that trains on `data()`, unless hostile layers follow the first."""
    first = keras_3("Dense", name="first", units=3)
    start = keras_3("InputLayer", name="in", batch_shape=[None, 4])
    named = {"name": "honest", "layers": [start, first, *layers], **config}
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": named,
        "registered_name": "Sequential",
    }


def keras_3(class_name: str, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": None,
    }


def keras_2(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


def function(name: str, module: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def code(canary: Path) -> str:
    """As Keras keeps a lambda."""
    compiled = compile(f"__import__('os').mkdir({str(canary)!r})", "hostile", "eval")
    return base64.b64encode(marshal.dumps(compiled)).decode()


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


class _RunsWhenUnpickled:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


def pickled(canary: Path) -> bytes:
    return pickle.dumps(_RunsWhenUnpickled(os.mkdir, str(canary)))


def pickled_behind_numpy(canary: Path) -> bytes:
    """All that it names is in NumPy: a helper of its tests, which runs text."""
    from numpy.testing import runstring

    return pickle.dumps(
        _RunsWhenUnpickled(runstring, f"__import__('os').mkdir({str(canary)!r})", {})
    )


def objects(canary: Path) -> bytes:
    """An array as NumPy itself saves it, with an object that runs when it is loaded."""
    content = io.BytesIO()
    array = np.array([_RunsWhenUnpickled(os.mkdir, str(canary))] * ROWS, dtype=object)
    np.lib.format.write_array(content, array, allow_pickle=True)
    return content.getvalue()


def data(**arrays: Any) -> bytes:
    """Arrays that suit the honest model; others replace them or come beside them."""
    honest = {"x": np.ones((ROWS, 4), np.float32), "y": np.zeros((ROWS, 3), np.float32)}
    content = io.BytesIO()
    np.savez(content, **(honest | arrays))
    return content.getvalue()


def npy(array: Any) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
    return content.getvalue()


def claiming(shape: str, descr: str = "'<f4'", values: bytes = b"\0" * 48) -> bytes:
    """An .npy member with that header, whatever follows it."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + values


Members = Sequence[tuple[str, bytes]]


def zipped(*extra: tuple[str, bytes], x: bytes | None = None, compression: int = 0) -> bytes:
    """An archive as savez writes it, with another `x`, or with more members."""
    honest = {"x.npy": np.ones((ROWS, 4), np.float32), "y.npy": np.zeros((ROWS, 3), np.float32)}
    members: list[tuple[str, bytes]] = [(name, npy(array)) for name, array in honest.items()]
    if x is not None:
        members[0] = ("x.npy", x)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, member in (*members, *extra):
            archive.writestr(zipfile.ZipInfo(name), member, compression)
    return content.getvalue()


def listed_as(archive: bytes, offset: int, value: int, size: int) -> bytes:
    """The archive with other bytes in the first entry of its list of members."""
    at = archive.index(b"PK\x01\x02") + offset
    return archive[:at] + value.to_bytes(size, "little") + archive[at + size :]
