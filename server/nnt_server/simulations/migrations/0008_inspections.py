"""Models and data are looked at before anybody trains with them: what was found, and where that is wrong."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

CREATE = """
-- What a model is made of, once for every content and backend. It is done when finished_at is there; what failed is
-- inspected again for who asked, or was asked to start, since failed_at.
CREATE TABLE model_inspections (
    id text PRIMARY KEY,  -- SHA-256 of backend and model
    model jsonb NOT NULL,
    backend text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    starts integer NOT NULL DEFAULT 0,  -- of its process, since it was begun: some are lost
    report jsonb,  -- nnt_contract.model_report
    problem text NOT NULL DEFAULT '',
    failed_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX model_inspections_unfinished ON model_inspections (id) WHERE finished_at IS NULL;

-- What an experiment's data are like, once all parts are there. It is done and fails likewise.
CREATE TABLE data_inspections (
    experiment_id uuid PRIMARY KEY REFERENCES experiments (id) ON DELETE CASCADE,
    started_at timestamptz,
    report jsonb,  -- what `python -m nnt_datasets inspect` answers
    problem text NOT NULL DEFAULT '',
    failed_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX data_inspections_unfinished ON data_inspections (experiment_id) WHERE finished_at IS NULL;

-- What their owner calls the uploaded files, by part: for people to read, in pages and in what is said of the data.
ALTER TABLE experiments ADD COLUMN file_names jsonb NOT NULL DEFAULT '{}';
"""

DROP = "DROP TABLE model_inspections, data_inspections; ALTER TABLE experiments DROP COLUMN file_names"


class Migration(migrations.Migration):
    dependencies = [("simulations", "0007_records")]
    operations = [
        migrations.RunSQL(
            CREATE,
            DROP,
            state_operations=[
                migrations.AddField("experiment", "file_names", models.JSONField(default=dict))
            ],
        ),
        # What Django reads of these tables, and adds to them.
        migrations.CreateModel(
            name="ModelInspection",
            fields=[
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("model", models.JSONField()),
                ("backend", models.TextField()),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("started_at", models.DateTimeField(null=True)),
                ("report", models.JSONField(null=True)),
                ("problem", models.TextField(db_default="")),
                ("failed_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "model_inspections", "managed": False},
        ),
        migrations.CreateModel(
            name="DataInspection",
            fields=[
                (
                    "experiment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="data_inspection",
                        serialize=False,
                        to="simulations.experiment",
                    ),
                ),
                ("started_at", models.DateTimeField(null=True)),
                ("report", models.JSONField(null=True)),
                ("problem", models.TextField(db_default="")),
                ("failed_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "data_inspections", "managed": False},
        ),
        # Null: it was made before models were inspected.
        migrations.AddField(
            "experiment",
            "model_inspection",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="simulations.modelinspection",
            ),
        ),
    ]
