-- Removes every row of a simulation, and its experiment when it was the last one in it; returns how many bytes of
-- weights that were. Locking its row first makes a collection that is being stored either wait and fail, or go too.
DROP FUNCTION IF EXISTS delete_simulation(uuid);
CREATE FUNCTION delete_simulation(simulation uuid) RETURNS bigint
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    experiment uuid;
    logical_bytes bigint := collected_bytes(simulation);
BEGIN
    SELECT s.experiment_id INTO experiment FROM simulations s WHERE s.id = simulation FOR UPDATE;
    DELETE FROM weights w WHERE w.sim_id = simulation;
    DELETE FROM weight_statistics w WHERE w.sim_id = simulation;
    DELETE FROM weight_envelope w WHERE w.sim_id = simulation;
    DELETE FROM extra_metrics m WHERE m.sim_id = simulation;
    DELETE FROM epoch_values e WHERE e.sim_id = simulation;
    DELETE FROM simulation_progress p WHERE p.sim_id = simulation;
    DELETE FROM run_ends r WHERE r.sim_id = simulation;
    DELETE FROM simulation_events e WHERE e.sim_id = simulation;
    DELETE FROM simulation_usage u WHERE u.sim_id = simulation;
    DELETE FROM collections c WHERE c.sim_id = simulation;
    DELETE FROM simulations s WHERE s.id = simulation;
    DELETE FROM experiments e
    WHERE e.id = experiment AND NOT EXISTS (SELECT FROM simulations s WHERE s.experiment_id = experiment);
    RETURN logical_bytes;
END
$$;
