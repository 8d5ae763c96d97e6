"""Everything about a simulation as one zip file, made while it is sent."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import RawIOBase, StringIO
from itertools import islice
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.utils import timezone

from nnt_contract.message import number_to_json
from nnt_contract.part import PARTS
from nnt_server import deployer_client
from nnt_server.errors import DeployerAway
from nnt_server.simulations import collected, records, selectors
from nnt_server.simulations.models import Simulation

_ROWS_PER_PIECE = 500
_NO_LOG = "[The deployer, which keeps the log, did not answer. The rest is missing.]\n"
_WEIGHTS = ("epoch", "layer_index", "layer_name", "variable", "index", "value")
_EVALUATION = ("table", "row", "column", "value")
_EVENTS = ("time", "actor", "what", "status", "reason")
_GENERAL = (
    *("id", "name", "status", "reason", "wanted", "seed", "threads", "attempt"),
    *("created_at", "started_at", "ended_at"),
)

Rows = Iterable[Sequence[Any]]


def zip_of(simulation: Simulation) -> Iterator[bytes]:
    """The pieces of the file; at no time more than one of them is in memory."""
    sink = _Sink()
    now = datetime.now(UTC).timetuple()[:6]
    with ZipFile(sink, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for name, pieces in _files(simulation):
            about = ZipInfo(name, now)
            about.compress_type = ZIP_DEFLATED
            with archive.open(about, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece.encode())
                    yield sink.taken()
    yield sink.taken()


def _files(simulation: Simulation) -> Iterator[tuple[str, Iterable[str]]]:
    sim_id = simulation.id
    yield "simulation.json", [_json(_general(simulation))]
    yield "model.json", [_json(simulation.model)]
    yield "data.json", [_json(_data(simulation))]
    yield "epoch_values.csv", _csv(collected.EPOCH_VALUES, collected.epoch_values(sim_id))
    yield "extra_metrics.csv", _csv(collected.EXTRA_METRICS, collected.extra_metrics(sim_id))
    yield (
        "weight_statistics.csv",
        _csv(collected.WEIGHT_STATISTICS, collected.weight_statistics(sim_id)),
    )
    yield "records.json", _records(simulation)
    yield "evaluation.csv", _csv(_EVALUATION, _evaluation(simulation))
    yield "weights.csv", _weights(simulation)
    events = selectors.history(simulation).values_list(*_EVENTS)
    yield "events.csv", _csv(_EVENTS, events.iterator(_ROWS_PER_PIECE))
    yield "log.txt", _log(simulation)


def _general(simulation: Simulation) -> dict[str, Any]:
    return {
        **{name: getattr(simulation, name) for name in _GENERAL},
        "experiment": simulation.experiment_id,
        "owner": simulation.owner.username,
        "tags": sorted(tag.name for tag in simulation.tags.all()),
        "received": simulation.received_collections,
        "expected": simulation.expected_collections,
        "epoch": simulation.completed_epochs,
        "goal_epochs": simulation.configuration["total_epochs"],
        "configuration": simulation.configuration,
        "exported_at": timezone.now(),
    }


def _data(simulation: Simulation) -> dict[str, Any]:
    """Which files it was trained on, and what was found in them."""
    inspection = simulation.data_inspection
    return {
        "sha256": {part: getattr(simulation.experiment, f"{part}_dataset_id") for part in PARTS},
        "problem": inspection.problem if inspection else "",
        "found": inspection.report if inspection else None,
    }


def _records(simulation: Simulation) -> Iterator[str]:
    """A JSON list, a line for each."""
    start = "["
    for row in collected.records(simulation.id):
        record = dict(zip(collected.RECORDS, row, strict=True))
        yield f"{start}\n{json.dumps(record, ensure_ascii=False, default=_json_text)}"
        start = ","
    yield "\n]\n" if start == "," else "[]\n"


def _evaluation(simulation: Simulation) -> Iterator[tuple[Any, ...]]:
    """All tables of it as one, cell by cell; numbers of classes count from 0."""
    evaluation = records.recorded(simulation).evaluation
    if evaluation is None:
        return
    for name, value in evaluation.metrics.items():
        yield "metrics", "", name, value
    for number, scores in enumerate(evaluation.classes or ()):
        for name, value in scores:
            yield "classes", number, name, value
    for point in evaluation.cut_points or ():
        yield "cut_points", point.cut, "precision", point.precision
        yield "cut_points", point.cut, "recall", point.recall
    for true, counts in enumerate(evaluation.confusion or ()):
        for said, count in enumerate(counts):
            yield "confusion", true, said, count


def _weights(simulation: Simulation) -> Iterator[str]:
    """One line for each value: the longest part by far, so its text is put together by hand."""
    yield _lines([_WEIGHTS])
    for epoch in collected.epochs(simulation.id):
        for variable in collected.variables(simulation.id, epoch):
            about = _lines([(epoch, variable.layer_index, variable.layer_name, variable.name)])
            start, first = about.rstrip("\r\n"), 1
            for values in collected.values(simulation.id, epoch, variable):
                yield "".join(
                    f"{start},{index},{number_to_json(value)!s}\r\n"
                    for index, value in enumerate(values, first)
                )
                first += len(values)


def _csv(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    yield _lines([columns])
    remaining = iter(rows)
    while piece := list(islice(remaining, _ROWS_PER_PIECE)):
        yield _lines([_cell(value) for value in row] for row in piece)


def _lines(rows: Rows) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else collected.plain(value)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=_json_text) + "\n"


def _json_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _log(simulation: Simulation) -> Iterator[str]:
    try:
        yield from deployer_client.read_whole_log(simulation.id)
    except DeployerAway:
        yield _NO_LOG


class _Sink(RawIOBase):
    """The file that a zip is written into: it gives away what it has and cannot go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(self._pieces[-1])

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
