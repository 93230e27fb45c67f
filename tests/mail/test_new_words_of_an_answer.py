"""What a correspondent wrote this time, without quotations and signature."""

import pytest

from intercanal.mail.domain.replies import reply_text

ANSWERS = {
    "no quotation": ("Bonjour,\nma facture est fausse.", "Bonjour,\nma facture est fausse."),
    "a signature": (
        "Bonjour,\nma facture est fausse.\n\n-- \nCamille\n06 00 00 00 00",
        "Bonjour,\nma facture est fausse.",
    ),
    "a signature without its space": ("Hello\n--\nCamille", "Hello"),
    "English": ("Yes.\n\nOn Mon, 23 Nov 2026 at 10:00, Help <help@check.example> wrote:\n> Shall I?\n> Yours", "Yes."),
    "English over two lines": (
        "Yes.\n\nOn Mon, 23 Nov 2026 at 10:00, Help\n<help@check.example> wrote:\n\n> Shall I?",
        "Yes.",
    ),
    "French": ("Oui.\n\nLe lun. 23 nov. 2026 à 10:00, Help <help@check.example> a écrit :\n\n> Puis-je ?", "Oui."),
    "French with a hard space": ("Oui.\n\nLe 23/11/2026 à 10:00, Help a écrit\u00a0:\n> Puis-je ?", "Oui."),
    "French over two lines": (
        "Oui.\nLe lun. 23 nov. 2026 à 10:00, Help <help@check.example> a\nécrit :\n> Puis-je ?",
        "Oui.",
    ),
    "Dutch": ("Ja.\n\nOp ma 23 nov 2026 om 10:00 schreef Help <help@check.example>:\n> Mag ik?", "Ja."),
    "German": ("Ja.\n\nAm 23.11.2026 um 10:00 schrieb Help <help@check.example>:\n> Darf ich?", "Ja."),
    "Outlook": (
        "Yes.\n\n________________________________\nFrom: Help <help@check.example>\nSent: Monday\nTo: Camille\n"
        "Subject: RE: x\n\nShall I?",
        "Yes.",
    ),
    "French Outlook": (
        "Oui.\n\nDe : Help <help@check.example>\nEnvoyé : lundi 23 novembre 2026 10:00\nÀ : "
        "Camille\nObjet : RE: x\n\nPuis-je ?",
        "Oui.",
    ),
    "Dutch Outlook": (
        "Ja.\n\nVan: Help\nVerzonden: maandag\nAan: Camille\nOnderwerp: x\n\nMag ik?",
        "Ja.",
    ),
    "an original message": ("Yes.\n\n-----Original Message-----\nFrom: Help\n\nShall I?", "Yes."),
    "a French original message": ("Oui.\n\n-----Message d'origine-----\nDe : Help\n\nPuis-je ?", "Oui."),
    "quoted lines alone": ("> Shall I?\nYes.\n> And this?\nNo.", "Yes.\nNo."),
    "answers between quoted lines": (
        "See below.\n\nOn Monday, Help wrote:\n> Shall I?\n\nYes.\n\n> And this?\n\nNo.",
        "See below.\n\n\nYes.\n\n\nNo.",
    ),
    "an answer under the quotation": (
        "On Monday, Help wrote:\n> Shall I?\n> Please say.\n\nYes.\n\n-- \nCamille",
        "Yes.",
    ),
    "a phone's advertisement": ("Oui.\n\nEnvoyé de mon iPhone", "Oui."),
    "an English phone's advertisement": ("Yes.\n\nSent from my iPhone\n\nOn Monday, Help wrote:\n> Shall I?", "Yes."),
    "a polite ending": (
        "Ma facture est fausse.\n\nCordialement,\nCamille Test\n12 rue Haute",
        "Ma facture est fausse.",
    ),
    "everything quoted": ("> Shall I?\n> Please say.", ""),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "expected"), ANSWERS.values(), ids=ANSWERS.keys())
def test_only_the_new_words_remain(text: str, expected: str) -> None:
    assert reply_text(text) == expected


KEPT = {
    "thanks that begin a sentence": "Thanks, but the second bill is wrong too.\nPlease correct it.",
    "a list with dashes": "I need:\n- one chair\n- two tables",
    "a polite ending with much after it": "Regards\n"
    + "a long line that is no signature at all, since it goes on and on " * 3,
    "words that look like an attribution": "On Monday I wrote to you: no answer came.",
    "an addition": "1 > 0 and 2 > 1",
    "a dash in the middle": "a -- b",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT.keys())
def test_a_customers_own_words_are_never_dropped(text: str) -> None:
    assert reply_text(text) == text.strip()
