"""The SQL functions, each with what it promises."""

import math
import re

from tests.conftest import FIXTURES


def fill(query, sim_id, epochs=(0, 1)):
    for epoch in epochs:
        query("INSERT INTO collections VALUES (%s, %s, 1, now(), '', 4)", sim_id, epoch)
        query("INSERT INTO epoch_values VALUES (%s, %s, now(), 0.5, 'NaN', NULL, 1)", sim_id, epoch)
        query("INSERT INTO extra_metrics VALUES (%s, %s, now(), 'kl', 0.5)", sim_id, epoch)
        query(
            "INSERT INTO weights VALUES (%s, %s, now(), 2, 'dense', 'kernel', '{2}', 1, '{1,2}')",
            sim_id,
            epoch,
        )
    query(
        "INSERT INTO simulation_progress (sim_id, received, epoch, time) VALUES (%s, 2, 1, now())",
        sim_id,
    )
    query("INSERT INTO run_ends VALUES (%s, 1, now(), NULL)", sim_id)
    query("INSERT INTO records VALUES (%s, 'model', 1, 1, now(), '{}')", sim_id)


def test_epoch_values_come_in_the_order_of_epochs(make_simulation, query):
    sim_id = make_simulation()
    fill(query, sim_id, (3, 1, 2))
    fill(query, make_simulation())
    assert [row[0] for row in query("SELECT * FROM epoch_values(%s)", sim_id)] == [1, 2, 3]


def test_deleting_a_simulation_leaves_no_row_of_it_and_every_row_of_others(make_simulation, query):
    gone, kept = make_simulation(), make_simulation()
    fill(query, gone)
    fill(query, kept)
    query("SELECT delete_simulation(%s)", gone)
    tables = [
        "collections",
        "epoch_values",
        "extra_metrics",
        "weights",
        "simulation_progress",
        "run_ends",
        "records",
    ]
    for table in tables:
        assert query(f"SELECT DISTINCT sim_id FROM {table}") == [(kept,)], table
    assert query("SELECT id FROM simulations") == [(kept,)]
    assert query("SELECT count(*) FROM experiments") == [(1,)]


def test_the_tags_of_a_deleted_simulation_stay_with_their_owner(make_simulation, query):
    gone, kept = make_simulation(), make_simulation()
    query("INSERT INTO tags (id, owner_id, name) VALUES (gen_random_uuid(), 1, 'digits')")
    query(
        "INSERT INTO simulation_tags (simulation_id, tag_id) SELECT s.id, t.id FROM simulations s, tags t"
    )
    query("SELECT delete_simulation(%s)", gone)
    assert query("SELECT simulation_id FROM simulation_tags") == [(kept,)]
    assert query("SELECT name FROM tags") == [("digits",)]


def test_an_experiment_stays_while_it_has_a_simulation(make_simulation, query):
    first = make_simulation()
    [(experiment,)] = query("SELECT experiment_id FROM simulations")
    query(
        "INSERT INTO simulations (id, experiment_id, owner_id, name, model, configuration, seed, expected_collections)"
        " SELECT gen_random_uuid(), experiment_id, owner_id, name, model, configuration, seed, 1 FROM simulations"
    )
    query("SELECT delete_simulation(%s)", first)
    assert query("SELECT id FROM experiments") == [(experiment,)]


def test_the_reports_own_queries_run_as_they_stand(make_simulation, query):
    sim_id = make_simulation()
    fill(query, sim_id)
    text = re.sub(r"--.*", "", (FIXTURES / "appendix_e.sql").read_text()).replace(":sim", "%s")
    unrolled, values, extra = (query(part, sim_id) for part in text.split(";") if part.strip())
    assert [row[1:] for row in unrolled] == [(0, 1.0, 1), (0, 2.0, 2), (1, 1.0, 1), (1, 2.0, 2)]
    assert len(values) == len(extra) == 2


def test_records_are_those_of_the_kinds_that_are_asked_for_in_the_order_of_epochs(
    make_simulation, query
):
    sim_id = make_simulation()
    fill(query, make_simulation())
    for kind, epoch in (("epoch", 1), ("epoch", 0), ("model", 2), ("environment", 0)):
        content = '{"duration_s": 0.5, "learning_rate": "-Infinity"}'
        query("INSERT INTO records VALUES (%s, %s, %s, 1, now(), %s)", sim_id, kind, epoch, content)
    asked = "SELECT kind, epoch FROM records(%s, %s)"
    everything = [("environment", 0), ("epoch", 0), ("epoch", 1), ("model", 2)]
    assert query(asked, sim_id, None) == everything
    assert query(asked, sim_id, ["epoch", "model"]) == everything[1:]
    assert query(asked, sim_id, []) == []
    took = "SELECT epoch, duration_s, learning_rate FROM epoch_records(%s, %s)"
    assert query(took, sim_id, [1, 7]) == [(1, 0.5, -math.inf)]


def test_an_inspection_of_a_model_that_nobody_trains_is_forgotten_after_a_day(
    make_simulation, query
):
    make_simulation()
    began, ended = {"started_at": "now()"}, {"started_at": "now()", "finished_at": "now()"}
    cases = {
        "used": (ended, "2 days"),
        "new": (ended, "1 hour"),
        "old": (ended, "2 days"),
        "failed": (began | {"failed_at": "now()"}, "2 days"),
        "never begun": ({}, "2 days"),
        "under way": (began, "2 days"),
    }
    for name, (times, age) in cases.items():
        columns = {"asked_at": f"now() - interval '{age}'"} | times
        query(
            f"INSERT INTO model_inspections (id, model, backend, {', '.join(columns)})"
            f" VALUES (%s, '{{}}', 'tensorflow', {', '.join(columns.values())})",
            name,
        )
    query("UPDATE experiments SET model_inspection_id = 'used'")
    query("SELECT delete_unused_model_inspections()")
    kept = {name for (name,) in query("SELECT id FROM model_inspections")}
    assert kept == {"used", "new", "under way"}
