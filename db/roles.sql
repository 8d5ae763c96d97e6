-- Grafana's role: whoever asks through it may call the functions that charts ask, and nothing else. They take the
-- uuids of simulations, which nobody guesses. It can log in once create_grafana_login has given it a password.
DO $$
DECLARE
    me pg_roles := (SELECT r FROM pg_roles r WHERE rolname = current_user);
    ours regprocedure;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nnt_grafana') THEN
        IF NOT (me.rolsuper OR me.rolcreaterole) THEN
            RETURN;  -- a database of somebody else's, without Grafana
        END IF;
        CREATE ROLE nnt_grafana NOLOGIN CONNECTION LIMIT 20;
        ALTER ROLE nnt_grafana SET statement_timeout = '30s';
        ALTER ROLE nnt_grafana SET default_transaction_read_only = on;
    END IF;

    -- Everybody may call a new function, and make temporary tables, unless told otherwise. Extensions' functions stay.
    FOR ours IN
        SELECT oid FROM pg_proc p
        WHERE pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_depend d
                          WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', ours);
    END LOOP;
    IF pg_has_role(me.oid, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'MEMBER') THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
    -- PostgreSQL's own: who calls the first reads what others are asking, uuids included; the others fill the disk.
    IF me.rolsuper THEN
        REVOKE EXECUTE ON FUNCTION pg_stat_get_activity(integer) FROM PUBLIC;
        REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
    END IF;

    GRANT EXECUTE ON FUNCTION
        epoch_values(uuid),
        extra_metrics(uuid),
        weight_statistics(uuid),
        weight_variables(uuid, integer)
    TO nnt_grafana;
END
$$;
