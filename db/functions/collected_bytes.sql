-- How many bytes of weights were collected of a simulation, four to a value.
CREATE OR REPLACE FUNCTION collected_bytes(simulation uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT coalesce(sum(c.bytes), 0)::bigint FROM public.collections c WHERE c.sim_id = simulation
$$;
