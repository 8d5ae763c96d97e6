"""What was asked of a simulation and when, what happened to it, and what it uses."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

CREATE = """
-- Of those that are there already nothing was asked since: a failed one must not start again now.
UPDATE simulations SET wanted_at = created_at;

-- What the deployer's loop looks for among very many ended ones.
CREATE INDEX simulations_asked_again ON simulations (id) WHERE wanted_at > status_changed_at;
CREATE INDEX simulations_unwanted ON simulations (id) WHERE wanted = 'deleted';

-- Append-only: every command of a user (status is null) and every change of status.
CREATE TABLE simulation_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sim_id uuid NOT NULL REFERENCES simulations (id),
    time timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    what text NOT NULL,
    status text,
    reason text NOT NULL DEFAULT ''
);
CREATE INDEX simulation_events_sim ON simulation_events (sim_id, id);

-- The last look at what a simulation uses; sums are of all its attempts.
CREATE TABLE simulation_usage (
    sim_id uuid PRIMARY KEY REFERENCES simulations (id),
    attempt integer NOT NULL,
    sampled_at timestamptz NOT NULL,
    is_running boolean NOT NULL,
    cpu_percent double precision,
    memory_bytes bigint NOT NULL,
    peak_memory_bytes bigint NOT NULL,
    cpu_s double precision NOT NULL,
    earlier_cpu_s double precision NOT NULL,
    wall_s double precision NOT NULL
);

CREATE TABLE host_usage (
    host text PRIMARY KEY,
    sampled_at timestamptz NOT NULL,
    cpus integer NOT NULL,
    cpu_percent double precision NOT NULL,
    memory_bytes bigint NOT NULL,
    memory_used_bytes bigint NOT NULL,
    disk_bytes bigint NOT NULL,
    disk_used_bytes bigint NOT NULL
);
"""

DROP = """
DROP TABLE host_usage, simulation_usage, simulation_events;
DROP INDEX simulations_unwanted, simulations_asked_again;
"""


class Migration(migrations.Migration):
    dependencies = [("simulations", "0003_weight_summaries")]
    operations = [
        migrations.AddField(
            model_name="simulation",
            name="interruptions",
            field=models.IntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="simulation",
            name="wanted_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.RunSQL(CREATE, DROP),
        # What Django reads of these tables, or adds to them.
        migrations.CreateModel(
            name="SimulationEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("time", models.DateTimeField()),
                ("actor", models.TextField()),
                ("what", models.TextField()),
                ("status", models.TextField(null=True)),
                ("reason", models.TextField(db_default="")),
                (
                    "simulation",
                    models.ForeignKey(
                        db_column="sim_id",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="simulations.simulation",
                    ),
                ),
            ],
            options={"db_table": "simulation_events", "managed": False},
        ),
        migrations.CreateModel(
            name="SimulationUsage",
            fields=[
                (
                    "simulation",
                    models.OneToOneField(
                        db_column="sim_id",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="usage",
                        serialize=False,
                        to="simulations.simulation",
                    ),
                ),
                ("attempt", models.IntegerField()),
                ("sampled_at", models.DateTimeField()),
                ("is_running", models.BooleanField()),
                ("cpu_percent", models.FloatField(null=True)),
                ("memory_bytes", models.BigIntegerField()),
                ("peak_memory_bytes", models.BigIntegerField()),
                ("cpu_s", models.FloatField()),
                ("earlier_cpu_s", models.FloatField()),
                ("wall_s", models.FloatField()),
            ],
            options={"db_table": "simulation_usage", "managed": False},
        ),
    ]
