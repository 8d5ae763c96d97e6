-- Time series as TimescaleDB hypertables, where the extension can be had; the same tables serve without it.
DO $$
DECLARE
    series text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') THEN
        RETURN;
    END IF;
    CREATE EXTENSION IF NOT EXISTS timescaledb;
    FOREACH series IN ARRAY ARRAY['epoch_values', 'extra_metrics', 'weights', 'weight_statistics', 'weight_envelope'] LOOP
        PERFORM create_hypertable(series::regclass, by_range('time'), if_not_exists => true, migrate_data => true);
    END LOOP;
END
$$;
