#!/usr/bin/env python3
"""Records what the `tokenizers` package makes of texts, for tests/unit/text/test_tokenizer.c.

Usage: tests/cases/tokenizer/record.py    writes NAME/tokenizer.json and NAME/cases.json beside it
Needs tokenizers 0.23.3 from PyPI; the tests themselves do not. The vocabularies are small and made
up here: letters and their continuations, a few words, jamo, kana, ideographs.
"""

import json
import random
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).resolve().parent
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["hello", "hell", "world", "un", "##aff", "##able", "the", "cat", "##s", "##ing", "Hello",
         "World", "café", "cafe", "Ångström", "straße", "##ße", "ﬁ", "½", "²", "❤", "🍕", "👍",
         "🏽", "👩", "👧", "🇩🇪", "𝒜", "ı", "i̇", "Ⅳ", "ⅳ", "नमस्ते", "नमसत", "##े", "สวสด", "สวัสดี",
         "мир", "Ёлка", "елка", "ёлка", "σου", "##ς", "##σ", "שלום", "مرحبا", "≠", "≮"]
TEXTS = [
    "", " ", " \t\r\n\u00a0\u3000", "hello world", "HELLO, World!", "Hello hell", "unaffable cats",
    "un-aff'able", "café cafe\u0301 CAFÉ", "Ångström A\u030angstro\u0308m", "straße STRASSE Straße",
    "東京 is 日本の首都", "我爱北京天安门", "\u3400\U00020000\U0002b820\U0002b91f\U0002b920\uf900\U0002f800",
    "안녕하세요 세계", "\u1112\u1161\u11ab\u1100\u1173\u11af", "ひらがな カタカナ ガ ｶﾞ",
    "I ❤️ 🍕🍕 👍🏽 👩\u200d👩\u200d👧 🇩🇪", "a\u200bb\u200dc\u2060d\ufeffe\u00adf\u180eg",
    "a\x00b\x01c\x07d\x1fe\x7ff\x80g\x85h\x9fi\ufffdj\ue000k\U0010fffdl", "x\u2028y\u2029z\u202fw\u205fv",
    "a\x0bb\x0cc", "İstanbul ılık I\u0307 i\u0307", "Ёлка мир Σου ΣΟΦΟΣ ς", "नमस्ते สวัสดี",
    "שָׁלוֹם مَرْحَبًا", "ﬁ ½ ² 𝒜 Ⅳ ＨＥＬＬＯ，", "!?.,;:()[]{}<>\"'`~@#$%^&*_+=|\\/-",
    "“a” ‘b’ – — … « » ¿ ¡ § ¶ · ・ 、。", "€ £ ¥ © ® ™ ° ± × ÷ ¬ ¦", "a≠b a=\u0338b a<\u0338b >\u0338",
    "[CLS] hello [SEP]", "[cls] [MASK]ing[PAD]", "[[UNK]] [UN K] [MASK", "hello[SEP]world",
    "a" * 100, "a" * 101, "e\u0301" * 60, "e\u0301" * 120, "a" * 1500 + " cat", "각" * 40,
    "o\u0323\u0302 o\u0302\u0323 ộ", "a\u302e\u0301\u0323b", "\u0301a \u0301 \u0301", "a\u20ddb\u0903",
    "\u166d a\u1734b \U000111c9", "a\u061db a\u2e52b a\u07fdb a\U00011f01b \u0890a \U00013430a",
    "a\u0378b \U0001faffb", "à la carte, s'il vous plaît", "1,234.56 3rd 2x",
]


def vocabulary() -> dict[str, int]:
    letters = [chr(c) for c in range(33, 127)]
    for block in [(0xe0, 0x100), (0x3b1, 0x3ca), (0x430, 0x450), (0x5d0, 0x5eb), (0x627, 0x64b),
                  (0x1100, 0x1113), (0x1161, 0x1176), (0x11a8, 0x11c3), (0x3041, 0x3097), (0x30a1, 0x30fb)]:
        letters += [chr(c) for c in range(*block)]
    letters += list("東京日本首都我爱北天安门“”‘’–—…«»¿¡§¶·€£¥©®™°±×÷¬¦、。，・\u0301\u0323\u0302\u0307\u0338")
    letters += [chr(c) for c in (0x302e, 0x20dd, 0x903, 0xf900, 0x3400, 0x20000, 0x2b820, 0x166d)]
    tokens = SPECIALS + letters + ["##" + c for c in letters] + WORDS
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}


def bert(**options) -> dict:
    return {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
            "strip_accents": None, "lowercase": True} | options


def added(i: int, text: str, **options) -> dict:
    return {"id": i, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True} | options


TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                       "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}}
BERT_PROCESSING = {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
KINDS = {
    "uncased": (bert(), TEMPLATE),
    "cased": (bert(lowercase=False), BERT_PROCESSING),
    "accents": (bert(strip_accents=False, handle_chinese_chars=False), None),
    "sequence": ({"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "Lowercase"},
                                                      {"type": "StripAccents"}]}, TEMPLATE),
    "composed": ({"type": "Sequence", "normalizers": [{"type": "NFC"}]}, TEMPLATE),
}


def mixtures(seed: int, n: int) -> list[str]:
    """Texts of characters from the texts above and from anywhere."""
    rng = random.Random(seed)
    pool = [c for text in TEXTS for c in text if not text.startswith("aaa")]
    texts = []
    for _ in range(n):
        chars = [rng.choice(pool) if rng.random() < 0.9 else chr(rng.choice([0x80, 0x300, 0x2000, 0x1f000])
                                                                + rng.randrange(0x300))
                 for _ in range(rng.randrange(1, 40))]
        texts.append(unicodedata.normalize(rng.choice(["NFC", "NFD", "NFC"]), "".join(chars)))
    return texts


def description(normalizer: dict, processor: dict | None) -> dict:
    specials = [added(i, text) for i, text in enumerate(SPECIALS)]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": specials,
            "normalizer": normalizer, "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": processor, "decoder": None,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                      "max_input_chars_per_word": 100, "vocab": vocabulary()}}


def main() -> None:
    for seed, (name, parts) in enumerate(KINDS.items()):
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        text = json.dumps(description(*parts), ensure_ascii=False)
        (folder / "tokenizer.json").write_text(text + "\n")
        tokenizer = Tokenizer.from_str(text)
        cases = [{"text": t, "input_ids": tokenizer.encode(t).ids} for t in TEXTS + mixtures(seed, 60)]
        lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases)
        (folder / "cases.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
