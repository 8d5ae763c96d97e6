"""The SQL functions that read what was collected, each with what it promises."""


def test_extra_metrics_come_in_the_order_of_epochs_and_names(make_simulation, query):
    sim_id, other = make_simulation(), make_simulation()
    for epoch, metric in ((3, "b"), (1, "b"), (3, "a")):
        for simulation in (sim_id, other):
            query(
                "INSERT INTO extra_metrics VALUES (%s, %s, now(), %s, 'NaN')",
                simulation,
                epoch,
                metric,
            )
    rows = query("SELECT epoch, metric FROM extra_metrics(%s)", sim_id)
    assert rows == [(1, "b"), (3, "a"), (3, "b")]


def test_weight_statistics_begin_with_the_initial_weights(make_simulation, query):
    sim_id = make_simulation()
    for epoch, layer, variable in ((0, 1, "kernel"), (-1, 2, "bias"), (-1, 1, "kernel")):
        query(
            "INSERT INTO weight_statistics VALUES"
            " (%s, %s, now(), %s, 'l', %s, '{2}', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{1}')",
            *(sim_id, epoch, layer, variable),
        )
    rows = query("SELECT epoch, layer_index, variable FROM weight_statistics(%s)", sim_id)
    assert rows == [(-1, 1, "kernel"), (-1, 2, "bias"), (0, 1, "kernel")]


def weights(query, sim_id, epoch, variable, *parts):
    """Rows of one variable, of as many values as given."""
    first = 1
    for values in parts:
        row = (sim_id, epoch, variable, [9], first, values)
        query("INSERT INTO weights VALUES (%s, %s, now(), 2, 'dense', %s, %s, %s, %s)", *row)
        first += len(values)


def test_weight_variables_name_each_variable_once(make_simulation, query):
    sim_id = make_simulation()
    weights(query, sim_id, 4, "kernel", [1.0], [2.0])
    weights(query, sim_id, 4, "bias", [1.0])
    weights(query, sim_id, 5, "bias", [1.0])
    rows = query("SELECT * FROM weight_variables(%s, 4)", sim_id)
    assert rows == [(2, "dense", "bias", [9]), (2, "dense", "kernel", [9])]
    assert query("SELECT * FROM weight_variables(%s, 6)", sim_id) == []


def test_weight_values_are_read_in_pieces_that_end_where_a_row_does(make_simulation, query):
    sim_id = make_simulation()
    weights(query, sim_id, 4, "kernel", [1.0, 2.0, 3.0], [4.0, 5.0])
    weights(query, sim_id, 4, "bias", [9.0] * 9)
    found = {}
    first = 1
    while True:
        [(values,)] = query("SELECT weight_values(%s, 4, 2, 'kernel', %s, 2)", sim_id, first)
        if not values:
            break
        found[first] = values
        first += len(values)
    assert found == {1: [1.0, 2.0], 3: [3.0], 4: [4.0, 5.0]}
