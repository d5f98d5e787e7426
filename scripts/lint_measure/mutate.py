"""Breaks sources, the same way for the same seed. Works on bytes: a broken source need not be text."""

import re

_TOKEN = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*|[0-9][A-Za-z0-9_.']*|\s+|\"(?:\\.|[^\"\\\n])*\"|::|->|<<|>>|&&|\|\||[-+*/%&|^=!<>]=|.", re.DOTALL)
# What parsers and analyses of control flow find hard: ends that never come, odd numbers, odd declarations.
_FRAGMENTS = (
    b"/*", b"*/", b'"', b"R\"x(", b"#if 0\n", b"#endif\n", b"#include __FILE__\n", b"#define NCCL_CHECK(x)\n", b"\\\n", b"template <class T> ",
    b"goto here; here: ", b"return;", b"throw;", b"break;", b"continue;", b"co_await 0;", b"case 0: ", b"default: ", b"asm(\"\");", b"[[", b"]]",
    b"sizeof", b"0x", b"18446744073709551616", b"-1", b"1e9999", b"operator", b"~", b"noexcept(noexcept(", b"decltype(auto)", b"auto [a, b] = ",
    b"[&](auto&&... x) mutable { return (x + ...); }", b"new (nullptr) int", b"try {", b"} catch (...) {", b"static ", b"constexpr ", b"consteval ",
    b"requires ", b"while (true);", b"do ; while (false);", b"switch (0) ", b"for (;;) ", b"if constexpr (false) ", b"struct { ~struct(); };",
    b"ncclGroupStart();", b"ncclGroupEnd();", b"ncclCommDestroy(comm);", b"using namespace std;", b"namespace {", b"extern \"C\" {", b"??=", b"%:",
)  # fmt: skip


def tokens_of(source):
    return _TOKEN.findall(source)


def _delete_tokens(rng, source, _):
    tokens = tokens_of(source)
    at = rng.randrange(len(tokens))
    del tokens[at : at + rng.choice((1, 1, 2, 8))]
    return b"".join(tokens)


def _duplicate_tokens(rng, source, _):
    tokens = tokens_of(source)
    at = rng.randrange(len(tokens))
    tokens[at:at] = tokens[at : at + rng.choice((1, 2, 16))] * rng.choice((1, 1, 3))
    return b"".join(tokens)


def _swap_tokens(rng, source, _):
    tokens = tokens_of(source)
    a, b = rng.randrange(len(tokens)), rng.randrange(len(tokens))
    tokens[a], tokens[b] = tokens[b], tokens[a]
    return b"".join(tokens)


def _replace_word(rng, source, other):
    """One name for another of the corpus: types and calls that do not fit."""
    words = [t for t in tokens_of(other) if t[:1].isalpha()] or [b"x"]
    tokens = tokens_of(source)
    places = [i for i, t in enumerate(tokens) if t[:1].isalpha()]
    if places:
        tokens[rng.choice(places)] = rng.choice(words)
    return b"".join(tokens)


def _delete_lines(rng, source, _):
    lines = source.split(b"\n")
    at = rng.randrange(len(lines))
    del lines[at : at + rng.choice((1, 1, 4))]
    return b"\n".join(lines)


def _duplicate_lines(rng, source, _):
    lines = source.split(b"\n")
    at = rng.randrange(len(lines))
    lines[at:at] = lines[at : at + rng.choice((1, 4))]
    return b"\n".join(lines)


def _swap_lines(rng, source, _):
    lines = source.split(b"\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def _splice(rng, source, other):
    """The head of one file and the tail of another."""
    return source[: rng.randrange(len(source) + 1)] + other[rng.randrange(len(other) + 1) :]


def _truncate(rng, source, _):
    return source[: rng.randrange(len(source) + 1)]


def _insert_bytes(rng, source, _):
    """Bytes that are no UTF-8, also a NUL and a byte order mark of another encoding."""
    junk = rng.choice((b"\xff\xfe", b"\x00", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8", bytes(rng.randrange(256) for _ in range(8))))
    at = rng.randrange(len(source) + 1)
    return source[:at] + junk + source[at:]


def _flip_byte(rng, source, _):
    at = rng.randrange(len(source))
    return source[:at] + bytes([source[at] ^ (1 << rng.randrange(8))]) + source[at + 1 :]


def _insert_fragment(rng, source, _):
    tokens = tokens_of(source)
    tokens.insert(rng.randrange(len(tokens) + 1), b" " + rng.choice(_FRAGMENTS) + b" ")
    return b"".join(tokens)


def _nest(rng, source, _):
    """Deep nesting of one kind, where a statement may stand or anywhere."""
    depth = rng.choice((16, 64, 250, 1000, 5000))
    opening, closing = rng.choice(
        (
            (b"{", b"}"), (b"(", b")"), (b"[", b"]"), (b"if (rank) {", b"}"), (b"[&] {", b"}();"), (b"std::vector<", b">"),
            (b"for (;;) {", b"}"), (b"!", b""), (b"- ", b""), (b"try {", b"} catch (...) {}"), (b"namespace a {", b"}"), (b"a ? b : ", b""),
            (b"if (rank) ncclGroupStart(); else ", b";"), (b"struct A {", b"};"), (b"sizeof(", b")"),
        )
    )  # fmt: skip
    places = [i + 1 for i, byte in enumerate(source) if byte in b";{}"] or [0]
    at = rng.choice(places) if rng.random() < 0.8 else rng.randrange(len(source) + 1)
    middle = rng.choice((b"", b" 0 ", b" ncclGroupEnd(); "))
    return source[:at] + opening * depth + middle + closing * rng.choice((depth, depth, depth - 1)) + source[at:]


def _repeat(rng, source, _):
    """A long function: one line many times."""
    lines = source.split(b"\n")
    at = rng.randrange(len(lines))
    lines[at:at] = [lines[at]] * rng.choice((100, 2000))
    return b"\n".join(lines)


MUTATIONS = (
    _delete_tokens, _duplicate_tokens, _swap_tokens, _replace_word, _delete_lines, _duplicate_lines, _swap_lines, _splice, _truncate,
    _insert_bytes, _flip_byte, _insert_fragment, _nest, _repeat,
)  # fmt: skip


def mutate(rng, source, other):
    """`source` with one to six breaks; `other` is another source to borrow from. Never empty-handed: an empty source stays one blank."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        source = rng.choice(MUTATIONS)(rng, source or b" ", other or b" ")
    return source
