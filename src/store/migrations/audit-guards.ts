/**
 * The audit log grows at one end and is cut only at the other (T-77, LD-53): no row is ever changed, and one goes only after a
 * checkpoint stands for it. The triggers bind the tables' owner too.
 */
const refused = 'the audit log is append-only'

const noChange = (table: string): string =>
  `create trigger ${table}_no_update before update on ${table} begin select raise(abort, '${refused}'); end`

const sqlite = [
  noChange('audit'),
  noChange('audit_checkpoints'),
  `create trigger audit_no_delete before delete on audit
     when not exists (select 1 from audit_checkpoints c where c.tenant_id = old.tenant_id and c.sequence >= old.sequence)
     begin select raise(abort, '${refused}'); end`,
  `create trigger audit_checkpoints_no_delete before delete on audit_checkpoints begin select raise(abort, '${refused}'); end`,
  `create trigger audit_heads_forward before update on audit_heads when new.sequence <= old.sequence
     begin select raise(abort, '${refused}'); end`,
]

const postgres = [
  `create function audit_refuse() returns trigger language plpgsql as $$
     begin raise exception '${refused}' using errcode = 'insufficient_privilege'; end $$`,
  `create function audit_delete() returns trigger language plpgsql as $$
     begin
       if exists (select 1 from audit_checkpoints c where c.tenant_id = old.tenant_id and c.sequence >= old.sequence) then return old; end if;
       raise exception '${refused}' using errcode = 'insufficient_privilege';
     end $$`,
  `create trigger audit_no_update before update on audit for each row execute function audit_refuse()`,
  `create trigger audit_no_delete before delete on audit for each row execute function audit_delete()`,
  `create trigger audit_no_truncate before truncate on audit for each statement execute function audit_refuse()`,
  `create trigger audit_checkpoints_no_change before update or delete on audit_checkpoints for each row execute function audit_refuse()`,
  `create trigger audit_checkpoints_no_truncate before truncate on audit_checkpoints for each statement execute function audit_refuse()`,
  `create trigger audit_heads_forward before update on audit_heads for each row
     when (new.sequence <= old.sequence) execute function audit_refuse()`,
]

export const auditGuards = { sqlite, postgres }
