-- Inspections of models that no experiment refers to: whoever looked at a model and did not train it. A day, so that the
-- page that was left open, or another try, finds the answer. One that may have a process stays until that has ended.
CREATE OR REPLACE FUNCTION delete_unused_model_inspections() RETURNS void
LANGUAGE sql SET search_path = public, pg_temp
AS $$
    DELETE FROM model_inspections i
    WHERE i.asked_at < clock_timestamp() - interval '1 day'
      AND (i.started_at IS NULL OR i.failed_at IS NOT NULL OR i.finished_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM experiments e WHERE e.model_inspection_id = i.id)
$$;
