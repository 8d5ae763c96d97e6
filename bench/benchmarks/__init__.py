"""One file for each thing that is measured."""

from bench.benchmarks import (
    ingest_vs_copy,
    ingest_vs_json,
    large_collection,
    launch_cost,
    queue_throughput,
    storage_per_value,
    tracking_cost,
)

BENCHMARKS = [
    module.BENCHMARK
    for module in (
        ingest_vs_copy,
        ingest_vs_json,
        tracking_cost,
        storage_per_value,
        large_collection,
        launch_cost,
        queue_throughput,
    )
]
