"""Where short and slang forms fit: by the words before and after what they stand for, both empty at a clause's ends.

"I have paid" is texted "ive paid", but "I have a question" is not "ive a question"; "where it is" never becomes
"where it's".
"""

from __future__ import annotations

from collections.abc import Mapping

from roadworthy.perturbations.phrases import Rule
from roadworthy.perturbations.words import is_negation, is_number


def word_set(text: str) -> frozenset[str]:
    """The words of a text.

    Examples
    --------
    >>> sorted(word_set("to be or to have"))
    ['be', 'have', 'or', 'to']
    """
    return frozenset(text.split())


DETERMINERS = word_set("a an the my your our his her their its this that these those some any another")
BEING = word_set("am is are was were be been being i'm it's he's she's you're we're they're im getting get got")
HAVING = word_set("have has had having i've ive you've we've they've")
_PEOPLE = word_set("i you we they")
_ASKING = word_set("where what who when how which")
_PARTICIPLES = word_set(
    "been had got gotten made sent paid lost found bought told left kept come gone done seen taken given written read "
    "set put forgotten chosen spent said heard felt met won sold held built caught thought brought become shut broken "
    "stolen spoken run already just also only recently always still now never not"
)
_NO_PARTICIPLES = word_set("need seed feed speed deed weed shed bleed breed hundred indeed")
_VERBS = word_set(
    "be have get come take pay send need arrive cancel refund return give go do make call let find help change buy "
    "ask tell try use wait leave keep put see know work start stop charge deliver ship receive replace fix order "
    "open close move check complain report transfer withdraw add remove update contact write speak talk travel miss "
    "lose happen stay visit fly meet play eat sleep say show look finish miss cost expire reach bring collect switch"
)
# After these a noun or an adjective has come to its end.
_AFTER_A_NOUN = word_set(
    "i that which is was has have to in from and or for on with you it but we are were at by please now today if when "
    "because as so about until before after since"
)
_AFTER_A_FEELING = word_set("with about and but that because now today as when if at by or so")
_OBJECTS = DETERMINERS | word_set("it them these those one")
_EXPLAINED = word_set("why how what where when this that it if your my the a")
_NOT_WITH_SUPER = word_set("much well first last same best least few end little thing")


def is_participle(word: str) -> bool:
    """Whether it may follow have in a perfect tense, as far as its letters tell.

    Examples
    --------
    >>> is_participle("ordered"), is_participle("been"), is_participle("a"), is_participle("need")
    (True, True, False, False)
    """
    return word in _PARTICIPLES or (len(word) > 3 and word.endswith("ed") and word not in _NO_PARTICIPLES)


def _goes_on(new: str, before: str, after: str) -> bool:
    return bool(after) and before not in _ASKING


def _ends_a_clause(new: str, before: str, after: str) -> bool:
    return after in ("", "and", "but", "please")


def _is_a_noun_alone(new: str, before: str, after: str) -> bool:
    return not after or after in _AFTER_A_NOUN


def _is_a_feeling(new: str, before: str, after: str) -> bool:
    return not after or after in _AFTER_A_FEELING


def _is_active(new: str, before: str, after: str) -> bool:
    return before in _PEOPLE or before in HAVING or is_negation(before)


def _takes_an_object(new: str, before: str, after: str) -> bool:
    return after in _OBJECTS and before not in DETERMINERS


def _is_counted(new: str, before: str, after: str) -> bool:
    return is_number(before)


def _opens(new: str, before: str, after: str) -> bool:
    return before in ("", "and", "hi", "hello", "please")


def _before_a_verb(new: str, before: str, after: str) -> bool:
    return after in _VERBS


def _thanks(new: str, before: str, after: str) -> bool:
    return new not in ("cheers", "ta") or (before in ("", "ok", "okay", "and") and after not in ("very", "so", "a"))


def _have_to(new: str, before: str, after: str) -> bool:
    return new != "gotta" or before in _PEOPLE


def _said_by(new: str, before: str, after: str) -> bool:
    return before in _PEOPLE


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("it is", "that is", "i am", "i will", "what is"), _goes_on),
    **dict.fromkeys(("fixed", "immediately", "currently", "so much"), _ends_a_clause),
    **dict.fromkeys(("item", "items", "music", "film", "movie", "my phone", "child"), _is_a_noun_alone),
    **dict.fromkeys(
        ("happy", "sad", "tired", "sick", "unwell", "worried", "upset", "exhausted", "pleased", "slow"), _is_a_feeling
    ),
    **dict.fromkeys(("bought", "received", "purchased"), _is_active),
    **dict.fromkeys(("exchange", "repair", "requested", "resolve", "solve", "buy"), _takes_an_object),
    **dict.fromkeys(("dollars", "pounds"), _is_counted),
    **dict.fromkeys(("would like", "would like to"), _said_by),
    **dict.fromkeys(("going to", "got to", "i am going to"), _before_a_verb),
    **dict.fromkeys(("thank you", "thanks"), _thanks),
    "may i": _opens,
    "have to": _have_to,
    "i have": lambda new, before, after: new != "ive" or is_participle(after),
    "you are": lambda new, before, after: new != "ur" or bool(after),
    "how are you": lambda new, before, after: new != "hru" or after in ("", "doing", "today"),
    "where are you": lambda new, before, after: new != "wru" or after in ("", "now", "guys"),
    "what are you": lambda new, before, after: new != "whatcha" or after.endswith("ing"),
    "appear": lambda new, before, after: after not in ("to", "as", "that"),
    "appears": lambda new, before, after: after not in ("to", "as", "that"),
    "great": lambda new, before, after: after not in ("britain", "deal"),
    "understand": lambda new, before, after: after in _EXPLAINED,
    "very": lambda new, before, after: after not in _NOT_WITH_SUPER and before not in DETERMINERS,
    "whether": lambda new, before, after: after != "or",
}
