"""How fast a collection gets from arrays in memory into the database, beside the way the report describes."""

import json
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, groupby
from typing import Any

import psycopg2
import psycopg2.extensions

from bench.measurement import Benchmark, Bound, Comparison, Measurement, interleaved, ratio
from bench.networks import APPENDIX_D, MILLION, Network, Weights
from bench.sender import Sender, sender
from bench.services import Services, running_services
from nnt_contract.updates import Collection

_OURS, _REPORT = "ours", "nested JSON, row inserts"

_TABLES = """
CREATE TABLE IF NOT EXISTS report_epoch_values (
    sim_id uuid, epoch integer, time timestamptz, loss float8, accuracy float8
);
CREATE TABLE IF NOT EXISTS report_weights (
    sim_id uuid, epoch integer, time timestamptz, layer_index integer, layer_name text, weight real[]
);
"""
_EPOCH = "INSERT INTO report_epoch_values VALUES (%s, %s, %s, %s, %s)"
_LAYER = "INSERT INTO report_weights VALUES (%s, %s, %s, %s, %s, %s)"


def run(quick: bool) -> Measurement:
    with running_services() as services:
        small = _compare(services, APPENDIX_D, repeats=3 if quick else 15)
        large = _compare(services, MILLION, repeats=3 if quick else 9)
    return Measurement(value=large.value, sides=large.sides, beside={str(APPENDIX_D): small})


def _compare(services: Services, network: Network, repeats: int) -> Comparison:
    with (
        sender(services, network) as ours,
        closing(psycopg2.connect(services.database_url)) as connection,
    ):
        with connection, connection.cursor() as cursor:
            cursor.execute(_TABLES)
        samples = interleaved(
            repeats,
            {
                _OURS: lambda: _store_ours(ours),
                _REPORT: lambda: _store_as_the_report(connection, network, *ours.next_epoch()),
            },
            warm_ups=1,
        )
    return ratio(_REPORT, _OURS, "s", samples)


def _store_ours(ours: Sender) -> float:
    collection, weights = ours.next_epoch()
    began = time.perf_counter()
    path = ours.put(collection, weights)
    ours.deliver(path)
    took = time.perf_counter() - began
    ours.clear(path)
    return took


def _store_as_the_report(
    connection: psycopg2.extensions.connection,
    network: Network,
    collection: Collection,
    weights: Weights,
) -> float:
    model = json.dumps(network.keras_json())
    began = time.perf_counter()
    _receive(connection, _body(model, collection, weights))
    return time.perf_counter() - began


def _body(model: str, collection: Collection, weights: Weights) -> str:
    layers = groupby(
        zip(collection.arrays, weights, strict=True), key=lambda pair: pair[0].layer_index
    )
    return json.dumps(
        {
            "sim_id": str(collection.sim_id),
            "epoch": collection.epoch,
            "model": model,
            "weights": [[values.tolist() for _, values in layer] for _, layer in layers],
            "logs": collection.logs,
        }
    )


def _receive(connection: psycopg2.extensions.connection, body: str) -> None:
    update: dict[str, Any] = json.loads(body)
    layers = json.loads(update["model"])["config"]["layers"][1:]
    logs, key = update["logs"], (update["sim_id"], update["epoch"], datetime.now(UTC))
    with connection, connection.cursor() as cursor:
        cursor.execute(_EPOCH, (*key, logs["loss"], logs["accuracy"]))
        for index, (layer, (kernel, bias)) in enumerate(
            zip(layers, update["weights"], strict=True)
        ):
            values = [*chain.from_iterable(kernel), *bias]
            cursor.execute(_LAYER, (*key, index, layer["config"]["name"], values))


BENCHMARK = Benchmark(
    name="ingest_vs_json",
    question="How much faster does a collection get into the database than in the way the report describes?",
    how=f"""
A collection of {MILLION}, from arrays in memory until it is committed. Ours: the frame into the outbox with its
fsync, the POST, the spool with its fsync, Celery, statistics and envelope, one transaction, seen by another
connection. The report's: `json.dumps` of nested lists of all weights of each layer, `json.loads` of that, and
one INSERT through psycopg2 for each layer, its weights a Python list, in one transaction into tables without an
index. Its HTTP request and its Celery message, which would carry the same JSON again, are left out in its
favour. Value: the median time of the report's way by that of ours.
""",
    unit="times the speed of the report's way",
    bound=Bound(at_least=20),
    run=run,
)
