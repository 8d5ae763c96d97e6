-- Removes an account whose owner wanted that, with everything of it, once its last simulation is gone; says whether it
-- did. Whose simulation is deleted last calls this in the same transaction, so that no account waits for ever.
CREATE OR REPLACE FUNCTION delete_leaving_user(person bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    name text;
BEGIN
    -- Of two that come here at once, the second waits, and then sees what the first has removed.
    SELECT u.username INTO name FROM users u WHERE u.id = person AND u.leaving_at IS NOT NULL FOR UPDATE;
    IF NOT FOUND OR EXISTS (SELECT FROM simulations s WHERE s.owner_id = person) THEN
        RETURN false;
    END IF;
    DELETE FROM experiments e WHERE e.owner_id = person;
    DELETE FROM simulation_tags s USING tags t WHERE s.tag_id = t.id AND t.owner_id = person;
    DELETE FROM tags t WHERE t.owner_id = person;
    DELETE FROM api_tokens t WHERE t.user_id = person;
    DELETE FROM users_groups g WHERE g.user_id = person;
    DELETE FROM users_user_permissions p WHERE p.user_id = person;
    DELETE FROM axes_accessattempt a WHERE a.username = name;
    DELETE FROM users u WHERE u.id = person;
    RETURN true;
END
$$;
