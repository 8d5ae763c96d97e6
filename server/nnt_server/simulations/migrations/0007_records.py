"""What simulations say of their training besides metrics and weights. The parser writes it; SQL functions read it."""

from django.db import migrations

CREATE = """
-- content: a record of nnt_contract.records without its kind and epoch.
CREATE TABLE records (
    sim_id uuid NOT NULL REFERENCES simulations (id),
    kind text NOT NULL,
    epoch integer NOT NULL,
    attempt integer NOT NULL,
    time timestamptz NOT NULL,
    content jsonb NOT NULL,
    PRIMARY KEY (sim_id, kind, epoch)
);
"""

DROP = "DROP TABLE records"


class Migration(migrations.Migration):
    dependencies = [("simulations", "0006_dataset_fetches")]
    operations = [migrations.RunSQL(CREATE, DROP)]
