"""The refusals of this feature; none repeats what is known of a customer."""

from intercanal.kernel.errors import ConflictError, NotFoundError


class UnknownCustomerError(NotFoundError):
    """There is no such customer here."""

    def __init__(self) -> None:
        super().__init__("customers.unknown")


class ErasedError(ConflictError):
    """The customer asked to be forgotten: nothing is added to it any more."""

    def __init__(self, customer_id: str) -> None:
        super().__init__("customers.erased", id=customer_id)


class IdentityKnownError(ConflictError):
    """The address already belongs to a customer; the facts say to which."""

    def __init__(self, kind: str, customer_id: str) -> None:
        super().__init__("customers.identity_known", kind=kind, customer_id=customer_id)
