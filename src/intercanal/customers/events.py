"""Facts that customers publish; ids only, so that nothing said here ever has to be erased."""

from intercanal.kernel.live import Event


class CustomerCreated(Event, frozen=True, tag="customers.created"):
    """Somebody turned up who was not known yet."""

    customer_id: str


class CustomerChanged(Event, frozen=True, tag="customers.changed"):
    """What is known of a customer changed: the profile, or an identity."""

    customer_id: str


class CustomerMerged(Event, frozen=True, tag="customers.merged"):
    """From now on a customer is read as another one."""

    customer_id: str
    into_id: str


class MergeUndone(Event, frozen=True, tag="customers.merge_undone"):
    """A customer is read as itself again."""

    customer_id: str
    from_id: str


class CustomerErased(Event, frozen=True, tag="customers.erased"):
    """A customer, under all these ids, asked to be forgotten: whoever keeps words of it erases them."""

    customer_ids: tuple[str, ...]
