"""The use cases of identity: one function per verb, the unit of work first."""

from intercanal.identity.service.access import Access, open_digests, recheck, tenant_of
from intercanal.identity.service.accounts import (
    Account,
    NewUser,
    account_by_email,
    change_password,
    create_admin,
    create_user,
    deactivate_user,
    list_users,
    set_user_role,
)
from intercanal.identity.service.audit import (
    audit_head,
    audit_verify,
    chain_pending,
    list_audit,
    record,
    record_timeline_opened,
)
from intercanal.identity.service.resets import (
    ResetLetter,
    request_reset,
    reset_letter,
    reset_letter_sent,
    reset_password,
    waiting_reset_mails,
)
from intercanal.identity.service.roles import change_role, create_role, list_roles, retire_role
from intercanal.identity.service.sessions import (
    end_all_sessions,
    end_session,
    list_sessions,
    note_failed_sign_in,
    open_session,
    sweep,
)
from intercanal.identity.service.tickets import issue_ticket, redeem_ticket
from intercanal.identity.service.tokens import (
    create_key,
    issue_agent_token,
    list_keys,
    revoke_agent_tokens,
    revoke_key,
)

__all__ = [
    "Access",
    "Account",
    "NewUser",
    "ResetLetter",
    "account_by_email",
    "audit_head",
    "audit_verify",
    "chain_pending",
    "change_password",
    "change_role",
    "create_admin",
    "create_key",
    "create_role",
    "create_user",
    "deactivate_user",
    "end_all_sessions",
    "end_session",
    "issue_agent_token",
    "issue_ticket",
    "list_audit",
    "list_keys",
    "list_roles",
    "list_sessions",
    "list_users",
    "note_failed_sign_in",
    "open_digests",
    "open_session",
    "recheck",
    "record",
    "record_timeline_opened",
    "redeem_ticket",
    "request_reset",
    "reset_letter",
    "reset_letter_sent",
    "reset_password",
    "retire_role",
    "revoke_agent_tokens",
    "revoke_key",
    "set_user_role",
    "sweep",
    "tenant_of",
    "waiting_reset_mails",
]
