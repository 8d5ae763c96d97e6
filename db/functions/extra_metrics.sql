-- What was collected besides loss and accuracy, one row per epoch and metric, in the order of epochs.
CREATE OR REPLACE FUNCTION extra_metrics(simulation uuid)
RETURNS TABLE (epoch integer, "time" timestamptz, metric text, value double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT m.epoch, m."time", m.metric, m.value
    FROM public.extra_metrics m
    WHERE m.sim_id = simulation
    ORDER BY m.epoch, m.metric
$$;
