"""Write `data/vocabulary.txt`: the words by which split and broken words are known.

python -m service.evaluation.count_words --corpus DIR

A word counts if it stands in three or more speeches since 2016, which were typed and not scanned,
or in sixty or more of any year, which no scanning error reaches but for the fragments below.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

from service.corpus.text import VOCABULARY, decode
from service.corpus.ungdc import speech_files

TYPED_SINCE = 2016
LEAST_TYPED, LEAST_ANY = 3, 60
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
# Words of two letters that are words; other pairs of letters are fragments or abbreviations.
_SHORT = frozenset(
    "am an as at be by do go he if in is it me my no of oh on or ox so to un up us we".split()
)
_FRAGMENTS = frozenset(
    "tion tions ment ments ing ings ness sion sions ity ies ful ous ive ance ence able ible "
    "ization tional ation ations ional ally inter intern develop com con pre pro "
    "dis mis sub ter ture tive ered ering ated ating ates ble ple tle cial tial tian "
    "ish ism ist ists ers est ern eral "
    "ral nal tor tors ary ory ery ure ures ual ial ian ent ant als cal wor "
    "oth thi tha sta".split()
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--corpus", type=Path, required=True)
    typed: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    for path in speech_files(parser.parse_args().corpus):
        words = set(_WORD.findall(decode(path.read_bytes()).text.lower()))
        anywhere.update(words)
        if int(path.stem[-4:]) >= TYPED_SINCE:
            typed.update(words)
    frequent = sorted(w for w in anywhere if _is_word(w, typed[w], anywhere[w]))
    VOCABULARY.write_text("\n".join(["a", "i", "o", *frequent]) + "\n", "utf-8")
    print(f"{len(frequent)} words written to {VOCABULARY}")


def _is_word(word: str, typed: int, anywhere: int) -> bool:
    if len(word) < 3:
        return word in _SHORT
    if word in _FRAGMENTS:
        return False
    return typed >= LEAST_TYPED or anywhere >= LEAST_ANY


if __name__ == "__main__":
    main()
