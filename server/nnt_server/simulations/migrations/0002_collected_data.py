"""The tables that the parser writes. They have no Django model: rows come by COPY and are read by SQL functions."""

from django.db import migrations

CREATE = """
-- The only idempotency key of a collection, written first in the transaction that stores it.
CREATE TABLE collections (
    sim_id uuid NOT NULL REFERENCES simulations (id),
    epoch integer NOT NULL,
    attempt integer NOT NULL,
    time timestamptz NOT NULL,
    sha256 bytea NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (sim_id, epoch)
);

-- No unique constraint here and below: TimescaleDB refuses one without the partition column.
CREATE TABLE epoch_values (
    sim_id uuid NOT NULL,
    epoch integer NOT NULL,
    time timestamptz NOT NULL,
    loss double precision,
    accuracy double precision,
    val_loss double precision,
    val_accuracy double precision
);
CREATE INDEX epoch_values_sim_epoch ON epoch_values (sim_id, epoch);

CREATE TABLE extra_metrics (
    sim_id uuid NOT NULL,
    epoch integer NOT NULL,
    time timestamptz NOT NULL,
    metric text NOT NULL,
    value double precision
);
CREATE INDEX extra_metrics_sim_epoch ON extra_metrics (sim_id, epoch);

CREATE TABLE weights (
    sim_id uuid NOT NULL,
    epoch integer NOT NULL,
    time timestamptz NOT NULL,
    layer_index integer NOT NULL,
    layer_name text NOT NULL,
    variable text NOT NULL,
    shape integer[] NOT NULL,
    first_index bigint NOT NULL,
    weight real[] NOT NULL
);
CREATE INDEX weights_sim_epoch ON weights (sim_id, epoch);

-- The latest epoch of each simulation, so that a list of many is one cheap query.
CREATE TABLE simulation_progress (
    sim_id uuid PRIMARY KEY REFERENCES simulations (id),
    received integer NOT NULL,
    epoch integer NOT NULL,
    time timestamptz NOT NULL,
    loss double precision,
    accuracy double precision,
    val_loss double precision,
    val_accuracy double precision
);

-- What a simulation said at its end; error is null where it finished.
CREATE TABLE run_ends (
    sim_id uuid PRIMARY KEY REFERENCES simulations (id),
    attempt integer NOT NULL,
    time timestamptz NOT NULL,
    error text
);
"""

DROP = "DROP TABLE run_ends, simulation_progress, weights, extra_metrics, epoch_values, collections;"


class Migration(migrations.Migration):
    dependencies = [("simulations", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
