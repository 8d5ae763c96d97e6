-- Removes every row of a simulation, its experiment when it was the last one in it, and its owner who is leaving when it
-- was their last one; returns how many bytes of weights that were. Locking its row first makes a collection that is
-- being stored either wait and fail, or go too.
DROP FUNCTION IF EXISTS delete_simulation(uuid);
CREATE FUNCTION delete_simulation(simulation uuid) RETURNS bigint
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    experiment uuid;
    owner bigint;
    logical_bytes bigint := collected_bytes(simulation);
BEGIN
    SELECT s.experiment_id, s.owner_id INTO experiment, owner FROM simulations s WHERE s.id = simulation FOR UPDATE;
    DELETE FROM weights w WHERE w.sim_id = simulation;
    DELETE FROM weight_statistics w WHERE w.sim_id = simulation;
    DELETE FROM weight_envelope w WHERE w.sim_id = simulation;
    DELETE FROM extra_metrics m WHERE m.sim_id = simulation;
    DELETE FROM epoch_values e WHERE e.sim_id = simulation;
    DELETE FROM simulation_progress p WHERE p.sim_id = simulation;
    DELETE FROM run_ends r WHERE r.sim_id = simulation;
    DELETE FROM records r WHERE r.sim_id = simulation;
    DELETE FROM simulation_events e WHERE e.sim_id = simulation;
    DELETE FROM simulation_usage u WHERE u.sim_id = simulation;
    DELETE FROM simulation_tags t WHERE t.simulation_id = simulation;
    DELETE FROM collections c WHERE c.sim_id = simulation;
    DELETE FROM simulations s WHERE s.id = simulation;
    -- Of two that are deleted at once, one must see that the other is gone.
    PERFORM FROM experiments e WHERE e.id = experiment FOR UPDATE;
    DELETE FROM experiments e
    WHERE e.id = experiment AND NOT EXISTS (SELECT FROM simulations s WHERE s.experiment_id = experiment);
    PERFORM delete_leaving_user(owner);
    RETURN logical_bytes;
END
$$;
