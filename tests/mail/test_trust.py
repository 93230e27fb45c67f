"""Which conversation a mail continues, decided over any references: only trusted ones join, and the nearest wins."""

from hypothesis import given
from hypothesis import strategies as st

from intercanal.mail.domain.threads import Known, conversation_of

IDS = st.sampled_from([f"<{name}@x>" for name in "abcdefgh"])
CONVERSATIONS = st.sampled_from(["one", "two", "three"])
PEOPLE = st.sampled_from(["camille", "jean", "stranger"])
THEIRS = st.dictionaries(IDS, st.builds(Known, CONVERSATIONS, st.frozensets(PEOPLE, max_size=2)))


@given(
    asked=st.lists(IDS, unique=True),
    ours=st.dictionaries(IDS, CONVERSATIONS),
    theirs=THEIRS,
    sender=st.none() | PEOPLE,
)
def test_only_trusted_references_join_and_the_nearest_of_them(
    asked: list[str], ours: dict[str, str], theirs: dict[str, Known], sender: str | None
) -> None:
    def trusted(reference: str) -> str | None:
        if reference in ours:
            return ours[reference]
        known = theirs.get(reference)
        return known.conversation_id if known and sender in known.people else None

    expected = next((found for found in map(trusted, asked) if found), None)
    assert conversation_of(asked, ours, theirs, sender) == expected


@given(st.lists(IDS, unique=True), THEIRS)
def test_whoever_takes_part_in_nothing_joins_nothing(asked: list[str], theirs: dict[str, Known]) -> None:
    assert conversation_of(asked, {}, theirs, "nobody known") is None
    assert conversation_of(asked, {}, theirs, None) is None
