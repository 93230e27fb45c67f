"""Every code that routing gives has its sentence in each language, made of facts that the code carries."""

import json
import re
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest

import intercanal.routing
from intercanal.routing.domain import CHANNELS, Contact, Matcher, Requirement, Trigger, deadline, idle_key, reason_for
from intercanal.routing.domain.reasons import Reason

LANGUAGES = ("en", "fr", "nl")


def words(language: str) -> dict[str, str]:
    text = resources.files(intercanal.routing).joinpath(f"words.{language}.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found


def codes_in_the_source() -> set[str]:
    """Every code that is raised or given as a reason; tags, permissions and settings are no codes."""
    found: set[str] = set()
    for path in Path(intercanal.routing.__path__[0]).rglob("*.py"):
        text = path.read_text("utf-8")
        found |= set(re.findall(r'(?:Refused|Reason|__init__|WORD)\(\s*"(routing\.\w+)"', text))
        found |= set(re.findall(r'Reason\("(routing\.\w+)" if .* else "(?:routing\.\w+)"', text))
        found |= set(re.findall(r'else "(routing\.\w+)"', text))
    return found


def reasons() -> list[Reason]:
    """One reason of each code, made by the matcher itself."""
    made = []
    for wish in (None, "preferred", "required"):
        matcher = Matcher()
        matcher.set_queue("queue", [Requirement()])
        for name in ("ada", "bob"):
            matcher.set_agent(name, {})
            matcher.place(name, (1 << len(CHANNELS)) - 1, idle_key(0, 0))
        contact = Contact("contact", 0, deadline(0, 20, 0), 0, [("queue", 0)])
        contact.preferred = "bob" if wish == "preferred" else None
        contact.required = "bob" if wish == "required" else None
        choice = matcher.arrive(contact)
        assert choice is not None
        made.append(reason_for(choice, 1, "arrived"))
    matcher = Matcher()
    matcher.set_queue("queue", [Requirement()])
    matcher.set_agent("ada", {})
    assert matcher.arrive(Contact("contact", 0, 0, 0, [("queue", 0)])) is None
    choice = matcher.free("ada", 1, idle_key(0, 0))
    assert choice is not None
    return [*made, reason_for(choice, 1, "agent_available")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_sentence(language: str) -> None:
    known = words(language)
    assert {reason.code for reason in reasons()} <= known.keys()
    assert codes_in_the_source() <= known.keys()
    assert len(codes_in_the_source()) > 15
    assert {f"routing.trigger.{trigger}" for trigger in get_args(Trigger)} <= known.keys()
    assert {f"routing.offer_{state}" for state in ("accepted", "declined", "expired", "withdrawn", "over")} <= set(
        known
    )


def test_sentences_name_only_facts_that_their_code_carries() -> None:
    made = reasons()
    for key, sentence in words("en").items():
        facts = [reason.facts for reason in made if key == reason.code or key.startswith(reason.code + ".")]
        if facts:
            assert set(re.findall(r"{(\w+)}", sentence)) <= set.intersection(*(set(one) for one in facts)), key


def test_languages_say_the_same_with_the_same_facts_each_in_its_own_words() -> None:
    english, french, dutch = (words(language) for language in LANGUAGES)
    assert english.keys() == french.keys() == dutch.keys()
    for key in english:
        said = [one[key] for one in (english, french, dutch)]
        assert len(set(said)) == len(said), key
        assert len({tuple(sorted(re.findall(r"{(\w+)}", one))) for one in said}) == 1, key
