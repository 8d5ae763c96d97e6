-- Who waits for a place, in the order in which places are given: users take turns, so that nobody waits behind all the
-- simulations of somebody else. `turn`: how many of its owner's are running when this one is. Who still waits for a dataset,
-- or for what is found out about model and data, stands in nobody's way.
CREATE OR REPLACE FUNCTION simulation_queue() RETURNS TABLE (sim_id uuid, place bigint, turn bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    WITH running AS (
        SELECT s.owner_id, count(*) AS simulations
        FROM simulations s
        WHERE s.status IN ('preparing', 'running', 'stopping')
        GROUP BY s.owner_id
    ),
    waiting AS (
        SELECT s.id, s.wanted_at,
               coalesce(r.simulations, 0)
                   + row_number() OVER (PARTITION BY s.owner_id ORDER BY s.wanted_at, s.id) AS turn
        FROM simulations s
        JOIN experiments x ON x.id = s.experiment_id
        LEFT JOIN running r ON r.owner_id = s.owner_id
        WHERE s.status IN ('queued', 'paused') AND s.wanted = 'running'
          AND x.train_dataset_id IS NOT NULL AND x.validation_dataset_id IS NOT NULL AND x.test_dataset_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM data_inspections i WHERE i.experiment_id = x.id AND i.finished_at IS NULL)
          AND NOT EXISTS (SELECT FROM model_inspections i WHERE i.id = x.model_inspection_id AND i.finished_at IS NULL)
    )
    SELECT w.id, row_number() OVER (ORDER BY w.turn, w.wanted_at, w.id), w.turn FROM waiting w
$$;
