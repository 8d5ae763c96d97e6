-- Loss and accuracy of a simulation, one row per collected epoch, in the order of epochs.
CREATE OR REPLACE FUNCTION epoch_values(simulation uuid)
RETURNS TABLE (
    epoch integer,
    "time" timestamptz,
    loss double precision,
    accuracy double precision,
    val_loss double precision,
    val_accuracy double precision
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT e.epoch, e."time", e.loss, e.accuracy, e.val_loss, e.val_accuracy
    FROM public.epoch_values e
    WHERE e.sim_id = simulation
    ORDER BY e.epoch
$$;
