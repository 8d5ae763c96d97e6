-- What was computed of each variable of each collection, and of the initial weights, which are epoch -1.
CREATE OR REPLACE FUNCTION weight_statistics(simulation uuid)
RETURNS TABLE (
    epoch integer,
    "time" timestamptz,
    layer_index integer,
    layer_name text,
    variable text,
    shape integer[],
    mean double precision,
    std double precision,
    min double precision,
    max double precision,
    l2 double precision,
    zeros bigint,
    nans bigint,
    infinities bigint,
    change_l2 double precision,
    duplicate_units integer,
    zero_units integer,
    histogram bigint[]
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT w.epoch, w."time", w.layer_index, w.layer_name, w.variable, w.shape, w.mean, w.std, w.min, w.max, w.l2,
           w.zeros, w.nans, w.infinities, w.change_l2, w.duplicate_units, w.zero_units, w.histogram
    FROM public.weight_statistics w
    WHERE w.sim_id = simulation
    ORDER BY w.epoch, w.layer_index, w.variable
$$;
