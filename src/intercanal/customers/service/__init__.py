"""The use cases of customers: one function per verb, the unit of work first."""

from intercanal.customers.service.merges import erase, merge, undo_merge
from intercanal.customers.service.profiles import add_identity, canonical, change, create, get, members
from intercanal.customers.service.recognition import recognise
from intercanal.customers.service.searching import list_customers

__all__ = [
    "add_identity",
    "canonical",
    "change",
    "create",
    "erase",
    "get",
    "list_customers",
    "members",
    "merge",
    "recognise",
    "undo_merge",
]
