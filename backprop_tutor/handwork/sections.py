"""Which sample and which update step the lines of a sheet are about, as its headings say it.

# Sample 2            **Sample 2**    Sample 2 (x = 2):    the lines below, until another sample, a heading of
                                                          this rank or a higher one, or one about all samples
Sample 2: z = 1.4                                         this line, and those below it as with a heading
For the second sample:    x^(2):   i = 2:                the same
# Step 2              Iteration 2     Epoch 2:             the lines below, until another step or such a heading
# After the update    # Second iteration    Next step:
"""

from __future__ import annotations

import re

from ..values import replace
from .claims import Claim, Step
from .typed import Typed

_SAMPLE_WORD = r"(?:training\s+)?(?:sample|example|instance|observation|pattern|data\s*point)"
_SAMPLE = re.compile(rf"\b{_SAMPLE_WORD}\s*(?:no\.?|number)?\s*[#(]?\s*(\d{{1,4}})\b(?!\.\d)", re.IGNORECASE)
# a heading about all samples together ends the one before, whatever its rank
_ALL = re.compile(
    r"\b(?:mean|average[sd]?|averaging|total|sum|summed|all|batch|overall|both|together|combined|update[sd]?|updating"
    r"|new\s+(?:weights|parameters|values))\b",
    re.IGNORECASE,
)
_PASSES = r"(?:update\s+step|gradient\s+step|step|iteration|epoch|update|time\s+step)"
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_NTH_SAMPLE = re.compile(rf"\b({'|'.join(_ORDINALS)})\s+({_SAMPLE_WORD})\b", re.IGNORECASE)
_IN_WORDS = re.compile(rf"\b({_SAMPLE_WORD}|{_PASSES})\s+({'|'.join(_WORDS)})\b", re.IGNORECASE)
_OF_SAMPLE = re.compile(rf"(?<=[\w}}])\(\s*{_SAMPLE_WORD}\s*#?\s*(\d{{1,4}})\s*\)", re.IGNORECASE)
_STEP = re.compile(rf"\b({_PASSES})\s*(?:no\.?|number)?\s*[#(]?\s*(\d{{1,4}})\b(?!\.\d)", re.IGNORECASE)
_NTH = re.compile(
    rf"\b({'|'.join(_ORDINALS)})\s+({_PASSES}|(?:forward\s+)?pass|round)\b(?!\s+(?:of\s+the\s+)?update)", re.IGNORECASE
)
_AFTER = re.compile(
    rf"\bafter\s+(?:the\s+|this\s+|an?\s+|(?P<count>\d{{1,4}}|{'|'.join(_WORDS)})\s+)?"
    rf"(?:(?P<nth>{'|'.join(_ORDINALS)})\s+)?(?:weight\s+)?{_PASSES}s?(?:\s+(?P<number>\d{{1,4}}))?\b",
    re.IGNORECASE,
)
_NEXT = re.compile(rf"\b(?:next|another)\s+{_PASSES}\b", re.IGNORECASE)
_WITH_NEW = re.compile(r"\bwith\s+(?:the\s+|our\s+)?(?:new|updated)\s+(?:weights|parameters|values)\b", re.IGNORECASE)
# "Step 2: backward pass" numbers the stages of the work, as a rule
_STAGE = re.compile(
    r"\b(?:forward|backward|back|error|loss|gradients?|derivatives?|chain|delta|update|weights?|hidden|output|input|layer"
    r"|compute|calculate|find|apply|softmax|activation|propagat\w*|backprop\w*|initiali\w*)\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(rf"\W*(?:{_SAMPLE_WORD}|{_PASSES})\b", re.IGNORECASE)
_BOLD = re.compile(r"\s*(\*\*|__)(?P<text>[^*_=≈]+)\1\s*:?\s*$")
_COLON = re.compile(r"\W*[^\W\d]\w*(?:\s+[\w()'-]+){0,6}\s*:\s*$")  # a few words and a colon
_PREFIX = re.compile(
    rf"^\W*(?P<name>{_SAMPLE_WORD}|{_PASSES})\s*(?:no\.?|number)?\s*[#(]?\s*\d{{1,4}}\b(?!\.\d)\)?"
    r"(?P<rest>(?:[^:=≈()]|\([^)]*\))*)(?P<colon>:)?",
    re.IGNORECASE,
)
# a line that only says which sample or step comes: "Now the second sample.", "Let's do step 2"
_LEAD = (
    r"(?:(?:and|at|calculate|compute|consider|continue|do|finally|for|go|in|let\s?us|let'?s|look|now|next|of|on|same|so"
    r"|take|the|then|this|to|turn|update|we|with)\b[\s,:]*)*"
)
_SAYS_WHICH = re.compile(
    rf"\W*{_LEAD}(?:(?:{_SAMPLE_WORD}|{_PASSES})\s*(?:no\.?|number)?\s*[#(]*\s*(?:\d{{1,4}}|{'|'.join(_WORDS)})\b\)*"
    rf"|(?:{'|'.join(_ORDINALS)}|next|another)\s+(?:{_SAMPLE_WORD}|{_PASSES})\b|{_AFTER.pattern})"
    r"(?:\s*\([^()]*\)|(?!\s+(?:is|was|has|had|are|does|gives?)\b)(?:\s+[\w'-]+){0,3})\s*[.:]?\W*",
    re.IGNORECASE,
)
_RAISED = re.compile(
    r"\W*(?:(?:for|with|take|now|next|input)\s+)*[^\W\d]\w*\^\{?\((?P<number>\d{1,4})\)\}?\s*:?\W*", re.IGNORECASE
)
_COUNTED = re.compile(r"\W*(?:(?:for|at)\s+)?(?P<letter>[imnkt])\s*=\s*(?P<number>\d{1,4})\s*(?P<colon>:?)\W*")
_BRACKETED = re.compile(r"\([^()]*\)")
LOWEST = 7  # the rank of a heading that is no Markdown heading


class Sections:
    """Follows the headings of one sheet; `sample` and `step` hold for the line at hand."""

    def __init__(self, samples: int, steps: int, letters: str = "") -> None:
        self.samples = samples
        self.steps = steps
        self.letters = letters  # that may count samples or steps, since they are no quantities
        self.sample: int | None = None
        self.nearby: int | None = None  # the sample that a heading below it has ended by what it says
        self.step: Step | None = None
        self._sample_rank = LOWEST
        self._step_rank = LOWEST

    def heading(self, text: str, rank: int) -> None:
        """A heading, `rank` 1 for the highest."""
        sample = self._sample_of(text)
        if sample is not None:
            self.sample, self.nearby, self._sample_rank = sample, None, rank
        elif rank <= self._sample_rank:
            self.sample = self.nearby = None
        elif _ALL.search(text) and self.sample is not None:
            self.sample, self.nearby = None, self.sample
        step = self._counted_step(text) or step_of(text, self.steps)
        if step is None and (found := _NEXT.search(text)):
            number = (self.step.number if self.step is not None else 1) + 1
            step = Step(number, _is_sure(found[0], number, self.steps, text.replace(found[0], "")))
        if step is not None:
            self.step, self._step_rank = step, rank
        elif rank <= self._step_rank:
            self.step = None

    def placed(self, claim: Claim) -> Claim:
        """A claim of the line at hand, with the sample and the step that it is about."""
        return replace(claim, sample=self.sample, nearby=self.nearby, step=self.step)

    def plain(self, text: Typed) -> Typed:
        """`h1(sample 2)` as h1#2, where there are samples."""

        def named(match: re.Match[str]) -> Typed:
            return text.put(f"#{match[1]}", *match.span())

        return text.sub(_OF_SAMPLE, named) if self.samples else text

    def line(self, text: str, source: str) -> int:
        """A line without `#`: where its equations begin, behind a `Sample 2:`; its end for what serves as a heading.

        `source` is the line as it was typed: what is all bold serves as a heading.
        """
        if bold := _BOLD.match(source):
            self.heading(bold["text"], LOWEST)
            return len(text)
        typed = source.replace("$", "").replace("*", "")
        alone = not re.search(r"[=≈]", _BRACKETED.sub("", typed)) and _SAYS_WHICH.fullmatch(typed) is not None
        if _COLON.match(text) or (alone and not self._is_elsewhere(typed)):
            self.heading(typed if alone else text, LOWEST)
            return len(text)
        raised, counted = _RAISED.fullmatch(typed), _COUNTED.fullmatch(typed)
        if (raised and self._sample_of(typed)) or (counted and counted["colon"] and self._is_counted(counted)):
            self.heading(typed, LOWEST)
            return len(text)
        found = _PREFIX.match(text) if _PLAIN.match(text) else None
        if found is None or self._says_nothing(found):
            return 0
        if found["colon"]:
            self.heading(text[: found.end()], LOWEST)
            return found.end()
        if "=" in text or "≈" in text:
            return 0
        self.heading(text, LOWEST)
        return len(text)

    def _says_nothing(self, found: re.Match[str]) -> bool:
        """Is it a sample where there are none, or a sentence about one?"""
        is_sample = re.fullmatch(_SAMPLE_WORD, found["name"], re.IGNORECASE) is not None
        if is_sample and self._sample_of(found[0]) is None:
            return True
        return not found["colon"] and len(found["rest"].split()) > 3

    def _is_elsewhere(self, text: str) -> bool:
        """Is a line about a sample where there are none?"""
        spelled = _numbered(text)
        return _SAMPLE.search(spelled) is not None and self._sample_of(text) is None

    def _sample_of(self, text: str) -> int | None:
        spelled = _numbered(text)
        counted = _COUNTED.fullmatch(text)
        if counted is not None and counted["letter"] in self.letters.replace("t", ""):
            number = int(counted["number"])
        elif raised := _RAISED.fullmatch(text):
            number = int(raised["number"])
        else:
            found = _SAMPLE.search(spelled)
            number = int(found[1]) if found else 0
        return number if 1 <= number <= self.samples else None

    def _is_counted(self, counted: re.Match[str]) -> bool:
        """Does `i = 2` or `t = 2` count samples or steps?"""
        return self._sample_of(counted[0]) is not None or self._counted_step(counted[0]) is not None

    def _counted_step(self, text: str) -> Step | None:
        """`t = 2`, where several steps are taken."""
        counted = _COUNTED.fullmatch(text)
        if counted is None or self.steps < 2 or counted["letter"] not in self.letters:
            return None
        if counted["letter"] != "t" and self.samples:
            return None
        return Step(int(counted["number"]), True)


def _numbered(text: str) -> str:
    """`the second sample` and `sample two` as sample 2."""
    text = _NTH_SAMPLE.sub(lambda match: f"{match[2]} {_ORDINALS[match[1].casefold()]}", text)
    return _IN_WORDS.sub(lambda match: f"{match[1]} {_WORDS[match[2].casefold()]}", text)


def step_of(heading: str, steps: int) -> Step | None:
    """The update step that a heading begins, of a scenario that takes so many."""
    heading = _IN_WORDS.sub(lambda match: f"{match[1]} {_WORDS[match[2].casefold()]}", heading)
    if found := _AFTER.search(heading):
        count = (found["count"] or found["number"] or "1").casefold()
        done = _ORDINALS[found["nth"].casefold()] if found["nth"] else _WORDS.get(count) or int(count)
        return Step(done + 1, True)
    if _WITH_NEW.search(heading):
        return Step(2, False)
    if found := _NTH.search(heading):
        number = _ORDINALS[found[1].casefold()]
        return Step(number, _is_sure(found[2], number, steps, heading.replace(found[0], "")))
    if found := _STEP.search(heading):
        number = int(found[2])
        if found[1].casefold() in ("iteration", "epoch"):
            return Step(number, True)
        return Step(number, number <= steps > 1 and not _STAGE.search(heading.replace(found[0], "")))
    return None


def _is_sure(word: str, number: int, steps: int, rest: str) -> bool:
    """Is an update step meant? "The next step" is one of the work where the scenario takes no second update."""
    return (number <= steps > 1 or not word.casefold().endswith("step")) and not _STAGE.search(rest)
