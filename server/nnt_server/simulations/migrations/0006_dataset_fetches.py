"""Datasets that come from URLs: an experiment is there before they are."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

CREATE = """
-- One part of an experiment's data that is to be fetched, and how far that is. It is done when fetched_at is there; what
-- failed is fetched again for who was asked to start since failed_at.
CREATE TABLE dataset_fetches (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id uuid NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    part text NOT NULL CHECK (part IN ('train', 'validation', 'test')),
    url text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    received_bytes bigint NOT NULL DEFAULT 0,
    total_bytes bigint,
    problem text NOT NULL DEFAULT '',
    failed_at timestamptz,
    fetched_at timestamptz,
    UNIQUE (experiment_id, part)
);
-- What the deployer's loop looks for.
CREATE INDEX dataset_fetches_unfinished ON dataset_fetches (id) WHERE fetched_at IS NULL;
"""

DROP = "DROP TABLE dataset_fetches"


class Migration(migrations.Migration):
    dependencies = [("simulations", "0005_tags")]
    operations = [
        *(
            migrations.AlterField(
                "experiment",
                f"{part}_dataset",
                models.ForeignKey(
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to="simulations.dataset",
                ),
            )
            for part in ("train", "validation", "test")
        ),
        migrations.RunSQL(CREATE, DROP),
        # What Django adds to this table, and reads of it.
        migrations.CreateModel(
            name="DatasetFetch",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("part", models.TextField()),
                ("url", models.TextField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("started_at", models.DateTimeField(null=True)),
                ("received_bytes", models.BigIntegerField(db_default=0)),
                ("total_bytes", models.BigIntegerField(null=True)),
                ("problem", models.TextField(db_default="")),
                ("failed_at", models.DateTimeField(null=True)),
                ("fetched_at", models.DateTimeField(null=True)),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="fetches",
                        to="simulations.experiment",
                    ),
                ),
            ],
            options={"db_table": "dataset_fetches", "managed": False},
        ),
    ]
