-- Datasets that no experiment refers to. An upload puts its file in place, then writes its rows, under hold_datasets();
-- whoever removes files does so in the transaction of delete_unused_datasets(), which finds nothing while one is held.
CREATE OR REPLACE FUNCTION hold_datasets() RETURNS void
LANGUAGE sql
AS $$
    SELECT pg_advisory_xact_lock_shared(7006, 0)
$$;

CREATE OR REPLACE FUNCTION delete_unused_datasets() RETURNS SETOF text
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(7006, 0) THEN
        RETURN;
    END IF;
    RETURN QUERY
        DELETE FROM datasets d
        WHERE NOT EXISTS (SELECT FROM experiments e WHERE e.train_dataset_id = d.sha256)
          AND NOT EXISTS (SELECT FROM experiments e WHERE e.validation_dataset_id = d.sha256)
          AND NOT EXISTS (SELECT FROM experiments e WHERE e.test_dataset_id = d.sha256)
        RETURNING d.sha256::text;
END
$$;
