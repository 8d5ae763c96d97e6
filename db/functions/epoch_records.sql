-- What these epochs of a simulation took, and the learning rate at their end, in the order of epochs.
CREATE OR REPLACE FUNCTION epoch_records(simulation uuid, epochs integer[])
RETURNS TABLE (epoch integer, "time" timestamptz, duration_s double precision, learning_rate double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT r.epoch, r."time", (r.content ->> 'duration_s')::double precision,
           (r.content ->> 'learning_rate')::double precision
    FROM public.records r
    WHERE r.sim_id = simulation AND r.kind = 'epoch' AND r.epoch = ANY (epochs)
    ORDER BY r.epoch
$$;
