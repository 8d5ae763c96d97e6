-- What was recorded of a simulation besides metrics and weights, of these kinds or, with null, of all, in the
-- order of epochs. `content` is as in nnt_contract.records; numbers that JSON does not have are strings in it.
CREATE OR REPLACE FUNCTION records(simulation uuid, kinds text[])
RETURNS TABLE (kind text, epoch integer, attempt integer, "time" timestamptz, content jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT r.kind, r.epoch, r.attempt, r."time", r.content
    FROM public.records r
    WHERE r.sim_id = simulation AND (kinds IS NULL OR r.kind = ANY (kinds))
    ORDER BY r.kind, r.epoch
$$;
