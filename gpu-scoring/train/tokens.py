"""Tokenizers: reading one, or learning one from texts."""

import pathlib

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
"""As RoBERTa has them, so that the ids of the first and the last token and of padding are 0, 2 and 1."""


def learn(texts, n_words):
    """A byte-level BPE with the splitting pattern of GPT-2, which `tokenmill` has a fast engine for."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=n_words, min_frequency=2, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return finished(tokenizer)


def read(path):
    """The tokenizer of a file."""
    return Tokenizer.from_file(str(path))


def finished(tokenizer):
    """Puts `<s>` before and `</s>` behind texts."""
    begin, end = ((token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>"))
    tokenizer.post_processor = processors.RobertaProcessing(end, begin, add_prefix_space=False, trim_offsets=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def encode(tokenizer, texts, max_tokens):
    """The ids of texts, cut. Text that looks like a special token is text, as `tokenmill` has it."""
    tokenizer.encode_special_tokens = True
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    tokenizer.no_truncation()
    return ids


def write(tokenizer, folder):
    """Writes `tokenizer.json`."""
    tokenizer.save(str(pathlib.Path(folder) / "tokenizer.json"))
