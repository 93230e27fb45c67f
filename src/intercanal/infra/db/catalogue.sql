-- Each part finds names of what is wrong; its heading completes the sentence. No part takes a parameter.

-- leak: has no forced row security
SELECT c.relname FROM ours c WHERE c.relkind IN ('r', 'p') AND NOT c.is_nobodys
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity)

-- leak: is unique without beginning with the tenant
SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN ours c ON c.oid = x.indrelid
    JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant_id'
    WHERE x.indisunique AND x.indkey[0] <> t.attnum

-- leak: refers to a tenant's row without naming the tenant
SELECT f.conname FROM pg_constraint f JOIN ours c ON c.oid = f.conrelid
    JOIN pg_attribute t ON t.attrelid = f.confrelid AND t.attname = 'tenant_id'
    JOIN pg_attribute m ON m.attrelid = f.conrelid AND m.attname = 'tenant_id'
    WHERE f.contype = 'f' AND NOT EXISTS (
        SELECT FROM generate_subscripts(f.conkey, 1) n WHERE f.conkey[n] = m.attnum AND f.confkey[n] = t.attnum)

-- leak: is a policy for the doors that does not ask for the tenant
SELECT c.relname || '.' || p.polname FROM pg_policy p JOIN ours c ON c.oid = p.polrelid
    WHERE (0 = ANY (p.polroles) OR 'intercanal_app'::regrole = ANY (p.polroles))
    AND (coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') NOT LIKE '%intercanal.tenant%'
         OR coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'intercanal.tenant') NOT LIKE '%intercanal.tenant%')

-- leak: is a view that does not run as its caller
SELECT c.relname FROM ours c WHERE c.relkind = 'v'
    AND NOT coalesce(c.reloptions && '{security_invoker=true,security_invoker=on}', false)

-- leak: is a copy that row security does not guard
SELECT c.relname FROM ours c WHERE c.relkind IN ('m', 'f')

-- leak: runs as its owner with a search path that its caller chooses
SELECT p.proname FROM our_functions p WHERE p.prosecdef
    AND NOT EXISTS (SELECT FROM unnest(p.proconfig) o WHERE o ~ '^search_path=pg_catalog, ?public, ?pg_temp$')

-- leak: may be run by everybody
SELECT p.proname FROM our_functions p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE a.grantee = 0

-- leak: is granted to everybody
SELECT c.relname FROM ours c CROSS JOIN aclexplode(c.relacl) a WHERE a.grantee = 0
    UNION SELECT c.relname || '.' || t.attname FROM ours c JOIN pg_attribute t ON t.attrelid = c.oid
    CROSS JOIN aclexplode(t.attacl) a WHERE a.grantee = 0
    UNION SELECT 'schema public' FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a
    WHERE n.nspname = 'public' AND a.grantee = 0
    UNION SELECT 'database' FROM pg_database b CROSS JOIN aclexplode(coalesce(b.datacl, acldefault('d', b.datdba))) a
    WHERE b.datname = current_database() AND a.grantee = 0

-- leak: is a table of nobody's that a door may change
SELECT c.relname FROM ours c CROSS JOIN aclexplode(c.relacl) a
    WHERE c.is_nobodys AND a.privilege_type <> 'SELECT'
    AND a.grantee IN ('intercanal_app'::regrole, 'intercanal_journal'::regrole)

-- leak: is a role too mighty for the program
SELECT r.rolname FROM pg_roles r WHERE r.rolname IN ('intercanal_owner', 'intercanal_app', 'intercanal_journal')
    AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication)
    UNION SELECT r.rolname FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid
    WHERE r.rolname IN ('intercanal_app', 'intercanal_journal')
    UNION SELECT r.rolname FROM pg_roles r JOIN pg_class o ON o.relowner = r.oid
    WHERE r.rolname IN ('intercanal_app', 'intercanal_journal')
