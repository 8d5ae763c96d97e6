-- The variables of a simulation whose weights were collected at an epoch: where they are, and how they are folded.
CREATE OR REPLACE FUNCTION weight_variables(simulation uuid, collected integer)
RETURNS TABLE (layer_index integer, layer_name text, variable text, shape integer[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT w.layer_index, w.layer_name, w.variable, w.shape
    FROM public.weights w
    WHERE w.sim_id = simulation AND w.epoch = collected AND w.first_index = 1
    ORDER BY w.layer_index, w.variable
$$;
