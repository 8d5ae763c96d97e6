"""What the parser computes of weights when they arrive, and how weights are kept on disk."""

from django.db import migrations

CREATE = """
-- Aggregates are of finite values only; nans and infinities say how many were left out.
CREATE TABLE weight_statistics (
    sim_id uuid NOT NULL,
    epoch integer NOT NULL,
    time timestamptz NOT NULL,
    layer_index integer NOT NULL,
    layer_name text NOT NULL,
    variable text NOT NULL,
    shape integer[] NOT NULL,
    mean double precision,
    std double precision,
    min double precision,
    max double precision,
    l2 double precision,
    zeros bigint NOT NULL,
    nans bigint NOT NULL,
    infinities bigint NOT NULL,
    change_l2 double precision,
    duplicate_units integer,
    zero_units integer,
    histogram bigint[] NOT NULL
);
CREATE INDEX weight_statistics_sim_epoch ON weight_statistics (sim_id, epoch);

-- Each bucket is of values_per_bucket consecutive values, flattened in C order; the last may be of fewer.
CREATE TABLE weight_envelope (
    sim_id uuid NOT NULL,
    epoch integer NOT NULL,
    time timestamptz NOT NULL,
    layer_index integer NOT NULL,
    variable text NOT NULL,
    values_per_bucket bigint NOT NULL,
    minima real[] NOT NULL,
    maxima real[] NOT NULL
);
CREATE INDEX weight_envelope_sim_epoch ON weight_envelope (sim_id, epoch);

-- Weights do not compress: trying to costs more than half of the time of storing them (db/README.md).
ALTER TABLE weights ALTER COLUMN weight SET STORAGE EXTERNAL;
"""

DROP = """
ALTER TABLE weights ALTER COLUMN weight SET STORAGE EXTENDED;
DROP TABLE weight_envelope, weight_statistics;
"""


class Migration(migrations.Migration):
    dependencies = [("simulations", "0002_collected_data")]
    operations = [migrations.RunSQL(CREATE, DROP)]
