-- Up to `count` values of one variable at one epoch, in C order, from value `first` on (counted from 1). A row holds
-- at most 2^20 values and the answer is of one row: fewer come at its end, none after the last.
CREATE OR REPLACE FUNCTION weight_values(
    simulation uuid, collected integer, layer integer, named text, first bigint, count integer
) RETURNS real[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT w.weight[first - w.first_index + 1 : first - w.first_index + count]
    FROM public.weights w
    WHERE w.sim_id = simulation AND w.epoch = collected AND w.layer_index = layer AND w.variable = named
      -- Found first: sorting would read the values of every row up to this one.
      AND w.first_index = (
          SELECT max(r.first_index)
          FROM public.weights r
          WHERE r.sim_id = simulation AND r.epoch = collected AND r.layer_index = layer AND r.variable = named
            AND r.first_index <= first
      )
$$;
