"""The use cases of mail: one function per verb, the unit of work first."""

from intercanal.mail.service.answers import Try, begin_try, end_try, keep_diary, write_letter
from intercanal.mail.service.arrivals import Kept, Reception, known_message, prepare
from intercanal.mail.service.erasing import forget_customers
from intercanal.mail.service.mailboxes import (
    change_mailbox,
    create_mailbox,
    get_mailbox,
    list_mailboxes,
    mailbox_of_address,
    mailbox_versions,
    retire_mailbox,
)
from intercanal.mail.service.reading import StoredFile, get_mail, original_of, stored_file
from intercanal.mail.service.resets import reset_settled, reset_to_send, resets_waiting
from intercanal.mail.service.story import facts_of, queued_answers

__all__ = [
    "Kept",
    "Reception",
    "StoredFile",
    "Try",
    "begin_try",
    "change_mailbox",
    "create_mailbox",
    "end_try",
    "facts_of",
    "forget_customers",
    "get_mail",
    "get_mailbox",
    "keep_diary",
    "known_message",
    "list_mailboxes",
    "mailbox_of_address",
    "mailbox_versions",
    "original_of",
    "prepare",
    "queued_answers",
    "reset_settled",
    "reset_to_send",
    "resets_waiting",
    "retire_mailbox",
    "stored_file",
    "write_letter",
]
